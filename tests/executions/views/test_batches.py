"""Many executions at once, through the pages."""

import csv
import io
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.models import ActionRequested, Batch, BatchItem
from executions.services import batch_threads
from executions.templatetags import execution_tags
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import Faulty, Request, reply

IDS = ["inv-1", "a/b", "<script>"]
HTMX = {"HX-Request": "true"}


def freeze(browser: Client, operation: str = "cancel", ids: list[str] = IDS) -> str:
    response = browser.post("/batches/", {"operation": operation, "id": ids})
    assert response.status_code == 303, pages.text(response)
    return str(response["Location"])


def start(browser: Client, address: str, **fields: str) -> None:
    form = pages.open_form(browser, address, reason="stuck", **fields)
    response = browser.post(f"{address}start/", form)
    assert (response.status_code, response["Location"]) == (303, address)


def done(request: Request) -> Any:
    return reply({"results": {one: {"status": "success"} for one in request.json["execution_ids"]}})


def counts(browser: Client, address: str) -> dict[str, int]:
    found = browser.get(address).context["progress"].counts
    return {state: count for state, count in found.items() if count}


def tags(response: Any, tag: str) -> list[dict[str, str]]:
    return [attributes for name, attributes in pages.parse(response).tags if name == tag]


def actions(response: Any) -> list[str]:
    """What the page's forms do, by the last part of their address."""
    return [
        form["action"].rstrip("/").rpartition("/")[2]
        for form in tags(response, "form")
        if "/batches/" in form["action"]
    ]


@pytest.mark.parametrize(("operation", "confirm"), [("cancel", {}), ("terminate", {"confirm": "3"})])
def test_from_the_list_to_what_came_of_each(
    admin: Client, upstream: Faulty, operation: str, confirm: dict[str, str]
) -> None:
    canned.accepted(upstream, *IDS[:2])
    address = freeze(admin, operation)
    page = admin.get(address)
    assert [item.execution_id for item in page.context["page"]] == IDS
    assert f"{operation.capitalize()} 3 executions" in pages.text(page)
    assert canned.sent(upstream) == []
    start(admin, address, **confirm)
    assert canned.sent(upstream) == [(f"{canned.EXECUTIONS}/{operation}", {"execution_ids": IDS})]
    shown = admin.get(address)
    assert counts(admin, address) == {"done": 2, "unknown": 1}
    assert "<script>" not in shown.content.decode().replace("<script ", "")
    assert "/executions/a~2Fb/" in pages.links(shown)
    # Each stands in its execution's own list of actions, too.
    assert "in a batch" in pages.text(admin.get("/executions/a~2Fb/actions/"))


def listing(upstream: Faulty, *rows: dict[str, Any]) -> None:
    upstream.on(reply({"executions": list(rows), "next_page_token": None}), method="GET", path=canned.RUNS)


def test_all_that_match_a_filter(admin: Client, upstream: Faulty) -> None:
    over = [canned.execution(str(number), status="FAILED") for number in range(2)]
    listing(upstream, canned.execution("a"), canned.execution("b"), *over)
    filters = "workflow=w%3Cb%3E&status=RUNNING&status=FAILED&started_after=2026-01-31T14:05&sort=end_time&page=x"
    # What is ticked besides is among them: it does not count twice, and not alone.
    response = admin.post("/batches/", {"operation": "terminate", "matching": filters, "id": ["a"]})
    assert response.status_code == 303
    assert [one.query for one in upstream.requests] == [
        [
            ("workflow_identifier", "w<b>"),
            ("status", "RUNNING"),
            ("status", "FAILED"),
            ("start_time_after", "2026-01-31T14:05:00+00:00"),
            ("page_size", "1000"),
        ]
    ]
    page = admin.get(response["Location"])
    assert [item.execution_id for item in page.context["page"]] == ["a", "b"]
    assert "Status Running, Failed Workflow w<b> Started after 2026-01-31 14:05:00" in pages.text(page)
    assert "2 more matched, but are over and left out." in pages.text(page)
    again = next(link for link in pages.links(page) if link.startswith("/executions/?status="))
    assert admin.get(again).context["form"].filters()["status"] == ["RUNNING", "FAILED"]


def test_what_the_executions_are_is_shown_before_it_is_confirmed(admin: Client, upstream: Faulty) -> None:
    kinds = [canned.execution(str(one), workflow_name=f"<b>{one % 2}</b>" if one < 5 else None) for one in range(6)]
    listing(upstream, *kinds)
    page = admin.get(admin.post("/batches/", {"operation": "cancel", "matching": "q=x"})["Location"])
    assert (page.context["workflows"], page.context["others"]) == ([("<b>0</b>", 3), ("<b>1</b>", 2)], 1)
    assert "3 <b>0</b> 2 <b>1</b> 1 of other or unknown workflows" in pages.text(page)
    assert "<b>0</b>" not in page.content.decode()
    first, last = page.context["page"][0], page.context["page"][5]
    assert (first.workflow, last.workflow) == ("<b>0</b>", "")
    assert first.started.isoformat() in page.content.decode().replace("Z", "+00:00")


def test_many_workflows_are_counted_together(admin: Client, upstream: Faulty) -> None:
    listing(upstream, *(canned.execution(str(one), workflow_name=f"w-{one:02}") for one in range(12)))
    page = admin.get(admin.post("/batches/", {"operation": "cancel", "matching": "q=x"})["Location"])
    assert ([name for name, _ in page.context["workflows"]], page.context["others"]) == (
        [f"w-{one:02}" for one in range(8)],
        4,
    )


def test_what_was_ticked_is_looked_up_on_its_page_of_the_list(admin: Client, upstream: Faulty) -> None:
    listing(upstream, canned.execution("inv-1", workflow_name="invoice"), canned.execution("other"))
    assert {"name": "shown", "value": "q=inv&page=t", "type": "hidden"} in tags(
        admin.get("/executions/?q=inv&page=t"), "input"
    )
    upstream.requests.clear()
    response = admin.post("/batches/", {"operation": "cancel", "id": ["inv-1", "gone"], "shown": "q=inv&page=t"})
    assert [one.query for one in upstream.requests] == [
        [("search", "inv"), ("page_size", "100"), ("next_page_token", "t")]
    ]
    page = admin.get(response["Location"])
    assert [(item.execution_id, item.workflow) for item in page.context["page"]] == [("inv-1", "invoice"), ("gone", "")]


@pytest.mark.parametrize("shown", ["q=x", "started_after=yesterday"])
def test_without_the_list_the_ids_are_enough(admin: Client, upstream: Faulty, shown: str) -> None:
    upstream.on(reply(status=403), method="GET", path=canned.RUNS)
    response = admin.post("/batches/", {"operation": "cancel", "id": ["a"], "shown": shown})
    page = admin.get(response["Location"])
    assert ([item.execution_id for item in page.context["page"]], page.context["workflows"]) == (["a"], [])


@pytest.mark.parametrize(
    ("matching", "words"),
    [
        ("", "Set a filter in the list first."),
        ("sort=end_time&order=asc&page=abc", "Set a filter in the list first."),
        ("workflow=&q=%20%20&colour=red", "Set a filter in the list first."),
        ("workflow=w&started_after=yesterday", "One of the filters cannot be used"),
        ("status=NO_SUCH", "One of the filters cannot be used"),
    ],
)
def test_a_filter_that_is_none(admin: Client, upstream: Faulty, matching: str, words: str) -> None:
    response = admin.post("/batches/", {"operation": "cancel", "matching": matching, "id": ["a"]})
    assert (response.status_code, pages.problem(response)) == (400, "This cannot be done")
    assert words in pages.problem_text(response)
    assert (upstream.requests, Batch.objects.count()) == ([], 0)


def test_a_list_that_cannot_be_read_freezes_nothing(admin: Client, upstream: Faulty) -> None:
    upstream.on(reply(status=500), method="GET", path=canned.RUNS)
    response = admin.post("/batches/", {"operation": "cancel", "matching": "workflow=w"})
    assert (response.status_code, Batch.objects.count()) == (502, 0)


@pytest.mark.parametrize(
    ("query", "more", "offers", "hints"),
    [
        ("?workflow=w", "t", True, False),
        ("", "t", False, True),
        ("?sort=end_time", "t", False, True),
        ("?q=a", None, False, False),
    ],
)
def test_the_list_offers_all_that_match(
    admin: Client, upstream: Faulty, *, query: str, more: str | None, offers: bool, hints: bool
) -> None:
    answer = {"executions": [canned.execution()], "next_page_token": more}
    upstream.on(reply(answer), method="GET", path=canned.RUNS)
    page = admin.get(f"/executions/{query}")
    found = [box["value"] for box in tags(page, "input") if box.get("name") == "matching"]
    assert found == ([query.removeprefix("?")] if offers else [])
    assert ("To select more than this page, set a filter first." in pages.text(page)) == hints


def test_sent_twice_it_acts_once(admin: Client, upstream: Faulty) -> None:
    upstream.on(done, method="POST")
    address = freeze(admin)
    form = pages.open_form(admin, address, reason="stuck")
    first, second = (admin.post(f"{address}start/", form) for _ in range(2))
    assert [(one.status_code, one["Location"]) for one in (first, second)] == [(303, address)] * 2
    assert len(canned.sent(upstream)) == 1
    assert "The batch has changed since your page was shown, so nothing was done." in pages.text(admin.get(address))


def test_a_list_s_form_that_is_sent_twice_has_one_batch(admin: Client, upstream: Faulty) -> None:
    form = {"operation": "cancel", "id": ["a"], "token": pages.token(admin.get("/executions/"))}
    first, second = (admin.post("/batches/", form)["Location"] for _ in range(2))
    assert first == second
    assert Batch.objects.count() == 1


def test_what_was_chosen_long_ago_is_chosen_again(admin: Client, upstream: Faulty) -> None:
    address = freeze(admin)
    form = pages.open_form(admin, address, reason="stuck")
    Batch.objects.update(created_at=timezone.now() - timedelta(hours=12, seconds=1))
    admin.post(f"{address}start/", form)
    page = admin.get(address)
    assert "These executions were chosen too long ago, so nothing was done." in pages.text(page)
    assert actions(page) == []
    assert canned.sent(upstream) == []


def test_links_to_other_pages_work_after_a_wrong_form_too(admin: Client, upstream: Faulty) -> None:
    address = freeze(admin, ids=[f"e-{number}" for number in range(101)])
    page = admin.post(f"{address}start/", pages.open_form(admin, address, reason=""))
    assert page.status_code == 422
    links = [link for link in pages.links(page) if "page=2" in link]
    assert links == [f"{address}?page=2"]


@pytest.mark.parametrize(
    ("confirm", "right"), [("", False), ("2", False), ("three", False), ("3", True), (" 3 ", True)]
)
def test_terminate_asks_how_many(admin: Client, upstream: Faulty, confirm: str, right: bool) -> None:
    address = freeze(admin, "terminate")
    response = admin.post(f"{address}start/", pages.open_form(admin, address, reason="stuck", confirm=confirm))
    assert response.status_code == (303 if right else 422)
    assert ("This is not the number of executions in the batch." in pages.text(response)) == (not right)
    assert len(canned.sent(upstream)) == right


def test_the_count_may_be_typed_as_it_is_shown(admin: Client, upstream: Faulty) -> None:
    upstream.on(done, method="POST")
    address = freeze(admin, "terminate", [str(number) for number in range(1_100)])
    assert "Terminate 1,100 executions" in pages.text(admin.get(address))
    start(admin, address, confirm="1,100")
    assert counts(admin, address) == {"done": 1_100}


@pytest.mark.parametrize(("count", "asks"), [(20, False), (21, True)])
def test_to_cancel_many_asks_how_many(admin: Client, upstream: Faulty, count: int, asks: bool) -> None:
    upstream.on(done, method="POST")
    address = freeze(admin, ids=[str(number) for number in range(count)])
    assert ("How many?" in pages.text(admin.get(address))) == asks
    response = admin.post(f"{address}start/", pages.open_form(admin, address, reason="stuck", confirm="7"))
    assert (response.status_code, len(canned.sent(upstream))) == ((422, 0) if asks else (303, 1))


@pytest.mark.parametrize("reason", ["", " ", "x" * 2_001, "x" * 10_000, "a\0b"])
def test_a_reason_is_asked_for(admin: Client, upstream: Faulty, reason: str) -> None:
    address = freeze(admin)
    response = admin.post(f"{address}start/", pages.open_form(admin, address, reason=reason))
    assert response.status_code == 422
    assert (canned.sent(upstream), Batch.objects.get().state) == ([], "frozen")


@pytest.mark.parametrize(
    ("sends", "words"),
    [
        ({"operation": "cancel"}, "Nothing is selected."),
        ({"operation": "cancel", "id": ["x" * 1001]}, "An execution id has 1 to 1,000 bytes"),
        ({"operation": "cancel", "id": ["a", ".."]}, "An execution id cannot be “.” or “..”"),
        ({"operation": "reset", "id": ["a"]}, "Choose what to do"),
        ({"id": ["a"]}, "Choose what to do"),
        ({"operation": "cancel", "id": [str(n) for n in range(10_001)]}, "a batch takes at most 10,000"),
    ],
)
def test_what_cannot_be_a_batch_is_said(admin: Client, sends: dict[str, Any], words: str) -> None:
    response = admin.post("/batches/", sends)
    assert (response.status_code, pages.problem(response)) == (400, "This cannot be done")
    assert words in pages.problem_text(response)
    assert Batch.objects.count() == 0


def test_more_than_a_form_may_hold_is_said(admin: Client) -> None:
    response = admin.post("/batches/", {"operation": "cancel", "id": [str(n) for n in range(13_000)]})
    assert response.status_code == 400
    assert "More was selected than a batch can take, which is 10,000 executions." in pages.problem_text(response)


def test_a_token_from_another_batch_sends_nothing(admin: Client, upstream: Faulty) -> None:
    address, other = freeze(admin), freeze(admin)
    response = admin.post(f"{address}start/", pages.open_form(admin, other, reason="stuck"))
    assert (response.status_code, pages.problem(response)) == (400, "This form is too old, or not yours")
    assert (canned.sent(upstream), ActionRequested.objects.count()) == ([], 0)


@pytest.mark.parametrize("act", ["", "start/", "pause/", "stop/", "retry/"])
def test_without_the_csrf_token_nothing_is_done(users: Any, sign_in: SignIn, upstream: Faulty, act: str) -> None:
    address = freeze(sign_in("admin"))
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(users["admin"])
    response = browser.post(f"{address}{act}" if act else "/batches/", {"operation": "cancel", "id": IDS})
    assert (response.status_code, pages.problem(response)) == (403, "This form was not sent from a page of the console")
    assert (Batch.objects.get().state, canned.sent(upstream)) == ("frozen", [])


@pytest.mark.parametrize("name", ["anonymous", "nobody", "viewer", "operator"])
def test_a_batch_is_for_those_who_may(sign_in: SignIn, upstream: Faulty, name: str) -> None:
    address, browser = freeze(sign_in("admin")), sign_in(name)
    for act in ("start/", "pause/", "stop/", "retry/"):
        assert browser.post(f"{address}{act}").status_code == (302 if name == "anonymous" else 403)
    for page in ("/batches/", address, f"{address}results.csv"):
        assert browser.get(page).status_code == (302 if name == "anonymous" else 403)
    assert Batch.objects.get().state == "frozen"
    # Not even the list is read for somebody who may not.
    asked = browser.post("/batches/", {"operation": "cancel", "matching": "workflow=w"})
    assert asked.status_code == (302 if name == "anonymous" else 403)
    assert upstream.requests == []
    assert "/batches/" not in (pages.links(browser.get("/executions/")) if name in {"viewer", "operator"} else [])
    assert "/batches/" in pages.links(sign_in("admin").get("/executions/"))


def test_a_batch_that_there_is_not_is_not_found(admin: Client, sign_in: SignIn) -> None:
    for browser in (admin, sign_in("viewer")):
        for page in ("", "results.csv"):
            assert browser.get(f"/batches/{uuid.uuid4()}/{page}").status_code == 404
        for act in ("start/", "pause/", "stop/", "retry/"):
            assert browser.post(f"/batches/{uuid.uuid4()}/{act}").status_code == 404
    assert admin.get("/batches/1/").status_code == 404


@pytest.mark.parametrize("act", ["start/", "pause/", "stop/", "retry/"])
def test_acting_takes_a_post(admin: Client, upstream: Faulty, act: str) -> None:
    assert admin.get(f"{freeze(admin)}{act}").status_code == 405
    assert (canned.sent(upstream), Batch.objects.get().state) == ([], "frozen")


def test_an_answer_that_refuses_one_says_why_and_it_can_be_tried_again(admin: Client, upstream: Faulty) -> None:
    refusal = {"results": {"inv-1": {"status": "failure", "error": "It is over <b>"}}}
    upstream.on(reply(refusal), done, method="POST", path=f"{canned.EXECUTIONS}/cancel")
    address = freeze(admin, ids=["inv-1"])
    start(admin, address)
    page = admin.get(address)
    assert "refused It is over <b>" in pages.text(page)
    assert actions(page) == ["retry"]
    again = {"token": pages.token(page)}
    for _ in range(2):
        assert admin.post(f"{address}retry/", again).status_code == 303
    assert len(canned.sent(upstream)) == 2
    assert (counts(admin, address), actions(admin.get(address))) == ({"done": 1}, [])
    assert "sent 2 times" in pages.text(admin.get(address))
    assert re.search(r"The refused were tried again at .* by admin\.", pages.text(admin.get(address)))


def test_those_that_will_be_refused_again_are_counted(admin: Client, upstream: Faulty) -> None:
    words = ["Workflow execution is not running: CANCELED", "no (WF_1100)", "busy", "Execution b not found"]
    results = {str(place): {"status": "failure", "error": one} for place, one in enumerate(words)}
    upstream.on(reply({"results": results}), method="POST")
    address = freeze(admin, ids=list(results))
    start(admin, address)
    assert "Try the 4 refused again 3 of them are over, and will be refused again." in pages.text(admin.get(address))


def left(address: str, state: str, alive: bool = False, **states: str) -> Batch:
    """A batch as somebody left it, with items in these states."""
    runner = uuid.uuid4()
    if alive:
        batch_threads.expect(runner)
    for execution_id, item in states.items():
        BatchItem.objects.filter(execution_id=execution_id).update(state=item)
    now = timezone.now()
    Batch.objects.filter(id=address.split("/")[2]).update(
        state=state, runner=runner, beat=now, started_at=now, resumed_at=now, resumed_with=3, reason="stuck"
    )
    return Batch.objects.get(id=address.split("/")[2])


def test_after_a_restart_it_is_paused_and_an_operator_continues(admin: Client, upstream: Faulty) -> None:
    upstream.on(done, method="POST")
    address = freeze(admin, ids=["a", "b", "c"])
    left(address, "running", a="done", b="sent")
    page = admin.get(address)
    shown = pages.text(page)
    assert "Paused 2 of 3 have an answer" in shown
    assert "The console stopped while this batch was running." in shown
    assert "1 is unknown: it may or may not have happened. Check it before trying again" in shown
    assert f"{address}?state=unknown" in pages.links(page)
    assert actions(page) == ["start", "stop"]
    assert canned.sent(upstream) == []
    assert admin.post(f"{address}start/", {"token": pages.token(page)}).status_code == 303
    assert canned.sent(upstream) == [(f"{canned.EXECUTIONS}/cancel", {"execution_ids": ["c"]})]
    assert counts(admin, address) == {"done": 2, "unknown": 1}


@pytest.mark.parametrize(
    ("state", "states", "offered", "refreshes"),
    [
        ("running", {"a": "sent"}, ["pause", "stop"], True),
        ("paused", {"a": "sent"}, ["stop"], True),
        ("paused", {"a": "refused"}, ["start", "retry", "stop"], False),
        ("stopped", {"a": "refused"}, [], False),
        ("stopped", {"a": "sent"}, [], True),
        ("done", {"a": "unknown", "b": "done", "c": "done"}, [], False),
    ],
)
def test_what_a_batch_offers(
    admin: Client, state: str, states: dict[str, str], offered: list[str], refreshes: bool
) -> None:
    address = freeze(admin, ids=["a", "b", "c"])
    batch = left(address, state, alive=True, **states)
    page = admin.get(address)
    assert actions(page) == offered
    polled = [found["hx-trigger"] for found in tags(page, "div") if "data-poll" in found]
    assert polled == (["every 1s"] if refreshes else [])
    assert batch.runner
    batch_threads.forget(batch.runner)


@pytest.mark.parametrize(("act", "state"), [("pause", "paused"), ("stop", "stopped")])
def test_pause_and_stop(admin: Client, act: str, state: str) -> None:
    address = freeze(admin)
    batch = left(address, "running", alive=True)
    assert admin.post(f"{address}{act}/")["Location"] == address
    assert Batch.objects.get().state == state
    assert batch.runner
    batch_threads.forget(batch.runner)


def test_its_parts_refresh_while_it_runs_and_the_page_when_it_ends(admin: Client) -> None:
    address = freeze(admin, ids=["a", "b", "c"])
    batch = left(address, "running", alive=True, a="done", b="sent")
    progress = admin.get(address, headers=HTMX | {"HX-Target": "progress"})
    assert "1 of 3 have an answer sending 2 to 2" in pages.text(progress)
    results = admin.get(f"{address}?state=sent", headers=HTMX | {"HX-Target": "results"})
    assert [item.execution_id for item in results.context["page"]] == ["b"]
    assert (progress.context["state"], 'id="results"' in progress.content.decode()) == ("", True)
    both = admin.get(f"{address}?state=sent", headers=HTMX | {"HX-Target": "progress"})
    # The rows come along, as they are filtered.
    assert [item.execution_id for item in both.context["page"]] == ["b"]
    assert "1 of 3 have an answer" in pages.text(both)
    shown = {found["name"]: found["value"] for found in tags(both, "input")}
    assert shown == {"state": "sent"}
    for fragment in (progress, results, both):
        assert "<html" not in fragment.content.decode()
        assert "HX-Refresh" not in fragment
    assert batch.runner
    batch_threads.forget(batch.runner)
    assert admin.get(address, headers=HTMX | {"HX-Target": "progress"})["HX-Refresh"] == "true"


def test_a_wait_is_shown(admin: Client) -> None:
    address = freeze(admin)
    batch = left(address, "running", alive=True)
    Batch.objects.update(waits_until=timezone.now(), note="The Workflows API asks to slow down.")
    assert "waiting until" in pages.text(admin.get(address))
    assert "The Workflows API asks to slow down." in pages.text(admin.get(address))
    assert batch.runner
    batch_threads.forget(batch.runner)


def test_results_by_page_and_by_state(admin: Client) -> None:
    ids = [f"e-{number:03}" for number in range(250)]
    address = freeze(admin, ids=ids)
    left(address, "paused", **{ids[7]: "refused", ids[249]: "refused"})
    shown = {query: [item.execution_id for item in admin.get(address + query).context["page"]] for query in (
        "", "?page=3", "?page=99", "?state=refused", "?state=done", "?state=nonsense")}  # fmt: skip
    assert shown == {
        "": ids[:100],
        "?page=3": ids[200:],
        "?page=99": ids[200:],
        "?state=refused": [ids[7], ids[249]],
        "?state=done": [],
        "?state=nonsense": ids[:100],
    }


def test_the_results_as_a_sheet(admin: Client, upstream: Faulty) -> None:
    ids = ["=1+1", "b", "c"]
    results = {"=1+1": {"status": "success"}, "b": {"status": "failure", "error": "@SUM(A1)"}}
    upstream.on(reply({"results": results}), method="POST")
    address = freeze(admin, ids=ids)
    start(admin, address)
    response = admin.get(f"{address}results.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="batch-{address.split("/")[2]}.csv"'
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row[:6] for row in rows] == [
        ["Execution", "Workflow", "Started (UTC)", "Operation", "Result", "Why"],
        ["'=1+1", "", "", "Cancel selected", "done", ""],
        ["b", "", "", "Cancel selected", "refused", "'@SUM(A1)"],
        ["c", "", "", "Cancel selected", "unknown", "The API did not say what came of this one."],
    ]
    sent = {str(one.id): one for one in ActionRequested.objects.all()}
    assert [(row[7], row[8], sent[row[9]].execution_id) for row in rows[1:]] == [("admin", "stuck", one) for one in ids]


def test_the_list_of_batches(admin: Client, sign_in: SignIn, upstream: Faulty) -> None:
    upstream.on(done, method="POST")
    assert "No batches yet" in pages.text(admin.get("/batches/"))
    first, second = freeze(admin, ids=["a", "b"]), freeze(sign_in("superuser"), "terminate", ["c", "d"])
    start(admin, first)
    left(second, "running", c="sent")
    page = admin.get("/batches/")
    rows = [(one.batch.state, operation.slug, one.total) for one, operation in page.context["rows"]]
    assert rows == [("paused", "batch-terminate", 2), ("done", "batch-cancel", 2)]
    assert [link for link in pages.links(page) if link.startswith("/batches/0") or link in {first, second}]
    assert "Paused Terminate 2 1 unknown 1 not sent" in pages.text(page)
    assert "Done Cancel 2 2 accepted" in pages.text(page)
    fragment = admin.get("/batches/", headers=HTMX | {"HX-Target": "part"}).content.decode()
    assert "<html" not in fragment
    assert second in fragment


def asked(browser: Client, address: str) -> int:
    """How many queries a page makes."""
    with CaptureQueriesContext(connection) as queries:
        browser.get(address)
    return len(queries)


def test_the_page_asks_the_database_as_little_for_many_as_for_few(admin: Client) -> None:
    found = set()
    for count in (2, 2_000):
        address = freeze(admin, ids=[str(number) for number in range(count)])
        left(address, "paused", **{"0": "done"})
        found |= {asked(admin, address), asked(admin, f"{address}?state=done")}
    assert len(found) == 1


def test_the_list_asks_the_database_as_little_for_many_as_for_few(admin: Client) -> None:
    for _ in range(2):
        left(freeze(admin), "paused")
    few = asked(admin, "/batches/")
    for _ in range(10):
        left(freeze(admin), "paused")
    assert asked(admin, "/batches/") == few


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (execution_tags.thousands(1_234_567), "1,234,567"),
        (execution_tags.rate(1_234.5), "1,234 a second"),
        (execution_tags.rate(2.46), "2.5 a second"),
        (execution_tags.rate(0.05), "3 a minute"),
        (execution_tags.roughly(3), "a few seconds"),
        (execution_tags.roughly(44), "about 40 seconds"),
        (execution_tags.roughly(100), "about 2 minutes"),
        (execution_tags.roughly(7_000), "about 2 hours"),
    ],
)
def test_figures_as_a_person_reads_them(shown: str, words: str) -> None:
    assert shown == words
