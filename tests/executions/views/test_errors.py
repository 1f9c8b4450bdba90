"""When the API misbehaves: every fault, on a page, in a fragment and in a write, says what happened and never more."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from executions.models import ActionOutcome, ActionRequested
from executions.services import api as client_module
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import CLOSE, HANG, RESET, Answer, Faulty, Request, head, redirect, reply

PAGE = f"/executions/{canned.ID}/"
PART = {"HX-Request": "true", "HX-Target": "part"}
NO_ANSWER = "The Workflows API does not answer"
UNREADABLE = "The Workflows API answered with something we cannot read"
FAULT = "The Workflows API had an error of its own"
KEY = "The Workflows API does not accept the console’s key"
INVALID = "The Workflows API did not accept this"
SLOW_DOWN = "The Workflows API is asking us to slow down"
UNKNOWN = "Unknown: check before trying again"
HTML = b"<html><script>alert(1)</script><h1>502 Bad Gateway</h1></html>"


@dataclass(frozen=True)
class Fault:
    answer: Answer
    status: int
    """Ours."""
    title: str
    result: str
    """What the audit says of a write."""
    words: str = ""
    retry_after: range | None = None


def _soon() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


FAULTS = {
    "401": Fault(reply({"detail": "Unauthorized"}, 401), 502, KEY, "refused"),
    "403": Fault(reply({"detail": "Forbidden"}, 403), 502, KEY, "refused"),
    "404": Fault(
        reply({"detail": "Workflow execution not found", "code": "WF_1100"}, 404),
        404,
        "Not found WF_1100",
        "refused",
        "Workflow execution not found",
    ),
    "409": Fault(
        reply({"detail": "It is over", "code": "WF_1102", "status": "COMPLETED"}, 409),
        409,
        "This execution is no longer running WF_1102",
        "refused",
        "It is over",
    ),
    "422 in words": Fault(
        reply({"detail": "Unknown update", "code": "WF_1001"}, 422),
        422,
        f"{INVALID} WF_1001",
        "refused",
        "Unknown update",
    ),
    "422 as a list": Fault(
        reply({"detail": [{"loc": ["body", "input", "by"], "msg": "Field required", "type": "missing"}]}, 422),
        422,
        INVALID,
        "refused",
        "body.input.by: Field required",
    ),
    "429 in seconds": Fault(
        reply({"detail": "Too many"}, 429, {"Retry-After": "70"}),
        503,
        SLOW_DOWN,
        "refused",
        retry_after=range(70, 71),
    ),
    "429 as a date": Fault(
        lambda request: reply({"detail": "Too many"}, 429, {"Retry-After": _soon()}),
        503,
        SLOW_DOWN,
        "refused",
        retry_after=range(60, 91),
    ),
    "429 without a time": Fault(reply({}, 429), 503, SLOW_DOWN, "refused", retry_after=range(1, 60)),
    "418": Fault(reply({"detail": "No tea"}, 418), 502, "The Workflows API refused this", "refused", "No tea"),
    "500": Fault(
        reply({"detail": "An error occurred", "code": "WF_1103"}, 500),
        502,
        f"{FAULT} WF_1103",
        "unknown",
        "An error occurred",
    ),
    "502 with HTML": Fault(reply(HTML, 502, {"Content-Type": "text/html"}), 502, FAULT, "unknown", "(502)"),
    "504": Fault(reply({"detail": "An error occurred"}, 504), 502, FAULT, "unknown", "An error occurred"),
    "hang": Fault([HANG], 504, NO_ANSWER, "unknown", "within 1 seconds"),
    "hang in the middle": Fault([head(headers={"Content-Length": "10"}), b"{", HANG], 504, NO_ANSWER, "unknown"),
    "reset": Fault([RESET], 504, NO_ANSWER, "unknown"),
    "closed": Fault([CLOSE], 504, NO_ANSWER, "unknown"),
    "cut short": Fault(reply(canned.execution(), missing=5), 502, UNREADABLE, "unknown"),
    "half a JSON": Fault(reply(b'{"execution_id": "inv-1", '), 502, UNREADABLE, "unknown"),
    "HTML": Fault(reply(HTML), 502, UNREADABLE, "unknown"),
    "wrong shape": Fault(reply(["inv-1"]), 502, UNREADABLE, "unknown"),
    "redirect": Fault(redirect("http://127.0.0.1:9/elsewhere"), 502, UNREADABLE, "unknown", "not followed"),
}
each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture
def quick(settings: Any) -> None:
    """A limit that a hanging API reaches soon."""
    settings.UPSTREAM_TIMEOUT_SECONDS = 1
    client_module.client.cache_clear()


def _told(response: HttpResponse, fault: Fault) -> None:
    assert (response.status_code, pages.problem(response)) == (fault.status, fault.title)
    assert fault.words in pages.problem_text(response)
    _and_nothing_more(response, fault)


def _and_nothing_more(response: HttpResponse, fault: Fault) -> None:
    assert response["Cache-Control"] == "no-store"
    if fault.retry_after is None:
        assert "Retry-After" not in response
    else:
        assert int(response["Retry-After"]) in fault.retry_after
    assert "<script>alert" not in response.content.decode()
    assert "test-key" not in response.content.decode()


@each_fault
def test_a_page(operator: Client, upstream: Faulty, quick: None, fault: Fault) -> None:
    upstream.on(fault.answer, method="GET", path=canned.path())
    response = operator.get(PAGE)
    _told(response, fault)
    assert "<html" in response.content.decode()


@each_fault
def test_a_fragment(operator: Client, upstream: Faulty, quick: None, fault: Fault) -> None:
    upstream.on(fault.answer, method="GET", path=canned.path())
    response = operator.get(PAGE, headers=PART)
    _told(response, fault)
    assert "<html" not in response.content.decode()


@each_fault
def test_a_write(operator: Client, upstream: Faulty, quick: None, fault: Fault) -> None:
    upstream.on(fault.answer, method="POST", path=canned.path(rest="/updates"))
    form = pages.open_form(operator, f"{PAGE}update/", name="set_priority", input='{"to": 7}')
    response = operator.post(f"{PAGE}update/", form)
    code = fault.title.rpartition(" ")[2] if "WF_" in fault.title else ""
    title = f"{UNKNOWN} {code}".strip() if fault.result == "unknown" else fault.title
    assert (response.status_code, pages.problem(response)) == (fault.status, title)
    assert fault.words in pages.problem_text(response)
    _and_nothing_more(response, fault)
    assert len(canned.sent(upstream)) == 1
    outcome = ActionOutcome.objects.get()
    assert (outcome.action_id, outcome.result, outcome.code) == (ActionRequested.objects.get().id, fault.result, code)
    # The form is still there as it was filled in, and can be sent again, as something new.
    assert response.context["form"].data["input"] == '{"to": 7}'
    assert pages.token(response) != form["token"]
    in_doubt = "It may or may not have happened"
    assert (in_doubt in pages.text(response)) == (fault.result == "unknown")
    assert (in_doubt in pages.text(operator.get(f"{PAGE}actions/"))) == (fault.result == "unknown")


@each_fault
def test_a_batch(admin: Client, upstream: Faulty, quick: None, fault: Fault) -> None:
    upstream.on(fault.answer, method="POST", path=f"{canned.EXECUTIONS}/cancel")
    frozen = admin.post("/batches/", {"operation": "cancel", "id": [canned.ID, "b"]})["Location"]
    admin.post(f"{frozen}start/", pages.open_form(admin, frozen, reason="stuck"))
    assert len(canned.sent(upstream)) == 1
    assert [one.result for one in ActionOutcome.objects.all()] == [fault.result] * 2
    # It is sent by no request, so that no request's answer tells: the page does, and shows each execution's part.
    page = admin.get(frozen)
    assert page.context["progress"].counts[fault.result] == 2
    assert fault.words in page.context["batch"].note
    _and_nothing_more(page, replace(fault, retry_after=None))


@pytest.mark.parametrize("operation", ["cancel", "terminate", "reset", "signal"])
@pytest.mark.parametrize("name", ["HTML", "half a JSON", "redirect"])
def test_a_foreign_answer_is_no_success(admin: Client, upstream: Faulty, operation: str, name: str) -> None:
    """Not even where the API itself answers without a body."""
    upstream.on(FAULTS[name].answer, method="POST")
    filled = {"reason": "stuck", "confirm": canned.ID[-6:], "event_id": "4", "name": "approve"}
    response = admin.post(f"{PAGE}{operation}/", pages.open_form(admin, f"{PAGE}{operation}/", **filled))
    assert (response.status_code, pages.problem(response)) == (502, UNKNOWN)
    assert ActionOutcome.objects.get().result == "unknown"


def test_a_write_that_cannot_be_sent_is_not_in_doubt(operator: Client, upstream: Faulty) -> None:
    form = pages.open_form(operator, f"{PAGE}cancel/", reason="stuck")

    def the_last(request: Request) -> Any:
        upstream.refuse()
        return reply(canned.execution())

    upstream.on(the_last, method="GET", path=canned.path())
    response = operator.post(f"{PAGE}cancel/", form)
    assert (response.status_code, pages.problem(response)) == (504, "Nothing was sent")
    assert ActionOutcome.objects.get().result == "not sent"


def test_an_api_that_did_not_answer_is_not_asked_again(operator: Client, upstream: Faulty) -> None:
    """The operator waits for one limit, not for the limit of every part of the page."""
    form = pages.open_form(operator, f"{PAGE}update/", name="set_priority")
    upstream.on([RESET], method="POST")
    asked = len(upstream.requests)
    response = operator.post(f"{PAGE}update/", form)
    assert (response.status_code, pages.problem(response)) == (504, UNKNOWN)
    asked_for = [(one.method, one.path) for one in upstream.requests[asked:]]
    assert asked_for[-2:] == [("GET", canned.path()), ("POST", canned.path(rest="/updates"))]


@pytest.mark.parametrize(("name", "advice"), [("operator", "Ask an administrator"), ("admin", "Set MISTRAL_API_KEY")])
def test_only_administrators_are_told_about_the_key(sign_in: SignIn, upstream: Faulty, name: str, advice: str) -> None:
    upstream.on(reply({"detail": "Unauthorized"}, 401), path=canned.path())
    shown = pages.problem_text(sign_in(name).get(PAGE))
    assert advice in shown
    assert ("MISTRAL_API_KEY" in shown) == (name == "admin")


@pytest.mark.parametrize(
    ("key", "words"), [("", "MISTRAL_API_KEY is not set."), ("a\nb", "The API key has characters that no key has")]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_key_a_page_says_what_to_set(
    operator: Client, settings: Any, method: str, key: str, words: str
) -> None:
    form = pages.open_form(operator, f"{PAGE}cancel/", reason="stuck")
    settings.MISTRAL_API_KEY = key
    client_module.client.cache_clear()
    response = getattr(operator, method)(f"{PAGE}cancel/", form if method == "post" else None)
    assert (response.status_code, pages.problem(response)) == (503, "The console has no API key that it can use")
    assert words in pages.problem_text(response)
    assert "Set MISTRAL_API_KEY in the environment" in pages.problem_text(response)
    assert ActionRequested.objects.count() == 0
    settings.MISTRAL_API_KEY = "test-key"


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("get", f"/batches/{canned.RUN}/pause/", "POST"),
        ("post", PAGE, "GET, HEAD"),
        ("put", f"{PAGE}cancel/", "GET, HEAD, POST"),
    ],
)
def test_a_method_that_an_address_does_not_take(admin: Client, method: str, address: str, allowed: str) -> None:
    response = getattr(admin, method)(address)
    assert (response.status_code, pages.problem(response)) == (405, "There is nothing to see at this address")
    assert response["Allow"] == allowed


def test_an_address_that_there_is_not(sign_in: SignIn) -> None:
    response = sign_in("viewer").get("/no/such/page/")
    assert (response.status_code, pages.problem(response)) == (404, "There is no such page")


@pytest.mark.parametrize(
    ("name", "page", "right", "groups"),
    [
        ("nobody", "", "read executions", "viewer, operator or admin"),
        ("viewer", "cancel/", "signal, query, update, cancel or reset executions", "operator or admin"),
        ("operator", "terminate/", "terminate executions or run batches", "admin"),
    ],
)
def test_what_is_missing_is_said_in_words(sign_in: SignIn, name: str, page: str, right: str, groups: str) -> None:
    response = sign_in(name).get(f"{PAGE}{page}")
    assert (response.status_code, pages.problem(response)) == (403, "You may not do this")
    assert f"Your account has no right to {right}." in pages.problem_text(response)
    assert f"Ask an administrator to put you into the group {groups}." in pages.problem_text(response)


def test_a_foreign_host(sign_in: SignIn) -> None:
    response = sign_in("viewer").get("/executions/", headers={"Host": "evil.example"})
    assert (response.status_code, pages.problem(response)) == (400, "This request cannot be understood")
    assert "evil.example" not in response.content.decode()


@pytest.mark.parametrize(
    ("method", "advice"), [("get", "Try again."), ("post", "Check what came of it before you try again.")]
)
def test_an_error_of_ours_is_a_page_of_ours(
    operator: Client, monkeypatch: pytest.MonkeyPatch, method: str, advice: str
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("executions.views.acting.fetch_latest", broken)
    operator.raise_request_exception = False
    response = getattr(operator, method)(f"{PAGE}cancel/")
    assert (response.status_code, pages.problem(response)) == (500, "Something went wrong in the console itself")
    assert advice in pages.problem_text(response)
    assert "secret" not in response.content.decode()


def test_trying_again_from_a_fragment_loads_its_page(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply(status=500), path=canned.RUNS)
    here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{PAGE}?run={canned.RUN}"}
    response = operator.get(f"{PAGE}?part=runs", headers=here)
    assert (response.status_code, pages.problem(response)) == (502, FAULT)
    assert pages.links(response) == [f"{PAGE}?run={canned.RUN}"]
