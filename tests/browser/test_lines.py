"""How log lines read: finding in them, how they show, what an opened one has."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests import faulty
from tests.browser.conftest import DESKTOP
from tests.browser.upstream import Written
from tests.faulty import Faulty
from tests.servers import Console, console

LONG = 20_000
BEGAN = datetime(2026, 1, 31, 10, tzinfo=UTC)
FIRST, LAST = re.compile("^1 of"), re.compile("^3 of")


@dataclass
class Lines(Written):
    """Log lines of a test's words and severities, a second apart."""

    about: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, *bodies: str, severity: str = "INFO", **attributes: str) -> None:
        with self._change:
            for body in bodies:
                self.rows.append((BEGAN + timedelta(seconds=len(self.rows)), body))
                self.about[len(self.rows)] = {"severity_text": severity, "log_attributes": attributes}
            self._change.notify_all()

    def record(self, number: int) -> dict[str, Any]:
        return super().record(number) | self.about[number]

    def _execution(self) -> dict[str, Any]:
        return super()._execution() | {"start_time": BEGAN.isoformat()}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Faulty, Console]]:
    with faulty.running() as server, console(tmp_path_factory.mktemp("lines"), server.url) as running:
        yield server, running


@pytest.fixture
def context(browser: Browser, served: tuple[Faulty, Console]) -> Iterator[BrowserContext]:
    """What a page complains of fails the test."""
    complaints: list[str] = []
    made = browser.new_context(
        base_url=served[1].url, storage_state=served[1].state(), viewport=DESKTOP, timezone_id="UTC"
    )
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    made.on("dialog", lambda dialog: complaints.append(dialog.message))
    yield made
    made.close()
    assert complaints == []


Opened = Callable[..., tuple[Lines, Page]]


@pytest.fixture
def opened(request: pytest.FixtureRequest, context: BrowserContext, served: tuple[Faulty, Console]) -> Opened:
    """`opened("a line", "another", query="?q=line")`: an execution with these lines, and its page once it is live."""

    def make(*bodies: str, query: str = "", severity: str = "INFO", **attributes: str) -> tuple[Lines, Page]:
        lines = Lines(served[0], f"{request.node.name}"[:60].replace("[", "-").replace("]", ""))
        lines.add(*bodies, severity=severity, **attributes)
        page = context.new_page()
        page.goto(f"/executions/{lines.id}/logs/{query}")
        expect(page.locator("[data-live-state]")).to_have_text("live", timeout=LONG)
        return lines, page

    return make


def _rows(page: Page) -> Locator:
    return page.locator(".log-rows > li")


def _shown(page: Page) -> Locator:
    return page.locator(".log-rows > li:visible .body")


def _count(page: Page) -> Locator:
    return page.locator("[data-find-count]")


_MARKED = "[...CSS.highlights.get('found')].map((one) => one.startContainer.data.slice(one.startOffset, one.endOffset))"


def _marked(page: Page) -> list[str]:
    """The texts that are marked as found: those that can be seen, or nearly."""
    found: list[str] = page.evaluate(_MARKED)
    return found


def test_finding_counts_and_walks_and_goes_on_live(opened: Opened) -> None:
    lines, page = opened("a Needle", *["hay"] * 40, "needle and needle", "hay", "the needle")
    page.keyboard.press("f")
    expect(page.locator("#find")).to_be_focused()
    page.locator("#find").fill("needle")
    expect(_count(page)).to_have_text("3 matches in the 44 lines here")
    # Only what can be seen is marked: the first line is far down.
    assert _marked(page) == ["needle"] * 3
    page.keyboard.press("Enter")
    expect(_count(page)).to_have_text("1 of 3 matches in the 44 lines here")
    expect(page.locator(".row.at .body")).to_have_text("the needle")
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".row.at .body")).to_have_text("a Needle")
    expect(page.locator(".row.at")).to_be_in_viewport()
    expect(_count(page)).to_have_text(LAST)
    page.locator(".row.at summary").focus()
    page.keyboard.press("n")
    expect(_count(page)).to_have_text(FIRST)
    page.keyboard.press("N")
    expect(_count(page)).to_have_text(LAST)
    page.evaluate("scrollTo(0, 0)")
    lines.add("hay", "one more needle")
    expect(_count(page)).to_have_text("4 of 4 matches in the 46 lines here", timeout=LONG)
    # Said aloud is what the reader asked for, and not every line that comes.
    expect(page.locator("[data-find-said]")).to_have_text("3 of 3 matches in the 44 lines here")
    expect(page).to_have_url(re.compile(r"\?q=needle$"))
    page.reload()
    expect(_count(page)).to_have_text("4 matches in the 46 lines here")
    page.locator("#find").press("Escape")
    expect(_count(page)).to_be_hidden()
    expect(page).to_have_url(re.compile("/logs/$"))
    assert _marked(page) == []


@pytest.mark.slow
def test_only_matching_lines_here_and_after_a_reload(opened: Opened) -> None:
    lines, page = opened("a needle", "hay", "needle 2")
    page.locator("#find").fill("needle")
    page.get_by_text("Only matching lines").click()
    expect(_shown(page)).to_have_text(["needle 2", "a needle"])
    lines.add("more hay", "needle 3")
    expect(_shown(page)).to_have_text(["needle 3", "needle 2", "a needle"], timeout=LONG)
    expect(page).to_have_url(re.compile(r"\?q=needle&only=1$"))
    page.reload()
    expect(_shown(page)).to_have_text(["needle 3", "needle 2", "a needle"])
    expect(_count(page)).to_have_text("3 matches here")
    lines.add("hay again", "needle 4")
    expect(_shown(page)).to_have_text(["needle 4", "needle 3", "needle 2", "a needle"], timeout=LONG)
    expect(page.locator("[data-row-count]")).to_have_text("4 of the 7 lines fetched")
    # In such a page the other lines are not there: another text is another page.
    page.locator("#find").fill("hay")
    page.keyboard.press("Enter")
    expect(_shown(page)).to_have_text(["hay again", "more hay", "hay"])
    page.get_by_text("Only matching lines").click()
    expect(_rows(page)).to_have_count(7)
    expect(_count(page)).to_have_text("3 matches in the 7 lines here")


@pytest.mark.slow
def test_the_search_goes_on_among_older_lines(opened: Opened) -> None:
    bodies = [f"line {number}" for number in range(450)]
    bodies[30] = "the needle"
    lines, page = opened(*bodies)
    page.locator("#find").fill("needle")
    expect(_count(page)).to_have_text("no matches in the 100 lines here")
    page.get_by_role("button", name="Search older lines").click()
    expect(_count(page)).to_contain_text("1 of 1 match in the", timeout=LONG)
    expect(page.locator(".row.at .body")).to_have_text("the needle")
    expect(page.locator(".row.at")).to_be_in_viewport()
    expect(page.locator("[data-find-far]")).to_contain_text("350 more lines looked through")
    page.goto(f"/executions/{lines.id}/logs/?q=nowhere")
    page.get_by_role("button", name="Search older lines").click()
    expect(page.locator("[data-find-far]")).to_have_text(
        "350 more lines looked through: nothing older than 2026-01-31 10:00:00", timeout=LONG
    )
    expect(page.get_by_role("button", name="Search older lines")).to_be_hidden()
    expect(_count(page)).to_have_text("no matches in the 450 lines here")


def test_how_lines_show_is_kept_in_the_browser(opened: Opened) -> None:
    _, page = opened("first", "second " + "very long " * 60)
    times, long = page.locator(".log-rows time"), page.locator(".log-rows .body").first
    expect(times.first).to_have_text("01-31 10:00:01.000")
    height = (long.bounding_box() or {})["height"]
    page.get_by_role("button", name="Wrap").click()
    page.get_by_label("How rows tell their time").select_option("since start")
    page.reload()
    expect(times).to_have_text(["+00:00:01.000", "+00:00:00.000"])
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "true")
    assert (long.bounding_box() or {})["height"] > 2 * height
    assert "?" not in page.url
    page.get_by_label("How rows tell their time").select_option("ago")
    expect(times.first).to_have_text(re.compile(r"^\d.* ago$"))
    page.get_by_label("How rows tell their time").select_option("time of day")
    expect(times.first).to_have_text("01-31 10:00:01.000")


def test_bodies_are_laid_out_as_text(opened: Opened) -> None:
    markup = "<img src=x data-hostile onerror=alert(1)>"
    trace = "Traceback (most recent call last):\n  File 'a.py'\nValueError: bad"
    answer = json.dumps({"amount": 10.0, "id": 12345678901234567890, "of": [markup]}).replace("10.0", "10.00")
    plain = f"{markup}\ntook [3]"
    _, page = opened(f"{markup} {{0}} {answer}", trace, "x" * 20_001, plain)
    hostile, cut, traced, laid = (_rows(page).nth(number) for number in range(4))
    expect(traced.locator(".more-lines")).to_have_text("+2 lines")
    height = (traced.bounding_box() or {})["height"]
    for row in (hostile, cut, traced, laid):
        row.locator("summary").click()
        expect(row.locator(".row-tools")).to_have_count(1)
    assert traced.locator(".body").inner_text() == trace
    assert (traced.locator("summary").bounding_box() or {})["height"] > 1.9 * height
    expect(cut.locator(".cut-note")).to_have_text("Cut at 20,000 characters.")
    expect(laid.locator("[data-laid]")).to_have_text(
        f'{markup} {{0}}\n{{\n  "amount": 10.00,\n  "id": 12345678901234567890,\n  "of": [\n    "{markup}"\n  ]\n}}'
    )
    expect(hostile.locator("[data-laid]")).to_have_count(0)
    expect(page.locator("[data-hostile]")).to_have_count(0)


def test_an_opened_line_can_be_shared_and_copied(opened: Opened) -> None:
    lines, page = opened("before", "the one", "after", activity_id="5", activity_type="charge_card")
    row = _rows(page).nth(1)
    row.locator("summary").focus()
    page.keyboard.press("c")
    expect(page.locator("[data-toast]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "2026-01-31T10:00:01+00:00 INFO the one charge_card"
    page.keyboard.press("Enter")
    row.get_by_role("button", name="Copy attributes").click()
    page.wait_for_function("() => navigator.clipboard.readText().then((text) => text.startsWith('{'))")
    row.get_by_role("button", name="Copy link").click()
    page.wait_for_function("() => navigator.clipboard.readText().then((text) => text.startsWith('http'))")
    link = page.evaluate("navigator.clipboard.readText()")
    lines.add(*[f"later {number}" for number in range(230)])
    page.goto(link)
    selected = page.locator(".log-rows > li.selected")
    expect(selected.locator(".body")).to_have_text("the one")
    expect(selected.locator("details")).to_have_attribute("open", "")
    expect(selected).to_be_in_viewport()
    expect(selected.get_by_role("button", name="Copy line")).to_be_visible()


def test_lines_of_one_activity(opened: Opened) -> None:
    lines, page = opened("loaded", activity_id="4", activity_type="load_invoice")
    choice = page.get_by_label("Lines of one activity")
    expect(choice.locator("option")).to_have_text(["all activities", "4 load_invoice"])
    lines.add("charged", activity_id="5", activity_type="charge_card")
    expect(choice.locator("option")).to_have_text(["all activities", "4 load_invoice", "5 charge_card"], timeout=LONG)
    before = len(lines.faulty.requests)
    choice.select_option("5 charge_card")
    chip = page.locator(".chip.on")
    expect(chip).to_have_text("activity 5 charge_card ×")
    expect(page.locator("[data-live-state]")).to_have_text("live", timeout=LONG)
    asked = [one for one in lines.faulty.requests[before:] if "/logs" in one.path]
    assert [dict(one.query)["activity_id"] for one in asked] == ["5", "5"]
    chip.click()
    expect(chip).to_have_count(0)
    # A place in the list would not be there among other lines.
    page.goto(f"/executions/{lines.id}/logs/?line=gone")
    _rows(page).filter(has_text="loaded").locator("summary").click()
    page.get_by_role("link", name="Only load_invoice").click()
    expect(chip).to_have_text("activity 4 load_invoice ×")
    assert page.url.endswith("/logs/?activity=4")
