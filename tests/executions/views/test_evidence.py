"""The download of all that is known of an execution: who gets it, and how it comes."""

import gc
import io
import json
import zipfile
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from executions.models import ActionRequested
from executions.views import evidence
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/evidence/"


def unpacked(response: HttpResponse) -> dict[str, bytes]:
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.parametrize("role", ["viewer", "operator", "admin", "superuser"])
def test_everybody_who_may_read_gets_all_of_it(sign_in: SignIn, upstream: Faulty, role: str) -> None:
    response = sign_in(role).get(PAGE, {"run": canned.RUN})
    found = json.loads(unpacked(response)["manifest.json"])
    assert (found["collected_by"], found["run_id"], found["complete"]) == (role, canned.RUN, True)
    assert {name: response[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control")} == {
        "Content-Type": "application/zip",
        "Content-Disposition": 'attachment; filename="evidence-inv-1-0b8e1c3e.zip"',
        "Cache-Control": "no-store",
    }
    assert response.streaming


def test_it_is_a_read(operator: Client, upstream: Faulty) -> None:
    unpacked(operator.get(PAGE))
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0


def test_only_its_head(operator: Client, upstream: Faulty) -> None:
    response = operator.head(PAGE)
    assert (response.status_code, response["Content-Type"], response.content) == (200, "application/zip", b"")
    # Only whether there is such an execution was asked.
    assert [one.path for one in upstream.requests] == [canned.path()]


@pytest.mark.parametrize(
    ("answer", "query", "status"),
    [
        (reply({"detail": "no such execution", "code": "WF_1100"}, 404), {}, 404),
        (reply({"detail": "An error occurred"}, 500), {}, 502),
        (reply({}), {"run": "latest"}, 400),
    ],
)
def test_without_an_execution_there_is_a_page_that_says_so(
    operator: Client, upstream: Faulty, answer: Any, query: dict[str, str], status: int
) -> None:
    upstream.on(answer, method="GET", path=canned.path())
    response = operator.get(PAGE, query)
    assert (response.status_code, response.streaming) == (status, False)
    assert pages.problem(response)


def test_an_api_that_is_away_gives_no_evidence(operator: Client, upstream: Faulty) -> None:
    """What the overview shows from before is not of now."""
    assert operator.get(f"/executions/{canned.ID}/").status_code == 200
    upstream.on(reply({"detail": "An error occurred"}, 503), method="GET", path=canned.path())
    assert operator.get(f"/executions/{canned.ID}/").status_code == 200
    assert operator.get(PAGE).status_code == 502


def test_the_overview_leads_to_it(operator: Client, upstream: Faulty) -> None:
    assert f"{PAGE}?run={canned.RUN}" in pages.links(operator.get(f"/executions/{canned.ID}/"))


def test_an_id_that_is_no_file_s_name(operator: Client, upstream: Faulty) -> None:
    hostile = '../"x\r\n; é.zip'
    canned.healthy(upstream, hostile, run_id=None)
    response = operator.get("/executions/..~2F%22x%0D%0A;%20%C3%A9.zip/evidence/".replace("..", "~2E.", 1))
    assert response["Content-Disposition"] == 'attachment; filename="evidence-x-.zip.zip"'
    assert json.loads(unpacked(response)["manifest.json"])["execution_id"] == hostile


def test_a_place_for_a_few_at_a_time(sign_in: SignIn, upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place is free again when its download is over, or when nobody sends it."""
    monkeypatch.setattr(evidence, "AT_ONCE", 2)
    held = [sign_in(name).get(PAGE) for name in ("operator", "admin")]
    refused = sign_in("viewer").get(PAGE)
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert pages.problem(refused) == "Others are downloading evidence"
    # Its head takes none.
    assert sign_in("viewer").head(PAGE).status_code == 200
    unpacked(held.pop())
    assert sign_in("viewer").get(PAGE).status_code == 200
    held.clear()
    gc.collect()
    assert evidence._places.taken == set()


def test_one_place_for_each_user(sign_in: SignIn, upstream: Faulty) -> None:
    """From however many browsers: nobody takes the others' places."""
    held = sign_in("viewer").get(PAGE)
    refused = sign_in("viewer").get(PAGE)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert pages.problem(refused) == "You are downloading evidence already"
    unpacked(sign_in("operator").get(PAGE))
    unpacked(held)
    unpacked(sign_in("viewer").get(PAGE))
    assert evidence._places.taken == set()
