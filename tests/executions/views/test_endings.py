"""Cancel and terminate: how they differ, what terminate asks for, and what everybody sees of a cancel meanwhile."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from executions.ids import to_path
from executions.models import ActionOutcome, ActionRequested
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
TABS = ("", "history/", "trace/", "logs/", "events/", "actions/", "signal/", "query/", "update/", "reset/", "cancel/")


@pytest.mark.parametrize(
    ("execution_id", "confirm", "accepted"),
    [
        ("abcdefgh", "cdefgh", True),
        ("abcdefgh", " cdefgh ", True),
        ("abcdefgh", "abcdefgh", False),
        ("abcdefgh", "bcdefg", False),
        ("abcdefgh", "CDEFGH", False),
        ("abcdefgh", "", False),
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
    page = admin.get(address)
    # Where it is read is marked: ids of one day look alike.
    assert pages.text(re.search("<mark>(.*?)</mark>", page.content.decode(), re.DOTALL)[1]) == " ".join(
        execution_id[-6:].split()
    )
    response = admin.post(address, {"token": pages.token(page), "reason": "stuck", "confirm": confirm})
    assert response.status_code == (303 if accepted else 422)
    assert ("These are not the last 6 characters of the id." in response.content.decode()) == (not accepted)
    assert canned.sent(upstream) == ([(canned.path(execution_id, "/terminate"), None)] if accepted else [])


@pytest.mark.parametrize(
    ("name", "operation", "other"),
    [("admin", "cancel", "terminate"), ("admin", "terminate", "cancel"), ("operator", "cancel", None)],
)
def test_each_says_how_the_other_differs(
    sign_in: SignIn, upstream: Faulty, name: str, operation: str, other: str | None
) -> None:
    page = sign_in(name).get(f"{PAGE}{operation}/")
    assert {
        "cancel": "Terminate, the other way, ends it at once and skips the clean-up.",
        "terminate": "Cancel, the other way, lets its clean-up run first.",
    }[operation] in pages.text(page)
    form = re.search("<form[^>]*data-once.*?</form>", page.content.decode(), re.DOTALL)
    assert form
    assert [link for link in pages.links(form[0]) if link != PAGE] == ([f"{PAGE}{other}/"] if other else [])


def cancel(browser: Client, **answer: Any) -> ActionRequested:
    form = pages.open_form(browser, f"{PAGE}cancel/", reason="<b>stuck</b>")
    browser.post(f"{PAGE}cancel/", form)
    row: ActionRequested = ActionRequested.objects.latest("at")
    return row


def asked(browser: Client, tab: str = "") -> str:
    """What the top of a page says about a cancel."""
    found = re.search('<p class="asked">(.*?)</p>', browser.get(f"{PAGE}{tab}").content.decode(), re.DOTALL)
    return pages.text(found[1]) if found else ""


@pytest.mark.parametrize("tab", TABS)
def test_while_a_cancel_is_requested_every_page_says_so(
    operator: Client, sign_in: SignIn, upstream: Faulty, tab: str
) -> None:
    assert asked(operator, tab) == ""
    cancel(operator)
    viewer = sign_in("viewer" if tab in TABS[:6] else "operator")
    assert re.fullmatch(r"Cancel requested \S+ \S+ ago by operator: <b>stuck</b> its record", asked(viewer, tab))
    canned.healthy(upstream, status="CANCELED", end_time="2099-01-31T14:06:00Z")
    assert asked(viewer, tab) == ""


def _row(result: str | None = "done", **fields: Any) -> ActionRequested:
    """A cancel in the audit."""
    known = {"username": "ana", "operation": "cancel", "execution_id": canned.ID, "run_id": canned.RUN, "reason": "r"}
    row: ActionRequested = ActionRequested.objects.create(token=uuid.uuid4().hex, **(known | fields))
    if result:
        ActionOutcome.objects.create(action_id=row.id, result=result)
    return row


@pytest.mark.parametrize(
    ("result", "fields", "said"),
    [
        ("done", {}, True),
        ("unknown", {}, True),
        ("refused", {}, False),
        ("not sent", {}, False),
        # Its answer may still say that it was refused.
        (None, {}, False),
        # A batch's rows name no run.
        ("done", {"operation": "batch-cancel", "run_id": ""}, True),
        ("refused", {"operation": "batch-cancel", "run_id": ""}, False),
        ("done", {"run_id": canned.OTHER_RUN}, False),
        ("done", {"execution_id": "another"}, False),
        ("done", {"operation": "terminate"}, False),
        ("done", {"operation": "signal"}, False),
    ],
)
def test_which_cancels_count(
    operator: Client, upstream: Faulty, result: str | None, fields: dict[str, Any], said: bool
) -> None:
    _row(result, **fields)
    found = asked(operator)
    assert found.startswith("Cancel requested, perhaps" if result == "unknown" else "Cancel requested") == said
    assert (found != "") == said


def test_a_batch_before_the_run_began_was_about_another(operator: Client, upstream: Faulty) -> None:
    _row(operation="batch-cancel", run_id="")
    canned.healthy(upstream, start_time="2099-01-31T14:05:00Z")
    assert asked(operator) == ""


def test_a_cancel_that_was_refused_is_not_said_but_the_one_before_it_is(operator: Client, upstream: Faulty) -> None:
    _row("done", username="first")
    _row("refused", username="second")
    assert "by first" in asked(operator)


def test_an_api_that_says_nothing_of_the_execution_leaves_the_cancel_to_the_record(
    operator: Client, upstream: Faulty
) -> None:
    _row("done")
    upstream.on([RESET])
    page = operator.get(f"{PAGE}actions/")
    assert page.status_code == 200
    assert 'class="asked"' not in page.content.decode()


def test_the_top_of_the_page_is_sent_again_when_a_cancel_is_asked_for(operator: Client, upstream: Faulty) -> None:
    facts, before = f"{PAGE}?part=facts", pages.refresh(operator.get(PAGE), "facts")
    assert operator.get(facts, headers=before).status_code == 204
    cancel(operator)
    changed = operator.get(facts, headers=before)
    assert changed.status_code == 200
    assert "Cancel requested" in pages.text(changed)
    # What it asks for from now on names the cancel that it shows.
    before = pages.refresh(changed, "facts")
    assert operator.get(facts, headers=before).status_code == 204
    canned.healthy(upstream, status="CANCELED", end_time="2099-01-31T14:06:00Z")
    over = operator.get(facts, headers=before)
    assert (over.status_code, "Cancel requested" in pages.text(over)) == (200, False)


@pytest.mark.parametrize(("operation", "words"), [("cancel", "does not make it quicker"), ("terminate", "cuts that")])
def test_a_cancel_that_was_requested_stands_in_both_forms(
    admin: Client, upstream: Faulty, operation: str, words: str
) -> None:
    cancel(admin)
    page = admin.get(f"{PAGE}{operation}/")
    assert words in pages.text(page)
    assert ("Cancel the execution again" in pages.text(page)) == (operation == "cancel")


EVENTS = [
    canned.event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "w"}),
    canned.event(2, "WORKFLOW_EXECUTION_CANCEL_REQUESTED", cause="elsewhere"),
    canned.event(3, "WORKFLOW_TASK_SCHEDULED"),
]


def _history(upstream: Faulty, *events: dict[str, Any]) -> None:
    upstream.on(reply({"events": list(events)}), path=f"{canned.RUNS}/{canned.RUN}/history")


def test_a_cancel_from_elsewhere_is_seen_in_the_history(operator: Client, upstream: Faulty) -> None:
    words, address = "( event 2 ), not from this console", f"{PAGE}why/"
    assert words not in pages.text(operator.get(address))
    _history(upstream, *EVENTS)
    page = operator.get(address)
    assert (page.status_code, words in pages.text(page)) == (200, True)
    # Ours says who and why: one word about it is enough.
    _row("done")
    assert words not in pages.text(operator.get(address))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (("CANCELED", "cancel", "done"), "ana, with cancel : r"),
        (("CANCELED", "batch-cancel", "done"), "ana, with cancel selected : r"),
        (("CANCELED", "cancel", "unknown"), "ana, with cancel (not known for sure): r"),
        (("CANCELED", "cancel", "refused"), None),
        (("CANCELED", "terminate", "done"), None),
        (("TERMINATED", "terminate", "done"), "ana, with terminate : r"),
        (("TERMINATED", "batch-terminate", "done"), "ana, with terminate selected : r"),
        (("TERMINATED", "reset", "done"), "ana, with reset : r"),
        (("TERMINATED", "cancel", "done"), None),
        (("COMPLETED", "cancel", "done"), None),
        (("FAILED", "cancel", "done"), None),
        (("RUNNING", "cancel", "done"), None),
    ],
)
def test_the_overview_says_who_ended_it_and_why(
    operator: Client, upstream: Faulty, how: tuple[str, str, str], words: str | None
) -> None:
    status, operation, result = how
    row = _row(result, operation=operation, run_id="" if operation.startswith("batch") else canned.RUN)
    canned.healthy(upstream, status=status, end_time=None if status == "RUNNING" else "2099-01-31T14:06:00Z")
    page = operator.get(PAGE)
    found = re.search("<dt>Ended by</dt><dd>(.*?)</dd>", page.content.decode(), re.DOTALL)
    assert (pages.text(found[1]) if found else None) == words
    assert (f"{PAGE}actions/?action={row.id}" in pages.links(page)) == (words is not None) or status == "RUNNING"
