"""Acting on executions: each write is recorded before it is sent, sent once, and its outcome recorded after.

    check the permission -> take the form's one-use token -> commit "requested" -> call -> commit the outcome

Nothing is sent without a "requested" row. A row without an outcome did not see its answer: nobody knows what came of
it, and a person has to look before trying again.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.core import signing
from django.db import IntegrityError, transaction

from executions.models import ActionOutcome, ActionRequested
from executions.permissions import check_allowed
from executions.services import text
from executions.upstream import errors
from executions.upstream.types import BatchAnswer

TOKEN_SECONDS = 12 * 3600
"""How long a form may stay open."""
ANSWER_LIMIT = 64_000
"""Characters of an update's answer that the audit keeps."""
INPUT_LIMIT = 2 * 1024 * 1024
"""Bytes of JSON that may be sent to a workflow."""
REASON_LIMIT = 2_000
Result = ActionOutcome.Result


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
    run_id: str = ""
    reason: str = ""
    name: str = ""
    body: bytes = b""
    detail: str = ""
    batch_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. `error` is None exactly when the API accepted the action."""

    action_id: uuid.UUID
    result: str
    error: errors.UpstreamError | None = None
    answer: Any = None


def new_token(user: Any, operation: str, target: str) -> str:
    """A token for one form: good for this user, operation and execution (or batch), once."""
    return signing.dumps([uuid.uuid4().hex, user.pk, operation, target], salt="executions.action")


def read_token(token: str, user: Any, operation: str, target: str) -> str:
    """The token's number; StaleForm unless it was made for exactly this."""
    try:
        number, user_id, *made_for = signing.loads(token, salt="executions.action", max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        raise StaleForm from None
    if user_id != user.pk or made_for != [operation, target]:
        raise StaleForm
    return str(number)


def read_input(source: str) -> tuple[dict[str, Any] | None, bytes]:
    """The JSON object of a form's input field and its bytes; nothing, for an empty field. ValueError says what is wrong."""
    encoded = source.strip().encode()
    if not encoded:
        return None, b""
    if len(encoded) > INPUT_LIMIT:
        raise ValueError("The input is larger than 2 MB.")
    try:
        value = msgspec.json.decode(encoded)
    except RecursionError:
        raise ValueError("The input is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"The input is not JSON: {str(error).removeprefix('JSON is malformed: ')}.") from None
    if not isinstance(value, dict):
        raise ValueError('The input is not a JSON object: write it as {"name": "value"}.')
    return value, encoded


def perform(user: Any, intent: Intent, token: str, call: Callable[[], Any]) -> Done:
    """Check, record, call once, record. Upstream's errors are returned, not raised.

    Raises NotAllowed, StaleForm and AlreadyDone, in each case before anything is recorded or sent.
    """
    check_allowed(user, intent.operation)
    number = read_token(token, user, intent.operation, intent.execution_id)
    action = _request(user, intent, number)
    return send(action.id, call)


def _request(user: Any, intent: Intent, token: str) -> ActionRequested:
    try:
        with transaction.atomic():
            return ActionRequested.objects.create(**_fields(user, intent), token=token)
    except IntegrityError:
        raise AlreadyDone(ActionRequested.objects.values_list("id", flat=True).get(token=token)) from None


def _fields(user: Any, intent: Intent) -> dict[str, Any]:
    return {
        "username": user.get_username(),
        "operation": intent.operation,
        "execution_id": intent.execution_id,
        "run_id": intent.run_id,
        "name": intent.name,
        "reason": intent.reason,
        "body_digest": hashlib.sha256(intent.body).hexdigest() if intent.body else "",
        "detail": intent.detail,
        "batch_id": intent.batch_id,
    }


def send(action_id: uuid.UUID, call: Callable[[], Any]) -> Done:
    """Make the call of a recorded action and record what came of it."""
    try:
        answer = call()
    except errors.UpstreamError as error:
        result = result_of(error)
        ActionOutcome.objects.create(action_id=action_id, result=result, code=error.code or "", message=str(error))
        return Done(action_id, result, error)
    shown = text.pretty(answer, ANSWER_LIMIT) if answer is not None else ""
    ActionOutcome.objects.create(action_id=action_id, result=Result.DONE, answer=shown)
    return Done(action_id, Result.DONE, answer=answer)


def result_of(error: errors.UpstreamError) -> Result:
    """What an error says about a write: whether it can have reached the workflow."""
    if isinstance(error, errors.NoAnswer):
        return Result.UNKNOWN if error.sent else Result.NOT_SENT
    return Result.REFUSED if isinstance(error, errors.Refused) else Result.UNKNOWN


def perform_batch(
    user: Any, intents: Sequence[Intent], token: str, call: Callable[[list[str]], BatchAnswer]
) -> list[Done]:
    """The same envelope around one call for up to 100 executions, with a row for each of them."""
    operation, batch_id = intents[0].operation, intents[0].batch_id
    check_allowed(user, operation)
    number = read_token(token, user, operation, str(batch_id))
    wanted = [
        ActionRequested(**_fields(user, intent), token=f"{number}-{place}") for place, intent in enumerate(intents)
    ]
    try:
        with transaction.atomic():
            actions = ActionRequested.objects.bulk_create(wanted)
    except IntegrityError:
        first = ActionRequested.objects.get(token=f"{number}-0")
        raise AlreadyDone(first.id) from None
    try:
        answer = call([intent.execution_id for intent in intents])
    except errors.UpstreamError as error:
        outcomes = [_batch_outcome(action.id, result_of(error), error.code or "", str(error)) for action in actions]
    else:
        outcomes = [_batch_result(action, answer) for action in actions]
    ActionOutcome.objects.bulk_create(outcomes)
    return [Done(outcome.action_id, outcome.result) for outcome in outcomes]


def _batch_outcome(action_id: uuid.UUID, result: Result, code: str = "", message: str = "") -> ActionOutcome:
    return ActionOutcome(action_id=action_id, result=result, code=code, message=message)


def _batch_result(action: ActionRequested, answer: BatchAnswer) -> ActionOutcome:
    result = answer.results.get(action.execution_id)
    if result is None:
        return _batch_outcome(action.id, Result.UNKNOWN, message="The API did not say what came of this one.")
    if result.status == "success":
        return _batch_outcome(action.id, Result.DONE)
    return _batch_outcome(action.id, Result.REFUSED, message=text.clean(result.error or result.status or "", 2_000))


def ask(user: Any, intent: Intent, token: str, call: Callable[[], Any]) -> Done:
    """A query: the first use of its form is recorded like a write, further uses are not; each asks once."""
    try:
        return perform(user, intent, token, call)
    except AlreadyDone as before:
        try:
            return Done(before.action_id, Result.DONE, answer=call())
        except errors.UpstreamError as error:
            return Done(before.action_id, result_of(error), error)
