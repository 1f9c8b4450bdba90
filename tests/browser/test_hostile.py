"""A workflow that fills everything it can with markup, templates and terminal escapes: it is text on every page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests import faulty as upstream
from tests.executions import canned
from tests.faulty import Faulty, reply
from tests.servers import console

MARKUP = "<img src=x data-hostile onerror='window.hostile=1'><script>window.hostile=1</script>"
WORDS = (
    f"</textarea></template></pre>{MARKUP}"
    "{{ 61234|add:'1' }}{% now 'Y' %}\x1b[31mred\x1b[0m\u202e\x07'\"><b data-hostile>"
)
HUGE = "<b data-hostile>huge</b>" * 200_000
"""Nearly 5 MB."""
ID = "<b data-hostile>'\";{{7}}"
_SCHEMA = {
    "type": "object",
    "title": WORDS,
    "description": WORDS,
    "required": [WORDS, "choice"],
    "properties": {
        WORDS: {"type": "string", "title": WORDS, "description": WORDS, "default": WORDS},
        "choice": {"enum": [WORDS, "plain"], "description": WORDS},
        "__proto__": {"type": "object", "properties": {"constructor": {"type": "string", "default": WORDS}}},
        "many": {"type": "array", "items": {"type": "object", "properties": {WORDS: {"type": "number"}}}},
        "unknown": {"type": WORDS, "format": WORDS, "x": [HUGE[:50_000]]},
        "loop": {"$ref": "#"},
        "elsewhere": {"$ref": "http://127.0.0.1:9/schema.json"},
    },
}
_HANDLERS = [{"name": WORDS, "description": WORDS, "input_schema": _SCHEMA}, {"name": "big", "description": HUGE}]
_HISTORY = {
    "events": [
        canned.event(
            1,
            "WORKFLOW_EXECUTION_STARTED",
            workflowType={"name": WORDS},
            input={"payloads": [canned.encoded({WORDS: WORDS})]},
        ),
        canned.event(2, "WORKFLOW_TASK_SCHEDULED"),
        canned.event(3, "WORKFLOW_TASK_STARTED", scheduledEventId="2"),
        canned.event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3"),
        canned.event(5, "ACTIVITY_TASK_SCHEDULED", activityId=WORDS, activityType={"name": WORDS}, input=WORDS),
        canned.event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5"),
        canned.event(7, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5", result={"payloads": [canned.encoded(HUGE)]}),
        canned.event(8, "WORKFLOW_EXECUTION_SIGNALED", signalName=WORDS, identity=WORDS, input=[WORDS]),
        canned.event(9, WORDS, failure={"message": WORDS, "stackTrace": WORDS, "cause": {"message": WORDS}}),
    ]
}
_TAGGED = {"id": WORDS, "name": WORDS, "type": WORDS, "timestamp_unix_nano": 10**18, "attributes": {WORDS: WORDS}}
_LOG = {"timestamp": "2026-01-31T14:05:01Z", "severity_text": WORDS, "body": WORDS, "log_attributes": {WORDS: WORDS}}
PAGES = (
    "",
    "history/",
    "history/?event=9",
    "trace/",
    "trace/?view=events",
    "trace/?view=otel",
    "logs/",
    "events/",
    "actions/",
    "signal/",
    "signal/?name={words}",
    "query/?name={words}",
    "update/?name={words}",
    "cancel/",
    "terminate/",
    "reset/",
    "reset/?event_id=4",
    "compare/",
)


def _hostile(server: Faulty) -> None:
    # Text that can be encoded only so: the test upstream answers with any JSON.
    canned.healthy(server, ID, workflow_name=WORDS, user_id=WORDS, deployment_name=WORDS, result={WORDS: HUGE})
    found = canned.execution(ID, workflow_name=WORDS, user_id=WORDS, deployment_name=WORDS, status=WORDS)
    server.on(reply(_HISTORY), method="GET", path=canned.path(ID, "/history"))
    server.on(reply(_HISTORY), method="GET", path=f"{canned.RUNS}/{canned.RUN}/history")
    server.on(reply({"executions": [found], "next_page_token": None}), method="GET", path=canned.RUNS)
    tree = canned.SPAN | {
        "name": WORDS,
        "attributes": {WORDS: WORDS},
        "children": [canned.SPAN | {"name": HUGE[:9_000]}],
    }
    server.on(reply(found | {"span_tree": tree}), method="GET", path=canned.path(ID, "/trace/summary"))
    server.on(reply(found | {"events": [_TAGGED]}), method="GET", path=canned.path(ID, "/trace/events"))
    server.on(reply({"results": [_LOG], "next_cursor": None}), method="GET", path=canned.path(ID, "/logs"))
    event = canned.EVENT | {"event_type": WORDS, "workflow_name": WORDS, "attributes": {WORDS: WORDS}}
    server.on(reply({"events": [event], "next_cursor": None}), method="GET", path=canned.EVENTS)
    declared = {"signals": _HANDLERS, "queries": _HANDLERS, "updates": _HANDLERS}
    registration = canned.REGISTRATION | {"deployment_name": WORDS, "definition": declared}
    server.on(reply({"workflow_registrations": [registration]}), method="GET", path=canned.REGISTRATIONS)
    answer = reply({"query_name": WORDS, "result": {WORDS: [WORDS, HUGE]}})
    server.on(answer, method="POST", path=canned.path(ID, "/queries"))
    refused = reply({"detail": [{"loc": ["body", "input", WORDS], "msg": WORDS, "type": WORDS}]}, 422)
    server.on(refused, method="POST", path=canned.path(ID, "/signals"))


@pytest.fixture(scope="module")
def admin(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """An admin's page of a console whose workflow is hostile. A dialog or an error in the page fails the test."""
    complaints: list[str] = []
    folder: Path = tmp_path_factory.mktemp("hostile")
    with upstream.running() as server, console(folder, server.url) as served:
        _hostile(server)
        context = browser.new_context(base_url=served.url, storage_state=served.state("admin"))
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        yield page
        context.close()
    assert complaints == []


def _nothing_came_alive(page: Page) -> None:
    page.wait_for_function("() => 'ready' in document.documentElement.dataset")
    assert page.evaluate("window.hostile") is None
    # Where markup is text, no element of it exists.
    assert page.locator("[data-hostile]").count() == 0
    shown = page.content()
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    # A template that was evaluated would have become a number.
    assert "61235" not in shown


def _address(page: Page, rest: str) -> str:
    name: Any = page.evaluate("words => encodeURIComponent(words)", WORDS)
    base = page.locator(".run-list td.id a").first.get_attribute("href") or ""
    return base.partition("?")[0] + rest.format(words=name)


@pytest.mark.parametrize("rest", PAGES)
def test_it_is_text_on_every_page(admin: Page, rest: str) -> None:
    admin.goto("/executions/")
    _nothing_came_alive(admin)
    answer = admin.goto(_address(admin, rest))
    assert answer
    assert answer.status == 200
    admin.wait_for_load_state("networkidle")
    admin.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    admin.wait_for_load_state("networkidle")
    _nothing_came_alive(admin)
    # Bounded, whatever the workflow sends: some of it is 5 MB long.
    assert len(admin.content()) < 1_500_000


def test_an_answer_and_a_refusal_are_text(admin: Page) -> None:
    admin.goto("/executions/")
    query, signal = _address(admin, "query/"), _address(admin, "signal/")
    admin.goto(query)
    admin.get_by_label("Name").fill("anything")
    admin.get_by_role("button", name="Query").click()
    admin.locator("#answer").wait_for()
    _nothing_came_alive(admin)
    admin.goto(signal)
    admin.get_by_label("Name").fill("anything")
    admin.get_by_role("button", name="Signal").click()
    admin.locator("[role=alert]").first.wait_for()
    _nothing_came_alive(admin)
