"""The write envelope through its pages: looked at again, recorded before it is sent, sent once, told as it came out."""

import hashlib
import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested
from executions.services import actions
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
INPUT = '{"by": "Zoë", "big": 123456789012345678901234567890, "share": 0.1, "none": null}'
FORMS: dict[str, dict[str, str]] = {
    "signal": {"name": "approve", "input": INPUT, "reason": "agreed"},
    "update": {"name": "set_priority", "input": INPUT, "reason": ""},
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
NOTHING_WAS_SENT = "Nothing was sent"


def form(browser: Client, operation: str, query: str = "") -> dict[str, Any]:
    """What a browser would send from an operation's form."""
    return pages.open_form(browser, f"{PAGE}{operation}/{query}", **FORMS[operation])


def recorded_nothing(upstream: Faulty) -> bool:
    return canned.sent(upstream) == [] and ActionRequested.objects.count() == 0


def kept(response: HttpResponse, sent: dict[str, Any]) -> bool:
    """Whether the form is there as it was sent, but for its token."""
    data = response.context["form"].data
    return {name: data.get(name) for name in sent if name != "token"} == {
        name: value for name, value in sent.items() if name != "token"
    }


@each_write
def test_a_write_is_recorded_and_sent(admin: Client, upstream: Faulty, operation: str) -> None:
    response = admin.post(f"{PAGE}{operation}/", form(admin, operation))
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
    assert json.loads(row.input or "null") == (json.loads(INPUT) if "input" in FORMS[operation] else None)
    outcome = ActionOutcome.objects.get()
    assert (outcome.action_id, outcome.result) == (row.id, "done")
    assert json.loads(outcome.answer or "null") == ({"priority": 1} if operation == "update" else None)
    shown = pages.text(admin.get(response["Location"]))
    assert "accepted by the Workflows API" in shown


@each_write
def test_a_form_sent_twice_acts_once(admin: Client, upstream: Faulty, operation: str) -> None:
    """Also where the execution is another by then: it was this form that changed it."""
    sending = form(admin, operation)
    first = admin.post(f"{PAGE}{operation}/", sending)
    canned.healthy(upstream, status="TERMINATED", end_time="2026-01-31T14:06:00Z")
    again = admin.post(f"{PAGE}{operation}/", sending | {"reason": "changed my mind"})
    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert len(canned.sent(upstream)) == 1
    assert ActionRequested.objects.get().reason == FORMS[operation].get("reason", "")
    assert "This form was sent before. Nothing was sent again" in pages.text(admin.get(again["Location"]))


CHANGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "status": ({"status": "COMPLETED", "end_time": "2026-01-31T14:06:00Z"}, "Running", "Completed"),
    "run": ({"run_id": canned.OTHER_RUN}, canned.RUN[:8], canned.OTHER_RUN[:8]),
    "status unknown to us": ({"status": "<b>ASLEEP</b>"}, "Running", "<b>ASLEEP</b>"),
    "no run id any more": ({"run_id": None}, canned.RUN[:8], "—"),
}


@each_write
@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_since_the_form_was_opened_is_told_before_anything_is_sent(
    admin: Client, upstream: Faulty, operation: str, kind: str
) -> None:
    changes, was, is_now = CHANGES[kind]
    sending = form(admin, operation)
    canned.healthy(upstream, **changes)
    response = admin.post(f"{PAGE}{operation}/", sending)
    assert response.status_code == 409
    assert pages.problem(response) == "This execution has changed since you opened the form"
    told = pages.problem_text(response)
    assert was in told.partition("It is")[0]
    assert is_now in told.partition("It is")[2]
    assert NOTHING_WAS_SENT in told
    assert recorded_nothing(upstream)
    assert kept(response, sending)
    # The new form is about what is now, and the old one still is not.
    assert admin.post(f"{PAGE}{operation}/", sending).status_code == 409
    assert recorded_nothing(upstream)
    again = admin.post(f"{PAGE}{operation}/", sending | {"token": pages.token(response)})
    assert again.status_code == 303
    assert len(canned.sent(upstream)) == 1


@each_write
def test_what_the_execution_is_now_is_asked_just_before(admin: Client, upstream: Faulty, operation: str) -> None:
    sending = form(admin, operation)
    upstream.requests.clear()
    assert admin.post(f"{PAGE}{operation}/", sending).status_code == 303
    asked = [(one.method, one.target) for one in upstream.requests]
    assert asked[-2:] == [("GET", canned.path()), ("POST", canned.path(rest=CALLS[operation][0]))]
    # An input is checked first, against what the execution's workflow declares.
    assert asked.count(("GET", canned.path())) == (2 if operation in {"signal", "update"} else 1)


LOOK_FAILS = {
    "gone": (reply({"detail": "Workflow execution not found", "code": "WF_1100"}, 404), 404),
    "fault": (reply({"detail": "An error occurred"}, 500), 502),
    "no answer": ([RESET], 504),
    "slow down": (reply({}, 429), 503),
    "foreign": (reply(b"<html>"), 502),
    "key": (reply({}, 401), 502),
}


@each_write
@pytest.mark.parametrize("kind", LOOK_FAILS)
def test_what_cannot_be_looked_at_is_not_acted_on(admin: Client, upstream: Faulty, operation: str, kind: str) -> None:
    answer, status = LOOK_FAILS[kind]
    sending = form(admin, operation)
    asked = len(upstream.requests)
    upstream.on(answer, method="GET", path=canned.path())
    response = admin.post(f"{PAGE}{operation}/", sending)
    assert response.status_code == status
    assert pages.problem(response).startswith(NOTHING_WAS_SENT)
    assert recorded_nothing(upstream)
    # The API that has just failed is not asked for the rest of the page. (A reset looks at the history before.)
    history = [canned.path(rest="/history")] if operation == "reset" else []
    assert [one.path for one in upstream.requests[asked:]] == [*history, canned.path()]
    # The form still is about what it showed.
    assert kept(response, sending)
    assert pages.token(response) == sending["token"]
    canned.healthy(upstream)
    assert admin.post(f"{PAGE}{operation}/", sending).status_code == 303
    assert len(canned.sent(upstream)) == 1


@each_write
def test_a_second_click_while_the_api_fails_leads_to_the_first(admin: Client, upstream: Faulty, operation: str) -> None:
    sending = form(admin, operation)
    first = admin.post(f"{PAGE}{operation}/", sending)
    upstream.on([RESET])
    again = admin.post(f"{PAGE}{operation}/", sending)
    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert len(canned.sent(upstream)) == 1


@each_write
def test_after_no_answer_the_form_is_about_what_was_seen_before_it(
    admin: Client, upstream: Faulty, operation: str
) -> None:
    """If it did happen and changed the execution, sending it again says so; if not, it is sent."""
    upstream.on([RESET], method="POST")
    sending = form(admin, operation)
    response = admin.post(f"{PAGE}{operation}/", sending)
    assert (response.status_code, pages.problem(response)) == (504, "Unknown: check before trying again")
    assert "Status before" in pages.text(response)
    assert kept(response, sending)
    canned.healthy(upstream, run_id=canned.OTHER_RUN)
    again = admin.post(f"{PAGE}{operation}/", sending | {"token": pages.token(response)})
    assert again.status_code == 409
    canned.healthy(upstream)
    again = admin.post(f"{PAGE}{operation}/", sending | {"token": pages.token(response)})
    assert again.status_code == 303
    assert len(canned.sent(upstream)) == 2


def aged(token: str, seconds: int) -> str:
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
    "too old": lambda browser, other, operation: aged(pages.token(browser.get(f"{PAGE}{operation}/")), 1),
    "signed for something else": lambda browser, other, operation: signing.dumps([1, 2, 3, 4, 5, 6, 7]),
    "of another shape": lambda browser, other, operation: signing.dumps({"a": 1}, salt="executions.action"),
    "of an earlier version": lambda browser, other, operation: signing.dumps([1, 2, 3, 4, 5], salt="executions.action"),
}


@each_write
@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_that_does_not_fit_sends_nothing(
    admin: Client, sign_in: SignIn, upstream: Faulty, kind: str, operation: str
) -> None:
    """As from a form of yesterday: what was typed is kept, in a form of today."""
    canned.healthy(upstream, "b")
    found = TOKENS[kind](admin, sign_in("superuser"), operation)
    sending = FORMS[operation] | ({} if found is None else {"token": found})
    response = admin.post(f"{PAGE}{operation}/", sending)
    assert (response.status_code, pages.problem(response)) == (400, "This form is too old, or not yours")
    assert NOTHING_WAS_SENT in pages.problem_text(response)
    assert recorded_nothing(upstream)
    assert kept(response, sending)
    again = admin.post(f"{PAGE}{operation}/", sending | {"token": pages.token(response)})
    assert again.status_code == 303
    assert len(canned.sent(upstream)) == 1


@each_write
def test_a_form_may_stay_open_for_half_a_day(admin: Client, upstream: Faulty, operation: str) -> None:
    sending = form(admin, operation)
    response = admin.post(f"{PAGE}{operation}/", sending | {"token": aged(sending["token"], -60)})
    assert response.status_code == 303
    assert len(canned.sent(upstream)) == 1


@each_write
def test_without_the_csrf_token_nothing_is_sent(sign_in: SignIn, users: Any, upstream: Faulty, operation: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(users["admin"])
    response = browser.post(f"{PAGE}{operation}/", form(browser, operation))
    assert (response.status_code, pages.problem(response)) == (403, "This form was not sent from a page of the console")
    assert "Executions Console" in response.content.decode()
    assert recorded_nothing(upstream)


NO_CONTROLS = "A reason has no control characters: type it anew."
REASONS = {
    "missing": ("", "Say why: your teammates will want to know."),
    "blank": (" \r\n ", "Say why: your teammates will want to know."),
    "10,000 characters": ("x" * 10_000, "at most 2000 characters (it has 10000)"),
    "one too many": ("x" * 2001, "at most 2000 characters"),
    "escape": ("stuck \x1b[31mred", NO_CONTROLS),
    "bell": ("stuck\x07", NO_CONTROLS),
    "carriage return": ("stuck\rfree", NO_CONTROLS),
    "turned round": ("stuck \u202egnp.exe", NO_CONTROLS),
    "null": ("stuck\0", NO_CONTROLS),
}


@pytest.mark.parametrize("operation", ["cancel", "terminate", "reset", "signal"])
@pytest.mark.parametrize("kind", REASONS)
def test_a_reason_that_teammates_could_not_read(admin: Client, upstream: Faulty, operation: str, kind: str) -> None:
    reason, words = REASONS[kind]
    sending = form(admin, operation) | {"reason": reason}
    response = admin.post(f"{PAGE}{operation}/", sending)
    if operation == "signal" and not reason.strip():
        # Where nothing ends it may be left out.
        assert response.status_code == 303
        return
    assert response.status_code == 422
    assert words in pages.text(response)
    assert recorded_nothing(upstream)
    assert kept(response, sending)
    assert pages.token(response) != sending["token"]


@pytest.mark.parametrize("reason", ["x" * 2000, "first\r\nsecond\tthird", "日本 😀 <b>"])
def test_a_reason_is_kept_as_it_was_written(admin: Client, upstream: Faulty, reason: str) -> None:
    assert admin.post(f"{PAGE}cancel/", form(admin, "cancel") | {"reason": reason}).status_code == 303
    assert ActionRequested.objects.get().reason == reason.replace("\r\n", "\n")
    assert (
        "<b>" not in admin.get(f"{PAGE}actions/").content.decode().partition('class="reason"')[2].partition("</td>")[0]
    )


@pytest.mark.parametrize("operation", ["cancel", "terminate", "reset"])
def test_a_form_filled_in_wrongly_says_what_has_changed_as_well(
    admin: Client, upstream: Faulty, operation: str
) -> None:
    sending = form(admin, operation) | {"reason": ""}
    canned.healthy(upstream, run_id=canned.OTHER_RUN)
    response = admin.post(f"{PAGE}{operation}/", sending)
    assert response.status_code == 422
    assert pages.problem(response) == "This execution has changed since you opened the form"
    assert "Say why" in pages.text(response)
    # Both were said: with a reason it goes.
    again = admin.post(f"{PAGE}{operation}/", sending | {"reason": "stuck", "token": pages.token(response)})
    assert again.status_code == 303


@pytest.mark.parametrize("operation", ["cancel", "terminate", "reset"])
def test_a_form_filled_in_wrongly_is_kept_while_the_api_fails(admin: Client, upstream: Faulty, operation: str) -> None:
    sending = form(admin, operation) | {"reason": ""}
    upstream.on([RESET])
    response = admin.post(f"{PAGE}{operation}/", sending)
    assert (response.status_code, pages.problem(response)) == (504, NOTHING_WAS_SENT)
    assert "Say why" in pages.text(response)
    assert (kept(response, sending), pages.token(response)) == (True, sending["token"])


@each_write
def test_opening_a_form_does_nothing(admin: Client, upstream: Faulty, operation: str) -> None:
    for _ in range(2):
        assert admin.get(f"{PAGE}{operation}/", FORMS[operation]).status_code == 200
    assert admin.head(f"{PAGE}{operation}/").status_code == 200
    assert recorded_nothing(upstream)


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


@each_write
def test_two_tabs_are_two_forms(admin: Client, upstream: Faulty, operation: str) -> None:
    """Where the first changed what the second shows, that is said first; otherwise each is an action of its own."""
    first, second = form(admin, operation), form(admin, operation)
    assert admin.post(f"{PAGE}{operation}/", first).status_code == 303
    response = admin.post(f"{PAGE}{operation}/", second)
    if operation != "cancel":
        assert response.status_code == 303
        assert len(canned.sent(upstream)) == 2
        return
    assert response.status_code == 409
    assert "a cancel was requested" not in pages.problem_text(response)
    assert "Cancel requested" in pages.problem_text(response).partition("It is")[2]
    assert len(canned.sent(upstream)) == 1
    again = admin.post(f"{PAGE}{operation}/", second | {"token": pages.token(response)})
    assert again.status_code == 303
    assert len(canned.sent(upstream)) == 2


class TestJustSent:
    """A form says that its user did the same a moment ago: a second time is on purpose."""

    def notice(self, browser: Client, operation: str, execution_id: str = canned.ID) -> str:
        found = browser.get(f"/executions/{execution_id}/{operation}/").content.decode()
        said = re.search(r'<p class="notice just-sent">(.*?)</p>', found, re.DOTALL)
        return re.sub(r" \d+ ms| [\d.]+ s", " …", pages.text(said[1])) if said else ""

    @each_write
    def test_it_says_what_came_of_it_and_links_to_its_record(
        self, admin: Client, upstream: Faulty, operation: str
    ) -> None:
        assert self.notice(admin, operation) == ""
        admin.post(f"{PAGE}{operation}/", form(admin, operation))
        what = f"{operation} {FORMS[operation].get('name', '')}".strip()
        assert self.notice(admin, operation) == f"You sent the {what} … ago: done. Its record"
        record = f"{PAGE}actions/?action={ActionRequested.objects.get().id}"
        assert record in pages.links(admin.get(f"{PAGE}{operation}/"))
        assert len(canned.sent(upstream)) == 1

    def test_it_is_about_this_user_this_execution_and_this_operation(
        self, admin: Client, operator: Client, upstream: Faulty
    ) -> None:
        canned.healthy(upstream, "b")
        admin.post(f"{PAGE}signal/", form(admin, "signal"))
        assert self.notice(admin, "signal") != ""
        assert (
            self.notice(admin, "update") == self.notice(admin, "signal", "b") == self.notice(operator, "signal") == ""
        )

    @pytest.mark.parametrize(
        ("answer", "result"),
        [([RESET], "unknown"), (reply(status=500), "unknown"), (reply({"detail": "no"}, 409), "")],
    )
    def test_what_was_refused_is_not_told(self, admin: Client, upstream: Faulty, answer: Any, result: str) -> None:
        upstream.on(answer, method="POST")
        failed = admin.post(f"{PAGE}cancel/", form(admin, "cancel"))
        # The page of the failure says it once.
        assert failed.context["just_sent"] is None
        assert self.notice(admin, "cancel") == (f"You sent the cancel … ago: {result}. Its record" if result else "")

    @pytest.mark.parametrize(("minutes", "says"), [(9, True), (11, False)])
    def test_it_is_told_for_ten_minutes(
        self, admin: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, minutes: int, says: bool
    ) -> None:
        admin.post(f"{PAGE}signal/", form(admin, "signal"))
        later = timezone.now() + timedelta(minutes=minutes)
        monkeypatch.setattr(timezone, "now", lambda: later)
        assert (self.notice(admin, "signal") != "") is says


@each_write
def test_browsers_restore_nothing_into_a_form(admin: Client, upstream: Faulty, operation: str) -> None:
    tags = pages.parse(admin.get(f"{PAGE}{operation}/")).tags
    (found,) = [found for tag, found in tags if tag == "form" and "data-once" in found]
    assert found["autocomplete"] == "off"


class TestNow:
    """The part of an open form that says what the execution is now."""

    headers = {"HX-Request": "true", "HX-Target": "now"}

    @pytest.mark.parametrize(("operation", "says"), [*((one, one != "reset") for one in FORMS), ("query", False)])
    def test_it_says_that_the_run_is_over(self, admin: Client, upstream: Faulty, operation: str, says: bool) -> None:
        (place,) = [f for _, f in pages.parse(admin.get(f"{PAGE}{operation}/")).tags if f.get("id") == "now"]
        assert (place["hx-get"], place["hx-trigger"]) == (f"{PAGE}{operation}/", "facts-changed from:body")
        canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        changed = admin.get(f"{PAGE}?part=facts", headers={"HX-Request": "true", "X-Was": "another"})
        assert changed["HX-Trigger"] == "facts-changed"
        upstream.requests.clear()
        response = admin.get(place["hx-get"], headers=self.headers)
        shown = pages.text(response)
        assert "Status now Completed" in shown
        assert ("This run is over since you opened this form, so the API will refuse this." in shown) is says
        # Neither a form, nor what only a form needs.
        assert "form" not in [tag for tag, _ in pages.parse(response).tags]
        assert [one.path for one in upstream.requests] == [canned.path()]

    def test_it_says_that_a_cancel_was_requested(self, operator: Client, upstream: Faulty) -> None:
        operator.post(f"{PAGE}cancel/", {**form(operator, "cancel"), "reason": "too slow"})
        shown = pages.text(operator.get(f"{PAGE}signal/", headers=self.headers))
        assert "This has changed since you opened the form." in shown
        assert "too slow" in shown
