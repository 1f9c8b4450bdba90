"""The events page: which rows it has, what it tells the script about custom tasks."""

import re
from typing import Any

import pytest
from django.test import Client

from executions.views import events as view
from tests.executions import canned, pages
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/events/"
TASK = {"custom_task_id": "t-1", "custom_task_type": "llm_call"}


def event(number: int, kind: str, **attributes: Any) -> dict[str, Any]:
    return canned.EVENT | {"event_id": f"e-{number}", "event_type": kind, "attributes": attributes}


@pytest.fixture(autouse=True)
def events(upstream: Faulty) -> None:
    changes = [{"op": "append", "path": "/text", "value": "Hello"}]
    found = [
        event(1, "WORKFLOW_EXECUTION_STARTED"),
        event(2, "CUSTOM_TASK_STARTED", **TASK, payload={"type": "json", "value": {"text": ""}}),
        event(3, "CUSTOM_TASK_IN_PROGRESS", **TASK, payload={"type": "json_patch", "value": changes}),
        event(4, "ACTIVITY_TASK_RETRYING", activity_name="extract", attempt=3, failure={"message": "429 rate limited"}),
    ]
    upstream.on(reply({"events": found, "next_cursor": None}), path=canned.EVENTS)


def rows(html: str) -> list[str]:
    return re.findall(r'data-row="([^"]*)"', html)


def test_a_page_of_events_is_made_into_rows_in_slices(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand of them take their time: others get their turn between two."""
    seen: list[int] = []
    monkeypatch.setattr(view, "in_slices", lambda items: seen.append(len(items)) or items)
    assert len(rows(operator.get(PAGE).content.decode())) == 4
    assert seen == [4]


def test_a_row_says_its_task_and_brings_what_the_script_needs(operator: Client) -> None:
    html = operator.get(PAGE).content.decode()
    row = re.search(r'<li class="row" data-row="e-3".*?</li>', html, re.DOTALL)
    assert row
    for part in (
        'data-tone="custom"',
        'data-task="t-1" data-task-type="llm_call" data-step="in_progress"',
        "text + Hello</span>",
        "&quot;value&quot;: &quot;Hello&quot;",
    ):
        assert part in row[0]
    # 200 viewers get a thousand of them a second.
    assert len(row[0].encode()) < 1_000
    assert html.count("data-step=") == 2
    assert re.findall(r'data-row="([^"]*)"[^>]*data-begins', html) == ["e-1"]


def test_a_retry_says_the_attempt_and_the_failure(operator: Client) -> None:
    html = operator.get(PAGE).content.decode()
    row = re.search(r'<li class="row bad" data-row="e-4".*?</summary>', html)
    assert row
    assert re.findall(r">([^<>]+)</span>", row[0]) == [
        "ACTIVITY_TASK_RETRYING",
        "extract",
        "attempt 3: 429 rate limited",
    ]


@pytest.mark.parametrize(
    ("query", "shown", "unseen"),
    [
        ("", ["e-1", "e-2", "e-3", "e-4"], []),
        # The text only finds.
        ("?q=Hello", ["e-1", "e-2", "e-3", "e-4"], []),
        ("?q=Hello&only=1", ["e-3"], ["e-1", "e-2", "e-3"]),
        ("?type=workflow", ["e-1"], ["e-1", "e-2", "e-3"]),
        ("?type=custom", ["e-2", "e-3"], ["e-1", "e-2", "e-3"]),
        ("?type=other", [], ["e-1", "e-2", "e-3"]),
    ],
)
def test_the_events_of_tasks_are_there_whatever_the_filters(
    operator: Client, query: str, shown: list[str], unseen: list[str]
) -> None:
    html = operator.get(PAGE + query).content.decode()
    _, _, hidden = html.partition("<template data-tasks-rows>")
    hidden = hidden.partition("</template>")[0]
    assert rows(hidden) == unseen
    assert rows(html.replace(hidden, "", 1) if hidden else html) == shown


@pytest.mark.parametrize(
    ("query", "folded", "link"),
    [("?type=custom", True, "?type=custom&amp;updates=each"), ("?type=custom&updates=each", False, "?type=custom")],
)
def test_updates_are_folded_unless_each_is_wanted(operator: Client, query: str, folded: bool, link: str) -> None:
    html = operator.get(PAGE + query).content.decode()
    assert ('<ol class="rows event-rows folded"' in html) is folded
    assert re.findall(r'href="([^"]*)"[^>]*>each update</a>', html) == [link]


def test_without_tasks_their_place_is_hidden(operator: Client, upstream: Faulty) -> None:
    aside = 'data-tasks aria-label="Custom tasks"'
    assert f"{aside}>" in operator.get(PAGE).content.decode()
    upstream.on(reply({"events": [canned.EVENT], "next_cursor": None}), path=canned.EVENTS)
    assert f"{aside} hidden>" in operator.get(PAGE).content.decode()
    # A page that begins in the middle cannot put tasks together.
    assert aside not in operator.get(f"{PAGE}?cursor=7").content.decode()


def test_the_way_out_of_filters_that_leave_nothing(operator: Client) -> None:
    """It keeps the run and the range. A type that there is not goes with the next chip."""
    kept = f"run={canned.RUN}&after=2026-01-31T14:00:00Z"
    response = operator.get(f"{PAGE}?{kept}&type=foo&q=x&only=1&event=e-1")
    query = kept.replace(":", "%3A")
    assert f"{PAGE}?{query}" in pages.links(response)
    assert "Without filters" in pages.text(response)
    assert "?type=custom" in pages.links(operator.get(f"{PAGE}?type=foo"))
    assert "Without filters" not in pages.text(operator.get(PAGE))
