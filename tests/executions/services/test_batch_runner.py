"""The sending: chunk after chunk, each execution at most once, and what came of it in the audit and the batch."""

import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested, Batch, BatchItem
from executions.services import api, batch_choice, batch_runner, batches
from executions.services.batch_runner import Runner
from tests.executions import canned
from tests.faulty import RESET, Faulty, Request, reply

CANCEL = f"{canned.EXECUTIONS}/cancel"


@pytest.fixture
def admin(users: dict[str, User]) -> User:
    return users["admin"]


def done(request: Request) -> Any:
    return reply({"results": {one: {"status": "success", "error": None} for one in request.json["execution_ids"]}})


def answers(upstream: Faulty, *steps: Any) -> None:
    upstream.on(*steps, method="POST", path=CANCEL)


def many(count: int) -> list[str]:
    return [f"e-{number:04}" for number in range(count)]


def frozen(user: User, ids: list[str]) -> Batch:
    return batches.freeze(user, "batch-cancel", batch_choice.ticked(ids))


def start(user: User, batch: Batch) -> Batch:
    """Start it, and work through it; the batch afterwards."""
    batches.start(user, batch, batches.new_token(user, batch), "why")
    return Batch.objects.get(id=batch.id)


def go_on(user: User, batch: Batch, act: Callable[..., None] = batches.go_on) -> Batch:
    batch.refresh_from_db()
    act(user, batch, batches.new_token(user, batch))
    return Batch.objects.get(id=batch.id)


def states(batch: Batch) -> dict[str, int]:
    return dict(Counter(BatchItem.objects.filter(batch=batch).values_list("state", flat=True)))


def outcomes() -> dict[str, int]:
    return dict(Counter(ActionOutcome.objects.values_list("result", flat=True)))


def sent(upstream: Faulty) -> list[list[str]]:
    return [body["execution_ids"] for _, body in canned.sent(upstream)]


@pytest.fixture
def in_the_middle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """`in_the_middle(act)`: done while the first chunk is on its way, before its answer."""

    def arrange(act: Callable[[], object]) -> None:
        real, first = batch_runner._call, [act]

        def call(operation: str) -> Any:
            sending = real(operation)

            def send(ids: list[str]) -> Any:
                answer = sending(ids)
                if first:
                    first.pop()()
                return answer

            return send

        monkeypatch.setattr(batch_runner, "_call", call)

    return arrange


def test_chunks_of_a_hundred_in_their_order(admin: User, upstream: Faulty) -> None:
    answers(upstream, done)
    batch = start(admin, frozen(admin, many(250)))
    assert sent(upstream) == [many(250)[:100], many(250)[100:200], many(250)[200:]]
    assert (batch.state, batch.note, states(batch), outcomes()) == ("done", "", {"done": 250}, {"done": 250})
    rows = ActionRequested.objects.all()
    assert {(row.username, row.operation, row.reason, row.detail, row.batch_id) for row in rows} == {
        ("admin", "batch-cancel", "why", "", batch.id)
    }
    # Of the very body of its chunk.
    assert sorted(Counter(row.body_digest for row in rows).values()) == [50, 100, 100]
    items = BatchItem.objects.filter(batch=batch)
    assert {(item.execution_id, item.action_id) for item in items} == {(row.execution_id, row.id) for row in rows}


def test_each_execution_has_its_own_outcome(admin: User, upstream: Faulty) -> None:
    refusal = {"status": "failure", "error": "\x1b[31mIt is over\u202e" + "x" * 3_000}
    answers(upstream, reply({"results": {"a": {"status": "success"}, "b": refusal, "c": {"status": "resting"}}}))
    batch = start(admin, frozen(admin, ["a", "b", "c", "d"]))
    found = list(BatchItem.objects.filter(batch=batch).values_list("execution_id", "state", "message"))
    words = "It is over" + "x" * 490 + "…"
    assert found == [
        ("a", "done", ""),
        ("b", "refused", words),
        ("c", "unknown", "resting"),
        ("d", "unknown", "The API did not say what came of this one."),
    ]
    by_id = dict(ActionRequested.objects.values_list("id", "execution_id"))
    assert {(by_id[one.action_id], one.result, one.message) for one in ActionOutcome.objects.all()} == set(found)
    assert batch.state == "done"


@pytest.mark.parametrize(
    ("answer", "result", "item", "words"),
    [
        (
            reply({"detail": "An error occurred", "code": "WF_1103"}, 503),
            "unknown",
            "unknown",
            "An error occurred (WF_1103). What came of the 100",
        ),
        ([RESET], "unknown", "unknown", "broke before it answered"),
        (reply(b"<html>", headers={"Content-Type": "text/html"}), "unknown", "unknown", "not in its documented shape"),
        (reply({"results": []}), "unknown", "unknown", "not in its documented shape"),
        (reply({}, 401), "refused", "refused", "Nothing happened to the 100 executions of this chunk."),
        (reply({"detail": "Too many ids"}, 422), "refused", "refused", "Too many ids. Nothing happened to the 100"),
    ],
)
def test_a_call_that_fails_pauses_the_batch(
    admin: User, upstream: Faulty, *, answer: Any, result: str, item: str, words: str
) -> None:
    answers(upstream, answer, done)
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch), outcomes()) == ("paused", {item: 100, "waiting": 50}, {result: 100})
    assert words in batch.note
    # An operator continues: what was sent is not sent again.
    batch = go_on(admin, batch)
    assert (batch.state, states(batch), batch.note) == ("done", {item: 100, "done": 50}, "")
    assert sent(upstream) == [many(150)[:100], many(150)[100:]]


def test_with_nothing_left_to_send_it_is_done_and_says_why(admin: User, upstream: Faulty) -> None:
    answers(upstream, reply(status=503))
    batch = start(admin, frozen(admin, many(3)))
    assert (batch.state, states(batch)) == ("done", {"unknown": 3})
    assert "What came of the 3 executions of this chunk is unknown" in batch.note


def test_what_was_not_sent_waits_again(admin: User, upstream: Faulty, settings: Any, faulty: Faulty) -> None:
    settings.MISTRAL_SERVER_URL = "http://127.0.0.1:1"
    api.client.cache_clear()
    batch = start(admin, frozen(admin, many(3)))
    assert (batch.state, states(batch), outcomes()) == ("paused", {"waiting": 3}, {"not sent": 3})
    assert "Nothing was sent: the 3 executions of this chunk wait again." in batch.note
    settings.MISTRAL_SERVER_URL = faulty.url
    api.client.cache_clear()
    answers(upstream, done)
    batch = go_on(admin, batch)
    assert (batch.state, states(batch), outcomes()) == ("done", {"done": 3}, {"not sent": 3, "done": 3})
    assert Counter(ActionRequested.objects.values_list("detail", flat=True)) == {"": 3, "tried again": 3}


def test_the_refused_can_be_tried_again_and_nothing_else(admin: User, upstream: Faulty) -> None:
    first = {"a": {"status": "success"}, "b": {"status": "failure", "error": "busy"}}
    answers(upstream, reply({"results": first}), done)
    batch = start(admin, frozen(admin, ["a", "b", "c"]))
    assert states(batch) == {"done": 1, "refused": 1, "unknown": 1}
    batch = go_on(admin, batch, batches.retry)
    assert (batch.state, states(batch)) == ("done", {"done": 2, "unknown": 1})
    assert sent(upstream) == [["a", "b", "c"], ["b"]]
    assert list(BatchItem.objects.filter(batch=batch).values_list("tries", flat=True)) == [1, 2, 1]
    assert batch.retried_by == "admin"
    assert batch.retried_at == batch.resumed_at or batch.retried_at < batch.resumed_at
    assert list(ActionRequested.objects.filter(detail="tried again").values_list("execution_id", flat=True)) == ["b"]
    assert BatchItem.objects.get(batch=batch, execution_id="b").message == ""


def limited(seconds: str) -> Any:
    return reply(status=429, headers={"Retry-After": seconds} if seconds else {})


def test_it_waits_when_the_api_asks_to_slow_down(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def sleep(seconds: float) -> None:
        now = Batch.objects.get()
        seen.append((now.state, now.note, now.waits_until > timezone.now()))  # type: ignore[operator]

    monkeypatch.setattr(batch_runner, "time", Clock(sleep))
    answers(upstream, limited("30"), done)
    batch = start(admin, frozen(admin, many(150)))
    assert seen == [("running", "The Workflows API asks to slow down.", True)]
    assert (batch.state, states(batch)) == ("done", {"refused": 100, "done": 50})
    assert (batch.note, batch.waits_until) == ("", None)
    assert sent(upstream) == [many(150)[:100], many(150)[100:]]


class Clock:
    """Time that passes as it is looked at, twenty seconds each time."""

    def __init__(self, sleep: Callable[[float], object]) -> None:
        self.sleep, self.seconds = sleep, itertools.count(step=20)

    def monotonic(self) -> float:
        return float(next(self.seconds))


@pytest.mark.parametrize(("act", "state"), [(batches.pause, "paused"), (batches.stop, "stopped")])
def test_waiting_can_be_interrupted(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, act: Any, state: str
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        act(admin, Batch.objects.get())

    monkeypatch.setattr(batch_runner, "time", Clock(sleep))
    answers(upstream, limited("3600"))
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, batch.waits_until, len(sent(upstream))) == (state, None, 1)
    # Within half a second, not when the hour is over.
    assert slept == [0.5]


def test_with_nothing_left_to_send_it_waits_for_nothing(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_runner, "time", Clock(lambda _: pytest.fail("It waits.")))
    answers(upstream, limited("30"))
    batch = start(admin, frozen(admin, many(3)))
    assert (batch.state, states(batch), batch.waits_until) == ("done", {"refused": 3}, None)


@pytest.mark.parametrize("seconds", ["0", ""])
def test_an_api_that_asks_again_and_again_pauses_it(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setattr(batch_runner, "USUAL_WAIT", 0.0)
    answers(upstream, limited(seconds), done, limited(seconds))
    batch = start(admin, frozen(admin, many(600)))
    # One, an answer between, then three in a row.
    assert (batch.state, states(batch)) == ("paused", {"refused": 400, "done": 100, "waiting": 100})
    assert "Too many requests" in batch.note


def test_one_who_may_no_more_sends_no_more(admin: User, upstream: Faulty, in_the_middle: Any) -> None:
    answers(upstream, done)
    in_the_middle(admin.groups.clear)
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch), len(sent(upstream))) == ("paused", {"done": 100, "waiting": 50}, 1)
    assert batch.note == "admin may not do this any more."


@pytest.mark.parametrize("gone", [lambda user: user.delete(), lambda user: User.objects.update(is_active=False)])
def test_one_who_is_gone_sends_no_more(admin: User, upstream: Faulty, in_the_middle: Any, gone: Any) -> None:
    answers(upstream, done)
    in_the_middle(lambda: gone(User.objects.get(pk=admin.pk)))
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, len(sent(upstream))) == ("paused", 1)


@pytest.mark.parametrize(("act", "state"), [(batches.pause, "paused"), (batches.stop, "stopped")])
def test_a_chunk_that_is_under_way_is_finished(
    admin: User, upstream: Faulty, in_the_middle: Any, act: Any, state: str
) -> None:
    answers(upstream, done)
    in_the_middle(lambda: act(admin, Batch.objects.get()))
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch), len(sent(upstream))) == (state, {"done": 100, "waiting": 50}, 1)
    assert outcomes() == {"done": 100}
    assert batch.note == f"{state.capitalize()} by admin."


def test_what_is_paused_between_the_look_and_the_taking_is_not_taken(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, first = batch_runner.is_allowed, [batches.pause]

    def is_allowed(user: User, operation: str) -> bool:
        if first:
            first.pop()(admin, Batch.objects.get())
        return real(user, operation)

    monkeypatch.setattr(batch_runner, "is_allowed", is_allowed)
    batch = start(admin, frozen(admin, many(3)))
    assert (sent(upstream), batch.state, states(batch)) == ([], "paused", {"waiting": 3})
    assert ActionRequested.objects.count() == 0


def test_a_failure_after_a_pause_stays_a_pause(admin: User, upstream: Faulty, in_the_middle: Any) -> None:
    """Nor does a stopped batch wake up."""
    answers(upstream, reply({"results": {}}))
    in_the_middle(lambda: batches.stop(admin, Batch.objects.get()))
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch)) == ("stopped", {"unknown": 100, "waiting": 50})


@pytest.mark.parametrize("act", [batches.pause, batches.stop])
@pytest.mark.parametrize("count", [100, 3])
def test_one_that_is_halted_in_its_last_call_is_done(
    admin: User, upstream: Faulty, in_the_middle: Any, act: Any, count: int
) -> None:
    answers(upstream, done)
    in_the_middle(lambda: act(admin, Batch.objects.get()))
    batch = start(admin, frozen(admin, many(count)))
    assert (batch.state, batch.note, states(batch)) == ("done", "", {"done": count})


def test_it_is_done_with_its_last_answer_and_not_later(
    admin: User, upstream: Faulty, in_the_middle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees a paused batch in which nothing waits, not even after a crash."""
    answers(upstream, done)
    in_the_middle(lambda: batches.pause(admin, Batch.objects.get()))
    real, seen = Runner._record, []

    def record(self: Runner, *came: Any) -> None:
        real(self, *came)
        seen.append(Batch.objects.get().state)

    monkeypatch.setattr(Runner, "_record", record)
    start(admin, frozen(admin, many(3)))
    assert seen == ["done"]


def test_one_that_is_halted_after_its_last_call_is_done(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last answer is saved, and nobody has looked yet whether there is more."""
    answers(upstream, done)
    real = Runner._record

    def record(self: Runner, *came: Any) -> None:
        real(self, *came)
        batches.pause(admin, Batch.objects.get())

    monkeypatch.setattr(Runner, "_record", record)
    assert start(admin, frozen(admin, many(3))).state == "done"


def test_one_that_was_taken_over_sends_no_more_and_keeps_what_it_learned(
    admin: User, upstream: Faulty, in_the_middle: Any
) -> None:
    """It was taken for dead, its chunk for unknown, and somebody continued: then its answer came after all."""
    answers(upstream, done)
    other = uuid.uuid4()

    def take_over() -> None:
        BatchItem.objects.filter(state="sent").update(state="unknown", message="The console stopped …")
        Batch.objects.update(runner=other)

    in_the_middle(take_over)
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, batch.runner, len(sent(upstream))) == ("running", other, 1)
    assert states(batch) == {"done": 100, "waiting": 50}
    assert set(BatchItem.objects.values_list("message", flat=True)) == {""}


def test_two_runners_of_one_start_send_nothing_twice(admin: User, upstream: Faulty) -> None:
    """Not that there are: the same number in the audit cannot be used again."""
    answers(upstream, done)
    batch = start(admin, frozen(admin, many(3)))
    BatchItem.objects.update(state="waiting")
    Batch.objects.update(state="running")
    assert batch.runner
    Runner(batch.id, batch.runner, admin.pk).run()
    batch.refresh_from_db()
    assert (len(sent(upstream)), batch.state, states(batch)) == (1, "paused", {"waiting": 3})


def broken(*_: Any, **__: Any) -> Any:
    raise DatabaseError("disk full")


def test_if_the_rows_cannot_be_saved_nothing_is_sent(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionRequested.objects, "bulk_create", broken)
    batch = start(admin, frozen(admin, many(3)))
    assert (sent(upstream), batch.state, states(batch)) == ([], "paused", {"waiting": 3})
    assert batch.note == "The console’s database failed."


def test_if_the_outcomes_cannot_be_saved_they_are_unknown(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers(upstream, done)
    monkeypatch.setattr(ActionOutcome.objects, "bulk_create", broken)
    batch = start(admin, frozen(admin, many(150)))
    assert (len(sent(upstream)), batch.state, states(batch)) == (1, "paused", {"sent": 100, "waiting": 50})
    assert caplog.text.count("could not be saved: done") == 100
    found = batches.find(admin, batch.id)
    assert found
    assert (found.state, states(found)) == ("paused", {"unknown": 100, "waiting": 50})


def test_an_outcome_stands_in_the_audit_and_the_batch_or_in_neither(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(upstream, done)
    saved, save = [], batch_runner._save

    def breaks_at_the_outcome(items: Any) -> None:
        saved.append(len(items))
        if len(saved) > 1:
            raise DatabaseError("disk full")
        save(items)

    monkeypatch.setattr(batch_runner, "_save", breaks_at_the_outcome)
    batch = start(admin, frozen(admin, many(3)))
    assert (states(batch), ActionOutcome.objects.count()) == ({"sent": 3}, 0)


def test_an_outcome_outlives_the_loss_of_its_connection(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(upstream, done)
    lost, save = [OperationalError("server closed the connection")], ActionOutcome.objects.bulk_create

    def dropped(rows: Any) -> Any:
        if lost:
            raise lost.pop()
        return save(rows)

    monkeypatch.setattr(ActionOutcome.objects, "bulk_create", dropped)
    assert states(start(admin, frozen(admin, many(3)))) == {"done": 3}


def test_a_colleague_who_continues_sends_with_the_reason_that_another_gave(
    admin: User, users: dict[str, User], upstream: Faulty
) -> None:
    answers(upstream, reply(status=500), done)
    batch = start(admin, frozen(admin, many(201)))
    answers(upstream, reply(status=500), done)
    batch = go_on(users["superuser"], batch)
    go_on(users["superuser"], batch)
    rows = ActionRequested.objects.order_by("at").values_list("username", "reason")
    assert list(dict.fromkeys(rows)) == [
        ("admin", "why"),
        ("superuser", "why (the reason of admin, who started this batch)"),
    ]


def test_an_error_of_ours_leaves_the_chunk_in_doubt(
    admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(batch_runner, "_call", lambda operation: lambda ids: 1 / 0)
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch), outcomes()) == ("paused", {"unknown": 100, "waiting": 50}, {"unknown": 100})
    assert "ZeroDivisionError" in caplog.text


def test_without_a_key_it_pauses(admin: User, upstream: Faulty, settings: Any, in_the_middle: Any) -> None:
    answers(upstream, done)

    def take_the_key() -> None:
        settings.MISTRAL_API_KEY = ""
        api.client.cache_clear()

    in_the_middle(take_the_key)
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, batch.note, states(batch)) == (
        "paused",
        "MISTRAL_API_KEY is not set.",
        {"done": 100, "waiting": 50},
    )
    settings.MISTRAL_API_KEY = "test-key"


class Ended:
    """The main thread of a process that was told to stop."""

    def is_alive(self) -> bool:
        return False


def test_a_process_that_stops_waits_no_longer(admin: User, upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: float) -> None:
        monkeypatch.setattr(batch_runner.threading, "main_thread", Ended)
        monkeypatch.setattr(batch_runner, "time", Clock(lambda _: pytest.fail("It waits.")))

    monkeypatch.setattr(batch_runner, "time", Clock(stop))
    answers(upstream, limited("600"))
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch), len(sent(upstream))) == ("paused", {"refused": 100, "waiting": 50}, 1)


def test_a_process_that_stops_finishes_its_chunk(
    admin: User, upstream: Faulty, in_the_middle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(upstream, done)
    in_the_middle(lambda: monkeypatch.setattr(batch_runner.threading, "main_thread", Ended))
    batch = start(admin, frozen(admin, many(150)))
    assert (batch.state, states(batch), len(sent(upstream))) == ("paused", {"done": 100, "waiting": 50}, 1)
    assert batch.note == "The console was stopped, and finished the chunk that was under way."
