"""The audit: what operators did, with its filters and its sheet."""

import csv
import io
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

from executions.models import Batch, BatchItem
from executions.services import audit, audit_sheet
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.executions.recorded import row

PAGE = f"/executions/{canned.ID}/"
HOSTILE = "<script>alert(1)</script>{{ 1 }}{% x %}"


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
        assert head == list(audit_sheet.HEADING)
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
        monkeypatch.setattr(audit_sheet, "LIMIT", 2)
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
