"""What operators did, on pages: the audit with its filters and its sheet, an execution's actions, and its history."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested, Batch, BatchItem
from executions.services import audit
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
HOSTILE = "<script>alert(1)</script>{{ 1 }}{% x %}"


def row(result: str | None = "done", age: float = 0, answer: str = "", **fields: Any) -> ActionRequested:
    """An action in the audit, so many seconds old."""
    known = {"username": "ana", "operation": "signal", "execution_id": canned.ID, "run_id": canned.RUN, "reason": "r"}
    made: ActionRequested = ActionRequested.objects.create(token=uuid.uuid4().hex, **(known | fields))
    if result:
        ActionOutcome.objects.create(action_id=made.id, result=result, answer=answer)
    if age:
        moment = (timezone.now() - timedelta(seconds=age)).replace(tzinfo=None)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE executions_actionrequested SET at = %s WHERE token = %s", [moment, made.token])
    return ActionRequested.objects.get(token=made.token)


def shown(response: HttpResponse) -> list[uuid.UUID]:
    return [entry.action.id for entry in response.context["entries"]]


class TestAudit:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, "abcd"),
            ({"user": "ana"}, "ab"),
            ({"operation": "cancel"}, "b"),
            ({"execution": "other"}, "d"),
            ({"outcome": "unknown"}, "c"),
            ({"outcome": "in progress"}, "d"),
            ({"outcome": "done", "user": "ana"}, "a"),
            ({"outcome": "done", "user": "ben"}, ""),
            ({"user": "", "outcome": "", "after": ""}, "abcd"),
            ({"page": "9"}, "abcd"),
        ],
    )
    def test_filters(self, admin: Client, query: dict[str, str], found: str) -> None:
        rows = {
            "a": row("done"),
            "b": row("refused", operation="cancel"),
            "c": row("unknown", username="ben"),
            "d": row(None, username="ben", execution_id="other"),
        }
        response = admin.get("/audit/", query)
        assert response.status_code == 200
        assert set(shown(response)) == {rows[name].id for name in found}
        # What was chosen stands in the form again, and goes along to the sheet.
        data = response.context["form"]
        assert {name: data[name].value() for name in query if name != "page"} == {
            name: value for name, value in query.items() if name != "page"
        }
        sheet = list(csv.reader(io.StringIO(admin.get("/audit/", query | {"view": "csv"}).content.decode("utf-8-sig"))))
        assert {line[-1] for line in sheet[1:]} == {str(rows[name].id) for name in found}

    def test_times(self, admin: Client) -> None:
        old, new = row(age=7200), row(age=60)
        between = (timezone.now() - timedelta(hours=1)).isoformat()
        assert shown(admin.get("/audit/", {"after": between})) == [new.id]
        assert shown(admin.get("/audit/", {"before": between})) == [old.id]
        assert shown(admin.get("/audit/", {"after": between, "before": between})) == []
        page = admin.get("/audit/", {"after": between})
        # Shown in the viewer's zone, by script.
        fields = {found.get("name"): found for tag, found in pages.parse(page).tags if tag == "input"}
        assert {name for name, found in fields.items() if "data-moment" in found} == {"after", "before"}

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"operation": "delete"}, "delete is nothing that the audit records."),
            ({"operation": "history"}, "history is nothing that the audit records."),
            ({"outcome": HOSTILE}, f"{HOSTILE} is no outcome."),
            ({"after": "yesterday"}, "Not a time. Write it like 2026-01-31T14:05."),
            ({"user": "x" * 151}, "at most 150 characters"),
            ({"execution": "a\0"}, "Null characters are not allowed."),
            ({"batch": "7"}, "This is no batch."),
        ],
    )
    @pytest.mark.parametrize("view", ["", "csv"])
    def test_a_filter_that_cannot_be_used(self, admin: Client, query: dict[str, str], words: str, view: str) -> None:
        row()
        response = admin.get("/audit/", query | {"view": view})
        assert (response.status_code, pages.problem(response)) == (400, "One of the filters cannot be used")
        assert words in pages.problem_text(response)
        assert "<script>alert" not in response.content.decode()
        assert "entries" not in response.context

    @pytest.mark.parametrize(
        ("query", "words"), [({}, "Nothing yet"), ({"user": "nobody"}, "No actions match these filters")]
    )
    def test_where_there_is_nothing(self, admin: Client, query: dict[str, str], words: str) -> None:
        assert words in pages.text(admin.get("/audit/", query))

    @pytest.mark.parametrize("view", ["", "csv"])
    def test_no_filter_shows_others_what_is_not_theirs(self, sign_in: SignIn, view: str) -> None:
        mine, theirs = row(username="operator"), row(username="admin")
        for query in ({}, {"user": "admin"}, {"execution": canned.ID}, {"outcome": "done"}):
            response = sign_in("operator").get("/audit/", query | {"view": view})
            assert str(theirs.id) not in response.content.decode()
            assert (str(mine.id) in response.content.decode()) == (query.get("user") is None)

    def test_pages_keep_the_filters(self, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit, "PAGE_SIZE", 2)
        rows = [row(age=100 - number) for number in range(5)]
        row(username="ben")
        found = []
        address = "/audit/?user=ana"
        while address:
            page = admin.get(address)
            found += shown(page)
            older = [link for link in pages.links(page) if "page=" in link and link.endswith(str(len(found) // 2 + 1))]
            address = f"/audit/{older[0]}" if older else ""
            assert len(found) <= 5
        assert found == [one.id for one in reversed(rows)]

    def test_few_queries_and_no_large_texts_however_many_rows(self, admin: Client) -> None:
        for _ in range(30):
            row(answer="x" * 5_000, input="y" * 5_000, operation="update")
        with CaptureQueriesContext(connection) as queries:
            response = admin.get("/audit/")
        assert len(queries) < 15
        assert "xxxxx" not in response.content.decode()
        assert "yyyyy" not in response.content.decode()

    def test_the_sheet(self, admin: Client) -> None:
        made = row("refused", username="=cmd", name="\tname", reason='=HYPERLINK("http://x")', execution_id="-1")
        response = admin.get("/audit/?view=csv")
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'
        assert response["Cache-Control"] == "no-store"
        (head, line) = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
        assert head == list(audit.SHEET_HEADING)
        found = dict(zip(head, line, strict=True))
        assert (found["user"], found["name"], found["execution"]) == ("'=cmd", "'\tname", "'-1")
        assert (found["reason"], found["outcome"]) == ('\'=HYPERLINK("http://x")', "refused")
        assert found["action"] == str(made.id)

    def batch(self, operation: str = "batch-terminate", count: int = 3, **fields: Any) -> tuple[Batch, list[Any]]:
        """A batch, and its actions from the first to the last: one was refused, the others done."""
        made = Batch.objects.create(operation=operation, username="ana", state="done")
        rows = []
        for place in range(count):
            result = "done" if place else "refused"
            BatchItem.objects.create(batch=made, position=place, execution_id=f"e-{place}", state=result)
            known = {"operation": operation, "batch_id": made.id, "execution_id": f"e-{place}", "age": 100 - place}
            rows.append(row(result, **(known | fields)))
        return made, rows

    def test_a_batch_is_one_line_that_leads_to_all_of_it(self, admin: Client) -> None:
        old, (made, rows), new = row(age=200), self.batch(reason="why"), row(age=10)
        page = admin.get("/audit/?user=ana")
        lines = [getattr(line, "entry", line).action.id for line in page.context["entries"]]
        assert lines == [new.id, rows[-1].id, old.id]
        assert "Terminate selected in a batch 3 executions 2 done 1 refused why" in pages.text(page)
        assert "5 actions match, in 3 lines: a batch is one" in pages.text(page)
        assert f"/batches/{made.id}/" in pages.links(page)
        (link,) = [link for link in pages.links(page) if "batch=" in link]
        assert link == f"?user=ana&batch={made.id}"
        single = admin.get(f"/audit/{link}")
        assert shown(single) == [one.id for one in reversed(rows)]
        assert "3 actions match Download CSV" in pages.text(single)

    @pytest.mark.parametrize("query", [{"execution": "e-"}, {"outcome": "done"}])
    def test_who_asks_for_single_actions_gets_them(self, admin: Client, query: dict[str, str]) -> None:
        _, rows = self.batch()
        expected = rows if "execution" in query else rows[1:]
        assert shown(admin.get("/audit/", query)) == [one.id for one in reversed(expected)]

    def test_the_sheet_has_each_action_of_a_batch(self, admin: Client) -> None:
        _, rows = self.batch()
        sheet = list(csv.reader(io.StringIO(admin.get("/audit/?view=csv").content.decode("utf-8-sig"))))
        assert [line[-1] for line in sheet[1:]] == [str(one.id) for one in reversed(rows)]

    def test_one_action_of_a_batch_is_shown_as_such(self, admin: Client) -> None:
        _, rows = self.batch()
        rest = (timezone.now() - timedelta(seconds=98.5)).isoformat()
        assert shown(admin.get("/audit/", {"after": rest})) == [rows[2].id]

    def test_lines_go_on_over_pages(self, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit, "PAGE_SIZE", 2)
        batches = [self.batch(age=50), self.batch(age=30), self.batch(age=10)]
        singles = [row(age=age).id for age in (40, 20)]
        expected = [batches[2][0].id, singles[1], batches[1][0].id, singles[0], batches[0][0].id]
        found = []
        for number in (1, 2, 3):
            page = admin.get("/audit/", {"page": number})
            lines = [getattr(line, "entry", line).action for line in page.context["entries"]]
            found += [action.batch_id or action.id for action in lines]
        assert found == expected

    def test_of_a_batch_others_see_their_own_part(self, sign_in: SignIn) -> None:
        made, rows = self.batch(username="operator")
        row(operation="batch-terminate", batch_id=made.id, username="admin")
        page = sign_in("operator").get("/audit/")
        (line,) = page.context["entries"]
        assert (line.count, line.entry.action.id) == (3, rows[-1].id)
        assert f"/batches/{made.id}/" not in pages.links(page)

    def test_few_queries_however_many_batches(self, admin: Client) -> None:
        found = []
        for _ in range(2):
            for _ in range(5):
                self.batch()
            with CaptureQueriesContext(connection) as queries:
                admin.get("/audit/")
            found.append(len(queries))
        assert found[0] == found[1] < 15

    @pytest.mark.parametrize(
        ("operation", "word"),
        [("signal", "accepted"), ("cancel", "accepted"), ("update", "done"), ("terminate", "done"), ("reset", "done")],
    )
    def test_what_the_api_only_accepted_is_not_called_done(self, admin: Client, operation: str, word: str) -> None:
        row("done", operation=operation, execution_id="x")
        assert f" x {word} r" in pages.text(admin.get("/audit/?outcome=done"))

    def test_what_the_sheet_leaves_out_is_said(self, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit, "SHEET_LIMIT", 2)
        old, *new = [row(age=100 - number) for number in range(3)]
        page = admin.get("/audit/?user=ana")
        assert "Download CSV the newest 2" in pages.text(page)
        (link,) = [link for link in pages.links(page) if "view=csv" in link]
        assert link == f"?{urlencode({'user': 'ana', 'view': 'csv'})}"
        sheet = admin.get(f"/audit/{link}").content.decode()
        assert [str(one.id) in sheet for one in (old, *new)] == [False, True, True]
        new_page = admin.get("/audit/?user=nobody")
        assert "Download CSV" not in pages.text(new_page)

    def test_whatever_was_written_shows_as_text(self, admin: Client) -> None:
        row(username=HOSTILE, operation=HOSTILE, execution_id=HOSTILE, name=HOSTILE, reason=HOSTILE, detail=HOSTILE)
        response = admin.get("/audit/")
        assert "<script>alert" not in response.content.decode()
        assert pages.text(response).count(HOSTILE) == 6


class TestActionsOfAnExecution:
    def test_what_was_sent_and_what_came_back(self, operator: Client, upstream: Faulty) -> None:
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
    def test_there_is_nothing_to_download(self, operator: Client, upstream: Faulty, part: str, action: str) -> None:
        other = row(execution_id="other", input="{}", answer="{}")
        plain = row(operation="cancel")
        chosen = {"of another execution": str(other.id), "of another kind": str(plain.id)}.get(action, action)
        response = operator.get(f"{PAGE}actions/", {"action": chosen, "view": part})
        assert (response.status_code, pages.problem(response)) == (404, "There is no such page")

    def test_those_who_may_not_read_download_nothing(self, sign_in: SignIn, upstream: Faulty) -> None:
        made = row(input='{"secret": 1}')
        response = sign_in("nobody").get(f"{PAGE}actions/", {"action": made.id, "view": "input"})
        assert (response.status_code, "secret" in response.content.decode()) == (403, False)

    def test_a_long_one_is_shown_whole_only_where_it_was_asked_for(self, operator: Client, upstream: Faulty) -> None:
        made = row(input="[" + "7," * 30_000 + "7]")
        assert len(operator.get(f"{PAGE}actions/").content) < 30_000
        assert f"{PAGE}actions/?action={made.id}" in pages.links(operator.get(f"{PAGE}actions/"))
        assert len(operator.get(f"{PAGE}actions/?action={made.id}").content) > 60_000

    def test_the_page_of_the_action_that_the_address_names(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(audit, "PAGE_SIZE", 2)
        rows = [row(age=100 - number) for number in range(5)]
        page = operator.get(f"{PAGE}actions/?action={rows[1].id}")
        assert (page.context["page"].number, page.context["selected"]) == (2, str(rows[1].id))
        assert f'<tr id="action-{rows[1].id}" class="selected">' in page.content.decode()

    @pytest.mark.parametrize(("name", "leads"), [("admin", True), ("operator", False)])
    def test_a_batch_is_linked_for_those_who_may_see_it(
        self, sign_in: SignIn, upstream: Faulty, name: str, leads: bool
    ) -> None:
        batch = uuid.uuid4()
        row(operation="batch-cancel", batch_id=batch)
        for address in (f"{PAGE}actions/", "/audit/"):
            page = sign_in(name).get(address)
            assert (f"/batches/{batch}/" in pages.links(page)) == leads

    def test_they_show_where_the_api_does_not_answer(self, operator: Client, upstream: Faulty) -> None:
        row(reason="stuck")
        upstream.on([RESET])
        page = operator.get(f"{PAGE}actions/")
        assert (page.status_code, "stuck" in pages.text(page)) == (200, True)


class TestHistory:
    """Of an execution: what operators did stands among the engine's events."""

    @pytest.fixture(autouse=True)
    def began_a_minute_ago(self, upstream: Faulty) -> None:
        """Five events, ten seconds apart."""
        now = timezone.now()
        self.events = [
            {**one, "eventTime": (now - timedelta(seconds=60 - 10 * number)).isoformat()}
            for number, one in enumerate(canned.HISTORY["events"])
        ]
        canned.healthy(upstream, start_time=(now - timedelta(seconds=60)).isoformat())
        upstream.on(reply({"events": self.events}), path=f"{canned.RUNS}/{canned.RUN}/history")

    def ids(self, browser: Client, query: str = "") -> list[Any]:
        return [one.id for one in browser.get(f"{PAGE}history/?{query}").context["page"]]

    def test_they_stand_in_the_order_of_time(self, operator: Client) -> None:
        late, early = str(row(age=5).id), str(row(age=45).id)
        in_order = [1, 2, early, 3, 4, 5, late]
        assert self.ids(operator, "order=asc") == in_order
        assert self.ids(operator, "order=desc") == in_order[::-1]
        assert self.ids(operator) == in_order[::-1]

    def test_the_filter_and_the_search_find_them(self, operator: Client) -> None:
        made = str(row(age=5, reason="to be CAREFUL").id)
        assert self.ids(operator, "type=operator") == [made]
        assert self.ids(operator, "type=operator&type=activity") == [made, 5]
        assert self.ids(operator, "q=careful") == [made]
        page = operator.get(f"{PAGE}history/")
        assert "?type=operator" in pages.links(page)
        assert "6 rows, 1 by operators" in pages.text(page)

    def test_it_says_who_what_why_and_what_came_of_it(self, operator: Client, sign_in: SignIn) -> None:
        made = row("refused", age=5, name="approve", reason="first\nsecond")
        found = re.search(f'<li id="event-{made.id}".*?</li>', self.page(sign_in("viewer")), re.DOTALL)
        assert found
        text = pages.text(found[0])
        assert "Signal by ana approve refused first second" in text
        assert "Who ana" in text
        assert "Outcome refused" in text
        assert f"{PAGE}actions/?action={made.id}" in pages.links(found[0])
        assert f"event={made.id}" in found[0]

    def page(self, browser: Client, query: str = "") -> str:
        content: str = browser.get(f"{PAGE}history/?{query}").content.decode()
        return content

    def test_a_link_opens_its_page_and_marks_it(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("executions.services.history.WINDOW", 2)
        made = row(age=5)
        assert self.ids(operator, f"order=asc&event={made.id}") == [5, str(made.id)]
        marked = re.findall(
            r'<li id="event-([^"]*)" class="row[^"]* selected"', self.page(operator, f"event={made.id}")
        )
        assert marked == [str(made.id)]
        marked = re.findall(r'<li id="event-([^"]*)" class="row[^"]* selected"', self.page(operator, "event=3"))
        assert marked == ["3"]

    def test_they_change_neither_pages_nor_polling(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("executions.services.history.WINDOW", 4)
        for age in (5, 45, 46):
            row(age=age)
        pages_ = [self.ids(operator, f"order=asc&page={number}") for number in (1, 2)]
        assert [len(one) for one in pages_] == [4, 4]
        assert [one for page in pages_ for one in page if isinstance(one, int)] == [1, 2, 3, 4, 5]
        polling = [operator.get(f"{PAGE}history/?order=asc&page={page}").context["polling"] for page in (1, 2)]
        assert polling == [0, 2]

    @pytest.mark.parametrize(
        ("fields", "there"),
        [
            ({}, True),
            ({"run_id": canned.OTHER_RUN}, False),
            ({"run_id": "", "batch_id": uuid.UUID(int=7)}, True),
            ({"run_id": "", "age": 90}, False),
            ({"execution_id": "other"}, False),
        ],
    )
    def test_they_belong_to_the_run_that_is_shown(self, operator: Client, fields: dict[str, Any], there: bool) -> None:
        made = row(**({"age": 5} | fields))
        assert (str(made.id) in self.ids(operator)) == there

    def test_one_that_cannot_be_read_is_shown_as_before(self, operator: Client, upstream: Faulty) -> None:
        row(age=5)
        upstream.on(reply({"items": [1]}), path=f"{canned.RUNS}/{canned.RUN}/history")
        assert operator.get(f"{PAGE}history/").context["unreadable"]

    def test_whatever_was_written_shows_as_text(self, operator: Client) -> None:
        row(age=5, username=HOSTILE, operation=HOSTILE, name=HOSTILE, reason=HOSTILE, detail=HOSTILE)
        assert "<script>alert" not in self.page(operator)
