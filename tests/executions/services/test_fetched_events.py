"""Pages of events, read further where nobody else has gone yet."""

import time

import pytest

from executions.services import fetched, fetched_events
from executions.services.fetched import EVER
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


def paged(upstream: Faulty, seconds: list[int], more: str | None) -> None:
    upstream.on(reply({"events": announced(*seconds), "next_cursor": more}), path=canned.EVENTS)
    fetched_events.go_on(canned.ID)


def reach() -> float:
    """How far they were read, in seconds from the start."""
    ((begin, end),) = fetched_events.store.of(canned.ID).read
    assert begin == EVER[0]
    return end - START


def test_an_event_ahead_of_its_time_does_not_end_the_reading(upstream: Faulty) -> None:
    paged(upstream, [1, 3_000, 4], "more")
    assert reach() == 4
    # Nor where it is the last one of a page.
    paged(upstream, [5, 4_000], "last")
    assert fetched_events.goes_on(canned.ID, START + 10)
    paged(upstream, [6], "end")
    assert reach() == 6
    paged(upstream, [], None)
    assert not fetched_events.goes_on(canned.ID, START + 10)
    assert cursors(upstream) == [None, "more", "last", "end"]


def test_pages_that_end_at_the_same_moment_follow_one_another(upstream: Faulty) -> None:
    for number in (7, 8, 9, 10):
        paged(upstream, [1], f"cursor-{number}")
    paged(upstream, [1], None)
    assert cursors(upstream) == [None, "cursor-7", "cursor-8", "cursor-9", "cursor-10"]
    assert not fetched_events.goes_on(canned.ID, START + 10)


@pytest.mark.parametrize("way", [["a", "a"], ["a", "b", "a"]])
def test_cursors_that_lead_back_are_not_followed(upstream: Faulty, way: list[str]) -> None:
    for second, cursor in enumerate(way, 1):
        paged(upstream, [second], cursor)
    assert not fetched_events.goes_on(canned.ID, START + 10)
    # What comes after all is read.
    paged(upstream, [8], "new")
    assert fetched_events.goes_on(canned.ID, START + 10)
    assert cursors(upstream) == [None, *way[:-1], way[-2]]


def test_who_reads_from_an_earlier_place_takes_nothing_back(upstream: Faulty) -> None:
    paged(upstream, [1, 2, 3, 4], "far")
    upstream.on(reply({"events": announced(1, 2), "next_cursor": "near"}), path=canned.EVENTS)
    fetched_events.read(canned.ID, limit=2)
    assert (reach(), fetched_events.store.further(canned.ID)) == (4, "far")
    # Nor does a page from a place that nobody knows.
    upstream.on(reply({"events": announced(9)}), path=canned.EVENTS)
    fetched_events.read(canned.ID, limit=2, cursor="unknown")
    assert (reach(), fetched_events.goes_on(canned.ID, START + 10)) == (4, True)
    # Whoever comes to the end from there has read all.
    upstream.on(reply({"events": announced(3, 4, 5)}), path=canned.EVENTS)
    fetched_events.read(canned.ID, limit=2, cursor="near")
    assert not fetched_events.goes_on(canned.ID, START + 10)


def test_an_event_of_the_future_is_not_reached(upstream: Faulty) -> None:
    begun = time.time()
    paged(upstream, [1, 1_000_000_000], "more")
    assert begun <= START + reach() <= time.time()
