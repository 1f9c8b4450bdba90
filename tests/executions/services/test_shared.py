"""Answers that many ask for: one call for all of them, nobody waits for long, and what was known stands in."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from executions.services import shared
from executions.services.shared import Known, Shared
from executions.upstream import errors

LONG, PATIENCE = 60.0, 20.0


class Api:
    """A call that is counted, and that waits or fails as the test says."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Semaphore(0)

    def __call__(self) -> int:
        self.calls += 1
        number, error = self.calls, self.error
        self.begun.release()
        assert self.gate.wait(PATIENCE)
        if error:
            raise error
        return number


@pytest.fixture
def api() -> Any:
    api = Api()
    yield api
    api.gate.set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts the time forward."""
    passed = [0.0]
    real = shared.time.monotonic
    monkeypatch.setattr(shared.time, "monotonic", lambda: real() + passed[0])

    def forward(seconds: float) -> None:
        passed[0] += seconds

    return forward


def read(
    answers: Shared,
    api: Api,
    *,
    age: float = LONG,
    size: int = 1,
    key: str = "x",
    timeout: float = PATIENCE,
    patient: bool = False,
) -> Known[int]:
    return answers.read(key, api, age=age, size=lambda value: size, timeout=timeout, patient=patient)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long."""
    monkeypatch.setattr(shared, "PATIENCE", 0.05)
    monkeypatch.setattr(shared, "FIRST_PATIENCE", 0.1)
    monkeypatch.setattr(shared, "SPACING", 0.05)


def test_all_who_ask_at_once_share_one_call(api: Api) -> None:
    answers = Shared()
    api.gate.clear()
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(read, answers, api) for _ in range(50)]
        assert api.begun.acquire(timeout=PATIENCE)
        api.gate.set()
        assert {one.result().value for one in asked} == {1}
    assert (read(answers, api).value, api.calls) == (1, 1)


def test_an_answer_is_shared_as_long_as_it_is_young(api: Api, clock: Callable[[float], None]) -> None:
    answers = Shared()
    read(answers, api)
    clock(LONG - 1)
    assert read(answers, api).value == 1
    clock(2)
    assert read(answers, api).value == 2


def test_a_page_that_is_opened_asks_anew(api: Api) -> None:
    answers = Shared()
    assert [read(answers, api, age=0.0).value for _ in range(3)] == [1, 2, 3]
    # What it learned is there for the others.
    assert read(answers, api).value == 3


def test_other_questions_have_other_answers(api: Api) -> None:
    answers = Shared()
    assert [read(answers, api, key=key).value for key in ("a", "b", "a")] == [1, 2, 1]


@pytest.mark.parametrize(
    ("error", "shared_seconds"),
    [
        (errors.NoAnswer("away"), shared.ERROR_SECONDS),
        (errors.NotFound("gone", status=404), shared.ERROR_SECONDS),
        (errors.RateLimited("slower", status=429), shared.ERROR_SECONDS),
    ],
)
def test_a_failure_is_shared_for_a_moment(
    api: Api, clock: Callable[[float], None], error: errors.UpstreamError, shared_seconds: float
) -> None:
    answers = Shared()
    api.error = error
    for _ in range(3):
        with pytest.raises(type(error)) as raised:
            read(answers, api)
        assert raised.value is not error
        assert vars(raised.value) == vars(error)
    assert api.calls == 1
    clock(shared_seconds + 0.1)
    api.error = None
    assert read(answers, api).value == 2


def test_an_api_that_says_when_to_come_back_is_left_alone_until_then(api: Api, clock: Callable[[float], None]) -> None:
    answers = Shared()
    api.error = errors.RateLimited("slower", status=429)
    api.error.retry_after = 9.0
    for passed, calls in ((0, 1), (8, 1), (2, 2)):
        clock(passed)
        with pytest.raises(errors.RateLimited):
            read(answers, api, age=1.0)
        assert api.calls == calls


@pytest.mark.parametrize(
    "error",
    [
        errors.NoAnswer("away"),
        errors.ServerFault("down", status=503),
        errors.RateLimited("slower", status=429),
        errors.BrokenAnswer("a proxy's page"),
    ],
)
def test_where_the_api_is_away_its_last_answer_stands_in(api: Api, error: errors.UpstreamError) -> None:
    answers = Shared()
    before = read(answers, api)
    api.error = error
    found = read(answers, api, age=0.0)
    assert (found.value, found.at, type(found.problem)) == (1, before.at, type(error))
    api.error = None
    assert read(answers, api, age=0.0).problem is None


@pytest.mark.parametrize("error", [errors.NotFound("gone", status=404), errors.Unauthorised("no", status=401)])
def test_what_the_api_refuses_is_forgotten(api: Api, error: errors.UpstreamError) -> None:
    answers = Shared()
    read(answers, api)
    for failure in (error, errors.NoAnswer("away")):
        api.error = failure
        with pytest.raises(type(failure)):
            read(answers, api, age=0.0)


def test_what_is_overtaken_changes_nothing(api: Api) -> None:
    """A call may take long: what was asked for later is newer, whichever comes first."""
    answers, slow = Shared(), api.gate
    slow.clear()
    api.error = errors.NotFound("gone", status=404)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(read, answers, api)
        assert api.begun.acquire(timeout=PATIENCE)
        api.error, api.gate = None, threading.Event()
        api.gate.set()
        assert read(answers, api, age=0.0).value == 2
        slow.set()
        with pytest.raises(errors.NotFound):
            first.result()
    api.error = errors.NoAnswer("away")
    assert read(answers, api, age=0.0).value == 2


def test_an_old_answer_does_not_stand_in(api: Api, clock: Callable[[float], None]) -> None:
    answers = Shared()
    read(answers, api)
    api.error = errors.NoAnswer("away")
    clock(shared.KEPT_SECONDS + 1)
    with pytest.raises(errors.NoAnswer):
        read(answers, api, age=0.0)


def test_a_large_answer_is_shared_but_not_kept(api: Api) -> None:
    answers = Shared()
    assert read(answers, api, size=shared.KEPT_BYTES + 1).value == 1
    api.error = errors.NoAnswer("away")
    with pytest.raises(errors.NoAnswer):
        read(answers, api, size=shared.KEPT_BYTES + 1)


@pytest.mark.usefixtures("hurried")
def test_with_an_earlier_answer_nobody_waits_for_long_and_a_late_one_counts(api: Api) -> None:
    answers = Shared()
    read(answers, api)
    api.gate.clear()
    for _ in range(3):
        found = read(answers, api, age=0.0)
        assert (found.value, str(found.problem), found.late) == (
            1,
            "The Workflows API has not answered within 0.05 seconds.",
            True,
        )
    late = list(answers._entries["x"].calls)
    api.gate.set()
    assert all(one.done.wait(PATIENCE) for one in late)
    api.error = errors.NoAnswer("away")
    found = read(answers, api, age=0.0)
    assert (found.value, found.late) == (4, False)


@pytest.mark.usefixtures("hurried")
def test_without_one_a_page_still_opens_soon_and_a_late_answer_is_there_for_the_next(api: Api) -> None:
    answers = Shared()
    api.gate.clear()
    with pytest.raises(errors.Timeout, match=r"has not answered within 0\.1 seconds"):
        read(answers, api, age=0.0)
    (late,) = answers._entries["x"].calls
    api.gate.set()
    assert late.done.wait(PATIENCE)
    api.error = errors.NoAnswer("away")
    assert read(answers, api, age=0.0).value == 1


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("stands_in", [False, True])
def test_for_the_patient_and_where_nothing_stands_in_it_is_waited_for(api: Api, stands_in: bool) -> None:
    answers = Shared(stands_in=stands_in)
    asked = api.calls

    def slow() -> int:
        threading.Event().wait(0.2)
        return 7

    found = answers.read("x", slow, age=0.0, size=lambda value: 1, timeout=PATIENCE, patient=stands_in)
    assert (found.value, found.problem, api.calls) == (7, None, asked)
    # No longer than the call itself may take.
    api.gate.clear()
    with pytest.raises(errors.Timeout, match=r"has not answered within 0\.1 seconds"):
        read(answers, api, age=0.0, key="y", timeout=0.1, patient=True)
    if not stands_in:
        return
    found = read(answers, api, age=0.0, timeout=0.1, patient=True)
    assert (found.value, str(found.problem), found.late) == (
        7,
        "The Workflows API has not answered within 0.1 seconds.",
        False,
    )


def test_any_number_who_open_it_at_once_make_three_calls(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who asks while two are under way waits for a third: that is new for everybody who asks before it begins."""
    answers, placed = Shared(), threading.Semaphore(0)
    place = answers._call

    def counted(*args: Any) -> Any:
        found = place(*args)
        placed.release()
        return found

    monkeypatch.setattr(answers, "_call", counted)
    api.gate.clear()
    with ThreadPoolExecutor(200) as pool:
        asked = []
        for number in range(200):
            asked.append(pool.submit(read, answers, api, age=0.0))
            assert placed.acquire(timeout=PATIENCE)
            assert number > 1 or api.begun.acquire(timeout=PATIENCE)
        assert api.calls == 2
        api.gate.set()
        found = [one.result() for one in asked]
    assert ([one.value for one in found], {one.problem for one in found}) == ([1, 2, *[3] * 198], {None})
    assert (api.calls, answers._entries["x"].calls) == (3, [])


def test_whoever_asks_while_one_is_under_way_gets_a_newer_one(api: Api) -> None:
    answers = Shared()
    gates = [threading.Event() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        asked = []
        for gate in gates[:2]:
            api.gate = gate
            asked.append(pool.submit(read, answers, api, age=0.0))
            assert api.begun.acquire(timeout=PATIENCE)
        api.gate = gates[2]
        asked.append(pool.submit(read, answers, api, age=0.0))
        while len(answers._entries["x"].calls) < 3:
            threading.Event().wait(0.001)
        assert api.calls == 2
        # It begins when one of them ends, be it while the other hangs.
        gates[1].set()
        assert api.begun.acquire(timeout=PATIENCE)
        gates[2].set()
        assert [one.result().value for one in asked[1:]] == [2, 3]
        gates[0].set()
        assert asked[0].result().value == 1
    assert read(answers, api).value == 3


def test_an_api_that_stays_silent_is_asked_again_after_a_while(api: Api, clock: Callable[[float], None]) -> None:
    answers, silent = Shared(), api.gate
    silent.clear()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(read, answers, api, age=1.0)
        assert api.begun.acquire(timeout=PATIENCE)
        clock(shared.SPACING - 1)
        joined = pool.submit(read, answers, api, age=1.0, timeout=60.0)
        clock(2)
        api.gate = threading.Event()
        api.gate.set()
        assert read(answers, api, age=1.0).value == 2
        silent.set()
        assert {first.result().value, joined.result().value} <= {1, 2}
    assert api.calls == 2


def test_one_that_is_silent_does_not_hold_up_the_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "AT_ONCE", 3)
    answers, hanging = Shared(), api.gate
    hanging.clear()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(read, answers, api, age=0.0) for _ in range(20)]
        assert all(api.begun.acquire(timeout=PATIENCE) for _ in range(2))
        api.gate = threading.Event()
        api.gate.set()
        assert read(answers, api, age=0.0, key="y").problem is None
        hanging.set()
        assert all(one.result().problem is None for one in asked)


def test_calls_under_way_are_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "AT_ONCE", 2)
    answers = Shared()
    api.gate.clear()
    for key in ("a", "b", "c"):
        with pytest.raises(errors.Timeout):
            read(answers, api, key=key, timeout=0.05)
    with pytest.raises(errors.Timeout, match=r"Too many calls to the Workflows API are under way already\."):
        answers.read("c", api, age=LONG, size=lambda value: 1, timeout=PATIENCE)
    assert api.calls == 2
    api.gate.set()
    assert read(answers, api, key="d").value == 3


class TestWithoutStandIn:
    """What is too large to be kept, and slow."""

    def test_all_who_ask_join_the_call_for_as_long_as_it_takes(self, api: Api, clock: Callable[[float], None]) -> None:
        answers = Shared(stands_in=False)
        api.gate.clear()
        with ThreadPoolExecutor(5) as pool:
            asked = [pool.submit(read, answers, api, age=1.0, timeout=60.0)]
            assert api.begun.acquire(timeout=PATIENCE)
            for _ in range(4):
                clock(6)
                asked.append(pool.submit(read, answers, api, age=1.0, timeout=60.0))
                while pool._work_queue.qsize():
                    threading.Event().wait(0.001)
            api.gate.set()
            assert ([one.result().value for one in asked], api.calls) == ([1] * 5, 1)

    @pytest.mark.usefixtures("hurried")
    def test_nothing_earlier_stands_in_and_it_is_waited_for(self, api: Api) -> None:
        answers = Shared(stands_in=False)
        read(answers, api, age=0.0)

        def slow() -> int:
            threading.Event().wait(0.2)
            return 7

        assert answers.read("x", slow, age=0.0, size=lambda value: 1, timeout=PATIENCE).value == 7
        api.error = errors.NoAnswer("away")
        with pytest.raises(errors.NoAnswer, match="away"):
            read(answers, api, age=0.0)


def test_without_a_thread_nobody_waits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    answers = Shared()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                read(answers, api, age=0.0)
    assert read(answers, api, age=0.0).value == 1


def test_what_is_kept_is_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 3)
    answers = Shared()
    for key in "abcde":
        read(answers, api, key=key)
    assert list(answers._entries) == ["c", "d", "e"]


def test_the_bytes_of_all_that_is_kept_are_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "ALL_BYTES", 100)
    answers = Shared()
    for key, size in (("a", 40), ("b", 40), ("a", 10), ("c", 50)):
        read(answers, api, age=0.0, key=key, size=size)
    assert list(answers._entries) == ["b", "a", "c"]
    read(answers, api, age=0.0, key="d", size=30)
    assert list(answers._entries) == ["a", "c", "d"]
    # What is forgotten, or too large to keep, takes no room any more.
    api.error = errors.NotFound("gone", status=404)
    with pytest.raises(errors.NotFound):
        read(answers, api, age=0.0, key="c")
    api.error = None
    read(answers, api, age=0.0, key="a", size=shared.KEPT_BYTES + 1)
    read(answers, api, age=0.0, key="e", size=70)
    assert (list(answers._entries), answers._bytes) == (["d", "c", "a", "e"], 100)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_is_forgotten_while_it_is_asked_for_is_not_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 1)
    answers = Shared()
    api.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read, answers, api, key="a")
        assert api.begun.acquire(timeout=PATIENCE)
        second = pool.submit(read, answers, api, key="b")
        assert api.begun.acquire(timeout=PATIENCE)
        api.gate.set()
        assert {first.result().value, second.result().value} == {1, 2}
    assert (list(answers._entries), answers._bytes) == (["b"], 1)


def test_an_error_of_ours_reaches_whoever_asked(api: Api) -> None:
    api.error = ZeroDivisionError("ours")
    with pytest.raises(ZeroDivisionError):
        read(Shared(), api)
