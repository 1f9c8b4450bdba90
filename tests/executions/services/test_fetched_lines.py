"""Which log lines the console has fetched so far, and of which time it lacks none."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import fetched, fetched_lines, logs
from executions.services.fetched import EVER, Asked
from executions.services.log_pages import Scope, read
from executions.upstream.types import LogPage, LogRecord
from tests.executions import canned
from tests.faulty import Faulty, reply

BEGUN = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh() -> None:
    fetched_lines.store.clear()


def at(second: float) -> float:
    return BEGUN.timestamp() + second


def record(second: float, severity: str = "INFO", body: str = "x") -> dict[str, Any]:
    moment = (BEGUN + timedelta(seconds=second)).isoformat()
    return {"timestamp": moment, "severity_text": severity, "body": body}


def fetch(upstream: Faulty, seconds: list[float], order: str, cursor: str = "", more: str = "", **scope: Any) -> None:
    answer = {"results": [record(second) for second in seconds], "next_cursor": more or None}
    upstream.on(reply(answer), path=canned.path(rest="/logs"))
    read(Scope(execution_id=canned.ID, **scope), order, cursor)


def covered(run_id: str = "") -> tuple[tuple[float, float], ...]:
    return fetched_lines.store.of(canned.ID, run_id).read


def test_the_newest_page_reaches_to_now_and_the_next_one_goes_on_where_it_ended(upstream: Faulty) -> None:
    fetch(upstream, [90, 80], "desc", more="a")
    ((begin, end),) = covered()
    assert begin == at(80)
    assert end > at(90)
    fetch(upstream, [40, 30], "desc", cursor="a", more="b")
    # Nothing is between 40 and 80: those pages follow one another.
    assert covered() == ((at(30), end),)
    fetch(upstream, [10], "desc", cursor="b")
    assert covered() == ((EVER[0], end),)
    known = fetched_lines.store.of(canned.ID, "")
    assert sorted(known.times) == [(at(second), "info") for second in (10, 30, 40, 80, 90)]


def test_the_oldest_page_of_a_range_begins_with_it(upstream: Faulty) -> None:
    after = (BEGUN + timedelta(seconds=5)).isoformat()
    before = (BEGUN + timedelta(seconds=60)).isoformat()
    fetch(upstream, [10, 20], "asc", more="a", after=after, before=before)
    assert covered() == ((at(5), at(20)),)
    fetch(upstream, [], "asc", cursor="a", after=after, before=before)
    assert covered() == ((at(5), at(60)),)


def test_a_page_from_the_middle_covers_only_itself(upstream: Faulty) -> None:
    fetch(upstream, [20, 30], "asc", cursor="of another process", more="b")
    assert covered() == ((at(20), at(30)),)
    fetch(upstream, [], "asc", cursor="nor this one", more="c")
    assert covered() == ((at(20), at(30)),)


def test_what_is_still_to_come_is_not_read(upstream: Faulty) -> None:
    fetch(upstream, [10], "desc", before="2099-01-01T00:00:00Z")
    ((_, end),) = covered()
    # Lines of the last seconds may be on their way.
    assert time.time() - 60 < end <= time.time() - logs.LATE.total_seconds()


def test_a_range_that_ends_before_it_begins_is_none(upstream: Faulty) -> None:
    for order in ("asc", "desc"):
        fetch(upstream, [], order, after="2026-01-31T15:00:00Z", before="2026-01-31T14:00:00Z")
    assert covered() == ()


@pytest.mark.parametrize("other", [{"order": "asc"}, {"before": "2026-01-31T15:00:00Z"}, {"run_id": canned.RUN}])
def test_a_cursor_is_believed_only_with_what_it_came_from(upstream: Faulty, other: dict[str, Any]) -> None:
    fetch(upstream, [40, 30], "desc", more="a")
    known = covered()
    fetch(upstream, [], other.pop("order", "desc"), cursor="a", **other)
    assert covered(canned.RUN) == covered() == known


def test_of_very_many_times_it_begins_anew(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "MOST_SPANS", 3)
    for number in range(4):
        after, before = (BEGUN + timedelta(seconds=number * 10 + more) for more in (0, 5))
        fetch(upstream, [], "asc", after=after.isoformat(), before=before.isoformat())
    assert covered() == ((at(30), at(35)),)


def test_the_lines_of_one_activity_leave_the_rest_unread(upstream: Faulty) -> None:
    fetch(upstream, [20, 30], "desc", activity="3")
    assert covered() == ()
    assert len(fetched_lines.store.of(canned.ID, "").times) == 2


def test_what_was_read_of_one_run_is_not_read_of_another(upstream: Faulty) -> None:
    fetch(upstream, [20, 30], "asc", more="a", run_id=canned.RUN)
    assert covered(canned.RUN) == ((EVER[0], at(30)),)
    assert covered(canned.OTHER_RUN) == ()
    # Of all runs: of each.
    fetch(upstream, [20, 40], "asc", more="b")
    assert covered(canned.OTHER_RUN) == covered(canned.RUN) == ((EVER[0], at(40)),)


def written(upstream: Faulty, records: list[dict[str, Any]], run_id: str = "") -> None:
    upstream.on(reply({"results": records, "next_cursor": None}), path=canned.path(rest="/logs"))
    read(Scope(execution_id=canned.ID, run_id=run_id), "desc")


def seconds(run_id: str) -> list[float]:
    return sorted(moment - at(0) for moment, _ in fetched_lines.store.of(canned.ID, run_id).times)


def test_the_lines_of_one_run_are_not_those_of_another(upstream: Faulty) -> None:
    one, other, plain = (
        record(second) | {"log_attributes": {"workflow_run_id": said} if said else {}}
        for second, said in ((1, "engine-1"), (2, "engine-2"), (3, ""))
    )
    written(upstream, [other, one, plain])
    # Nobody knows yet which run is which.
    assert seconds(canned.RUN) == [1, 2, 3]
    version = fetched_lines.store.of(canned.ID, canned.RUN).version
    written(upstream, [one], canned.RUN)
    assert seconds(canned.RUN) == [1, 3]
    assert fetched_lines.store.of(canned.ID, canned.RUN).version > version
    written(upstream, [other], canned.OTHER_RUN)
    assert seconds(canned.OTHER_RUN) == [2, 3]
    assert seconds("") == [1, 2, 3]
    # Of which run they are stays known.
    written(upstream, [other, one, plain])
    assert (seconds(canned.RUN), seconds(canned.OTHER_RUN)) == ([1, 3], [2, 3])


def test_equal_lines_are_several_and_each_counts_once(upstream: Faulty) -> None:
    for _ in range(2):
        written(upstream, [record(1), record(1), record(1, body="y")])
    assert seconds("") == [1, 1, 1]


def test_the_version_tells_only_of_news(upstream: Faulty) -> None:
    fetch(upstream, [20, 30], "asc", more="a")
    before = fetched_lines.store.of(canned.ID, "").version
    fetch(upstream, [20, 30], "asc", more="a")
    assert fetched_lines.store.of(canned.ID, "").version == before
    fetch(upstream, [20, 30, 31], "asc", more="a")
    assert fetched_lines.store.of(canned.ID, "").version > before


def test_there_is_a_bound_for_one_execution_and_for_all(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "MOST_ROWS", 5)
    monkeypatch.setattr(fetched, "ALL_ROWS", 8)

    def note(execution_id: str, first: int, count: int = 3) -> None:
        records = [LogRecord(timestamp=record(first + number)["timestamp"]) for number in range(count)]
        fetched_lines.note(execution_id, Asked(until=2e9), LogPage(results=records, next_cursor="a"))

    note("one", 0)
    note("one", 10)
    # What was forgotten counts as not read.
    assert [moment for moment, _ in fetched_lines.store.of("one", "").times] == [at(10), at(11), at(12)]
    for name in ("two", "three", "four"):
        note(name, 0)
    assert [len(fetched_lines.store.of(name, "").times) for name in ("one", "two", "three", "four")] == [0, 0, 3, 3]


def test_what_is_known_already_needs_no_room(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "MOST_ROWS", 4)
    fetch(upstream, [30, 40], "asc", more="a")
    fetch(upstream, [10, 20, 30], "desc")
    assert len(fetched_lines.store.of(canned.ID).times) == 4


def test_lines_ahead_of_their_time_are_not_reached(upstream: Faulty) -> None:
    ahead = time.time() - BEGUN.timestamp() + 3_000
    fetch(upstream, [10, ahead], "asc", more="a")
    ((_, end),) = covered()
    assert end <= time.time() - logs.LATE.total_seconds()


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda one: (one[0], one[0] + one[1])))


@given(spans=spans)
def test_read_and_missing_make_the_whole(spans: list[tuple[int, int]]) -> None:
    read = fetched.merged(spans)
    assert all(before[1] < after[0] for before, after in pairwise(read))
    missing = fetched.missing(read, 0, 60)
    for half in range(1, 120, 2):
        moment = half / 2
        known = any(begin <= moment <= end for begin, end in spans)
        assert known != any(begin <= moment <= end for begin, end in missing)
