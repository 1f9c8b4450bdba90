"""The write envelope: what is recorded when, whatever goes wrong in between."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from executions.models import ActionOutcome, ActionRequested
from executions.permissions import NotAllowed
from executions.services import actions, audit
from executions.services.actions import Done, Intent, Shown
from executions.upstream import errors

INTENT = Intent("cancel", "e", "why")
SHOWN = Shown("run-1", "RUNNING")


@pytest.fixture
def operator(users: dict[str, User]) -> User:
    return users["operator"]


def nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = {"a": inner}
    return inner


def fresh(user: User) -> str:
    return actions.new_token(user, "cancel", "e", SHOWN)


def perform(user: Any, token: str, intent: Intent, call: Callable[[], Any]) -> Done:
    """On an execution that is still as the form showed it."""
    return actions.perform(user, token, intent, call, lambda: SHOWN)


def raising(error: Exception) -> Callable[[], Any]:
    def call() -> None:
        raise error

    return call


def never() -> None:
    pytest.fail("It was sent.")


class Gone(BaseException):
    """The process ends here."""


def test_a_process_that_ends_in_the_middle_leaves_unknown(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def call() -> None:
        assert ActionRequested.objects.get().reason == "why"
        raise Gone

    with pytest.raises(Gone):
        perform(operator, fresh(operator), INTENT, call)
    assert ActionOutcome.objects.count() == 0
    (entry,) = audit.entries(ActionRequested.objects.all())
    assert entry.result == "in progress"
    # The next process knows that it did not send this.
    monkeypatch.setattr(audit, "STARTED", entry.action.at.replace(year=entry.action.at.year + 1))
    (entry,) = audit.entries(ActionRequested.objects.all())
    assert (entry.result, entry.unclear) == ("unknown", True)


def test_a_deep_input_is_not_indented_beyond_measure(operator: User) -> None:
    given = nested(150, [0] * 30_000)
    intent = Intent("cancel", "e", name="n", body={"name": "n", "input": given})
    perform(operator, fresh(operator), intent, lambda: None)
    kept = ActionRequested.objects.get().input
    assert json.loads(kept) == given
    assert len(kept) <= actions.INPUT_KEPT


def test_nothing_is_sent_inside_a_transaction_that_could_be_rolled_back(operator: User) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        perform(operator, fresh(operator), INTENT, never)
    assert ActionRequested.objects.count() == 0


@pytest.mark.parametrize("who", ["anonymous", "nobody", "viewer"])
@pytest.mark.parametrize("way", [perform, actions.ask])
def test_the_right_is_checked_here_too(users: dict[str, User], who: str, way: Callable[..., Any]) -> None:
    user: Any = users.get(who) or AnonymousUser()
    with pytest.raises(NotAllowed):
        way(user, actions.new_token(user, "cancel", "e"), INTENT, never)
    assert ActionRequested.objects.count() == 0


def test_a_token_is_good_once(operator: User) -> None:
    token = fresh(operator)
    done = perform(operator, token, INTENT, lambda: None)
    with pytest.raises(actions.AlreadyDone) as before:
        perform(operator, token, INTENT, never)
    assert before.value.action_id == done.action_id


CHANGES = {
    "another run": Shown("run-2", "RUNNING"),
    "another status": Shown("run-1", "COMPLETED"),
    "a cancel": Shown("run-1", "RUNNING", "0b8e"),
    "nothing known": Shown(),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_has_changed_is_not_acted_on(operator: User, kind: str) -> None:
    with pytest.raises(actions.Changed) as change:
        actions.perform(operator, fresh(operator), INTENT, never, lambda: CHANGES[kind])
    assert (change.value.before, change.value.now) == (SHOWN, CHANGES[kind])
    assert ActionRequested.objects.count() == 0


def test_what_cannot_be_looked_at_is_not_acted_on(operator: User) -> None:
    error = errors.Timeout("t")
    with pytest.raises(errors.Timeout) as raised:
        actions.perform(operator, fresh(operator), INTENT, never, raising(error))
    assert raised.value is error
    assert ActionRequested.objects.count() == 0


def test_it_is_looked_at_before_it_is_recorded_and_recorded_before_it_is_sent(operator: User) -> None:
    order = []

    def look() -> Shown:
        order.append(("look", ActionRequested.objects.count()))
        return SHOWN

    actions.perform(
        operator, fresh(operator), INTENT, lambda: order.append(("send", ActionRequested.objects.count())), look
    )
    assert order == [("look", 0), ("send", 1)]


@pytest.mark.parametrize("kind", ["nothing", "error", *CHANGES])
def test_a_second_click_that_looks_while_the_first_acts_leads_to_the_first(operator: User, kind: str) -> None:
    """What it sees, or fails to see, is the first one's doing: that is no reason to ask again."""
    token, first = fresh(operator), []

    def look() -> Shown:
        first.append(perform(operator, token, INTENT, lambda: None))
        if kind == "error":
            raise errors.Timeout("t")
        return CHANGES.get(kind, SHOWN)

    with pytest.raises(actions.AlreadyDone) as before:
        actions.perform(operator, token, INTENT, never, look)
    assert before.value.action_id == first[0].action_id
    assert ActionRequested.objects.count() == 1


def test_a_form_that_was_sent_is_not_looked_at_again(operator: User) -> None:
    token = fresh(operator)
    perform(operator, token, INTENT, lambda: None)
    with pytest.raises(actions.AlreadyDone):
        actions.perform(operator, token, INTENT, never, lambda: pytest.fail("It was looked at."))


def test_an_input_is_kept_up_to_a_limit(operator: User) -> None:
    for length, kept in ((actions.INPUT_KEPT - 20, True), (actions.INPUT_KEPT, False)):
        intent = Intent("signal", "e", name="n", body={"name": "n", "input": {"a": "x" * length}})
        token = actions.new_token(operator, "signal", "e", SHOWN)
        row = ActionRequested.objects.get(id=perform(operator, token, intent, lambda: None).action_id)
        assert (row.input != "", len(row.body_digest)) == (kept, 64)


def test_a_token_says_which_run_the_form_showed(operator: User) -> None:
    perform(operator, fresh(operator), INTENT, lambda: None)
    assert ActionRequested.objects.get().run_id == "run-1"


def test_a_token_is_short_however_long_the_id(operator: User) -> None:
    longest = "😀" * 250
    token = actions.new_token(operator, "cancel", longest, Shown("0b8e1c3e-0000-4000-8000-000000000001", "RUNNING"))
    assert len(token) < 300
    assert actions.read_token(token, operator, "cancel", longest).number != ""


@pytest.mark.parametrize(
    ("user", "operation", "target"),
    [("admin", "cancel", "e"), ("operator", "terminate", "e"), ("operator", "cancel", "f")],
)
def test_a_token_fits_only_what_it_was_made_for(
    users: dict[str, User], operator: User, user: str, operation: str, target: str
) -> None:
    with pytest.raises(actions.StaleForm):
        actions.read_token(fresh(operator), users[user], operation, target)


def test_the_digest_is_of_the_body_as_it_is_sent(operator: User) -> None:
    body = {"name": "n", "input": {"é": 1.0}}
    intent = Intent("cancel", "e", body=body)
    perform(operator, fresh(operator), intent, lambda: None)
    sent = '{"name":"n","input":{"é":1.0}}'.encode()
    assert ActionRequested.objects.get().body_digest == hashlib.sha256(sent).hexdigest()


def test_an_answer_is_kept_up_to_a_limit(operator: User) -> None:
    perform(operator, fresh(operator), INTENT, lambda: {"a": "x" * 100_000})
    assert len(ActionOutcome.objects.get().answer) == actions.ANSWER_LIMIT + 1
