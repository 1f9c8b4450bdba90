"""Acting on executions: each write is recorded before it is sent, sent once, and its outcome recorded after.

    check the permission and the form's one-use token -> look again -> commit "requested" -> call -> commit the outcome

Nothing is sent without a "requested" row. A row without an outcome did not see its answer: nobody knows what came of
it, and a person has to look before trying again. Views call this from synchronous code only: Django cuts an
asynchronous view when its browser leaves, in the middle of a write.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.permissions import check_allowed
from executions.services import text
from executions.services.outcomes import Result, outcome, record, result_of
from executions.upstream import errors

TOKEN_SECONDS = 12 * 3600
"""How long a form may stay open."""
ANSWER_LIMIT = 64_000
"""Characters of an update's answer that the audit keeps."""
INPUT_KEPT = 64_000
"""Characters of an input that the audit keeps; of a longer one only the digest."""
REASON_LIMIT = 2_000


class StaleForm(Exception):
    """The form's token is missing, foreign or too old: nothing was sent."""


class AlreadyDone(Exception):
    """The form was sent before; `action_id` is what that first time started."""

    def __init__(self, action_id: uuid.UUID) -> None:
        super().__init__(str(action_id))
        self.action_id = action_id


@dataclass(frozen=True, slots=True)
class Intent:
    """What an operator confirmed."""

    operation: str
    execution_id: str
    reason: str = ""
    name: str = ""
    body: Any = None
    """The JSON that the client sends; None where it sends nothing."""
    detail: str = ""
    batch_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. `error` is None exactly when the API accepted the action."""

    action_id: uuid.UUID | None
    """None where nothing was recorded, since nothing was sent."""
    result: str
    error: errors.UpstreamError | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form showed of the execution, or what it is now: the latest run, its status, whether it is to cancel."""

    run_id: str = ""
    status: str = ""
    cancel: str = ""
    """Which of our actions asked it to cancel, if one did and it still runs."""


NOTHING_SHOWN = Shown()


class Changed(Exception):
    """The execution is not any more what the form showed: nothing was sent."""

    def __init__(self, before: Shown, now: Shown) -> None:
        super().__init__(f"{before} -> {now}")
        self.before = before
        self.now = now


@dataclass(frozen=True, slots=True)
class Token:
    """What a form's token says: its number, and what the form showed."""

    number: str
    shown: Shown


def new_token(user: Any, operation: str, target: str, shown: Shown = NOTHING_SHOWN) -> str:
    """A token for one form: good for this user, operation and execution (or batch), once."""
    made_for = [uuid.uuid4().hex, user.pk, operation, _digest(target), shown.run_id, shown.status, shown.cancel]
    return signing.dumps(made_for, salt="executions.action")


def read_token(token: str, user: Any, operation: str, target: str) -> Token:
    """What the token says; StaleForm unless it was made for exactly this."""
    try:
        said = signing.loads(token, salt="executions.action", max_age=TOKEN_SECONDS)
        number, user_id, *made_for, run_id, status, cancel = said
    except (signing.BadSignature, ValueError, TypeError):
        raise StaleForm from None
    if user_id != user.pk or made_for != [operation, _digest(target)]:
        raise StaleForm
    return Token(str(number), Shown(str(run_id), str(status), str(cancel)))


def _digest(target: str) -> str:
    # An id may be a thousand bytes: the token stays short.
    return hashlib.sha256(target.encode()).hexdigest()[:32]


def perform(user: Any, token: str, intent: Intent, call: Callable[[], Any], look: Callable[[], Shown]) -> Done:
    """Check, look again, record, call once, record. Upstream's errors in the call are returned, not raised.

    `look` reads what the execution is now. Raises NotAllowed, StaleForm, AlreadyDone, Changed, and whatever `look`
    raises: in each case before anything is recorded or sent.
    """
    check_allowed(user, intent.operation)
    found = read_token(token, user, intent.operation, intent.execution_id)
    # A form that was sent before leads to what came of it, however the execution has changed since: perhaps by it.
    _check_new(found.number)
    _check_unchanged(found, look)
    return _send(_request(user, intent, found.number, found.shown.run_id), call)


def _check_unchanged(found: Token, look: Callable[[], Shown]) -> None:
    try:
        now = look()
        if now != found.shown:
            raise Changed(found.shown, now)
    except Exception:
        # A second click of the same form may see what the first has just done: that is no reason to ask again.
        _check_new(found.number)
        raise


def ask(user: Any, token: str, intent: Intent, call: Callable[[], Any]) -> Done:
    """A query: the first use of its form is recorded like a write, repeats are counted there; each asks once.

    The same form with another question is a first use again.
    """
    check_allowed(user, intent.operation)
    found = read_token(token, user, intent.operation, intent.execution_id)
    try:
        action_id = _request(user, intent, f"{found.number}-{_body_digest(intent.body)[:31]}", found.shown.run_id)
    except AlreadyDone as before:
        ActionRepeated.objects.create(action_id=before.action_id)
        try:
            return Done(before.action_id, Result.DONE, answer=call())
        except errors.UpstreamError as error:
            return Done(before.action_id, result_of(error), error)
    return _send(action_id, call)


def requested(user: Any, intent: Intent, token: str, run_id: str = "") -> ActionRequested:
    """The row that says what is about to be sent, not yet saved."""
    return ActionRequested(
        token=token,
        username=user.get_username(),
        operation=intent.operation,
        execution_id=intent.execution_id,
        run_id=run_id,
        name=intent.name,
        reason=intent.reason,
        input=_kept_input(intent.body),
        body_digest=_body_digest(intent.body),
        detail=intent.detail,
        batch_id=intent.batch_id,
    )


def _kept_input(body: Any) -> str:
    """The input of a signal, query or update as the audit keeps it; empty where there was none, or a long one."""
    if not isinstance(body, dict) or "name" not in body or "input" not in body:
        return ""
    # Compact first: indented, a deeply nested input is hundreds of times as long.
    content = json.dumps(body["input"], ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    if len(content) > INPUT_KEPT:
        return ""
    kept = text.indented(content)
    return (kept if len(kept) <= INPUT_KEPT else content).decode()


def _body_digest(body: Any) -> str:
    if body is None:
        return ""
    # As httpx writes a body, so that the digest is of the very bytes.
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return hashlib.sha256(sent).hexdigest()


def _check_new(token: str) -> None:
    before = ActionRequested.objects.filter(token=token).values_list("id", flat=True).first()
    if before is not None:
        raise AlreadyDone(before)


def _request(user: Any, intent: Intent, token: str, run_id: str) -> uuid.UUID:
    row = requested(user, intent, token, run_id)
    try:
        # Durable: an error inside somebody else's transaction, which could still be rolled back after the call.
        with transaction.atomic(durable=True):
            row.save()
    except IntegrityError:
        _check_new(token)
        raise
    return row.id


def _send(action_id: uuid.UUID, call: Callable[[], Any]) -> Done:
    try:
        answer = call()
    except Exception as error:
        record([outcome(action_id, error)])
        if not isinstance(error, errors.UpstreamError):
            raise
        return Done(action_id, result_of(error), error)
    shown = text.pretty(answer, ANSWER_LIMIT) if answer is not None else ""
    record([ActionOutcome(action_id=action_id, result=Result.DONE, answer=shown)])
    return Done(action_id, Result.DONE, answer=answer)
