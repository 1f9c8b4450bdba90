"""What the event stream tells of attempts, read page by page and never twice."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import attempts, text
from executions.services.attempts import Announced, Attempt
from executions.upstream import errors
from executions.upstream.types import WorkflowEvent
from tests.executions import canned
from tests.executions.services import hostile
from tests.faulty import Faulty, reply


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, upstream: Faulty) -> Iterator[None]:
    monkeypatch.setattr(attempts, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(attempts, "PAGES", 2)
    yield
    attempts._known.clear()


def activity(kind: str, task: str = "1", run: str = "r-1", **attributes: Any) -> dict[str, Any]:
    about = {"task_id": task, "activity_name": "extract", **attributes}
    return canned.EVENT | {"event_type": f"ACTIVITY_TASK_{kind}", "workflow_run_id": run, "attributes": about}


def page(upstream: Faulty, *events: dict[str, Any], after: str | None = None) -> None:
    upstream.on(reply({"events": list(events), "next_cursor": after}), path=canned.EVENTS)


def cursors(upstream: Faulty) -> list[str]:
    return [dict(one.query).get("cursor", "") for one in upstream.requests]


def told(found: Announced) -> dict[tuple[str, str], tuple[int, str]]:
    return {key: (one.failures, one.error) for key, one in found.tasks.items()}


def test_what_is_kept(upstream: Faulty) -> None:
    page(
        upstream,
        activity("STARTED"),
        activity("RETRYING", attempt=1, failure={"message": "429"}),
        activity("FAILED", attempt=7, failure={"message": "503\x1b[31m"}),
        activity("STARTED", "2"),
        activity("COMPLETED", "2"),
        activity("STARTED", "3"),
        activity("STARTED", "1", "r-2"),
        canned.EVENT,
    )
    found = attempts.announced(canned.ID)
    assert told(found) == {("r-1", "1"): (7, "503"), ("r-1", "3"): (0, ""), ("r-2", "1"): (0, "")}
    assert (found.seen, found.complete) == (8, True)


def test_a_failure_without_a_number_counts_as_one_more(upstream: Faulty) -> None:
    page(upstream, activity("FAILED"), activity("FAILED"), activity("TIMED_OUT"))
    assert told(attempts.announced(canned.ID)) == {("r-1", "1"): (3, "")}


def test_it_goes_on_where_it_stopped(upstream: Faulty) -> None:
    """Some pages at a time; the last, which grows, is read again, and what it had is not counted twice."""
    page(upstream, activity("FAILED"), after="a")
    # The faulty upstream answers every cursor alike: the second page names the cursor that it was asked for.
    found = attempts.announced(canned.ID)
    assert (cursors(upstream), found.seen, found.complete) == (["", "a"], 2, True)
    page(upstream, activity("FAILED"), activity("FAILED"))
    found = attempts.announced(canned.ID)
    assert (cursors(upstream), found.seen, found.complete) == (["", "a", "a"], 3, True)
    assert told(found) == {("r-1", "1"): (3, "")}


def test_an_activity_of_a_run_that_the_stream_names_otherwise_is_found_by_its_time(upstream: Faulty) -> None:
    page(upstream, activity("FAILED"), activity("FAILED", "1", "r-2"), activity("STARTED", "2"))
    found, begun = attempts.announced(canned.ID), text.parse_time(canned.EVENT["event_timestamp"])

    def of(activity_id: str, run: str = "other") -> Attempt | None:
        return found.attempt(activity_id, "extract", begun, frozenset({run}))

    assert (of("1", "r-1"), of("1"), of("9")) == (found.tasks["r-1", "1"], found.tasks["r-2", "1"], None)
    ended = activity("COMPLETED", "1", "r-2")
    page(upstream, activity("FAILED"), activity("FAILED", "1", "r-2"), activity("STARTED", "2"), ended)
    attempts.announced(canned.ID)
    assert (of("1") is found.tasks["r-1", "1"], ("r-2", "1") in found.tasks) == (True, False)


def test_one_look_reads_no_more_than_some_pages(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    page(upstream, activity("FAILED"), after="a")
    monkeypatch.setattr(attempts, "PAGES", 1)
    found = attempts.announced(canned.ID)
    assert (cursors(upstream), found.seen, found.complete) == ([""], 1, False)
    page(upstream, activity("FAILED"))
    assert (attempts.announced(canned.ID).complete, cursors(upstream)) == (True, ["", "a"])


def test_what_was_read_a_moment_ago_is_not_asked_for(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FRESH_SECONDS", 60.0)
    page(upstream, activity("FAILED"))
    assert attempts.announced(canned.ID) is attempts.announced(canned.ID)
    assert len(upstream.requests) == 1


GONE = reply({"detail": "Invalid cursor", "code": "WF_1001"}, 422)
BROKEN = reply({"detail": "An error occurred"}, 500)


def at_cursors(upstream: Faulty, pages: dict[str, Any]) -> None:
    """Answers by the cursor that is asked for."""
    upstream.on(lambda request: pages[dict(request.query).get("cursor", "")], path=canned.EVENTS)


def listed(*events: dict[str, Any], after: str | None = None) -> Any:
    return reply({"events": list(events), "next_cursor": after})


def test_a_cursor_that_the_api_does_not_take_any_more_is_given_up(upstream: Faulty) -> None:
    at_cursors(upstream, {"": listed(activity("FAILED"), after="a"), "a": listed(activity("FAILED"))})
    assert told(attempts.announced(canned.ID)) == {("r-1", "1"): (2, "")}
    # The server has another first page meanwhile, and its cursors are others.
    pages = {"": listed(activity("STARTED", "2"), after="b"), "a": GONE, "b": listed(activity("FAILED", "2"))}
    at_cursors(upstream, pages)
    found = attempts.announced(canned.ID)
    # From the start, once, and nothing of before is counted twice.
    assert (cursors(upstream), found.seen, found.complete) == (["", "a", "a", "", "b"], 2, True)
    assert told(found) == {("r-1", "2"): (1, "")}


def test_a_cursor_at_which_the_api_fails_again_and_again_is_given_up_too(upstream: Faulty) -> None:
    at_cursors(upstream, {"": listed(activity("FAILED"), after="a"), "a": BROKEN})
    for _ in range(attempts.GIVEN_UP - 1):
        with pytest.raises(errors.ServerFault):
            attempts.announced(canned.ID)
    assert cursors(upstream) == ["", *["a"] * (attempts.GIVEN_UP - 1)]
    at_cursors(upstream, {"": listed(activity("FAILED")), "a": BROKEN})
    found = attempts.announced(canned.ID)
    assert (cursors(upstream)[-2:], told(found), found.complete) == (["a", ""], {("r-1", "1"): (1, "")}, True)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(reply({"detail": "no"}, 403), errors.Unauthorised), (reply({}, 429), errors.RateLimited)],
)
def test_what_is_not_the_cursor_s_fault_is_no_reason(upstream: Faulty, answer: Any, error: type[Exception]) -> None:
    at_cursors(upstream, {"": listed(activity("FAILED"), after="a"), "a": listed(activity("FAILED"))})
    attempts.announced(canned.ID)
    at_cursors(upstream, {"": answer, "a": answer})
    with pytest.raises(error):
        attempts.announced(canned.ID)
    assert (cursors(upstream), told(attempts._known.popitem()[1])) == (["", "a", "a"], {("r-1", "1"): (2, "")})


def test_where_the_start_fails_as_well_what_is_known_stays(upstream: Faulty) -> None:
    at_cursors(upstream, {"": listed(activity("FAILED"), after="a"), "a": listed(activity("FAILED"))})
    attempts.announced(canned.ID)
    away = reply({"detail": "away"}, 503)
    at_cursors(upstream, {"": away, "a": away})
    for _ in range(attempts.GIVEN_UP + 1):
        with pytest.raises(errors.ServerFault):
            attempts.announced(canned.ID)
    found = attempts.known(canned.ID)
    assert found
    assert told(found) == {("r-1", "1"): (2, "")}


def test_a_cursor_that_is_refused_each_time_is_no_storm(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    at_cursors(upstream, {"": listed(activity("FAILED"), after="a"), "a": GONE})
    for _ in range(5):
        found = attempts.announced(canned.ID)
    # From the start once; then that is left, with what is known, for a while.
    assert (cursors(upstream), told(found)) == (["", "a", "", "a"], {("r-1", "1"): (1, "")})
    monkeypatch.setattr(found, "_rests_until", 0.0)
    monkeypatch.setattr(found, "_anew_after", 0.0)
    attempts.announced(canned.ID)
    assert cursors(upstream)[4:] == ["a", "", "a"]


def test_what_is_known_is_asked_of_nobody(upstream: Faulty) -> None:
    assert attempts.known(canned.ID) is None
    page(upstream, activity("FAILED"))
    assert attempts.announced(canned.ID) is attempts.known(canned.ID)
    assert len(upstream.requests) == 1


def test_what_comes_late_is_for_the_next_look(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "SOON_SECONDS", 0.1)
    gate = upstream.gate()
    upstream.on([gate, *reply({"events": [activity("FAILED")], "next_cursor": None})], path=canned.EVENTS)
    found = attempts.known_or_soon(canned.ID)
    assert found
    assert (found.seen, attempts.known_or_soon(canned.ID), len(upstream.requests)) == (0, found, 1)
    monkeypatch.setattr(attempts, "SOON_SECONDS", 10.0)
    gate.set()
    assert attempts.soon(canned.ID) is found
    assert told(found) == {("r-1", "1"): (1, "")}
    upstream.on(BROKEN, path=canned.EVENTS)
    assert attempts.soon(canned.ID) is found


def test_where_the_start_fails_as_well_that_is_said(upstream: Faulty) -> None:
    at_cursors(upstream, {"": listed(after="a"), "a": listed()})
    attempts.announced(canned.ID)
    at_cursors(upstream, {"": reply({"detail": "no such execution"}, 404), "a": GONE})
    with pytest.raises(errors.NotFound):
        attempts.announced(canned.ID)


def test_cursors_that_go_round_are_read_once(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAGES", 20)
    around = {
        "": listed(activity("FAILED"), after="a"),
        "a": listed(activity("FAILED"), after="b"),
        "b": listed(activity("FAILED"), after="a"),
    }
    at_cursors(upstream, around)
    for _ in range(3):
        found = attempts.announced(canned.ID)
    assert (found.seen, found.complete, told(found)) == (3, True, {("r-1", "1"): (3, "")})


def test_it_is_bounded(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "TASKS", 3)
    monkeypatch.setattr(attempts, "EXECUTIONS", 2)
    page(upstream, *(activity("STARTED", str(number)) for number in range(9)))
    for name in ("a", "b", "c"):
        assert [task for _, task in attempts.announced(name).tasks] == ["6", "7", "8"]
    assert [name for _, name in attempts._known] == ["b", "c"]


def test_a_look_in_the_middle_of_a_change_is_not_taken_for_one_after_it() -> None:
    found = Announced()

    class Watched(OrderedDict[Any, Any]):
        """Somebody looks just before each change."""

        def __setitem__(self, key: Any, value: Any) -> None:
            found._of_activity("1")
            super().__setitem__(key, value)

        def pop(self, *args: Any) -> Any:
            found._of_activity("1")
            return super().pop(*args)

        def clear(self) -> None:
            found._of_activity("1")
            super().clear()

    def add(kind: str) -> int:
        found._add(WorkflowEvent(**activity(kind) | {"attributes": hostile.raw(activity(kind)["attributes"])}))
        return len(found._of_activity("1"))

    found.tasks = Watched()
    assert [add("STARTED"), add("COMPLETED"), add("STARTED")] == [1, 0, 1]
    found._begin_anew()
    assert found._of_activity("1") == []


KINDS = st.sampled_from(["ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_COMPLETED", "x", None])


@given(st.lists(st.tuples(KINDS, hostile.values(["task_id", "activity_name", "attempt", "failure", "message"]))))
def test_no_event_is_too_odd(events: list[Any]) -> None:
    found = Announced()
    for kind, attributes in events:
        found._add(WorkflowEvent(event_type=kind, attributes=hostile.raw(attributes)))
    for (run, task), one in found.tasks.items():
        assert isinstance(run + task + one.error + one.name, str)
        assert one.failures >= 0
