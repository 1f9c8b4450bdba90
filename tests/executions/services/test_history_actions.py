"""What operators did, among the rows of a history."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from executions.models import ActionOutcome, ActionRequested
from executions.services import audit
from executions.services.history import EventRow
from executions.services.history_actions import OPERATOR, ActionRow, with_actions
from tests.executions.canned import event
from tests.executions.services.test_history import EVENTS, made


def _did(*seconds: float | None) -> list[ActionRow]:
    """What somebody did so many seconds after 14:05, oldest first."""
    made = []
    for number, second in enumerate(seconds):
        row = ActionRequested(
            id=uuid.UUID(int=number), username="ana", operation="cancel", reason="Stuck <b>", name="n"
        )
        row.at = datetime(2026, 1, 31, 14, 5, tzinfo=UTC) + timedelta(seconds=second or 0)
        entry = audit.Entry(row, ActionOutcome(code="WF_1102", message="It is over"), "refused")
        made.append(ActionRow(entry))
    return sorted(made, key=lambda row: row.time)


@pytest.mark.parametrize(
    ("seconds", "places"),
    [
        ((), []),
        ((-5,), [0]),
        ((0.5,), [0]),
        # Of the same moment as an event: after it, as what the engine wrote first.
        ((1,), [1]),
        ((3.5, 3.6), [3, 4]),
        ((99,), [16]),
        ((-5, 3.5, 99), [0, 4, 18]),
    ],
)
def test_what_operators_did_stands_where_it_happened(seconds: tuple[float, ...], places: list[int]) -> None:
    rows = with_actions(made(EVENTS), _did(*seconds))
    assert [place for place, row in enumerate(rows) if isinstance(row, ActionRow)] == places
    # The events are all there, in the engine's order, and what was done in its own.
    assert [row.id for row in rows if isinstance(row, EventRow)] == list(range(1, 17))
    done = [row.time for row in rows if isinstance(row, ActionRow)]
    assert done == sorted(done)
    assert {row.category for row in rows} - {OPERATOR} == {row.category for row in made(EVENTS)}


def test_events_without_a_time_keep_their_place() -> None:
    timeless = [{**event(number, "TIMER_FIRED"), "eventTime": None} for number in (1, 2)]
    rows = with_actions(made([*timeless, event(3, "TIMER_FIRED")]), _did(2))
    assert [getattr(row, "kind", "operator") for row in rows] == ["TimerFired", "TimerFired", "operator", "TimerFired"]


def test_the_words_of_what_an_operator_did_are_all_that_its_row_says() -> None:
    (did,) = _did(3.5)
    assert did.words == f"{did.id} ana Cancel n Stuck <b>  refused WF_1102 It is over"
