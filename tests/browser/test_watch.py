"""Watching an execution: whichever page is open tells once when it ends or starts failing."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import PHONE, SignedIn
from tests.sandbox.api import Api

LONG = 30_000
STUB = """
window.Notification = class extends EventTarget {
    static permission = "%s";
    static async requestPermission() { return Notification.permission; }
    constructor(title, options) { super(); told(title, options.body, options.tag); window.last = this; }
    close() {}
};
"""


def watching(page: Page, permission: str = "granted") -> list[tuple[str, ...]]:
    """What the pages of this browser notify of from now on."""
    told: list[tuple[str, ...]] = []
    page.context.expose_function("told", lambda *words: told.append(words))
    page.context.add_init_script(STUB % permission)
    return told


def wait_for(page: Page, told: list[Any], count: int) -> None:
    for _ in range(LONG // 100):
        if len(told) >= count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(told)} notifications came, not {count}")


@pytest.fixture
def review(demo_api: Api) -> Any:
    execution_id = demo_api.start_review()
    yield execution_id
    demo_api.post(execution_id, "/terminate")


def kept(page: Page) -> list[str]:
    return [one["id"] for one in json.loads(page.evaluate("localStorage.watched ?? '[]'"))]


@pytest.mark.slow
def test_an_end_is_told_once_from_any_page(signed_in: SignedIn, demo_api: Api, review: str) -> None:
    page = signed_in("viewer")
    told = watching(page)
    page.goto(f"/executions/{review}/")
    switch = page.locator("[data-watch]")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(switch).to_have_text("Watching")
    other = page.context.new_page()
    other.goto("/executions/")
    page.goto("/audit/")
    assert kept(page) == [review]
    demo_api.post(review, "/terminate")
    wait_for(page, told, 1)
    assert told == [("Terminated", review, review)]
    page.wait_for_function("() => localStorage.watched === '[]'")
    # Nobody else has anything to tell: the one who watched has let go, and the others find nothing to watch.
    other.reload()
    assert told == [("Terminated", review, review)]
    assert other.evaluate("navigator.locks.query().then((found) => found.held.length)") == 0
    page.goto(f"/executions/{review}/")
    expect(switch).to_be_hidden()


def test_the_switch_ends_it(signed_in: SignedIn, review: str) -> None:
    page = signed_in("viewer")
    watching(page)
    page.goto(f"/executions/{review}/logs/")
    switch = page.locator("[data-watch]")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert kept(page) == [review]
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert kept(page) == []
    page.wait_for_function("() => navigator.locks.query().then((found) => found.held.length === 0)")


def test_on_a_phone_it_is_in_sight(signed_in: SignedIn, review: str) -> None:
    page = signed_in("viewer", viewport=PHONE)
    page.goto(f"/executions/{review}/")
    expect(page.get_by_role("button", name="Watch")).to_be_in_viewport(ratio=1)
    # Where the browser keeps nothing, that is what is said, and not that there is no room.
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full') } }")
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_text("It cannot be watched: this browser keeps nothing for the console")).to_be_visible()


@pytest.mark.slow
def test_a_stream_that_was_refused_once_is_opened_again(signed_in: SignedIn, review: str) -> None:
    page = signed_in("viewer")
    watching(page)
    opened: list[str] = []

    def refuse_once(socket: WebSocketRoute) -> None:
        opened.append(socket.url)
        if len(opened) > 1:
            socket.connect_to_server()
        else:
            socket.close(code=4403)

    page.route_web_socket(re.compile("/events/"), refuse_once)
    page.goto(f"/executions/{review}/")
    page.locator("[data-watch]").click()
    for _ in range(LONG // 100):
        if len(opened) > 1:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(100)
    assert len(opened) == 2
    page.locator("[data-watch]").click()
    page.wait_for_function("() => navigator.locks.query().then((found) => found.held.length === 0)")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("since", "words"), [("2000-01-01T00:00:00Z", ["Started failing", "Failed"]), ("2099-01-01T00:00:00Z", ["Failed"])]
)
def test_failures_since_then_are_told_once(signed_in: SignedIn, demo_api: Api, since: str, words: list[str]) -> None:
    page = signed_in("viewer")
    told = watching(page)
    page.goto("/audit/")
    execution_id = demo_api.start("invoice-pipeline", {"document": "scan-1.pdf", "amount": 10, "flaw": "ledger"})
    address = f"/executions/{execution_id}/"
    one = {"id": execution_id, "page": address, "stream": f"/ws{address}events/", "since": since, "last": ""}
    page.evaluate(
        "(one) => { localStorage.watched = JSON.stringify([one]); dispatchEvent(new Event('watched')); }", one
    )
    wait_for(page, told, len(words))
    page.wait_for_function("() => localStorage.watched === '[]'")
    assert told == [(word, execution_id, execution_id) for word in words]
    # A click leads there.
    with page.context.expect_page() as opened:
        page.evaluate("last.dispatchEvent(new Event('click'))")
    opened.value.wait_for_url(f"**{address}")


@pytest.mark.slow
@pytest.mark.parametrize("permission", ["denied", "none"])
def test_without_notifications_the_titles_tell(
    signed_in: SignedIn, demo_api: Api, review: str, permission: str
) -> None:
    page = signed_in("viewer")
    page.add_init_script("delete window.Notification;" if permission == "none" else STUB % permission)
    page.goto(f"/executions/{review}/")
    switch = page.locator("[data-watch]")
    switch.click()
    expect(switch).to_have_text("Watching in titles")
    demo_api.post(review, "/terminate")
    expect(page).to_have_title(f"● Terminated: {review}", timeout=LONG)
    # Until somebody has seen it.
    page.locator("h1").click()
    expect(page).to_have_title(f"Terminated · {review} · Executions Console")
