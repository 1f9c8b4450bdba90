"""Custom tasks beside the events, in a real browser: growing texts, progress, and what cannot be read."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import SignedIn
from tests.browser.upstream import Written
from tests.faulty import Faulty
from tests.sandbox.api import Api
from tests.servers import Console

LONG = 30_000
NEWLINE = "\n"
_ids = itertools.count(1)


@dataclass
class Announced(Written):
    """An execution whose custom tasks a test tells of."""

    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    again: dict[int, int] = field(default_factory=dict)
    """Rows that are an earlier row's event once more."""

    def tell(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.told += events
        self.write(len(events))

    def event(self, number: int) -> dict[str, Any]:
        kind, attributes = self.told[number - 1]
        return super().event(self.again.get(number, number)) | {"event_type": kind, "attributes": attributes}


def task(step: str, task_id: str = "t-1", **more: Any) -> tuple[str, dict[str, Any]]:
    return f"CUSTOM_TASK_{step}", {"custom_task_id": task_id, "custom_task_type": f"type of {task_id}", **more}


def state(value: Any) -> dict[str, Any]:
    return {"payload": {"type": "json", "value": value}}


def append(text: str, task_id: str = "t-1") -> tuple[str, dict[str, Any]]:
    value = [{"op": "append", "path": "/text", "value": text}]
    return task("IN_PROGRESS", task_id, payload={"type": "json_patch", "value": value})


@pytest.fixture
def announced(api: Faulty) -> Iterator[Announced]:
    made = Announced(api, id=f"agent-{next(_ids)}")
    yield made
    made.finish()


@pytest.fixture
def page(browser: Browser, served: Console) -> Iterator[Page]:
    """A viewer's page. What goes wrong in its scripts fails the test."""
    complaints: list[str] = []
    context = browser.new_context(
        base_url=served.url, storage_state=served.state(), viewport={"width": 1440, "height": 900}
    )
    made = context.new_page()
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    context.close()
    assert complaints == []


def tasks(page: Page) -> Locator:
    return page.locator("[data-tasks-list] > li")


def heads(page: Page) -> list[str]:
    """Each task's line, from top to bottom: its state, its type, whether it is open."""
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll("[data-tasks-list] > li")].map((task) =>
      [...["status", "type"].map((name) => task.querySelector(`[data-task-${name}]`).textContent.trim()),
        task.querySelector("details").open ? "open" : "closed"].join(", "))""")
    return found


def text_of(page: Page, task_id: str = "t-1") -> Locator:
    return tasks(page).filter(has_text=f"type of {task_id}").locator("[data-task-texts] pre")


def watch(page: Page, announced: Announced, query: str = "") -> None:
    page.goto(f"/executions/{announced.id}/events/{query}")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live", timeout=LONG)


@pytest.mark.slow
def test_the_agents_answer_grows_until_it_is_the_result(signed_in: SignedIn, demo_api: Api) -> None:
    research = demo_api.start("research-agent", {"question": "Why?", "sources": 2, "words": 60})
    page = signed_in("viewer")
    page.goto(f"/executions/{research}/events/")
    writing = tasks(page).filter(has_text="llm_call")
    # Seen while it grows, not only at the end.
    expect(writing).to_have_attribute("data-task-state", "Running", timeout=LONG)
    page.wait_for_function(
        """() => [...document.querySelectorAll('.task[data-task-state="Running"] pre')]
            .some((text) => text.textContent.startsWith("On the question"))""",
        timeout=LONG,
    )
    expect(page.locator("[data-tasks-count]")).to_have_text("4 over", timeout=LONG)
    result = demo_api.wait_for(research, "COMPLETED")["result"]["summary"]
    assert writing.locator("[data-task-texts] pre").text_content() == result
    assert writing.locator("[data-task-progress]").inner_text() == "100 %"
    assert writing.locator("progress").evaluate("bar => bar.value") == 1
    reading = tasks(page).filter(has_text="reading")
    assert reading.locator("[data-task-progress]").inner_text() == "2 of 2"
    sealed = tasks(page).filter(has_text="encrypted")
    sealed.locator("summary").first.click()
    expect(sealed.locator("[data-task-note]")).to_have_text("Encrypted: the console cannot read it.")
    call = tasks(page).filter(has_text="search_archive")
    call.locator("summary").first.click()
    call.locator("[data-task-brief]").click()
    expect(call.locator("[data-task-all]")).to_contain_text("search_archive")
    shown = json.loads(call.locator("[data-task-all]").inner_text())
    assert (shown["tool"], shown["result"]["hits"]) == ("search_archive", 3)
    # Many updates are one row, until each is wanted.
    updates = page.locator('.event-rows > li[data-step="in_progress"]')
    folded = updates.filter(visible=True).count()
    # Those that another stands for are not kept: they would take the others' places.
    assert updates.count() == folded
    page.get_by_role("link", name="each update").click()
    expect(page.locator(".event-rows")).not_to_have_class("folded")
    assert folded < 10 < updates.filter(visible=True).count() == updates.count()


def test_those_that_run_stand_first_and_those_that_are_over_fold(page: Page, announced: Announced) -> None:
    announced.tell(
        task("STARTED", "t-1", **state({"text": "one"})),
        task("STARTED", "t-2", **state({"text": "two"})),
        task("STARTED", "t-3", **state({"text": "three"})),
        task("FAILED", "t-1", failure={"message": "429 <b>rate limited</b>"}),
    )
    watch(page, announced)
    expect(page.locator("[data-tasks-count]")).to_have_text("2 running · 1 over", timeout=LONG)
    assert heads(page) == ["Running, type of t-2, open", "Running, type of t-3, open", "Failed, type of t-1, closed"]
    expect(page.locator("[data-task-error]:visible")).to_have_text("429 <b>rate limited</b>")
    announced.tell(task("COMPLETED", "t-2", **state({"text": "two"})), task("CANCELED", "t-3", reason="not needed"))
    expect(page.locator("[data-tasks-count]")).to_have_text("3 over", timeout=LONG)
    # The latest stays open while none runs.
    assert heads(page) == [
        "Canceled, type of t-3, open",
        "Completed, type of t-2, closed",
        "Failed, type of t-1, closed",
    ]


def test_a_task_whose_run_ended_is_not_finished(page: Page, announced: Announced) -> None:
    announced.tell(("WORKFLOW_EXECUTION_STARTED", {}), task("STARTED", **state({"text": "x"})))
    watch(page, announced)
    expect(tasks(page)).to_have_attribute("data-task-state", "Running", timeout=LONG)
    announced.tell(("WORKFLOW_EXECUTION_STARTED", {}), task("STARTED", "t-2", **state({"text": "y"})))
    expect(page.locator("[data-tasks-count]")).to_have_text("1 running · 1 over", timeout=LONG)
    assert heads(page) == ["Running, type of t-2, open", "Not finished, type of t-1, closed"]
    announced.finish("TERMINATED")
    expect(page.locator("[data-tasks-count]")).to_have_text("2 over", timeout=LONG)
    assert heads(page)[0] == "Not finished, type of t-2, open"


def test_filters_leave_the_tasks_alone(page: Page, announced: Announced) -> None:
    announced.tell(task("STARTED", **state({"text": ""})), append("Hello"))
    watch(page, announced, "?type=workflow&q=nothing&only=1")
    expect(text_of(page)).to_have_text("Hello", timeout=LONG)
    announced.tell(append(" world"))
    expect(text_of(page)).to_have_text("Hello world", timeout=LONG)
    assert page.locator(".event-rows > li").count() == 0
    # Nor does another search.
    page.goto(f"{page.url}&updates=each")
    page.locator("#find").fill("Hello")
    page.locator("#find").press("Enter")
    page.wait_for_url("**q=Hello**")
    assert "updates=each" in page.url


def test_an_event_that_comes_again_counts_once(page: Page, announced: Announced) -> None:
    announced.again = {4: 2}
    announced.tell(task("STARTED", **state({"text": ""})), append("one "), append("two "))
    watch(page, announced)
    expect(text_of(page)).to_have_text("one two ", timeout=LONG)
    announced.tell(append("one "), append("three"))
    expect(text_of(page)).to_contain_text("three", timeout=LONG)
    assert text_of(page).text_content() == "one two three"


def test_a_text_follows_its_end_unless_the_reader_scrolled_up(page: Page, announced: Announced) -> None:
    announced.tell(task("STARTED", **state({"text": ""})), append("line\n" * 100))
    watch(page, announced)
    at_end = "text => text.scrollTop > 0 && text.scrollTop + text.clientHeight > text.scrollHeight - 8"
    text = text_of(page)
    expect(text).to_contain_text("line", timeout=LONG)
    assert text.evaluate(at_end)
    announced.tell(append("second\n" * 20))
    expect(text).to_contain_text("second", timeout=LONG)
    assert text.evaluate(at_end)
    text.evaluate("text => new Promise((go) => { text.onscroll = () => go(); text.scrollTop = 40; })")
    announced.tell(append("third\n" * 20))
    expect(text).to_contain_text("third", timeout=LONG)
    assert text.evaluate("text => text.scrollTop") == 40


def test_after_a_gap_a_state_is_unknown_until_it_comes_whole(page: Page, announced: Announced) -> None:
    sockets = []

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/events/*", through)
    announced.tell(task("STARTED", **state({"text": ""})), append("Hello"))
    watch(page, announced)
    expect(text_of(page)).to_have_text("Hello", timeout=LONG)
    sockets[0].send(json.dumps({"type": "gap", "after": "2"}))
    note = page.locator("[data-task-note]")
    expect(note).to_have_text("Some events could not be replayed: what follows shows at its next whole state.")
    announced.tell(append(" world"), task("IN_PROGRESS", **state({"text": "Hello, world"})), append("!"))
    expect(text_of(page)).to_have_text("Hello, world!", timeout=LONG)
    expect(note).to_be_hidden()


def test_hostile_states_are_text(page: Page, announced: Announced) -> None:
    script = "<img src=x onerror=alert(1)>"
    announced.tell(
        task("STARTED", **state({"__proto__": {"text": script}, script: script * 5, "text": ""})),
        append(script),
        append("\x1b[31m\u202e."),
    )
    watch(page, announced)
    expect(text_of(page)).to_have_text([script * 5, f"{script}[31m."], timeout=LONG)
    assert page.locator("img").count() == 0


PIECES = [f"piece {number}{NEWLINE if number % 7 == 0 else ' '}" for number in range(5_000)]


@pytest.mark.slow
def test_a_flood_of_appends_is_the_exact_text(page: Page, announced: Announced) -> None:
    announced.tell(task("STARTED", **state({"text": ""})))
    watch(page, announced)
    expect(tasks(page)).to_have_attribute("data-task-state", "Running", timeout=LONG)
    # What is there stays as it is, however long it gets: new text goes to its end.
    page.evaluate("""() => {
      window.rewritten = 0;
      new MutationObserver((changes) => {
        for (const { removedNodes, target, oldValue } of changes) {
          window.rewritten += removedNodes.length + Number(oldValue !== null && !target.data.startsWith(oldValue));
        }
      }).observe(document.querySelector("[data-task-texts]"), {
        subtree: true, childList: true, characterData: true, characterDataOldValue: true,
      });
    }""")
    for start in range(0, len(PIECES), 100):
        announced.tell(*map(append, PIECES[start : start + 100]))
    announced.tell(task("COMPLETED", **state({"text": "".join(PIECES)})))
    expect(tasks(page)).to_have_attribute("data-task-state", "Completed", timeout=2 * LONG)
    # The final state is too large for a row, so the text is what the changes made.
    expect(page.locator("[data-task-note]")).to_contain_text("too large to be carried here")
    page.wait_for_function(
        "length => document.querySelector('[data-task-texts] pre').textContent.length >= length",
        arg=len("".join(PIECES)),
        timeout=LONG,
    )
    assert text_of(page).text_content() == "".join(PIECES)
    assert page.evaluate("window.rewritten") == 0
    blocks = text_of(page).locator("div").all_text_contents()
    assert len(blocks) > 8
    assert max(map(len, blocks)) <= 8_000
    # However many there were, the events' end is there, and what the list has room for it shows.
    newest = page.locator("[data-live-new]")
    if newest.is_visible():
        newest.click()
    last = page.locator(".event-rows > li").last
    expect(last).to_have_attribute("data-step", "completed", timeout=LONG)
    expect(last).to_be_visible()
    assert page.locator(".event-rows > li").count() < 60
