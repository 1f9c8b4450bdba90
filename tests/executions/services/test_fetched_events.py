"""Pages of events, read further where nobody else has gone yet."""

import pytest

from executions.services import fetched, fetched_events
from executions.upstream import errors
from tests.executions import canned
from tests.executions.services.test_strip import START, announced, cursors
from tests.faulty import Faulty, reply


@pytest.fixture(autouse=True)
def fresh() -> None:
    fetched_events.store.clear()


def test_an_event_cursor_that_is_refused_is_given_up(upstream: Faulty) -> None:
    upstream.on(reply({"events": announced(1, 4), "next_cursor": "more"}), path=canned.EVENTS)
    fetched_events.go_on(canned.ID)
    upstream.on(reply({"detail": "no"}, status=422), path=canned.EVENTS)
    with pytest.raises(errors.Invalid):
        fetched_events.go_on(canned.ID)
    upstream.on(reply({"events": announced(1, 4, 6)}), path=canned.EVENTS)
    fetched_events.go_on(canned.ID)
    assert cursors(upstream) == [None, "more", None]
    assert not fetched_events.goes_on(canned.ID, START + 10)


def test_of_very_many_events_no_more_are_read(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "MOST_ROWS", fetched_events.MOST + 1)
    upstream.on(reply({"events": announced(1, 4), "next_cursor": "more"}), path=canned.EVENTS)
    for _ in range(2):
        fetched_events.go_on(canned.ID)
    assert cursors(upstream) == [None]
    assert not fetched_events.goes_on(canned.ID, START + 10)
