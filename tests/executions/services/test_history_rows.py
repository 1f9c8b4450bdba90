"""Which rows of a history show, and which are new to a page."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from executions.models import ActionRequested
from executions.services import audit
from executions.services.history_actions import ActionRow
from executions.services.history_index import Index
from executions.services.history_rows import FAILED, PENDING, RETRYING, Listing, News, Row, Wanted, place_of, window
from executions.services.standings import Standing
from tests.executions.canned import encoded, event
from tests.executions.services.test_history import EVENTS
from tests.executions.services.test_history_index import index

ALL, COMPACT = Wanted(compact=False), Wanted()
BEGUN = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


def second(number: float) -> datetime:
    """Each event has its number's second."""
    return BEGUN + timedelta(seconds=number)


def did(at: float, **fields: Any) -> audit.Entry:
    row = ActionRequested(id=uuid.UUID(int=7), username="ana", operation="cancel", **fields)
    row.at = second(at)
    return audit.Entry(row, None, "unknown")


def listed(found: Index, wanted: Wanted, *entries: audit.Entry) -> list[Row]:
    return Listing(found, wanted, entries).rows


def shown(wanted: Wanted, *entries: audit.Entry) -> list[Any]:
    return ["did" if isinstance(row, ActionRow) else row.id for row in listed(index(EVENTS), wanted, *entries)]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (ALL, list(range(1, 17))),
        (replace(ALL, newest_first=True), list(range(16, 0, -1))),
        (COMPACT, [1, 5, 8, 10, 11, 12, 15, 16]),
        (replace(ALL, kinds=("timer", "signal")), [8, 9, 10]),
        (replace(COMPACT, kinds=("timer", "signal")), [8, 10]),
        (replace(ALL, kinds=("unknown",)), []),
        (replace(ALL, query="EXTRACT"), [5, 6, 7]),
        # A step has what any of its events has.
        (replace(COMPACT, query="rate limited"), [5]),
        (replace(ALL, kinds=("activity",), query="7", newest_first=True), [7]),
        (replace(ALL, name="extract"), [5, 6, 7]),
        (replace(ALL, state="failed"), [7, 16]),
        (replace(COMPACT, state="failed"), [5, 16]),
        (replace(COMPACT, state="pending"), [11]),
        (replace(ALL, after=second(3), before=second(5)), [3, 4, 5]),
        # What goes on in the range shows, and what has no end goes on.
        (replace(COMPACT, after=second(6), before=second(6.5)), [5]),
        (replace(COMPACT, after=second(14), before=second(15)), [11, 15]),
    ],
)
def test_filters(wanted: Wanted, ids: list[int]) -> None:
    assert shown(wanted) == ids


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (COMPACT, [1, "did", 5, 8, 10, 11, 12, 15, 16]),
        (replace(COMPACT, newest_first=True), [16, 15, 12, 11, 10, 8, 5, "did", 1]),
        (replace(ALL, kinds=("operator",)), ["did"]),
        (replace(ALL, kinds=("task",)), [2, 3, 4, 14]),
        (replace(ALL, query="STUCK"), ["did"]),
        (replace(ALL, query="nothing"), []),
        (replace(ALL, state="failed"), [7, 16]),
        (replace(ALL, name="extract"), [5, 6, 7]),
        (replace(ALL, after=second(4), before=second(4.6)), [4, "did"]),
    ],
)
def test_what_operators_did_stands_among_them(wanted: Wanted, ids: list[Any]) -> None:
    assert shown(wanted, did(4.5, reason="It is stuck.")) == ids


# Event 5 is an activity that has failed so far, 9 another one that works.
UNDER_WAY = [
    event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "pipeline"}),
    event(5, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "extract"}),
    event(7, "TIMER_STARTED", timerId="1", startToFireTimeout="30s"),
    event(9, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "book"}),
]
STANDINGS = {5: Standing(5, "retrying", None, 3, "429 Rate limited"), 9: Standing(9, "running", None)}


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(query="RETRYING"), [5]),
        (Wanted(query="rate limited"), [5]),
        (Wanted(query="running"), [9]),
        (Wanted(query="timer 1"), [7]),
        (Wanted(state="retrying"), [5]),
        (Wanted(state="failed"), []),
        (Wanted(state="pending"), [5, 7, 9]),
        (Wanted(state="retrying", name="book"), []),
    ],
)
def test_how_an_activity_is_doing_is_found(compact: bool, wanted: Wanted, ids: list[int]) -> None:
    listing = Listing(index(UNDER_WAY), replace(wanted, compact=compact), [], STANDINGS)
    assert [row.id for row in listing.rows] == ids


# Activity 5 has timed out, 7 has not ended; timer 9 has a title.
TOLD = [
    event(5, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "extract"}),
    event(6, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5"),
    event(7, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "book"}),
    event(9, "TIMER_STARTED", timerId="1") | {"userMetadata": {"summary": encoded("Wait for Müller")}},
]


@pytest.mark.parametrize(
    ("query", "standings", "ids"),
    [
        ("TIMED out", {}, [5]),
        ("not completed", {}, [7, 9]),
        # What its row says instead.
        ("not completed", {7: Standing(7, "running", None)}, [9]),
        ("for MÜLLER", {}, [9]),
        ("timer 1", {}, [9]),
    ],
)
def test_what_only_a_step_s_row_says_is_found(query: str, standings: dict[int, Standing], ids: list[int]) -> None:
    assert [row.id for row in Listing(index(TOLD), replace(COMPACT, query=query), [], standings).rows] == ids
    # Rows of events do not say it.
    every = Listing(index(TOLD), replace(ALL, query=query), [], standings).rows
    assert [row.id for row in every] == ([9] if query == "timer 1" else [])


@pytest.mark.parametrize(
    ("wanted", "kinds", "states"),
    [
        (ALL, {"workflow": 2, "task": 4, "activity": 3, "timer": 2, "signal": 1}, (2, 0, 1)),
        # A filter's own count is of what it would leave: the others', not its own.
        (replace(ALL, kinds=("activity",)), {"workflow": 2, "task": 4, "activity": 3, "timer": 2}, (1, 0, 0)),
        (replace(ALL, state="failed"), {"workflow": 1, "task": 0, "activity": 1, "timer": 0}, (2, 0, 1)),
        (replace(ALL, query="extract"), {"workflow": 0, "activity": 3, "timer": 0}, (1, 0, 0)),
        (replace(ALL, name="extract"), {"workflow": 0, "activity": 3, "operator": None}, (1, 0, 0)),
        (replace(ALL, kinds=("operator", "x"), state="failed"), {"activity": 1, "operator": 0, "x": 0}, (0, 0, 0)),
        (replace(ALL, after=second(4), before=second(6)), {"task": 1, "activity": 2, "operator": 1}, (0, 0, 0)),
        (replace(COMPACT, after=second(4), before=second(6)), {"activity": 1, "signal": 0, "operator": 1}, (1, 0, 0)),
    ],
)
def test_each_filter_counts_what_the_others_leave(
    wanted: Wanted, kinds: dict[str, int | None], states: tuple[int, ...]
) -> None:
    listing = Listing(index(EVENTS), wanted, [did(4.5)])
    counted = listing.kinds()
    assert {kind: counted.get(kind) for kind in kinds} == kinds
    assert tuple(listing.count(state) for state in (FAILED, RETRYING, PENDING)) == states
    # As many as there are once one follows it.
    for kind, count in counted.items():
        assert len(Listing(index(EVENTS), replace(wanted, kinds=(kind,)), [did(4.5)]).rows) == count
    assert listing.total == (17 if not wanted.compact else 9)


def test_a_search_is_made_once_for_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    found = index(EVENTS)
    asked: list[str] = []
    monkeypatch.setattr(found, "find", lambda query: asked.append(query) or {5})
    listed(found, replace(ALL, query="x"))
    assert asked == ["x"]


@pytest.mark.parametrize(
    ("compact", "row_id", "place"),
    [
        (False, "5", 4),
        (False, "7", 6),
        (True, "5", 1),
        (True, "7", 1),
        (True, "3", None),
        (True, "x", None),
        (False, "99", None),
    ],
)
def test_where_a_row_is(compact: bool, row_id: str, place: int | None) -> None:
    found = index(EVENTS)
    assert place_of(listed(found, Wanted(compact=compact)), row_id, found) == place


def test_where_an_action_is() -> None:
    found, entry = index(EVENTS), did(4.5)
    assert place_of(listed(found, COMPACT, entry), str(entry.action.id), found) == 1


@pytest.mark.parametrize(
    ("first", "shown", "ahead", "behind"),
    [(-3, [0, 1, 2], 0, 7), (4, [4, 5, 6], 4, 3), (8, [8, 9], 8, 0), (99, [], 10, 0)],
)
def test_a_window(first: int, shown: list[int], ahead: int, behind: int) -> None:
    rows: Any = list(range(10))
    found = window(rows, first, 3)
    assert (found.rows, found.ahead, found.behind) == (shown, ahead, behind)


def test_news() -> None:
    entry = did(99)
    rows = listed(index(EVENTS), COMPACT, entry)
    news = News(8, frozenset([str(entry.action.id)]), second(90))
    assert [row.id for row in rows if news.is_new(row)] == [10, 11, 12, 15, 16, str(entry.action.id)]
    # The timer, event 8, has fired since.
    assert [row.id for row in rows if news.is_changed(row)] == [8]
    assert [row for row in rows if News(16, frozenset(), second(90)).is_new(row)] == []
    # What was done a moment ago may have come to something by now.
    assert [row.id for row in rows if News(16, frozenset(), second(90)).is_changed(row)] == [str(entry.action.id)]
    assert [row for row in rows if News(16, frozenset(), second(100)).is_changed(row)] == []
