"""Pages that refresh themselves: 204 while nothing has changed, one question for all who look, what follows what."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from executions.models import ActionOutcome, ActionRequested
from executions.services import reads
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import Faulty, reply

LIST = "/executions/"
PAGE = f"/executions/{canned.ID}/"
FACTS = f"{PAGE}?part=facts"
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"


def _list(upstream: Faulty, *runs: Any, token: str | None = None) -> None:
    upstream.on(reply({"executions": runs, "next_page_token": token}), path=canned.RUNS)


WAIT = reads.LIST_AGE
"""As it is, before a test changes it."""
OTHER = canned.execution("b", run_id=canned.OTHER_RUN)


class TestList:
    @pytest.mark.parametrize(
        ("runs", "token"),
        [
            ([canned.execution(), OTHER], None),
            ([canned.execution(status="COMPLETED")], None),
            ([canned.execution(end_time="2026-01-31T14:06:00Z")], None),
            ([canned.execution(run_id=canned.OTHER_RUN)], None),
            ([canned.execution(user_id="user-43")], None),
            ([canned.execution()], "more"),
            ([], None),
        ],
    )
    def test_it_is_sent_again_when_something_on_it_has_changed(
        self, operator: Client, upstream: Faulty, runs: list[Any], token: str | None
    ) -> None:
        before = pages.refresh(operator.get(LIST), "part")
        same = operator.get(LIST, headers=before)
        assert (same.status_code, same.content, same["Cache-Control"]) == (204, b"", "no-store")
        _list(upstream, *runs, token=token)
        changed = operator.get(LIST, headers=before)
        assert changed.status_code == 200
        assert [run.execution_id for run in changed.context["runs"]] == [one["execution_id"] for one in runs]
        assert operator.get(LIST, headers=pages.refresh(changed, "part")).status_code == 204

    def test_an_empty_one_waits_for_the_first(self, operator: Client, upstream: Faulty) -> None:
        _list(upstream)
        before = pages.refresh(operator.get(LIST), "part")
        assert operator.get(LIST, headers=before).status_code == 204
        _list(upstream, canned.execution())
        assert canned.ID in pages.text(operator.get(LIST, headers=before))

    def test_it_is_sent_again_when_the_reader_may_do_something_else(
        self, operator: Client, upstream: Faulty, users: dict[str, Any], sign_in: SignIn
    ) -> None:
        before = pages.refresh(operator.get(LIST), "part")
        assert sign_in("admin").get(LIST, headers=before).status_code == 200

    def test_only_the_first_page_follows(self, operator: Client, upstream: Faulty) -> None:
        trigger = pages.poller(operator.get(LIST), "part")["hx-trigger"]
        assert trigger == "every 1200ms, seen from:body"
        # A new run is there within two seconds, also where all who look share the answer from before it began.
        assert 1.2 + WAIT < 1.7
        later = pages.parse(operator.get(f"{LIST}?page=x")).tags
        assert [tag for _, tag in later if "data-poll" in tag] == []

    def test_all_who_look_ask_once(self, sign_in: SignIn, upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reads, "LIST_AGE", 60.0)
        viewers = [sign_in(name) for name in ("viewer", "operator", "admin")]
        before = pages.refresh(viewers[0].get(f"{LIST}?status=RUNNING"), "part")
        asked = len(upstream.requests)
        for viewer in viewers * 5:
            assert viewer.get(f"{LIST}?status=RUNNING", headers=before).status_code in {200, 204}
        assert len(upstream.requests) == asked
        # Another filter is another question; and who opens the page sees it as it is now.
        viewers[0].get(f"{LIST}?status=FAILED", headers=before)
        viewers[0].get(f"{LIST}?status=RUNNING")
        assert len(upstream.requests) == asked + 2

    def test_what_is_shared_is_for_those_who_may_see_it(
        self, sign_in: SignIn, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reads, "LIST_AGE", 60.0)
        before = pages.refresh(sign_in("viewer").get(LIST), "part")
        assert sign_in("nobody").get(LIST, headers=before).status_code == 403
        assert sign_in("anonymous").get(LIST, headers=before).status_code == 401


class TestFacts:
    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "COMPLETED"},
            {"status": "RETRYING_AFTER_ERROR"},
            {"run_id": canned.OTHER_RUN},
            {"start_time": "2026-01-31T14:05:01Z"},
        ],
    )
    def test_they_are_sent_again_with_what_depends_on_them(
        self, operator: Client, upstream: Faulty, changes: dict[str, Any]
    ) -> None:
        before = pages.refresh(operator.get(PAGE), "facts")
        assert operator.get(FACTS, headers=before).status_code == 204
        canned.healthy(upstream, **changes)
        changed = operator.get(FACTS, headers=before)
        assert (changed.status_code, changed["HX-Trigger"]) == (200, "facts-changed")
        tags = [tag for _, tag in pages.parse(changed).tags]
        (facts,) = [tag for tag in tags if tag.get("id") == "facts"]
        assert (facts["data-status"], facts["data-run"], facts["data-over"]) == (
            changes.get("status", "RUNNING"),
            changes.get("run_id", canned.RUN),
            "yes" if changes.get("status") == "COMPLETED" else "no",
        )
        # A copied link names the run that is shown.
        (link,) = [tag for tag in tags if tag.get("id") == "copy-link"]
        assert (link["data-copy-link"], link["hx-swap-oob"]) == (f"run={changes.get('run_id', canned.RUN)}", "true")

    def test_they_are_sent_again_when_the_reader_may_do_something_else(
        self, operator: Client, upstream: Faulty, sign_in: SignIn
    ) -> None:
        before = pages.refresh(operator.get(PAGE), "facts")
        assert sign_in("viewer").get(FACTS, headers=before).status_code == 200

    def test_an_action_and_its_outcome_change_them(self, operator: Client, upstream: Faulty) -> None:
        before = pages.refresh(operator.get(PAGE), "facts")
        action = ActionRequested.objects.create(token="t", operation="signal", execution_id=canned.ID)
        changed = operator.get(FACTS, headers=before)
        (count,) = [tag for _, tag in pages.parse(changed).tags if tag.get("id") == "action-count"]
        assert (changed.status_code, count["hx-swap-oob"]) == (200, "true")
        before = pages.refresh(changed, "facts")
        assert operator.get(FACTS, headers=before).status_code == 204
        ActionOutcome.objects.create(action_id=action.id, result="done")
        assert operator.get(FACTS, headers=before).status_code == 200

    @pytest.mark.parametrize("tab", ["", "history/", "trace/", "logs/", "events/", "actions/", "signal/", "reset/"])
    @pytest.mark.parametrize(
        ("status", "query"), [("RUNNING", ""), ("RUNNING", f"?run={canned.RUN}"), ("COMPLETED", "")]
    )
    def test_every_page_asks_for_them(
        self, operator: Client, upstream: Faulty, tab: str, status: str, query: str
    ) -> None:
        canned.healthy(upstream, status=status)
        trigger = f"every {3 if status == 'RUNNING' else 10}s, seen from:body"
        found = pages.poller(operator.get(f"{PAGE}{tab}{query}"), "facts")
        # Whoever did not choose a run sees the next one, too.
        pinned = query and tab not in {"signal/", "reset/"}
        assert (found["hx-get"], found["hx-trigger"]) == (FACTS + (f"&run={canned.RUN}" if pinned else ""), trigger)

    def test_a_chosen_run_that_is_over_stays_as_it_is(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, status="COMPLETED")
        tags = [tag for _, tag in pages.parse(operator.get(f"{PAGE}?run={canned.RUN}")).tags]
        (facts,) = [tag for tag in tags if tag.get("id") == "facts"]
        assert "hx-get" not in facts

    def test_all_who_look_ask_once(self, sign_in: SignIn, upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reads, "AGE", 60.0)
        viewers = [sign_in(name) for name in ("viewer", "operator", "admin")]
        for viewer in viewers:
            before = pages.refresh(viewer.get(PAGE), "facts")
        asked = len(upstream.requests)
        for viewer in viewers:
            viewer.get(FACTS, headers=before)
            assert viewer.get(f"{PAGE}?part=watch", headers={"X-Was": ""}).json()["status"] == "RUNNING"
        assert len(upstream.requests) == asked


class TestActing:
    """What is shared is for pages that are read."""

    @pytest.fixture(autouse=True)
    def _shared(self, monkeypatch: pytest.MonkeyPatch, upstream: Faulty) -> None:
        monkeypatch.setattr(reads, "AGE", 60.0)

    @pytest.mark.parametrize("query", ["", f"?run={canned.OTHER_RUN}"])
    @pytest.mark.parametrize(
        ("slug", "fields"),
        [
            ("signal", {"name": "approve"}),
            ("update", {"name": "set_priority"}),
            ("cancel", {"reason": "stuck"}),
            ("terminate", {"reason": "stuck", "confirm": canned.ID[-6:]}),
            ("reset", {"reason": "stuck", "event_id": "4"}),
        ],
    )
    def test_it_is_decided_on_what_is_now(
        self, admin: Client, upstream: Faulty, slug: str, fields: dict[str, str], query: str
    ) -> None:
        upstream.on(reply(canned.execution(run_id=canned.OTHER_RUN)), path=f"{canned.RUNS}/{canned.OTHER_RUN}")
        form = pages.open_form(admin, f"{PAGE}{slug}/{query}", **fields)
        admin.get(PAGE)
        canned.healthy(upstream, status="FAILED", end_time="2026-01-31T14:06:00Z")
        upstream.requests.clear()
        # Even if it says that it is a refresh.
        response = admin.post(f"{PAGE}{slug}/{query}", form, headers={"X-Was": ""})
        assert (response.status_code, canned.sent(upstream)) == (409, [])
        asked = [one.path for one in upstream.requests]
        assert canned.path() in asked
        assert (f"{canned.RUNS}/{canned.OTHER_RUN}" in asked) == bool(query)

    def test_what_came_of_it_is_seen_at_once(self, admin: Client, upstream: Faulty, sign_in: SignIn) -> None:
        viewer = sign_in("viewer")
        before = pages.refresh(viewer.get(PAGE), "facts")
        assert viewer.get(FACTS, headers=before).status_code == 204
        form = pages.open_form(admin, f"{PAGE}cancel/", reason="stuck")
        canceled = canned.execution(status="CANCELED", end_time="2026-01-31T14:06:00Z")

        def cancel(request: Any) -> Any:
            upstream.on(reply(canceled), method="GET", path=canned.path())
            return reply(status=204)

        upstream.on(cancel, method="POST", path=canned.path(rest="/cancel"))
        after = admin.get(admin.post(f"{PAGE}cancel/", form)["Location"])
        assert pages.poller(after, "facts")["data-status"] == "CANCELED"
        # And for everybody else from then on.
        changed = viewer.get(FACTS, headers=before)
        assert pages.poller(changed, "facts")["data-status"] == "CANCELED"


@pytest.mark.parametrize("tab", ["", "history/", "trace/", "trace/?view=events", "actions/"])
@pytest.mark.parametrize("status", ["RUNNING", "COMPLETED"])
def test_a_tab_follows_the_facts(operator: Client, upstream: Faulty, tab: str, status: str) -> None:
    canned.healthy(upstream, status=status)
    found = pages.poller(operator.get(PAGE + tab), "part")
    assert "facts-changed from:body, due" in found["hx-trigger"]
    # Where a page refreshes itself by the clock it is while there is something to come.
    own = status == "RUNNING" and tab == "trace/"
    assert ("every" in found["hx-trigger"]) == own


class TestHistory:
    @staticmethod
    def end(page: Any) -> tuple[str, dict[str, str]]:
        """The address of what is new, and the header that says what is there."""
        found = re.search(
            r'<li class="edge" id="history-end" hx-get="([^"]*)".*data-was="([^"]*)"', page.content.decode()
        )
        assert found
        return html.unescape(found[1]), {"X-Was": found[2], "HX-Request": "true", "HX-Target": "history-end"}

    @staticmethod
    def grown(upstream: Faulty, *events: Any) -> None:
        upstream.on(reply({"events": [*canned.HISTORY["events"], *events]}), path=HISTORY)

    STARTED = canned.event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5")
    TIMER = canned.event(7, "TIMER_STARTED", timerId="t-1")

    def test_what_is_new_comes_and_what_changed(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reads, "AGE", 1e-9)
        address, was = self.end(operator.get(f"{PAGE}history/"))
        assert operator.get(address, headers=was).status_code == 204
        self.grown(upstream, self.STARTED, self.TIMER)
        changed = operator.get(address, headers=was)
        assert [row.id for row in changed.context["rows"]] == [7]
        assert [row.id for row in changed.context["changed"]] == [5]
        assert re.findall(r'<li id="event-(\d+)"[^>]*hx-swap-oob', changed.content.decode()) == ["5"]
        address, was = self.end(changed)
        assert operator.get(address, headers=was).status_code == 204

    @pytest.mark.parametrize(("order", "ids"), [("asc", [6, 7]), ("desc", [7, 6])])
    def test_all_events_come_in_their_order(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, order: str, ids: list[int]
    ) -> None:
        monkeypatch.setattr(reads, "AGE", 1e-9)
        address, was = self.end(operator.get(f"{PAGE}history/?view=all&order={order}"))
        self.grown(upstream, self.STARTED, self.TIMER)
        news = operator.get(address, headers=was)
        assert [row.id for row in news.context["rows"]] == ids
        shown = re.findall(r'<li (?:class="edge" )?id="(history-end|event-\d+)"', news.content.decode())
        rows = [f"event-{number}" for number in ids]
        assert shown == (["history-end", *rows] if order == "desc" else [*rows, "history-end"])

    def test_an_operator_s_action_is_a_row_of_it(self, operator: Client, upstream: Faulty) -> None:
        address, was = self.end(operator.get(f"{PAGE}history/"))
        made = ActionRequested.objects.create(token="t", operation="signal", execution_id=canned.ID, run_id=canned.RUN)
        news = operator.get(address, headers=was)
        assert [row.id for row in news.context["rows"]] == [str(made.id)]

    def test_all_who_look_ask_once_and_nobody_misses_its_end(
        self, sign_in: SignIn, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reads, "AGE", 60.0)
        viewers = [sign_in(name) for name in ("viewer", "operator", "admin")]
        address, was = self.end(viewers[0].get(f"{PAGE}history/"))
        assert {viewer.get(address, headers=was).status_code for viewer in viewers * 3} == {204}
        assert [one.path for one in upstream.requests].count(HISTORY) == 1
        # With the status comes the history that ends with it, however young the one before is.
        canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        self.grown(upstream, canned.event(6, "WORKFLOW_EXECUTION_COMPLETED"))
        viewers[0].get(f"{PAGE}?run={canned.RUN}")
        changed = viewers[1].get(address, headers=was)
        assert [row.id for row in changed.context["rows"]] == [6]

    def test_its_order_stays_when_the_run_ends_and_it_asks_no_more(self, operator: Client, upstream: Faulty) -> None:
        """The newest rows come first only while it runs; a reader must not lose the place."""
        address, was = self.end(operator.get(f"{PAGE}history/"))
        canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        ended = [canned.event(number, "WORKFLOW_EXECUTION_COMPLETED") for number in (6, 7)]
        self.grown(upstream, *ended)
        after = operator.get(address, headers=was)
        assert [row.id for row in after.context["rows"]] == [7, 6]
        assert "every" not in after.content.decode()
        assert "facts-changed from:body" in after.content.decode()

    def test_after_a_storm_the_part_begins_anew(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reads, "AGE", 1e-9)
        address, was = self.end(operator.get(f"{PAGE}history/"))
        self.grown(upstream, *(canned.event(number, "MARKER_RECORDED") for number in range(6, 220)))
        news = operator.get(address, headers=was)
        assert (news["HX-Retarget"], news["HX-Reswap"]) == ("#part", "innerHTML")
        assert news.context["rows"][0].id == 219
        assert news.content.decode().count('id="history-end"') == 1

    @pytest.mark.parametrize("since", ["", "5", "x.1", "5.x", "-1.0"])
    def test_since_nonsense_there_is_nothing(self, operator: Client, since: str) -> None:
        assert operator.get(f"{PAGE}history/?part=news&since={since}", headers={"X-Was": "other"}).status_code == 400


class TestWatch:
    def test_it_says_how_the_latest_run_is(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, status="TIMED_OUT")
        said = operator.get(f"{PAGE}?part=watch", headers={"X-Was": ""}).json()
        assert said.pop("now")
        assert said == {"status": "TIMED_OUT", "word": "Timed out", "over": True, "run": canned.RUN}

    def test_it_is_for_those_who_may_see_it(self, sign_in: SignIn, upstream: Faulty) -> None:
        as_script = {"X-Was": "", "HX-Request": "true"}
        assert sign_in("nobody").get(f"{PAGE}?part=watch", headers=as_script).status_code == 403
        assert sign_in("anonymous").get(f"{PAGE}?part=watch", headers=as_script).status_code == 401
        assert upstream.requests == []
