"""Several executions at once, through the pages."""

import uuid
from typing import Any

import pytest
from django.test import Client

from executions.models import ActionRequested
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import Faulty, reply

IDS = ["inv-1", "a/b", "<script>"]


def freeze(browser: Client, operation: str = "cancel", ids: list[str] = IDS) -> str:
    response = browser.post("/batches/", {"operation": operation, "id": ids})
    assert response.status_code == 303, pages.text(response)
    return str(response["Location"])


@pytest.mark.parametrize(("operation", "confirm"), [("cancel", {}), ("terminate", {"confirm": "3"})])
def test_from_the_list_to_what_came_of_each(
    admin: Client, upstream: Faulty, operation: str, confirm: dict[str, str]
) -> None:
    canned.accepted(upstream, *IDS[:2])
    address = freeze(admin, operation)
    page = admin.get(address)
    assert [execution_id for execution_id, _ in page.context["items"]] == IDS
    assert canned.sent(upstream) == []
    response = admin.post(f"{address}start/", {"token": pages.token(page), "reason": "stuck", **confirm})
    assert (response.status_code, response["Location"]) == (303, address)
    assert canned.sent(upstream) == [(f"{canned.EXECUTIONS}/{operation}", {"execution_ids": IDS})]
    shown = admin.get(address)
    assert shown.context["counts"] == [("done", 2), ("unknown", 1)]
    assert "<script>" not in shown.content.decode().replace("<script ", "")
    assert "/executions/a~2Fb/" in pages.links(shown)
    # Each stands in its execution's own list of actions, too.
    assert "in a batch" in pages.text(admin.get("/executions/a~2Fb/actions/"))


def test_sent_twice_it_acts_once(admin: Client, upstream: Faulty) -> None:
    address = freeze(admin)
    form = pages.open_form(admin, address, reason="stuck")
    for _ in range(2):
        response = admin.post(f"{address}start/", form)
        assert (response.status_code, response["Location"]) == (303, address)
    assert len(canned.sent(upstream)) == 1


@pytest.mark.parametrize("confirm", ["", "2", "three"])
def test_terminate_asks_how_many(admin: Client, upstream: Faulty, confirm: str) -> None:
    address = freeze(admin, "terminate")
    response = admin.post(f"{address}start/", pages.open_form(admin, address, reason="stuck", confirm=confirm))
    assert response.status_code == 422
    assert "This is not the number of executions in the batch." in pages.text(response)
    assert canned.sent(upstream) == []


def test_a_reason_is_asked_for(admin: Client, upstream: Faulty) -> None:
    address = freeze(admin)
    response = admin.post(f"{address}start/", pages.open_form(admin, address))
    assert response.status_code == 422
    assert canned.sent(upstream) == []


@pytest.mark.parametrize(
    ("sends", "words"),
    [
        ({"operation": "cancel"}, "Nothing is selected."),
        ({"operation": "cancel", "id": ["x" * 1001]}, "An execution id has 1 to 1,000 bytes"),
        ({"operation": "reset", "id": ["a"]}, "Choose what to do"),
        ({"id": ["a"]}, "Choose what to do"),
        ({"operation": "cancel", "id": [str(n) for n in range(101)]}, "a batch takes at most 100"),
    ],
)
def test_what_cannot_be_a_batch_is_said(admin: Client, sends: dict[str, Any], words: str) -> None:
    response = admin.post("/batches/", sends)
    assert (response.status_code, pages.problem(response)) == (400, "This cannot be done")
    assert words in pages.problem_text(response)


def test_a_token_from_another_batch_sends_nothing(admin: Client, upstream: Faulty) -> None:
    address, other = freeze(admin), freeze(admin)
    response = admin.post(f"{address}start/", pages.open_form(admin, other, reason="stuck"))
    assert (response.status_code, pages.problem(response)) == (400, "This form is too old, or not yours")
    assert (canned.sent(upstream), ActionRequested.objects.count()) == ([], 0)


def test_without_the_csrf_token_nothing_is_sent(users: Any, upstream: Faulty) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(users["admin"])
    response = browser.post("/batches/", {"operation": "cancel", "id": IDS})
    assert (response.status_code, pages.problem(response)) == (403, "This form was not sent from a page of the console")


def test_a_batch_that_there_is_not_is_not_found(admin: Client, sign_in: SignIn) -> None:
    for browser in (admin, sign_in("viewer")):
        assert browser.get(f"/batches/{uuid.uuid4()}/").status_code == 404
        assert browser.post(f"/batches/{uuid.uuid4()}/start/").status_code == 404
    assert admin.get("/batches/1/").status_code == 404


def test_starting_takes_a_post(admin: Client, upstream: Faulty) -> None:
    assert admin.get(f"{freeze(admin)}start/").status_code == 405
    assert canned.sent(upstream) == []


def test_an_answer_that_refuses_one_says_why(admin: Client, upstream: Faulty) -> None:
    refusal = {"results": {"inv-1": {"status": "failure", "error": "It is over"}}}
    upstream.on(reply(refusal), method="POST", path=f"{canned.EXECUTIONS}/cancel")
    address = freeze(admin, ids=["inv-1"])
    admin.post(f"{address}start/", pages.open_form(admin, address, reason="stuck"))
    assert "refused It is over" in pages.text(admin.get(address))
