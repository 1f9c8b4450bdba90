"""The reset's page: the points, what a reset to one does, and what is sent."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from executions.models import ActionRequested
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.executions.services.test_rehearsal import EVENTS
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/reset/"
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
LATEST_HISTORY = canned.path(rest="/history")
SENT = canned.path(rest="/reset")
POINTS = [24, 21, 11, 4]
COMPLETED = "WORKFLOW_EXECUTION_COMPLETED"


def histories(upstream: Faulty, answer: Any) -> None:
    upstream.on(answer, method="GET", path=HISTORY)
    upstream.on(answer, method="GET", path=LATEST_HISTORY)


@pytest.fixture(autouse=True)
def failed(upstream: Faulty) -> None:
    """An execution that failed when it booked."""
    canned.healthy(upstream, status="FAILED", end_time="2026-01-31T14:05:25Z")
    histories(upstream, reply({"events": EVENTS}))


def points(response: HttpResponse) -> list[int]:
    """The numbers that can be chosen, as a browser sees them."""
    fields = [one for tag, one in pages.parse(response).tags if tag == "input" and one.get("type") == "radio"]
    assert {one["name"] for one in fields} <= {"event_id"}
    assert {one["form"] for one in fields} <= {"choose"}
    return [int(one["value"]) for one in fields]


def checked(response: HttpResponse) -> list[int]:
    tags = pages.parse(response).tags
    return [int(one["value"]) for tag, one in tags if one.get("type") == "radio" and "checked" in one]


def ready(response: HttpResponse) -> tuple[str, bool, bool]:
    """What would be sent."""
    fields = pages.parse(response).fields
    return fields["event_id"], "exclude_signals" in fields, "exclude_updates" in fields


def read(response: HttpResponse | str) -> str:
    """The text, without the spaces that stand between an element and a mark."""
    return re.sub(r" (?=[,;:.)])|(?<=\() ", "", pages.text(response))


def notice_of(response: HttpResponse) -> str:
    """What became of the number in the address."""
    (found,) = re.findall(r'<div id="choice-notice".*?</div>', response.content.decode(), re.DOTALL)
    return str(found)


def button(response: HttpResponse) -> tuple[str, str]:
    """What the button says, and how it looks."""
    ((look, words),) = re.findall(r'<button id="act"[^>]*class="([^"]*)">(.*?)</button>', response.content.decode())
    return words, look


def fragment(browser: Client, target: str, **query: str) -> HttpResponse:
    return browser.get(PAGE, query, headers={"HX-Request": "true", "HX-Target": target})


class TestChoosing:
    def test_the_points_stand_between_what_happened(self, operator: Client) -> None:
        response = operator.get(PAGE)
        assert points(response) == POINTS
        shown = pages.text(response)
        for words in ("book failed", "the run failed", "extract completed", "book was scheduled", "the run started"):
            assert words in shown

    def test_after_a_failure_the_point_before_it_is_chosen(self, operator: Client) -> None:
        response = operator.get(PAGE)
        assert (checked(response), ready(response)) == ([21], ("21", False, False))
        assert "event 21, the last point before book was begun" in pages.text(response)
        assert "First cause: LedgerUnavailable 503: try later Event 23" in pages.text(response)

    def test_while_it_runs_nothing_is_chosen(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream)
        histories(upstream, reply({"events": EVENTS[:-1]}))
        response = operator.get(PAGE)
        assert (checked(response), ready(response)) == ([], ("", False, False))
        assert "Suggested" not in pages.text(response)
        assert "First cause" not in pages.text(response)

    @pytest.mark.parametrize(
        ("number", "chosen", "words"),
        [
            ("11", 11, ""),
            ("12", 11, "No reset can start at event 12. Chosen instead: event 11, the last point before it."),
            ("25", 24, "No reset can start at event 25. Chosen instead: event 24, the last point before it."),
            ("26", 24, "This run has no event 26: its last is event 25. Chosen instead: event 24"),
            ("9999", 24, "This run has no event 9999: its last is event 25. Chosen instead: event 24"),
            ("3", None, "There is no point before event 3. Choose a point."),
            ("-1", None, "“-1” is no event id. Choose a point."),
            ("0", None, "“0” is no event id. Choose a point."),
            ("abc", None, "“abc” is no event id. Choose a point."),
            ("<b>\x1b[31m", None, "“<b>” is no event id. Choose a point."),
            (str(2**70), None, f"“{2**70}” is no event id. Choose a point."),
            ("9" * 5_000, None, f"“{'9' * 40}…” is no event id. Choose a point."),
            ("", 21, ""),
        ],
    )
    def test_the_address_chooses(self, operator: Client, number: str, chosen: int | None, words: str) -> None:
        response = operator.get(PAGE, {"event_id": number, "run": canned.RUN, "exclude_updates": "on"})
        assert checked(response) == ([chosen] if chosen else [])
        assert ready(response) == (str(chosen or ""), False, True)
        shown = pages.text(response)
        notice = read(notice_of(response))
        assert (words in notice) if words else notice == ""
        assert (f"What a reset to event {chosen} does" in shown) == bool(chosen)

    def test_the_next_choice_takes_the_notice_away(self, operator: Client) -> None:
        assert "Chosen instead" in notice_of(operator.get(PAGE, {"event_id": "12"}))
        found = notice_of(fragment(operator, "rehearsal", event_id="11"))
        assert (pages.text(found), 'hx-swap-oob="true"' in found) == ("", True)
        # It says what the address chose; a form that was sent says what is wrong with it.
        form = pages.open_form(operator, PAGE, event_id="abc", reason="stuck")
        assert pages.text(notice_of(operator.post(PAGE, form))) == ""

    def test_an_event_of_an_earlier_run_is_not_chosen(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply(canned.execution(run_id=canned.OTHER_RUN)), path=f"{canned.RUNS}/{canned.OTHER_RUN}")
        response = operator.get(PAGE, {"event_id": "4", "run": canned.OTHER_RUN})
        # The suggestion is the latest run's own.
        assert checked(response) == [21]
        assert "This acts on the execution’s latest run." in pages.text(response)

    @pytest.mark.parametrize(
        ("query", "found", "words"),
        [
            ("look_up", [21, 11], "2 of 4 points match"),
            # What is chosen stays, whatever is looked for.
            ("the run started", [21, 4], "1 of 4 points match"),
            ("11", [21, 11], "1 of 4 points match"),
            ("12", [21, 11], "Event 11 is the last point before event 12."),
            ("3", [21], "There is no point before event 3."),
            ("9999", [21], "No point matches “9999”."),
            ("0", [21], "No point matches “0”."),
            ("scan.pdf", [21, 11, 4], "2 of 4 points match"),
            ("<b>", [21], "No point matches “<b>”."),
        ],
    )
    def test_points_are_searched(self, operator: Client, query: str, found: list[int], words: str) -> None:
        for response in (operator.get(PAGE, {"q": query}), fragment(operator, "points", q=query, event_id="21")):
            assert points(response) == found
            assert checked(response) == [21]
            assert words in pages.text(response)
        assert "<html" not in response.content.decode()

    def test_of_thousands_the_newest_are_shown_and_all_are_searched(self, operator: Client, upstream: Faulty) -> None:
        events = [EVENTS[0]]
        for number in range(2, 4002, 2):
            name = {"name": "rare" if number == 100 else "chunk"}
            events += [
                canned.event(number, "WORKFLOW_TASK_COMPLETED"),
                canned.event(number + 1, "ACTIVITY_TASK_SCHEDULED", activityType=name),
            ]
        histories(upstream, reply({"events": events}))
        response = operator.get(PAGE, {"event_id": "100"})
        assert points(response) == [100, *range(4000, 3900, -2)]
        assert checked(response) == [100]
        assert "The newest 50 of 2000 points." in pages.text(response)
        assert points(operator.get(PAGE, {"q": "rare", "event_id": "100"})) == [4000, 102, 100]
        # And of what runs again, the first.
        assert response.content.decode().count('id="step-') == 50
        assert "The first 50 of 2000." in pages.text(response)


class TestRehearsal:
    def test_it_says_what_runs_again(self, operator: Client) -> None:
        shown = read(fragment(operator, "rehearsal", event_id="11"))
        for words in (
            "What a reset to event 11 does",
            "10 events; the last that happened: read completed",
            "15 events over 14.00 s (14:05:11.000 to 14:05:25.000)",
            "how long activities worked, the history does not tell",
            "is over, and stays Failed",
            "begins at event 11: the workflow decides again what to do next. "
            "What followed last time: extract was scheduled.",
            "Runs again: slow, extract, look_up, book",
            "3 began after the point. What they have done outside of the workflow is not undone",
            "1 began before the point and had not ended by then: it starts again at once",
            "Signals and updates that are applied again: 2",
            "Children that were started after the point: 1",
            "Children that were started before the point and had not ended: 1",
            "Sent again to other executions: 1",
            "Timers that were running at the point: 1",
            "with today’s code",
        ):
            assert words in shown
        absent = (
            "May run again",
            "that are left out",
            "is terminated",
            "The request to cancel",
            "limits of time",
            "fail in the",
        )
        for words in absent:
            assert words not in shown

    @pytest.mark.parametrize(
        ("attempt", "place", "words"),
        [
            ("1", "4", "14 events over 10m 37s (14:05:04.000 to 14:15:41.000); 2.50 s of activity work"),
            ("3", "4", "14 events over 10m 37s (14:05:04.000 to 14:15:41.000); at least 2.50 s of activity work"),
            ("1", "16", "2 events over 1.00 s (14:15:40.000 to 14:15:41.000); no activity worked in that time"),
        ],
    )
    def test_time_in_which_nothing_worked_is_not_work(
        self, operator: Client, upstream: Faulty, attempt: str, place: str, words: str
    ) -> None:
        events = [
            *EVENTS[:4],
            canned.event(5, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "read"}),
            canned.event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=attempt),
            canned.event(7, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5") | {"eventTime": "2026-01-31T14:05:08.5Z"},
            *(canned.event(number, "WORKFLOW_EXECUTION_SIGNALED", signalName="note") for number in range(8, 16)),
            canned.event(16, "WORKFLOW_TASK_COMPLETED") | {"eventTime": "2026-01-31T14:15:40Z"},
            canned.event(17, "WORKFLOW_EXECUTION_COMPLETED") | {"eventTime": "2026-01-31T14:15:41Z"},
        ]
        histories(upstream, reply({"events": events}))
        assert words in read(fragment(operator, "rehearsal", event_id=place))

    def test_after_what_failed_it_will_fail_again_and_another_point_is_offered(self, operator: Client) -> None:
        response = fragment(operator, "rehearsal", event_id="24")
        words = (
            "Nothing before the point is repeated, and what failed (event 23) is before it: "
            "the new run will most likely fail in the same way, unless the workflow’s code has changed. "
            "Suggested instead: event 21, the last point before book was begun"
        )
        assert words in read(response)
        assert [one["for"] for tag, one in pages.parse(response).tags if tag == "label"] == ["point-21"]
        assert button(response) == ("Reset", "primary")
        assert "fail in the same way" not in pages.text(fragment(operator, "rehearsal", event_id="21"))

    @pytest.mark.parametrize(
        ("place", "words"),
        [
            ("4", "A reset does its work after the point a second time: read, slow, extract, look_up, book."),
            ("21", "A reset does its work after the point a second time: book."),
            ("24", "No activity runs a second time, but the execution’s result will be that of the new run."),
            ("", "A reset does its work after the chosen point a second time."),
        ],
    )
    def test_a_run_that_completed_is_done_again(
        self, operator: Client, upstream: Faulty, place: str, words: str
    ) -> None:
        canned.healthy(upstream, status="COMPLETED")
        booked = canned.event(23, "ACTIVITY_TASK_COMPLETED", scheduledEventId="22")
        histories(upstream, reply({"events": [*EVENTS[:22], booked, EVENTS[23], canned.event(25, COMPLETED)]}))
        for response in (operator.get(PAGE, {"event_id": place}), fragment(operator, "rehearsal", event_id=place)):
            assert f"This run completed. {words}" in pages.text(response)

    @pytest.mark.parametrize(
        ("place", "expected"),
        [
            ("", ("Reset", "primary")),
            ("24", ("Reset", "primary")),
            # What failed has not done its work.
            ("21", ("Reset, and run book again", "primary")),
            ("11", ("Reset, and run 4 activities again", "danger filled")),
        ],
    )
    def test_the_button_says_what_it_does(
        self, operator: Client, upstream: Faulty, place: str, expected: tuple[str, str]
    ) -> None:
        upstream.on(reply(canned.execution(status="TERMINATED")), path=canned.path())
        for response in (operator.get(PAGE, {"event_id": place}), fragment(operator, "rehearsal", event_id=place)):
            assert button(response) == expected
            replaces = 'id="act" hx-swap-oob="true"' in response.content.decode()
            assert replaces == ("<html" not in response.content.decode())

    @pytest.mark.parametrize(
        ("names", "words"),
        [
            (["a"], "Reset, and run a again"),
            (["a", "b"], "Reset, and run a and b again"),
            (["a", "a", "a"], "Reset, and run a again, 3 times"),
            (["a", "b", "a"], "Reset, and run 3 activities again"),
            (["<b>" + "x" * 100], f"Reset, and run &lt;b&gt;{'x' * 37}… again"),
            (["a"] * 1500 + ["b"], "Reset, and run 1,501 activities again"),
        ],
    )
    def test_the_button_names_what_runs_again(
        self, operator: Client, upstream: Faulty, names: list[str], words: str
    ) -> None:
        events = [*EVENTS[:4]]
        for number, name in enumerate(names, 5):
            events.append(canned.event(number, "ACTIVITY_TASK_SCHEDULED", activityType={"name": name}))
        histories(upstream, reply({"events": events}))
        assert button(fragment(operator, "rehearsal", event_id="4")) == (words, "danger filled")

    def test_of_many_names_the_most_frequent_stand_there(self, operator: Client, upstream: Faulty) -> None:
        names = [*("abcdefghij"), "a"]
        events = [canned.event(n, "ACTIVITY_TASK_SCHEDULED", activityType={"name": m}) for n, m in enumerate(names, 5)]
        histories(upstream, reply({"events": [*EVENTS[:4], *events]}))
        shown = pages.text(fragment(operator, "rehearsal", event_id="4"))
        assert "Runs again: a ×2, b, c, d, e, f, g, h and 2 more" in shown

    @pytest.mark.parametrize(
        ("query", "words", "ready_to_send"),
        [
            ({}, ["Signals and updates that are applied again: 2"], ("11", False, False)),
            (
                {"exclude_signals": "on"},
                [
                    "Signals and updates that are left out: 1",
                    "Signals and updates that are applied again: 1",
                    "May run again: 1 activity",
                    "after the signal approve",
                ],
                ("11", True, False),
            ),
            (
                {"exclude_updates": "on"},
                ["Signals and updates that are left out: 1", "after the update set_priority"],
                ("11", False, True),
            ),
            (
                {"exclude_signals": "on", "exclude_updates": "on"},
                ["Signals and updates that are left out: 2"],
                ("11", True, True),
            ),
        ],
    )
    def test_it_follows_the_switches(
        self, operator: Client, query: dict[str, str], words: list[str], ready_to_send: tuple[str, bool, bool]
    ) -> None:
        response = fragment(operator, "rehearsal", event_id="11", run=canned.RUN, **query)
        assert ready(response) == ready_to_send
        for one in words:
            assert one in pages.text(response)
        # The address can be shared, and shows the same.
        address = response["HX-Replace-Url"]
        assert parse_qs(urlsplit(address).query) == {
            **{name: ["on"] for name in query},
            "event_id": ["11"],
            "run": [canned.RUN],
        }
        assert ready(operator.get(address)) == ready_to_send

    def test_a_child_and_a_step_lead_to_their_pages(self, operator: Client) -> None:
        links = pages.links(fragment(operator, "rehearsal", event_id="11"))
        assert "/executions/kid-2/" in links
        assert f"/executions/{canned.ID}/history/?event=22&run={canned.RUN}#event-22" in links

    def test_a_run_that_goes_on_is_terminated_and_grows(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream)
        histories(upstream, reply({"events": EVENTS[:-1]}))
        response = fragment(operator, "rehearsal", event_id="11")
        assert "is terminated, with your reason" in pages.text(response)
        assert "Read from the history up to event 24." in pages.text(response)
        (poller,) = [one for tag, one in pages.parse(response).tags if one.get("id") == "grown"]
        assert (poller["hx-get"], poller["hx-trigger"]) == (f"{PAGE}?seen=24", "every 5s")
        for seen, status, words in (("24", 204, ""), ("23", 200, "1 more event since"), ("20", 200, "4 more events")):
            response = fragment(operator, "grown", seen=seen)
            assert response.status_code == status
            assert words in pages.text(response)

    def test_one_that_is_over_is_not_asked_for_again(self, operator: Client) -> None:
        assert 'id="grown"' not in fragment(operator, "rehearsal", event_id="11").content.decode()

    def test_a_newer_run_has_other_points(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply(canned.execution(run_id=canned.OTHER_RUN)), path=f"{canned.RUNS}/{canned.OTHER_RUN}")
        response = fragment(operator, "rehearsal", event_id="11", run=canned.OTHER_RUN)
        assert "There is a newer run" in pages.text(response)
        # Nothing of the older is sent to it.
        assert (ready(response), button(response)) == (("", False, False), ("Reset", "primary"))

    def test_the_only_point_is_chosen(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, status="COMPLETED")
        histories(upstream, reply(canned.HISTORY))
        response = operator.get(PAGE)
        assert (points(response), checked(response), ready(response)[0]) == ([4], [4], "4")
        # One that the address names wrongly is not taken for it in silence.
        assert "There is no point before event 2" in read(operator.get(PAGE, {"event_id": "2"}))

    @pytest.mark.parametrize("target", ["points", "rehearsal", "grown"])
    @pytest.mark.parametrize("who", ["anonymous", "nobody", "viewer"])
    def test_parts_are_for_those_who_may(self, sign_in: SignIn, upstream: Faulty, target: str, who: str) -> None:
        response = fragment(sign_in(who), target, event_id="11")
        assert response.status_code == (401 if who == "anonymous" else 403)
        assert upstream.requests == []

    @pytest.mark.parametrize("target", ["points", "rehearsal", "grown"])
    def test_a_part_of_an_unknown_execution_is_a_404(self, operator: Client, upstream: Faulty, target: str) -> None:
        upstream.on(reply({"detail": "no such", "code": "WF_1100"}, 404), path=canned.path())
        assert fragment(operator, target, event_id="11").status_code == 404


class TestSending:
    @pytest.mark.parametrize(
        ("number", "words"),
        [
            ("", "Choose the point."),
            ("abc", "An event id is a whole number."),
            ("1.5", "An event id is a whole number."),
            ("0", "An event id is 1 or more."),
            ("-1", "An event id is 1 or more."),
            (str(2**70), "An event id is not as large as that."),
            ("9" * 5_000, "An event id is"),
            ("12", "Event 12 is not a point at which a reset can start."),
            ("9999", "Event 9999 is not a point at which a reset can start."),
        ],
    )
    def test_what_is_no_point_is_not_sent(self, operator: Client, upstream: Faulty, number: str, words: str) -> None:
        form = pages.open_form(operator, PAGE, event_id=number, reason="the ledger is back", exclude_updates="on")
        response = operator.post(PAGE, form)
        assert response.status_code == 422
        assert words in pages.text(response)
        # The right ones to choose from, none of them chosen for you, and the rest as it was.
        assert (points(response), checked(response)) == (POINTS, [])
        assert ready(response) == ("", False, True)
        assert ">the ledger is back</textarea>" in response.content.decode().replace("\n", "")
        assert "checked" in next(
            one for tag, one in pages.parse(response).tags if one.get("name") == "exclude_updates" and "form" in one
        )
        assert canned.sent(upstream) == []
        assert ActionRequested.objects.count() == 0
        # And then it works.
        again = form | {"token": pages.token(response), "event_id": "21"}
        assert operator.post(PAGE, again).status_code == 303
        sent = {"event_id": 21, "exclude_signals": False, "exclude_updates": True, "reason": "the ledger is back"}
        assert canned.sent(upstream) == [(SENT, sent)]

    def test_a_reason_is_required_and_the_choice_is_kept(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, PAGE, event_id="11", exclude_signals="on", reason=" ")
        response = operator.post(PAGE, form)
        assert response.status_code == 422
        assert "Say why" in pages.text(response)
        assert (checked(response), ready(response)) == ([11], ("11", True, False))
        assert "Signals and updates that are left out: 1" in pages.text(response)
        assert canned.sent(upstream) == []

    def test_what_the_api_refuses_is_chosen_from_its_own_points(self, operator: Client, upstream: Faulty) -> None:
        """It may know better than the history that we read."""
        refusal = {"detail": "Not a valid reset point.", "code": "WF_1001", "valid_reset_events": [4, 11, 40]}
        upstream.on(reply(refusal, 422), method="POST", path=SENT)
        form = pages.open_form(operator, PAGE, event_id="21", reason="stuck", exclude_signals="on")
        response = operator.post(PAGE, form)
        assert (response.status_code, pages.problem(response)) == (422, "The Workflows API did not accept this WF_1001")
        assert (points(response), checked(response)) == ([40, 11, 4], [])
        assert ready(response) == ("", True, False)
        assert ActionRequested.objects.get().reason == "stuck"

    def test_a_form_that_was_sent_before_leads_to_its_outcome(self, operator: Client, upstream: Faulty) -> None:
        """Though the new run's history has no such point."""
        form = pages.open_form(operator, PAGE, event_id="21", reason="the ledger is back")
        first = operator.post(PAGE, form)
        histories(upstream, reply({"events": EVENTS[:20]}))
        again = operator.post(PAGE, form)
        assert (again.status_code, again["Location"]) == (303, first["Location"])
        assert len(canned.sent(upstream)) == 1

    def test_afterwards_both_runs_are_a_click_away(self, operator: Client) -> None:
        form = pages.open_form(operator, PAGE, event_id="21", reason="the ledger is back")
        links = pages.links(operator.get(operator.post(PAGE, form)["Location"]))
        assert f"/executions/{canned.ID}/compare/?with={canned.RUN}" in links
        assert f"/executions/{canned.ID}/?run={canned.RUN}" in links


FAULTS = {
    "fails": (reply({"detail": "An error occurred"}, 500), "The history cannot be read"),
    "no answer": ([RESET], "The history cannot be read"),
    "not JSON": (reply(b'{"events": [{"eventId"'), "The history cannot be read"),
    "another shape": (reply({"pages": []}), "a history in a shape of its own"),
}


class TestWithoutHistory:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_number_can_still_be_typed(self, operator: Client, upstream: Faulty, fault: str) -> None:
        answer, words = FAULTS[fault]
        histories(upstream, answer)
        response = operator.get(PAGE, {"event_id": "12"})
        assert response.status_code == 200
        assert words in pages.text(response)
        typed = [one for tag, one in pages.parse(response).tags if one.get("name") == "event_id"]
        assert [(one["type"], one["value"]) for one in typed] == [("text", "12")]
        # Whether it is a point, the API knows; it names the right ones, and they can be chosen.
        refusal = {"detail": "Not a valid reset point.", "code": "WF_1001", "valid_reset_events": [4, 11]}
        upstream.on(reply(refusal, 422), reply(status=204), method="POST", path=SENT)
        form = pages.open_form(operator, PAGE, event_id="12", reason="stuck")
        response = operator.post(PAGE, form)
        assert (response.status_code, points(response)) == (422, [11, 4])
        assert "it is not in the history that was read" not in pages.text(response)
        again = form | {"token": pages.token(response), "event_id": "11"}
        assert operator.post(PAGE, again).status_code == 303
        assert [body["event_id"] for _, body in canned.sent(upstream)] == [12, 11]

    def test_a_part_says_that_it_failed(self, operator: Client, upstream: Faulty) -> None:
        histories(upstream, reply({"detail": "An error occurred"}, 500))
        response = fragment(operator, "rehearsal", event_id="11")
        assert (response.status_code, ready(response)) == (200, ("", False, False))
        assert "What it does cannot be shown: The Workflows API had an error of its own" in pages.text(response)

    @pytest.mark.parametrize("events", [[], EVENTS[:3]])
    def test_without_points_there_is_nothing_to_choose(self, operator: Client, upstream: Faulty, events: Any) -> None:
        histories(upstream, reply({"events": events}))
        response = operator.get(PAGE)
        assert (response.status_code, points(response)) == (200, [])
        assert "There is no point to choose" in pages.text(response)
        assert operator.post(PAGE, pages.open_form(operator, PAGE, reason="stuck")).status_code == 422
        assert canned.sent(upstream) == []


def test_hostile_words_are_text(operator: Client, upstream: Faulty) -> None:
    nasty = '<img src=x onerror=alert(1)>{{ 7|add:"7" }}\x1b[31m'
    events = [
        canned.event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": nasty}),
        canned.event(2, "WORKFLOW_TASK_COMPLETED"),
        canned.event(3, "ACTIVITY_TASK_SCHEDULED", activityType={"name": nasty}, input={"payloads": [nasty]}),
        canned.event(4, "ACTIVITY_TASK_FAILED", scheduledEventId="3", failure={"message": nasty}),
        canned.event(5, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId=f"{nasty}\n/..", workflowType=nasty),
        canned.event(6, "WORKFLOW_EXECUTION_SIGNALED", signalName=nasty, input={"payloads": ["x" * 5_000_000]}),
        canned.event(7, "WORKFLOW_EXECUTION_FAILED", failure={"message": nasty}),
    ]
    histories(upstream, reply({"events": events}))
    response = operator.get(PAGE, {"event_id": "2", "q": nasty})
    assert response.status_code == 200
    content = response.content.decode()
    assert "<img" not in content
    assert "\x1b" not in content
    assert len(content) < 100_000
