"""The write envelope through its pages: recorded before it is sent, sent once, and told as it came out."""

import hashlib
import json
import time
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from executions.ids import to_path
from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.services import actions
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/"
INPUT = '{"by": "Zoë", "big": 123456789012345678901234567890, "share": 0.1, "none": null}'
FORMS: dict[str, dict[str, str]] = {
    "signal": {"name": "approve", "input": INPUT, "reason": "agreed"},
    "update": {"name": "set_priority", "input": INPUT},
    "cancel": {"reason": "stuck"},
    "terminate": {"reason": "stuck", "confirm": canned.ID[-6:]},
    "reset": {"reason": "stuck", "event_id": "4", "exclude_signals": "on"},
}
CALLS: dict[str, tuple[str, Any]] = {
    "signal": ("/signals", {"name": "approve", "input": json.loads(INPUT)}),
    "update": ("/updates", {"name": "set_priority", "input": json.loads(INPUT)}),
    "cancel": ("/cancel", None),
    "terminate": ("/terminate", None),
    "reset": ("/reset", {"event_id": 4, "exclude_signals": True, "exclude_updates": False, "reason": "stuck"}),
}
each_write = pytest.mark.parametrize("operation", FORMS)


def _form(browser: Client, operation: str, query: str = "") -> dict[str, Any]:
    return pages.open_form(browser, f"{PAGE}{operation}/{query}", **FORMS[operation])


@each_write
def test_a_write_is_recorded_and_sent(admin: Client, upstream: Faulty, operation: str) -> None:
    response = admin.post(f"{PAGE}{operation}/", _form(admin, operation))
    row = ActionRequested.objects.get()
    rest, body = CALLS[operation]
    assert (response.status_code, response["Location"]) == (303, f"{PAGE}actions/?action={row.id}")
    assert canned.sent(upstream) == [(canned.path(canned.ID, rest), body)]
    received = upstream.requests[-1].body
    digest = hashlib.sha256(received).hexdigest() if received else ""
    assert (row.username, row.operation, row.execution_id, row.run_id) == ("admin", operation, canned.ID, canned.RUN)
    assert (row.name, row.reason) == (FORMS[operation].get("name", ""), FORMS[operation].get("reason", ""))
    assert row.detail == ("to event 4, without later signals" if operation == "reset" else "")
    assert row.body_digest == digest
    outcome = ActionOutcome.objects.get()
    assert (outcome.action_id, outcome.result) == (row.id, "done")
    assert json.loads(outcome.answer or "null") == ({"priority": 1} if operation == "update" else None)
    shown = pages.text(admin.get(response["Location"]))
    assert "accepted by the Workflows API" in shown


@each_write
def test_a_form_sent_twice_acts_once(admin: Client, upstream: Faulty, operation: str) -> None:
    form = _form(admin, operation)
    first = admin.post(f"{PAGE}{operation}/", form)
    again = admin.post(f"{PAGE}{operation}/", form | {"reason": "changed my mind"})
    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert len(canned.sent(upstream)) == 1
    assert ActionRequested.objects.get().reason == FORMS[operation].get("reason", "")
    assert "This form was sent before. Nothing was sent again" in pages.text(admin.get(again["Location"]))


def _aged(token: str, seconds: int) -> str:
    """The same token, made so many seconds before its last moment."""
    signer = signing.TimestampSigner(salt="executions.action")
    past = int(time.time()) - actions.TOKEN_SECONDS - seconds
    value = f"{signer.unsign(token)}:{signing.b62_encode(past)}"
    return f"{value}:{signer.signature(value)}"


TOKENS = {
    "missing": lambda browser, other, operation: None,
    "empty": lambda browser, other, operation: "",
    "made up": lambda browser, other, operation: "a:b:c",
    "with a null character": lambda browser, other, operation: "a\0",
    "cut": lambda browser, other, operation: pages.token(browser.get(f"{PAGE}{operation}/"))[:-1],
    "somebody else’s": lambda browser, other, operation: pages.token(other.get(f"{PAGE}{operation}/")),
    "of another operation": lambda browser, other, operation: pages.token(
        browser.get(f"{PAGE}{'signal' if operation == 'cancel' else 'cancel'}/")
    ),
    "of another execution": lambda browser, other, operation: pages.token(browser.get(f"/executions/b/{operation}/")),
    "too old": lambda browser, other, operation: _aged(pages.token(browser.get(f"{PAGE}{operation}/")), 1),
    "signed for something else": lambda browser, other, operation: signing.dumps([1, 2, 3, 4, 5]),
    "of another shape": lambda browser, other, operation: signing.dumps({"a": 1}, salt="executions.action"),
}


@pytest.mark.parametrize("operation", [*FORMS, "query"])
@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_that_does_not_fit_sends_nothing(
    admin: Client, sign_in: SignIn, upstream: Faulty, kind: str, operation: str
) -> None:
    canned.healthy(upstream, "b")
    found = TOKENS[kind](admin, sign_in("superuser"), operation)
    form = FORMS.get(operation, {"name": "get_status"}) | ({} if found is None else {"token": found})
    response = admin.post(f"{PAGE}{operation}/", form)
    assert (response.status_code, pages.problem(response)) == (400, "This form is too old, or not yours")
    assert "Nothing was sent" in pages.problem_text(response)
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0


@each_write
def test_a_form_may_stay_open_for_half_a_day(admin: Client, upstream: Faulty, operation: str) -> None:
    form = _form(admin, operation)
    response = admin.post(f"{PAGE}{operation}/", form | {"token": _aged(form["token"], -60)})
    assert response.status_code == 303
    assert len(canned.sent(upstream)) == 1


@each_write
def test_without_the_csrf_token_nothing_is_sent(sign_in: SignIn, users: Any, upstream: Faulty, operation: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(users["admin"])
    response = browser.post(f"{PAGE}{operation}/", _form(browser, operation))
    assert (response.status_code, pages.problem(response)) == (403, "This form was not sent from a page of the console")
    assert "Executions Console" in response.content.decode()
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0


@pytest.mark.parametrize(
    ("operation", "changes", "words"),
    [
        ("cancel", {"reason": " "}, "Say why: your teammates will want to know."),
        ("cancel", {"reason": "x" * 2001}, "at most 2000 characters"),
        ("terminate", {"confirm": "inv-2"}, "These are not the last 6 characters of the id."),
        ("terminate", {"confirm": ""}, "These are not the last 6 characters of the id."),
        ("reset", {"event_id": ""}, "Choose the point."),
        ("reset", {"event_id": "four"}, "An event id is a whole number."),
        ("reset", {"event_id": "0"}, "An event id is 1 or more."),
        ("reset", {"event_id": "9" * 30}, "An event id is not as large as that."),
        ("signal", {"name": ""}, "Give the name."),
        ("signal", {"input": "{"}, "The input is not JSON"),
        ("signal", {"input": "[1]"}, "The input is not a JSON object"),
        ("signal", {"input": "null"}, "The input is not a JSON object"),
        ("update", {"input": '{"a": NaN}'}, "The input is not JSON"),
        ("update", {"input": '{"a": 1e999}'}, "The input is not JSON"),
        ("update", {"input": '{"a": ' + "[" * 300 + "]" * 300 + "}"}, "The input is nested too deeply."),
        ("update", {"input": '{"a": ' + "[" * 30_000 + "]" * 30_000 + "}"}, "The input is nested too deeply."),
        ("update", {"input": '{"a": "' + "x" * 2_100_000 + '"}'}, "The input is larger than 2 MB."),
    ],
)
def test_a_form_filled_in_wrongly_says_so_and_sends_nothing(
    admin: Client, upstream: Faulty, operation: str, changes: dict[str, str], words: str
) -> None:
    form = _form(admin, operation) | changes
    response = admin.post(f"{PAGE}{operation}/", form)
    assert response.status_code == 422
    assert words in pages.text(response)
    assert canned.sent(upstream) == []
    # What was filled in is still there, with a token of its own.
    assert response.context["form"].data["name" if "name" in form else "reason"] == form.get("name", form.get("reason"))
    assert pages.token(response) != form["token"]


@pytest.mark.parametrize(
    ("execution_id", "confirm", "accepted"),
    [
        ("abcdefgh", "cdefgh", True),
        ("abcdefgh", " cdefgh ", True),
        ("abcdefgh", "abcdefgh", False),
        ("abc", "abc", True),
        ("with tail ", " tail ", True),
        ("with tail ", "tail", True),
        # A browser's field holds no line feed.
        ("inv\n1\n2\n3", "1 2 3", True),
        ("nothing to see       ", "", False),
        ("nothing to see       ", "      ", True),
        ("😀😀😀😀😀😀😀", "😀😀😀😀😀😀", True),
    ],
)
def test_terminate_asks_for_the_end_of_the_id(
    admin: Client, upstream: Faulty, execution_id: str, confirm: str, accepted: bool
) -> None:
    canned.healthy(upstream, execution_id)
    address = f"/executions/{to_path(execution_id)}/terminate/"
    form = pages.open_form(admin, address, reason="stuck", confirm=confirm)
    assert admin.post(address, form).status_code == (303 if accepted else 422)
    assert canned.sent(upstream) == ([(canned.path(execution_id, "/terminate"), None)] if accepted else [])


def test_an_input_that_is_left_empty_is_not_sent(operator: Client, upstream: Faulty) -> None:
    form = pages.open_form(operator, f"{PAGE}signal/", name="approve", input=" \n")
    assert operator.post(f"{PAGE}signal/", form).status_code == 303
    assert canned.sent(upstream) == [(canned.path(rest="/signals"), {"name": "approve"})]


@each_write
def test_opening_a_form_does_nothing(admin: Client, upstream: Faulty, operation: str) -> None:
    for _ in range(2):
        assert admin.get(f"{PAGE}{operation}/", FORMS[operation]).status_code == 200
    assert admin.head(f"{PAGE}{operation}/").status_code == 200
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0


@each_write
def test_the_confirmation_is_about_the_latest_run(admin: Client, upstream: Faulty, operation: str) -> None:
    """Actions act on the latest run, so a link to an earlier one shows the latest one's status, and says so."""
    old = canned.execution(run_id=canned.OTHER_RUN, status="TERMINATED")
    upstream.on(reply(old), path=f"{canned.RUNS}/{canned.OTHER_RUN}")
    response = admin.get(f"{PAGE}{operation}/", {"run": canned.OTHER_RUN, "event_id": "9"})
    assert response.context["run"].status.word == "Running"
    assert "This acts on the execution’s latest run." in pages.text(response)
    # An event of the earlier run is no point of the latest one.
    assert response.context["form"]["event_id"].value() is None if operation == "reset" else True
    latest = admin.get(f"{PAGE}{operation}/", {"run": canned.RUN, "event_id": "4"})
    assert "This acts on the execution’s latest run." not in pages.text(latest)
    assert latest.context["form"]["event_id"].value() == "4" if operation == "reset" else True


def test_reset_offers_the_points_of_the_history(operator: Client, upstream: Faulty) -> None:
    response = operator.get(f"{PAGE}reset/")
    assert [(one.event_id, one.before, one.after) for one in response.context["points"]] == [
        (4, "WorkflowExecutionStarted invoice-pipeline", "ActivityTaskScheduled extract_invoice")
    ]


def test_reset_offers_the_points_that_the_api_names(operator: Client, upstream: Faulty) -> None:
    refusal = {"detail": "Not a valid reset point.", "code": "WF_1001", "valid_reset_events": [4, 10]}
    upstream.on(reply(refusal, 422), method="POST", path=canned.path(rest="/reset"))
    form = pages.open_form(operator, f"{PAGE}reset/", reason="stuck", event_id="5")
    response = operator.post(f"{PAGE}reset/", form)
    assert response.status_code == 422
    assert [one.event_id for one in response.context["points"]] == [4, 10]


class TestQuery:
    address = f"{PAGE}query/"
    call = canned.path(rest="/queries")

    def test_it_answers_in_place(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status", input='{"a": 1}')
        response = operator.post(self.address, form)
        assert response.status_code == 200
        assert json.loads(response.context["answer"]) == {"step": 3}
        assert canned.sent(upstream) == [(self.call, {"name": "get_status", "input": {"a": 1}})]

    def test_its_first_use_is_audited_and_repeats_are_counted(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status")
        for _ in range(3):
            response = operator.post(self.address, form)
            assert pages.token(response) == form["token"]
        row = ActionRequested.objects.get()
        assert (row.operation, row.name, row.username) == ("query", "get_status", "operator")
        assert [one.action_id for one in ActionRepeated.objects.all()] == [row.id, row.id]
        assert len(canned.sent(upstream)) == 3
        assert "and 2 more times" in pages.text(operator.get(f"{PAGE}actions/"))

    def test_another_question_from_the_same_form_is_a_first_use(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status")
        for changes in ({}, {"name": "get_secret"}, {"input": '{"of": 1}'}, {"name": "get_secret"}):
            operator.post(self.address, form | changes)
        assert [(one.name, len(one.body_digest)) for one in ActionRequested.objects.order_by("at")] == [
            ("get_status", 64),
            ("get_secret", 64),
            ("get_status", 64),
        ]
        assert ActionRepeated.objects.count() == 1

    @pytest.mark.parametrize("answer", [reply(status=503), reply({"detail": "slow down"}, 429)])
    def test_it_is_never_retried(self, operator: Client, upstream: Faulty, answer: Any) -> None:
        upstream.on(answer, reply({"result": 1}), path=self.call)
        form = pages.open_form(operator, self.address, name="get_status")
        assert operator.post(self.address, form).status_code in {502, 503}
        assert len(canned.sent(upstream)) == 1

    def test_a_question_without_an_answer_leaves_nothing_in_doubt(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply({"detail": "An error occurred", "code": "WF_1103"}, 500), path=self.call)
        form = pages.open_form(operator, self.address, name="get_status")
        response = operator.post(self.address, form)
        assert (response.status_code, pages.problem(response)) == (
            502,
            "The Workflows API had an error of its own WF_1103",
        )
        assert ActionOutcome.objects.get().result == "unknown"
        for shown in (pages.text(response), pages.text(operator.get(f"{PAGE}actions/"))):
            assert "may or may not have happened" not in shown

    def test_null_is_an_answer(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply({"query_name": "q", "result": None}), path=self.call)
        form = pages.open_form(operator, self.address, name="get_status")
        assert operator.post(self.address, form).context["answer"] == "null"
