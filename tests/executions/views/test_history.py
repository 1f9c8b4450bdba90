"""An execution's history with what operators did among the engine's events."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.executions.recorded import row
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/"
HOSTILE = "<script>alert(1)</script>{{ 1 }}{% x %}"


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

    def test_the_filter_and_the_search_find_them(self, operator: Client) -> None:
        made = str(row(age=5, reason="to be CAREFUL").id)
        assert self.ids(operator, "type=operator") == [made]
        assert self.ids(operator, "type=operator&type=activity") == [made, 5]
        assert self.ids(operator, "q=careful") == [made]
        page = operator.get(f"{PAGE}history/")
        assert "?type=operator" in pages.links(page)
        assert "3 rows of 5 events" in pages.text(page)

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
