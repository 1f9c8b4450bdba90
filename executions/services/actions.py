"""Acting on executions: each write is recorded before it is sent, sent once, and its outcome recorded after.

    check the permission -> take the form's one-use token -> commit "requested" -> call -> commit the outcome

Nothing is sent without a "requested" row. A row without an outcome did not see its answer: nobody knows what came of
it, and a person has to look before trying again. Views call this from synchronous code only: Django cuts an
asynchronous view when its browser leaves, in the middle of a write.
"""

import hashlib
import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from django.core import signing
from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, transaction

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.permissions import check_allowed
from executions.services import text
from executions.services.api import NotConfigured
from executions.upstream import errors

TOKEN_SECONDS = 12 * 3600
"""How long a form may stay open."""
ANSWER_LIMIT = 64_000
"""Characters of an update's answer that the audit keeps."""
INPUT_LIMIT = 2 * 1024 * 1024
"""Bytes of JSON that may be sent to a workflow."""
DEPTH_LIMIT = 200
"""Levels of nesting in it: far below where writing it as JSON would fail."""
REASON_LIMIT = 2_000
_TOO_DEEP = "The input is nested too deeply."
Result = ActionOutcome.Result
logger = logging.getLogger(__name__)


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

    action_id: uuid.UUID
    result: str
    error: errors.UpstreamError | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a form's token says: its number, and the run that the form showed."""

    number: str
    run_id: str


def new_token(user: Any, operation: str, target: str, run_id: str = "") -> str:
    """A token for one form: good for this user, operation and execution (or batch), once."""
    return signing.dumps([uuid.uuid4().hex, user.pk, operation, _digest(target), run_id], salt="executions.action")


def read_token(token: str, user: Any, operation: str, target: str) -> Token:
    """What the token says; StaleForm unless it was made for exactly this."""
    try:
        number, user_id, *made_for, run_id = signing.loads(token, salt="executions.action", max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        raise StaleForm from None
    if user_id != user.pk or made_for != [operation, _digest(target)]:
        raise StaleForm
    return Token(str(number), str(run_id))


def _digest(target: str) -> str:
    # An id may be a thousand bytes: the token stays short.
    return hashlib.sha256(target.encode()).hexdigest()[:32]


def read_input(source: str) -> dict[str, Any] | None:
    """The JSON object in a form's input field; None for an empty field. ValueError says what is wrong."""
    encoded = source.strip().encode()
    if not encoded:
        return None
    if len(encoded) > INPUT_LIMIT:
        raise ValueError("The input is larger than 2 MB.")
    try:
        value = msgspec.json.decode(encoded)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except msgspec.DecodeError as error:
        raise ValueError(f"The input is not JSON: {str(error).removeprefix('JSON is malformed: ')}.") from None
    if not isinstance(value, dict):
        raise ValueError('The input is not a JSON object: write it as {"name": "value"}.')
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one) if _nests(child)]
    if level:
        raise ValueError(_TOO_DEEP)
    return value


def _nests(value: Any) -> bool:
    return isinstance(value, dict | list)


def perform(user: Any, token: str, intent: Intent, call: Callable[[], Any]) -> Done:
    """Check, record, call once, record. Upstream's errors are returned, not raised.

    Raises NotAllowed, StaleForm and AlreadyDone, in each case before anything is recorded or sent.
    """
    check_allowed(user, intent.operation)
    found = read_token(token, user, intent.operation, intent.execution_id)
    return _send(_request(user, intent, found.number, found.run_id), call)


def ask(user: Any, token: str, intent: Intent, call: Callable[[], Any]) -> Done:
    """A query: the first use of its form is recorded like a write, repeats are counted there; each asks once.

    The same form with another question is a first use again.
    """
    check_allowed(user, intent.operation)
    found = read_token(token, user, intent.operation, intent.execution_id)
    try:
        action_id = _request(user, intent, f"{found.number}-{_body_digest(intent.body)[:31]}", found.run_id)
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
        body_digest=_body_digest(intent.body),
        detail=intent.detail,
        batch_id=intent.batch_id,
    )


def _body_digest(body: Any) -> str:
    if body is None:
        return ""
    # As httpx writes a body, so that the digest is of the very bytes.
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return hashlib.sha256(sent).hexdigest()


def _request(user: Any, intent: Intent, token: str, run_id: str) -> uuid.UUID:
    row = requested(user, intent, token, run_id)
    try:
        # Durable: an error inside somebody else's transaction, which could still be rolled back after the call.
        with transaction.atomic(durable=True):
            row.save()
    except IntegrityError:
        raise AlreadyDone(ActionRequested.objects.values_list("id", flat=True).get(token=token)) from None
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


def result_of(error: Exception) -> Result:
    """What an error says about a write: whether it can have reached the workflow."""
    match error:
        case errors.Refused():
            return Result.REFUSED
        case errors.InvalidId() | NotConfigured() | errors.NoAnswer(sent=False):
            return Result.NOT_SENT
    return Result.UNKNOWN


def outcome(action_id: uuid.UUID, error: Exception) -> ActionOutcome:
    """The row that says what came of an action that ended with this error, not yet saved."""
    result = result_of(error)
    if isinstance(error, errors.UpstreamError):
        return ActionOutcome(action_id=action_id, result=result, code=(error.code or "")[:64], message=str(error))
    words = "Nothing was sent." if result == Result.NOT_SENT else "The console failed in the middle of it."
    return ActionOutcome(action_id=action_id, result=result, message=words)


def record(outcomes: list[ActionOutcome]) -> None:
    """Save what came of actions. If the database fails now, the log keeps it, and the audit shows it as unknown."""
    try:
        ActionOutcome.objects.bulk_create(outcomes)
    except AnyDatabaseError:
        for one in outcomes:
            logger.exception("The outcome of action %s could not be saved: %s", one.action_id, one.result)
