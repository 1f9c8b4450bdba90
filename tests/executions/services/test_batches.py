"""Batches: the set is frozen, and each act of an operator counts once, for what their page showed."""

import importlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested, Batch, BatchItem
from executions.permissions import NotAllowed
from executions.services import actions, api, batch_choice, batch_threads, batches

IDS = ["a", "b/c", "😀"]


@pytest.fixture
def admin(users: dict[str, User]) -> User:
    return users["admin"]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was set going; nothing is sent."""
    found: list[Any] = []
    monkeypatch.setattr(batch_threads, "begin", lambda *which: found.append(which))
    return found


def frozen(user: User, operation: str = "batch-cancel", ids: list[str] | None = None, **states: str) -> Batch:
    batch = batches.freeze(user, operation, batch_choice.ticked(IDS if ids is None else ids))
    for execution_id, state in states.items():
        BatchItem.objects.filter(batch=batch, execution_id=execution_id).update(state=state)
    return batch


def set_state(batch: Batch, state: str, runner: uuid.UUID | None = None) -> None:
    Batch.objects.filter(id=batch.id).update(state=state, runner=runner)
    batch.refresh_from_db()


def items(batch: Batch) -> list[tuple[str, str]]:
    return list(BatchItem.objects.filter(batch=batch).order_by("position").values_list("execution_id", "state"))


def test_the_set_is_frozen_in_its_order(admin: User) -> None:
    batch = frozen(admin, ids=["b", "a", "b", "line\r\nfeed"])
    assert (batch.operation, batch.username, batch.state, batch.started_at) == ("batch-cancel", "admin", "frozen", None)
    assert items(batch) == [("b", "waiting"), ("a", "waiting"), ("line\nfeed", "waiting")]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], "Nothing is selected."),
        ([str(number) for number in range(10_001)], "10,001 executions are selected; a batch takes at most 10,000."),
        (["a", ".."], "cannot be"),
        (["a", ""], "has 1 to 1,000 bytes"),
        (["a", "b\0"], "null character"),
        (["\ud800"], "not valid text"),
    ],
)
def test_what_cannot_be_a_batch(admin: User, ids: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        frozen(admin, ids=ids)
    assert Batch.objects.count() == 0


@pytest.mark.parametrize("chosen", ["reset", "", "batch-cancel"])
def test_a_batch_cancels_or_terminates(chosen: str) -> None:
    with pytest.raises(ValueError, match="Choose what to do"):
        batches.operation_of(chosen)


def test_ten_thousand_are_a_batch(admin: User) -> None:
    # One that was ticked twice counts once.
    batch = frozen(admin, ids=[str(number) for number in range(10_000)] + ["7"])
    assert BatchItem.objects.filter(batch=batch).count() == 10_000


def test_a_batch_is_started_once(admin: User, users: dict[str, User], begun: list[Any]) -> None:
    batch = frozen(admin)
    mine, tab, theirs = (batches.new_token(user, batch) for user in (admin, admin, users["superuser"]))
    batches.start(admin, batch, mine, "why")
    # Again, from another tab, and by a colleague: they have the batch as it was, or as it is.
    for user, token in ((admin, mine), (admin, tab), (users["superuser"], theirs)):
        with pytest.raises(batches.Outdated):
            batches.start(user, batch, token, "other")
        with pytest.raises(batches.Outdated):
            batches.start(user, Batch.objects.get(id=batch.id), token, "other")
    now = Batch.objects.get(id=batch.id)
    assert (now.state, now.reason, now.sender, now.resumed_with) == ("running", "why", "admin", 3)
    assert begun == [(batch.id, now.runner, admin.pk)]


def test_what_was_chosen_long_ago_is_chosen_again(admin: User, begun: list[Any]) -> None:
    batch = frozen(admin)
    Batch.objects.filter(id=batch.id).update(created_at=timezone.now() - timedelta(hours=12, seconds=1))
    batch.refresh_from_db()
    with pytest.raises(batches.Expired):
        batches.start(admin, batch, batches.new_token(admin, batch), "why")
    assert begun == []


def test_a_form_that_is_sent_twice_has_one_batch(admin: User, users: dict[str, User]) -> None:
    chosen = batch_choice.ticked(["a"])
    first, again, other, another_s = (
        batches.freeze(user, "batch-cancel", chosen, token)
        for user, token in ((admin, "t"), (admin, "t"), (admin, ""), (admin, "u"))
    )
    assert first == again
    assert len({first.id, other.id, another_s.id}) == 3
    assert batches.frozen_before(users["superuser"], "t") is None


def test_its_runner_counts_as_alive_before_it_is_named(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or whoever looks in between takes the batch for one that was left."""
    monkeypatch.setattr(batch_threads, "begin", lambda batch_id, *_: batches.find(admin, batch_id))
    batch = frozen(admin)
    batches.start(admin, batch, batches.new_token(admin, batch), "why")
    assert Batch.objects.get().state == "running"


def test_a_thread_that_cannot_begin_is_not_alive(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(batch_threads, "begin", begin)
    batch = frozen(admin)
    with pytest.raises(RuntimeError):
        batches.start(admin, batch, batches.new_token(admin, batch), "why")
    found = batches.find(admin, batch.id)
    assert found
    assert found.state == "paused"


@pytest.mark.parametrize("act", [batches.go_on, batches.retry])
def test_a_page_from_before_acts_no_more(admin: User, begun: list[Any], act: Any) -> None:
    batch = frozen(admin, a="refused")
    set_state(batch, Batch.State.PAUSED, uuid.uuid4())
    token = batches.new_token(admin, batch)
    act(admin, batch, token)
    # It paused again, for another reason: nobody has seen it who presses the old button.
    set_state(batch, Batch.State.PAUSED, begun[0][1])
    with pytest.raises(batches.Outdated):
        act(admin, batch, token)
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda user, batch, token: batches.start(user, batch, token, "why"), {"frozen"}),
        (batches.go_on, {"paused"}),
        (batches.retry, {"paused", "done"}),
    ],
)
@pytest.mark.parametrize("state", Batch.State.values)
def test_what_can_be_set_going(admin: User, begun: list[Any], act: Any, allowed: set[str], state: str) -> None:
    batch = frozen(admin, a="refused")
    set_state(batch, state, None if state == "frozen" else uuid.uuid4())
    token = batches.new_token(admin, batch)
    if state in allowed:
        act(admin, batch, token)
    else:
        with pytest.raises(batches.Outdated):
            act(admin, batch, token)
    assert len(begun) == (state in allowed)


def test_only_the_refused_are_tried_again(admin: User, begun: list[Any]) -> None:
    batch = frozen(admin, ids=["a", "b", "c", "d"], a="done", b="refused", c="unknown")
    set_state(batch, Batch.State.DONE, uuid.uuid4())
    batches.retry(admin, batch, batches.new_token(admin, batch))
    assert items(batch) == [("a", "done"), ("b", "waiting"), ("c", "unknown"), ("d", "waiting")]
    batch.refresh_from_db()
    assert batch.resumed_with == 2


def test_to_continue_leaves_refused_and_unknown_alone(admin: User, begun: list[Any]) -> None:
    batch = frozen(admin, ids=["a", "b", "c"], a="refused", b="unknown")
    set_state(batch, Batch.State.PAUSED, uuid.uuid4())
    batches.go_on(admin, batch, batches.new_token(admin, batch))
    assert items(batch) == [("a", "refused"), ("b", "unknown"), ("c", "waiting")]


def test_nothing_is_begun_while_an_answer_is_on_its_way(admin: User, begun: list[Any]) -> None:
    """One after another: a batch that was paused may still wait for its last chunk."""
    batch = frozen(admin, a="sent")
    set_state(batch, Batch.State.PAUSED, uuid.uuid4())
    with pytest.raises(batches.Outdated):
        batches.go_on(admin, batch, batches.new_token(admin, batch))
    assert (begun, Batch.objects.get().state) == ([], "paused")


def test_a_stale_form_starts_nothing(admin: User, begun: list[Any]) -> None:
    batch, other = frozen(admin), frozen(admin)
    for token in ("", "x", batches.new_token(admin, other)):
        with pytest.raises(actions.StaleForm):
            batches.start(admin, batch, token, "why")
    assert (begun, ActionRequested.objects.count(), Batch.objects.get(id=batch.id).state) == ([], 0, "frozen")


def test_without_a_key_nothing_starts(admin: User, begun: list[Any], settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    api.client.cache_clear()
    batch = frozen(admin)
    with pytest.raises(api.NotConfigured):
        batches.start(admin, batch, batches.new_token(admin, batch), "why")
    assert (begun, Batch.objects.get().state) == ([], "frozen")
    api.client.cache_clear()


@pytest.mark.parametrize("state", Batch.State.values)
@pytest.mark.parametrize(
    ("act", "ends_in", "ends"),
    [(batches.pause, "paused", {"running"}), (batches.stop, "stopped", {"frozen", "running", "paused"})],
)
def test_pause_and_stop(admin: User, act: Any, ends_in: str, ends: set[str], state: str) -> None:
    batch = frozen(admin)
    set_state(batch, state)
    act(admin, batch)
    batch.refresh_from_db()
    assert batch.state == (ends_in if state in ends else state)
    assert batch.note == (f"{ends_in.capitalize()} by admin." if state in ends else "")


@pytest.mark.parametrize("name", ["nobody", "viewer", "operator"])
@pytest.mark.parametrize("operation", ["batch-cancel", "batch-terminate"])
def test_a_batch_is_for_those_who_may(
    admin: User, users: dict[str, User], name: str, operation: str, begun: list[Any]
) -> None:
    batch, user = frozen(admin, operation), users[name]
    token = batches.new_token(user, batch)
    acts: list[Callable[[], object]] = [
        lambda: batches.freeze(user, operation, batch_choice.ticked(["a"])),
        lambda: batches.find(user, batch.id),
        lambda: batches.start(user, batch, token, "why"),
        lambda: batches.go_on(user, batch, token),
        lambda: batches.retry(user, batch, token),
        lambda: batches.pause(user, batch),
        lambda: batches.stop(user, batch),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert (begun, Batch.objects.get().state) == ([], "frozen")
    assert batches.find(admin, batch.id) == batch


def test_the_right_is_looked_at_again_at_every_start(admin: User, begun: list[Any]) -> None:
    batch = frozen(admin)
    set_state(batch, Batch.State.PAUSED, uuid.uuid4())
    token = batches.new_token(admin, batch)
    admin.groups.set([Group.objects.get(name="operator")])
    with pytest.raises(NotAllowed):
        batches.go_on(User.objects.get(pk=admin.pk), batch, token)
    assert begun == []


@pytest.mark.django_db
def test_a_batch_that_there_is_not() -> None:
    assert batches.find(None, uuid.uuid4()) is None


def test_batches_of_before_they_had_a_state_are_over(admin: User) -> None:
    """All was sent in one call then: what the audit says of each holds, and nothing is sent again."""
    settle = importlib.import_module("executions.migrations.0004_started_batches").settle
    batch, other = frozen(admin, ids=["a", "b", "c", "d"]), frozen(admin, ids=["a"])
    Batch.objects.filter(id=batch.id).update(started_at=timezone.now())
    for execution_id, result in (("a", "done"), ("b", "refused"), ("c", "unknown"), ("d", None)):
        row = ActionRequested.objects.create(
            token=execution_id,
            username="admin",
            operation=batch.operation,
            execution_id=execution_id,
            batch_id=batch.id,
        )
        if result:
            ActionOutcome.objects.create(action_id=row.id, result=result, message=f"was {result}")
    settle(apps, None)
    assert items(batch) == [("a", "done"), ("b", "refused"), ("c", "unknown"), ("d", "unknown")]
    assert list(BatchItem.objects.filter(batch=batch).values_list("message", flat=True)) == [
        "was done",
        "was refused",
        "was unknown",
        "",
    ]
    assert (Batch.objects.get(id=batch.id).state, Batch.objects.get(id=other.id).state) == ("done", "frozen")
