"""An execution's history with what operators did among the engine's events."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from executions.services import attempts
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.executions.recorded import row
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
HOSTILE = "<script>alert(1)</script>{{ 1 }}{% x %}"


HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
SEARCH = {"HX-Request": "true", "HX-Target": "history-found"}


def test_a_search_while_one_types_brings_rows_and_links_and_the_address(operator: Client) -> None:
    response = operator.get(f"{PAGE}history/?view=all&type=&state=&q=extract&run=", headers=SEARCH)
    assert [one.id for one in response.context["rows"]] == [5]
    # The run goes on: its order is another one by itself when it is over.
    assert response["HX-Replace-Url"] == f"{PAGE}history/?view=all&q=extract&order=desc"
    ids = {tag.get("id") for _, tag in pages.parse(response).tags if tag.get("hx-swap-oob")}
    assert ids == {"history-views", "history-kinds", "history-sums", "history-ends"}
    assert "find-form" not in response.content.decode()
    assert all("q=extract" in link for link in pages.links(response) if "type=" in link)
    cleared = operator.get(f"{PAGE}history/?q=", headers=SEARCH)
    assert (cleared["HX-Replace-Url"], len(cleared.context["rows"])) == (f"{PAGE}history/?order=desc", 2)


def test_a_search_keeps_the_other_filters(operator: Client) -> None:
    page = operator.get(f"{PAGE}history/?view=all&type=activity&type=task&state=failed&name=a&order=asc&event=3&part=")
    fields = [(tag["name"], tag["value"]) for _, tag in pages.parse(page).tags if tag.get("type") == "hidden"]
    wanted = {
        ("view", "all"),
        ("type", "activity"),
        ("type", "task"),
        ("state", "failed"),
        ("name", "a"),
        ("order", "asc"),
    }
    assert {pair for pair in fields if pair[0] != "csrfmiddlewaretoken"} == wanted


def test_json_rows_are_folded_unless_they_are_wanted_open(operator: Client) -> None:
    folded = operator.get(f"{PAGE}history/?view=json")
    assert "<pre" not in folded.content.decode()
    assert '{"activityId":"1","activityType":{"name":"extract_invoice"}}' in pages.text(folded)
    opened = operator.get(f"{PAGE}history/?view=json&open=1&order=asc")
    assert opened.content.decode().count("<pre") == 5
    # So are the rows that come later.
    assert "open=1" in opened.context["asked"]
    # Elsewhere it means nothing.
    assert "<pre" not in operator.get(f"{PAGE}history/?view=all&open=1").content.decode()


def test_one_event_as_a_file(operator: Client) -> None:
    address = f"{PAGE}history/?download=event&event=5&run={canned.RUN}"
    inside = operator.get(f"{PAGE}history/?part=event&view=all&event=5")
    assert address in pages.links(inside)
    response = operator.get(address)
    assert response.json() == canned.HISTORY["events"][4]
    assert response["Content-Disposition"] == f'attachment; filename="history-{canned.RUN}-event-5.json"'
    assert operator.get(f"{PAGE}history/?download=event&event=99").status_code == 404
    assert operator.get(f"{PAGE}history/?download=event").status_code == 404


def test_an_open_row_says_how_its_activity_is_doing(
    operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FRESH_SECONDS", 0.0)
    about = {"task_id": "1", "activity_name": "extract_invoice", "failure": {"message": "429 <slow down>"}}
    failed = canned.EVENT | {"event_timestamp": 1_769_868_306_000_000_000, "attributes": about}
    failed |= {"event_type": "ACTIVITY_TASK_FAILED"}
    upstream.on(reply({"events": [failed] * 3, "next_cursor": None}), path=canned.EVENTS)
    shown = pages.text(operator.get(f"{PAGE}history/?part=event&event=5"))
    assert "Outcome retrying since 14:05:06 Attempts 3 failed Last error 429 <slow down> History events 5" in shown
    # Without that it says what the history does.
    upstream.on([RESET], path=canned.EVENTS)
    assert "Outcome not completed History events 5" in pages.text(operator.get(f"{PAGE}history/?part=event&event=5"))
    # The page itself does not wait for it.
    upstream.requests.clear()
    operator.get(f"{PAGE}history/")
    assert canned.EVENTS not in [one.target.partition("?")[0] for one in upstream.requests]


def test_the_stack_trace_of_a_row_begins_with_the_workflow_s_own_frames(operator: Client, upstream: Faulty) -> None:
    paths = ("/v/site-packages/temporalio/a.py", "/app/own.py")
    trace = "".join(f'  File "{path}", line 1, in go\n    go()\n' for path in paths)
    failed = canned.event(
        6, "ACTIVITY_TASK_FAILED", scheduledEventId="5", failure={"message": "x", "stackTrace": trace}
    )
    upstream.on(reply({"events": [*canned.HISTORY["events"], failed]}), path=HISTORY)
    shown = pages.text(operator.get(f"{PAGE}history/?part=event&event=5"))
    assert 'Stack trace … 1 call inside libraries File "/app/own.py", line 1, in go go() Copy the whole trace' in shown
    assert 'temporalio/a.py", line 1' in shown


class TestActionsAmongEvents:
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
        return [one.id for one in browser.get(f"{PAGE}history/?view=all&{query}").context["rows"]]

    def test_they_stand_in_the_order_of_time(self, operator: Client) -> None:
        late, early = str(row(age=5).id), str(row(age=45).id)
        in_order = [1, 2, early, 3, 4, 5, late]
        assert self.ids(operator, "order=asc") == in_order
        assert self.ids(operator, "order=desc") == in_order[::-1]
        assert self.ids(operator) == in_order[::-1]

    def test_on_the_time_axis_they_stand_at_their_time(self, operator: Client) -> None:
        done = row(age=30).at.timestamp()
        page = operator.get(f"{PAGE}history/?view=timeline")
        (x,) = re.findall(r'<rect class="bar-operator" x="([^"]*)"', page.content.decode())
        assert float(x) == page.context["axis"].bar(done, done).x

    def test_the_filter_and_the_search_find_them(self, operator: Client) -> None:
        made = str(row(age=5, reason="to be CAREFUL").id)
        assert self.ids(operator, "type=operator") == [made]
        assert self.ids(operator, "type=operator&type=activity") == [made, 5]
        assert self.ids(operator, "q=careful") == [made]
        page = operator.get(f"{PAGE}history/")
        assert "?order=desc&type=operator" in pages.links(page)
        assert "3 steps" in pages.text(page)
        assert "1 of 3 steps" in pages.text(operator.get(f"{PAGE}history/?type=operator"))
        assert "1 of 6 events" in pages.text(operator.get(f"{PAGE}history/?view=all&type=operator"))

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
        content: str = browser.get(f"{PAGE}history/?view=all&{query}").content.decode()
        return content

    def test_a_link_opens_its_page_and_marks_it(self, operator: Client) -> None:
        made = row(age=5)
        for named in (str(made.id), "3"):
            page = self.page(operator, f"event={named}")
            assert re.findall(r'<li id="event-([^"]*)" class="row[^"]* selected"', page) == [named]

    def test_rows_go_on_past_and_ahead_of_one_of_them(self, operator: Client) -> None:
        made = str(row(age=25).id)
        assert self.ids(operator, f"order=asc&part=rows&past={made}") == [5]
        assert self.ids(operator, f"order=asc&part=rows&ahead={made}") == [1, 2, 3, 4]

    def test_what_one_has_inside_is_with_it(self, operator: Client) -> None:
        made = row(age=5, reason="first")
        assert "Why first" in pages.text(self.page(operator))
        assert operator.get(f"{PAGE}history/?part=event&event={made.id}").status_code == 200

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
