"""The threads of batches: what a dead one leaves is settled, and a live one is no request's."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from executions.models import Batch, BatchItem
from executions.services import batch_threads, batches
from tests.executions.services.test_batch_runner import frozen, states


@pytest.fixture
def admin(users: dict[str, User]) -> User:
    return users["admin"]


class TestSettling:
    """A batch that says it runs, and nothing works on it."""

    @pytest.fixture
    def left(self, admin: User) -> Batch:
        """As a killed process leaves it: one was being sent."""
        batch = frozen(admin, ["a", "b", "c"])
        BatchItem.objects.filter(execution_id="a").update(state="done")
        BatchItem.objects.filter(execution_id="b").update(state="sent", action_id=uuid.uuid4())
        Batch.objects.update(state="running", runner=uuid.uuid4(), beat=timezone.now())
        batch.refresh_from_db()
        return batch

    def test_it_is_paused_and_what_was_being_sent_is_unknown(self, admin: User, left: Batch) -> None:
        found = batches.find(admin, left.id)
        assert found
        assert (found.state, found.note) == ("paused", "The console stopped while this batch was running.")
        assert list(BatchItem.objects.values_list("execution_id", "state", "message")) == [
            ("a", "done", ""),
            ("b", "unknown", "The answer was not recorded: the console stopped, or its database failed."),
            ("c", "waiting", ""),
        ]

    @pytest.mark.parametrize("state", ["paused", "stopped"])
    def test_also_what_a_halted_batch_was_still_sending(self, admin: User, left: Batch, state: str) -> None:
        Batch.objects.update(state=state, note="by ana")
        found = batches.find(admin, left.id)
        assert found
        assert (found.state, found.note) == (state, "by ana")
        assert states(left) == {"done": 1, "unknown": 1, "waiting": 1}

    @pytest.mark.parametrize("state", ["running", "paused", "stopped"])
    def test_with_nothing_left_to_send_it_is_done(self, admin: User, left: Batch, state: str) -> None:
        BatchItem.objects.filter(execution_id="c").delete()
        Batch.objects.update(state=state, note="by ana")
        found = batches.find(admin, left.id)
        assert found
        assert (found.state, found.note) == ("done", "The console stopped before the last answer came.")
        assert states(left) == {"done": 1, "unknown": 1}

    def test_one_that_is_at_work_is_left_alone(self, admin: User, left: Batch) -> None:
        assert left.runner
        batch_threads.expect(left.runner)
        try:
            found = batches.find(admin, left.id)
            assert found
            assert (found.state, states(found)) == ("running", {"done": 1, "sent": 1, "waiting": 1})
        finally:
            batch_threads.forget(left.runner)

    @pytest.mark.parametrize(("age", "state"), [(1.9, "running"), (2.1, "paused")])
    def test_several_processes_tell_by_the_last_sign_of_life(
        self, admin: User, left: Batch, settings: Any, age: float, state: str
    ) -> None:
        settings.REDIS_URL = "redis://example"
        limit = timedelta(seconds=age * settings.UPSTREAM_TIMEOUT_SECONDS)
        Batch.objects.update(beat=timezone.now() - limit)
        found = batches.find(admin, left.id)
        assert found
        assert found.state == state

    @pytest.mark.parametrize("change", [{"runner": uuid.uuid4()}, {"beat": timezone.now()}, {"state": "done"}])
    def test_one_that_moved_meanwhile_is_left_alone(self, left: Batch, change: dict[str, Any]) -> None:
        """Between the look and the change, it gave a sign of life, or somebody else continued it."""
        Batch.objects.filter(id=left.id).update(**change)
        batch_threads.settle(left)
        assert states(left) == {"done": 1, "sent": 1, "waiting": 1}
        assert left.state == change.get("state", "running")


def test_the_thread_is_not_a_request_s_and_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    class Thread:
        def __init__(self, **options: Any) -> None:
            made.append(options)

        def start(self) -> None:
            made.append({"started": True})

    monkeypatch.undo()
    monkeypatch.setattr(batch_threads.threading, "Thread", Thread)
    batch_threads.begin(uuid.uuid4(), uuid.uuid4(), 1)
    assert [one.get("daemon", one.get("started")) for one in made] == [False, True]


def test_a_runner_that_breaks_is_forgotten(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Breaks:
        def __init__(self, *_: Any) -> None:
            raise ZeroDivisionError

    runner = uuid.uuid4()
    batch_threads.expect(runner)
    monkeypatch.setattr(batch_threads, "Runner", Breaks)
    monkeypatch.setattr(batch_threads.connections, "close_all", lambda: None)
    batch_threads._run(uuid.uuid4(), runner, 1)
    assert not batch_threads.is_alive(Batch(runner=runner))
    assert "was left where it was" in caplog.text
