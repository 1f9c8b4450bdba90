"""Batches: the set is frozen, one call acts on all of it, and each execution has its own place in the audit."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError

from executions.models import ActionOutcome, ActionRequested, Batch
from executions.permissions import NotAllowed
from executions.services import actions, batches
from executions.upstream import errors
from executions.upstream.types import BatchAnswer, BatchResult

IDS = ["a", "b/c", "😀"]


@pytest.fixture
def admin(users: dict[str, User]) -> User:
    return users["admin"]


def frozen(admin: User, chosen: str = "cancel", ids: list[str] | None = None) -> Batch:
    return batches.freeze(admin, chosen, IDS if ids is None else ids)


def start(user: User, batch: Batch, call: Any, token: str | None = None) -> errors.UpstreamError | None:
    fresh = actions.new_token(user, batch.operation, str(batch.id))
    return batches.start(user, batch, fresh if token is None else token, "why", call)


def answer(**results: str) -> BatchAnswer:
    return BatchAnswer(results={name: BatchResult(status=status) for name, status in results.items()})


def never(_: Any) -> BatchAnswer:
    pytest.fail("It was sent.")


def results(batch: Batch) -> list[str | None]:
    return [item.entry and item.entry.result for item in batches.items(batch)]


def test_the_set_is_frozen_in_its_order(admin: User) -> None:
    batch = frozen(admin, ids=["b", "a", "b", "line\r\nfeed"])
    assert (batch.operation, batch.username, batch.started_at) == ("batch-cancel", "admin", None)
    assert [(item.execution_id, item.entry) for item in batches.items(batch)] == [
        ("b", None),
        ("a", None),
        ("line\nfeed", None),
    ]
    assert batches.size(batch) == 3


@pytest.mark.parametrize(
    ("chosen", "ids", "words"),
    [
        ("cancel", [], "Nothing is selected."),
        ("cancel", [str(number) for number in range(101)], "101 executions are selected; a batch takes at most 100."),
        ("cancel", ["a", ".."], "cannot be"),
        ("cancel", ["a", ""], "has 1 to 1,000 bytes"),
        ("reset", ["a"], "Choose what to do"),
        ("", ["a"], "Choose what to do"),
    ],
)
def test_what_cannot_be_a_batch(admin: User, chosen: str, ids: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        batches.freeze(admin, chosen, ids)
    assert Batch.objects.count() == 0


def test_a_hundred_are_a_batch(admin: User) -> None:
    ids = [f"{number:03}" + "é" * 498 for number in range(100)]
    batch = frozen(admin, ids=ids)
    assert start(admin, batch, lambda wanted: answer(**dict.fromkeys(wanted, "success"))) is None
    assert results(batch) == ["done"] * 100


def test_each_execution_has_its_own_outcome(admin: User) -> None:
    batch = frozen(admin, ids=["a", "b", "c", "d"])
    called: list[list[str]] = []

    def call(wanted: list[str]) -> BatchAnswer:
        called.append(wanted)
        # The rows were there before.
        assert ActionRequested.objects.count() == 4
        found = answer(a="success", b="failure", c="resting")
        found.results["b"].error = "\x1b[31mIt is over"
        return found

    assert start(admin, batch, call) is None
    assert called == [["a", "b", "c", "d"]]
    assert results(batch) == ["done", "refused", "unknown", "unknown"]
    assert [item.entry.outcome.message for item in batches.items(batch) if item.entry and item.entry.outcome] == [
        "",
        "It is over",
        "resting",
        "The API did not say what came of this one.",
    ]
    rows = ActionRequested.objects.all()
    assert {(row.username, row.operation, row.reason, row.batch_id) for row in rows} == {
        ("admin", "batch-cancel", "why", batch.id)
    }
    assert len({row.body_digest for row in rows}) == 1


def test_a_batch_is_started_once(admin: User, users: dict[str, User]) -> None:
    batch = frozen(admin)
    start(admin, batch, lambda wanted: answer())
    assert start(admin, batch, never) is None
    assert start(users["superuser"], batch, never) is None
    assert ActionRequested.objects.count() == 3
    batch.refresh_from_db()
    assert batch.started_at is not None


def test_a_call_that_fails_is_every_execution_s_outcome(admin: User) -> None:
    batch = frozen(admin)
    error = errors.ServerFault("An error occurred", status=500, code="WF_1103")

    def call(_: Any) -> BatchAnswer:
        raise error

    assert start(admin, batch, call) is error
    assert [(one.result, one.code) for one in ActionOutcome.objects.all()] == [("unknown", "WF_1103")] * 3


def test_an_error_of_ours_leaves_them_in_doubt(admin: User) -> None:
    batch = frozen(admin)

    def call(_: Any) -> BatchAnswer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start(admin, batch, call)
    assert results(batch) == ["unknown"] * 3


def test_a_stale_form_starts_nothing(admin: User, users: dict[str, User]) -> None:
    batch, other = frozen(admin), frozen(admin)
    for token in ("", "x", actions.new_token(admin, batch.operation, str(other.id))):
        with pytest.raises(actions.StaleForm):
            start(admin, batch, never, token)
    batch.refresh_from_db()
    assert batch.started_at is None
    assert ActionRequested.objects.count() == 0
    assert start(admin, batch, lambda wanted: answer()) is None


def test_if_the_rows_cannot_be_saved_it_is_not_started(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = frozen(admin)

    def broken(*_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(ActionRequested.objects, "bulk_create", broken)
    with pytest.raises(DatabaseError):
        start(admin, batch, never)
    batch.refresh_from_db()
    assert batch.started_at is None


@pytest.mark.parametrize("name", ["nobody", "viewer", "operator"])
@pytest.mark.parametrize("chosen", ["cancel", "terminate"])
def test_a_batch_is_for_those_who_may(admin: User, users: dict[str, User], name: str, chosen: str) -> None:
    batch = frozen(admin, chosen)
    with pytest.raises(NotAllowed):
        batches.freeze(users[name], chosen, ["a"])
    with pytest.raises(NotAllowed):
        batches.find(users[name], batch.id)
    with pytest.raises(NotAllowed):
        start(users[name], batch, never)
    assert batches.find(admin, batch.id) == batch


@pytest.mark.django_db
def test_a_batch_that_there_is_not() -> None:
    assert batches.find(None, uuid.uuid4()) is None
