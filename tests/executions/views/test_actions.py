"""An execution's actions: what operators did to it, with what was sent and what came back."""

import json
import uuid

import pytest
from django.test import Client

from executions.models import ActionRequested
from executions.services import audit
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.executions.recorded import row
from tests.faulty import RESET, Faulty

PAGE = f"/executions/{canned.ID}/"


def test_what_was_sent_and_what_came_back(operator: Client, upstream: Faulty) -> None:
    form = pages.open_form(operator, f"{PAGE}update/", name="set_priority", input='{"priority": 7}')
    location = operator.post(f"{PAGE}update/", form)["Location"]
    page = operator.get(location)
    made = ActionRequested.objects.get()
    text = pages.text(page)
    assert '{ "priority": 7 }' in text
    assert '{ "priority": 1 }' in text
    assert made.body_digest in text
    assert f"{PAGE}?run={canned.RUN}" in pages.links(page)
    # Of the action that the address names it is open.
    opened = {found.get("id") for tag, found in pages.parse(page).tags if tag == "details" and "open" in found}
    assert {f"sent-{made.id}", f"answer-of-{made.id}"} <= opened
    for part, value in (("input", {"priority": 7}), ("answer", {"priority": 1})):
        link = f"{PAGE}actions/?action={made.id}&view={part}"
        assert link in pages.links(page)
        copied = [found["data-copy-from"] for _, found in pages.parse(page).tags if "data-copy-from" in found]
        assert f"#{part}-{made.id}" in copied
        file = operator.get(link)
        assert (json.loads(file.content), file["Content-Type"]) == (value, "application/json")
        assert file["Content-Disposition"] == f'attachment; filename="{part}-{made.id}.json"'


@pytest.mark.parametrize("part", ["input", "answer"])
@pytest.mark.parametrize("action", ["", "x", "…", str(uuid.UUID(int=7)), "of another execution", "of another kind"])
def test_there_is_nothing_to_download(operator: Client, upstream: Faulty, part: str, action: str) -> None:
    other = row(execution_id="other", input="{}", answer="{}")
    plain = row(operation="cancel")
    chosen = {"of another execution": str(other.id), "of another kind": str(plain.id)}.get(action, action)
    response = operator.get(f"{PAGE}actions/", {"action": chosen, "view": part})
    assert (response.status_code, pages.problem(response)) == (404, "There is no such page")


def test_those_who_may_not_read_download_nothing(sign_in: SignIn, upstream: Faulty) -> None:
    made = row(input='{"secret": 1}')
    response = sign_in("nobody").get(f"{PAGE}actions/", {"action": made.id, "view": "input"})
    assert (response.status_code, "secret" in response.content.decode()) == (403, False)


def test_a_long_one_is_shown_whole_only_where_it_was_asked_for(operator: Client, upstream: Faulty) -> None:
    made = row(input="[" + "7," * 30_000 + "7]")
    assert len(operator.get(f"{PAGE}actions/").content) < 30_000
    assert f"{PAGE}actions/?action={made.id}" in pages.links(operator.get(f"{PAGE}actions/"))
    assert len(operator.get(f"{PAGE}actions/?action={made.id}").content) > 60_000


def test_the_page_of_the_action_that_the_address_names(
    operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAGE_SIZE", 2)
    rows = [row(age=100 - number) for number in range(5)]
    page = operator.get(f"{PAGE}actions/?action={rows[1].id}")
    assert (page.context["page"].number, page.context["selected"]) == (2, str(rows[1].id))
    assert f'<tr id="action-{rows[1].id}" class="selected">' in page.content.decode()


@pytest.mark.parametrize(("name", "leads"), [("admin", True), ("operator", False)])
def test_a_batch_is_linked_for_those_who_may_see_it(sign_in: SignIn, upstream: Faulty, name: str, leads: bool) -> None:
    batch = uuid.uuid4()
    row(operation="batch-cancel", batch_id=batch)
    for address in (f"{PAGE}actions/", "/audit/"):
        page = sign_in(name).get(address)
        assert (f"/batches/{batch}/" in pages.links(page)) == leads


def test_they_show_where_the_api_does_not_answer(operator: Client, upstream: Faulty) -> None:
    row(reason="stuck")
    upstream.on([RESET])
    page = operator.get(f"{PAGE}actions/")
    assert (page.status_code, "stuck" in pages.text(page)) == (200, True)
