"""What pages share of the API's answers: each by its question, no larger than was counted, and of one API."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from executions.services import api, reads, shared
from executions.services.history_index import Index
from executions.upstream import errors
from executions.upstream.types import Execution
from tests.executions import canned
from tests.faulty import RESET, Faulty, reply

LONG = 60.0


def test_each_question_has_its_own_answer(upstream: Faulty) -> None:
    questions = [
        lambda: reads.execution(canned.ID, age=LONG),
        lambda: reads.run(canned.RUN, age=LONG),
        lambda: reads.page({"page_size": 50}, age=LONG),
        lambda: reads.page({"page_size": 50, "status": ["RUNNING"]}, age=LONG),
    ]
    for _ in range(3):
        for ask in questions:
            ask()
    assert [one.target for one in upstream.requests] == [
        canned.path(),
        f"{canned.RUNS}/{canned.RUN}",
        f"{canned.RUNS}?page_size=50",
        f"{canned.RUNS}?status=RUNNING&page_size=50",
    ]


def test_another_key_has_other_answers(upstream: Faulty, settings: Any) -> None:
    reads.execution(canned.ID, age=LONG)
    api.client().close()
    api.client.cache_clear()
    settings.MISTRAL_API_KEY = "another"
    reads.execution(canned.ID, age=LONG)
    assert [one.header("Authorization") for one in upstream.requests][1:] == ["Bearer another"]
    # Nor does what one key saw stand in for what another may not see now.
    api.client.cache_clear()
    settings.MISTRAL_API_KEY = "third"
    upstream.on([RESET])
    with pytest.raises(errors.NoAnswer):
        reads.execution(canned.ID, age=LONG)
    api.client().close()


def test_a_payload_does_not_keep_the_answer_that_it_came_in() -> None:
    content = b'{"execution_id": "a", "result": {"x": 1}, "search_keys": [], "other": "%b"}' % (b"y" * 1_000_000)
    before = sys.getrefcount(content)
    found = msgspec.json.decode(content, type=Execution)
    assert sys.getrefcount(content) > before
    found = reads._own(found)
    assert (sys.getrefcount(content), bytes(found.result), bytes(found.search_keys)) == (before, b'{"x": 1}', b"[]")


@pytest.mark.parametrize("name", ["result", "search_keys", "user_id", "workflow_name", "execution_id", "status"])
@pytest.mark.parametrize("where", ["execution", "page"])
def test_everything_in_an_answer_counts(
    upstream: Faulty, monkeypatch: pytest.MonkeyPatch, name: str, where: str
) -> None:
    """So that nothing large is kept, wherever in the answer it is."""
    monkeypatch.setattr(shared, "KEPT_BYTES", 50_000)
    large = canned.execution(**{name: "x" * (shared.KEPT_BYTES + 1)})
    upstream.on(reply(large), path=canned.path())
    upstream.on(reply({"executions": [large]}), path=canned.RUNS)

    def ask() -> Any:
        return reads.execution(canned.ID, age=0.0) if where == "execution" else reads.page({}, age=0.0)

    ask()
    upstream.on([RESET])
    with pytest.raises(errors.NoAnswer):
        ask()


def test_a_history_is_read_once_for_all_and_anew_when_its_run_has_changed(upstream: Faulty) -> None:
    def ask(key: str) -> int:
        client = api.client()
        return len(reads.history(key, lambda: Index(client.get_run_history(canned.RUN)), age=LONG).events or [])

    assert [ask("running"), ask("running")] == [5, 5]
    upstream.on(reply({"events": canned.HISTORY["events"][:3]}), path=f"{canned.RUNS}/{canned.RUN}/history")
    assert [ask("running"), ask("over"), len(upstream.requests)] == [5, 3, 2]


def test_nobody_stands_on_a_history_from_before(upstream: Faulty) -> None:
    client = api.client()
    reads.history("x", lambda: Index(client.get_run_history(canned.RUN)), age=0.0)
    upstream.on([RESET])
    with pytest.raises(errors.NoAnswer):
        reads.history("x", lambda: Index(client.get_run_history(canned.RUN)), age=0.0)


def test_a_long_history_is_waited_for(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.01)
    client = api.client()

    def slow() -> Any:
        threading.Event().wait(0.1)
        return Index(client.get_run_history(canned.RUN))

    assert reads.history("slow", slow, age=0.0).raw


def test_slow_histories_hold_up_nothing_else(upstream: Faulty, settings: Any) -> None:
    settings.UPSTREAM_TIMEOUT_SECONDS = 5
    client, gate = api.client(), upstream.gate()

    def slow() -> Any:
        gate.wait(LONG)
        return Index(client.get_run_history(canned.RUN))

    count = shared.AT_ONCE + 5
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(reads.history, number, slow, age=0.0) for number in range(count)]
        while len(reads._histories._entries) < count:
            threading.Event().wait(0.001)
        assert reads.execution(canned.ID, age=0.0).value.execution_id == canned.ID
        gate.set()
        assert all(one.result().raw for one in asked)


@pytest.mark.parametrize("ask", ["execution", "run", "page"])
def test_a_slow_api_is_waited_for_as_long_as_is_set(
    upstream: Faulty, monkeypatch: pytest.MonkeyPatch, settings: Any, ask: str
) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.01)
    questions: dict[str, Any] = {
        "execution": lambda: reads.execution(canned.ID, age=0.0),
        "run": lambda: reads.run(canned.RUN, age=0.0),
        "page": lambda: reads.page({}, age=0.0),
    }
    canned.healthy(upstream, slow=0.2)
    assert questions[ask]().problem is None
    api.client().close()
    api.client.cache_clear()
    settings.UPSTREAM_TIMEOUT_SECONDS = 0.1
    with pytest.raises(errors.Timeout):
        questions[ask]()


def test_a_usual_page_is_kept(upstream: Faulty) -> None:
    runs = [canned.execution(f"invoice-pipeline-2026-01-31-{number:04}") for number in range(50)]
    upstream.on(reply({"executions": runs}), path=canned.RUNS)
    reads.page({}, age=0.0)
    upstream.on([RESET])
    found = reads.page({}, age=0.0)
    assert (len(found.value.executions), type(found.problem)) == (50, errors.NoAnswer)
