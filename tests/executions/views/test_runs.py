"""The list of runs with its filters, and the way from whatever a person pastes to an execution's page."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client

from executions import ids
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import RESET, Faulty, reply

LIST = "/executions/"
OPEN = "/executions/open/"
PAGE = f"/executions/{canned.ID}/"
FILTERS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "status": ("status=RUNNING&status=FAILED", [("status", "RUNNING"), ("status", "FAILED")]),
    "a status of old services": ("status=RETRYING_AFTER_ERROR", [("status", "RETRYING_AFTER_ERROR")]),
    "workflow": ("workflow=invoice-pipeline", [("workflow_identifier", "invoice-pipeline")]),
    "q": ("q=a%26b%20%C3%A9", [("search", "a&b é")]),
    "deployment": ("deployment=main", [("deployment_name", "main")]),
    "user": ("user=current", [("user_id", "current")]),
    "tag": ("tag=billing", [("workflow_tags", "billing")]),
    "search_key": ("search_key=customer:4:2", [("search_key", "customer:4:2")]),
    "root": ("root=a%2Fb", [("root_execution_id", "a/b")]),
    "started_after": ("started_after=2026-01-31T14:05", [("start_time_after", "2026-01-31T14:05:00+00:00")]),
    "started_before": ("started_before=2026-01-31", [("start_time_before", "2026-01-31T00:00:00+00:00")]),
    "ended_after": ("ended_after=2026-01-31T14:05:00%2B02:00", [("end_time_after", "2026-01-31T12:05:00+00:00")]),
    "ended_before": ("ended_before=2026-01-31T14:05:00Z", [("end_time_before", "2026-01-31T14:05:00+00:00")]),
    "sort": ("sort=end_time", [("sort_by", "end_time")]),
    "order": ("order=asc", [("order", "asc")]),
    "page": ("page=to%2Bken%3D", [("next_page_token", "to+ken=")]),
    "nothing": ("", []),
    "what is empty": ("q=&workflow=&started_after=&sort=&page=", []),
    "what there is not": ("colour=red", []),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_passed_on(operator: Client, upstream: Faulty, name: str) -> None:
    query, asked = FILTERS[name]
    response = operator.get(f"{LIST}?{query}")
    assert response.status_code == 200
    assert [one.path for one in upstream.requests] == [canned.RUNS]
    assert sorted(upstream.requests[0].query) == sorted([("page_size", "50"), *asked])


def test_all_filters_together(operator: Client, upstream: Faulty) -> None:
    together = [FILTERS[name] for name in FILTERS if name not in {"nothing", "what is empty", "what there is not"}]
    query = "&".join(query for query, _ in together)
    response = operator.get(f"{LIST}?{query}")
    assert response.status_code == 200
    asked = [pair for _, pairs in together for pair in pairs]
    assert sorted(upstream.requests[0].query) == sorted([("page_size", "50"), *asked])
    # Every link to a page, an order or a filter of this list keeps the others.
    kept = set(parse_qsl(query)) - {("page", "to+ken="), ("sort", "end_time"), ("order", "asc")}
    for link in pages.links(response):
        if link.startswith("?") and "workflow=" in link:
            assert kept <= set(parse_qsl(link[1:]))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("status=RUNNING&status=ASLEEP", "Status: ASLEEP is no status."),
        ("search_key=customer", "Search key: Write it as key:value."),
        ("search_key=:42", "Search key: Write it as key:value."),
        ("started_after=soon", "Not a time. Write it like 2026-01-31T14:05."),
        ("ended_before=20260131", "Not a time. Write it like 2026-01-31T14:05."),
        ("sort=name", "Sort: name is not start_time or end_time."),
        ("order=up", "Order: up is not asc or desc."),
        ("q=" + "x" * 501, "at most 500 characters"),
        ("workflow=a%00b", "Null characters are not allowed."),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(operator: Client, upstream: Faulty, query: str, words: str) -> None:
    response = operator.get(f"{LIST}?{query}&user=ana")
    assert (response.status_code, pages.problem(response)) == (400, "One of the filters cannot be used")
    assert words in pages.problem_text(response)
    # What was typed is still there.
    assert response.context["form"].data["user"] == "ana"
    assert upstream.requests == []


def test_the_next_page_keeps_the_filters(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"executions": [canned.execution()], "next_page_token": "a+b=&"}), path=canned.RUNS)
    response = operator.get(f"{LIST}?status=RUNNING&q=x&page=first")
    (following,) = [link for link in pages.links(response) if "page=" in link]
    assert parse_qsl(following[1:]) == [("status", "RUNNING"), ("q", "x"), ("page", "a+b=&")]
    (first,) = [link for link in pages.links(response) if parse_qsl(link[1:]) == [("status", "RUNNING"), ("q", "x")]]
    assert operator.get(LIST + first).status_code == 200


@pytest.mark.parametrize(("status", "word"), [("RESTING", "RESTING"), (None, "—"), ("", "—"), ("<b>", "&lt;b&gt;")])
def test_a_status_of_a_newer_service_shows(operator: Client, upstream: Faulty, status: str | None, word: str) -> None:
    listed = [canned.execution(status=status), canned.execution("b", status="COMPLETED")]
    upstream.on(reply({"executions": listed}), path=canned.RUNS)
    response = operator.get(LIST)
    assert [run.status.over for run in response.context["runs"]] == [False, True]
    assert f"</svg>{word}</span>" in response.content.decode()


def test_a_run_with_hardly_anything_shows(operator: Client, upstream: Faulty) -> None:
    """And one with an id that cannot be: the list is not the place to fail."""
    listed = [{"execution_id": "bare"}, {"execution_id": ""}, {"execution_id": ".."}, canned.execution(parent_id=3)]
    upstream.on(reply({"executions": listed}), path=canned.RUNS)
    response = operator.get(LIST)
    assert [run.execution_id for run in response.context["runs"]] == ["bare", "", "..", canned.ID]
    assert "/executions/bare/" in pages.links(response)
    for link in ("/executions/~/", "/executions/~2E./"):
        assert link in pages.links(response)
        assert operator.get(link).status_code == 400


def test_when_the_list_fails_the_filters_stay(operator: Client, upstream: Faulty) -> None:
    upstream.on([RESET], path=canned.RUNS)
    response = operator.get(f"{LIST}?q=abc")
    assert (response.status_code, pages.problem(response)) == (504, "The Workflows API does not answer")
    assert 'value="abc"' in response.content.decode()


class TestOpen:
    @pytest.fixture(autouse=True)
    def _unknown(self, upstream: Faulty) -> None:
        """Anything but the one execution and its run is unknown."""
        upstream.on(reply({"detail": "Unknown", "code": "WF_1100"}, 404))
        canned.healthy(upstream)

    def goes_to(self, browser: Client, given: str) -> str:
        response = browser.get(OPEN, {"id": given})
        assert response.status_code == 302, pages.text(response)
        return str(response["Location"])

    def test_an_execution_id(self, operator: Client) -> None:
        assert self.goes_to(operator, f"  {canned.ID}\n") == PAGE

    def test_a_run_id(self, operator: Client) -> None:
        assert self.goes_to(operator, canned.RUN) == f"{PAGE}?run={canned.RUN}"

    def test_an_execution_id_that_looks_like_a_run_id_comes_first(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply(canned.execution(canned.RUN)), path=canned.path(canned.RUN))
        assert self.goes_to(operator, canned.RUN) == f"/executions/{canned.RUN}/"

    @pytest.mark.parametrize("given", ["unknown", canned.OTHER_RUN, "https://example.com/", "/executions/x/"])
    def test_what_is_neither_is_not_found(self, operator: Client, given: str) -> None:
        response = operator.get(OPEN, {"id": given})
        assert (response.status_code, pages.problem(response)) == (404, "Not found WF_1100")

    @pytest.mark.parametrize("given", ["0b8e1c3e", "0B8E1C3E"])
    def test_the_beginning_of_a_run_id_as_pages_show_it(self, operator: Client, upstream: Faulty, given: str) -> None:
        other = canned.execution("other", run_id="1" + canned.RUN[1:])
        upstream.on(reply({"executions": [other, canned.execution()]}), path=canned.RUNS)
        assert self.goes_to(operator, given) == f"{PAGE}?run={canned.RUN}"

    @pytest.mark.parametrize(
        ("given", "answer", "words"),
        [
            ("0b8e1c3f", reply({"executions": [canned.execution()]}), "the beginning of a run id"),
            ("0b8e1c3e", reply({"executions": [canned.execution(run_id=None)]}), "the beginning of a run id"),
            # Two begin like it.
            (
                "0b8e1c3e",
                reply({"executions": [canned.execution(), canned.execution("b", run_id=canned.OTHER_RUN)]}),
                "A whole one has 36 characters",
            ),
            ("0b8e1c3e", reply(status=422), "the beginning of a run id"),
            ("59016ff5d3089ed8147656455bf74f81", reply({"executions": []}), "It looks like a trace id"),
            ("unknown", reply({"executions": []}), "Check the id."),
        ],
    )
    def test_what_it_looks_like_is_said(
        self, operator: Client, upstream: Faulty, given: str, answer: Any, words: str
    ) -> None:
        upstream.on(answer, path=canned.RUNS)
        response = operator.get(OPEN, {"id": given})
        assert (response.status_code, pages.problem(response)) == (404, "Not found WF_1100")
        assert words in pages.problem_text(response)

    def test_what_is_no_run_id_is_not_asked_for_as_one(self, operator: Client, upstream: Faulty) -> None:
        operator.get(OPEN, {"id": "../runs"})
        assert [one.path for one in upstream.requests] == [canned.path("../runs")]

    @pytest.mark.parametrize("answer", [reply({}, 429), reply(status=500), [RESET]])
    def test_an_api_that_fails_is_not_an_unknown_run(self, operator: Client, upstream: Faulty, answer: Any) -> None:
        upstream.on(answer, path=f"{canned.RUNS}/{canned.RUN}")
        assert operator.get(OPEN, {"id": canned.RUN}).status_code in {502, 503, 504}

    def test_nothing_goes_to_the_list(self, operator: Client, upstream: Faulty) -> None:
        assert self.goes_to(operator, " ") == LIST
        assert upstream.requests == []

    @pytest.mark.parametrize("given", ["x" * 1001, "a\0b", ".", ".."])
    def test_what_cannot_be_an_id_is_said(self, operator: Client, upstream: Faulty, given: str) -> None:
        response = operator.get(OPEN, {"id": given})
        assert (response.status_code, pages.problem(response)) == (400, "This cannot be done")
        assert upstream.requests == []

    @pytest.mark.parametrize("host", ["http://testserver", "http://127.0.0.1:8000"])
    @pytest.mark.parametrize(
        "address",
        [
            PAGE,
            f"{PAGE}history/?run={canned.RUN}&event=12",
            f"{PAGE}logs/?after=2026-01-31T14%3A05%3A00%2B00%3A00&severity=error&severity=warning",
            f"{PAGE}trace/?view=otel&q=a%26b",
            f"{PAGE}history/?event=5#event-5",
            f"{PAGE}cancel/",
            "/executions/~6Fpen/logs/",
            "/executions/a~2Fb/",
            "/executions/%25/?run=x",
            "/executions/%F0%9F%98%80/",
        ],
    )
    def test_a_link_to_a_page_leads_there(self, operator: Client, upstream: Faulty, host: str, address: str) -> None:
        found, given = urlsplit(self.goes_to(operator, host + address)), urlsplit(address)
        assert (found.scheme, found.netloc, found.path, found.fragment) == ("", "", given.path, given.fragment)
        assert QueryDict(found.query) == QueryDict(given.query)
        assert upstream.requests == []

    @pytest.mark.parametrize(
        "given",
        [
            f"https://evil.example{PAGE}",
            f"https://testserver{PAGE}",
            f"http://testserver:81{PAGE}",
            f"http://ana@testserver{PAGE}",
            f"http://testserver@evil.example{PAGE}",
            f"//testserver{PAGE}",
            f"//evil.example{PAGE}",
            f"javascript:alert(1)//testserver{PAGE}",
            "http://testserver/audit/",
            "http://testserver/accounts/logout/",
            "http://testserver//evil.example/",
            "http://testserver/executions/",
            "http://testserver/executions/open/?id=x",
            "http://[",
        ],
    )
    def test_no_other_link_leads_anywhere(self, operator: Client, upstream: Faulty, given: str) -> None:
        """It may still be an execution's id, so the API is asked for it."""
        response = operator.get(OPEN, {"id": given})
        assert (response.status_code, pages.problem(response)) == (404, "Not found WF_1100")
        assert [one.path for one in upstream.requests] == [canned.path(given)]

    def test_an_address_can_be_an_id(self, operator: Client, upstream: Faulty) -> None:
        given = "https://evil.example/orders/1?a=b"
        upstream.on(reply(canned.execution(given)), path=canned.path(given))
        assert self.goes_to(operator, given) == f"/executions/{ids.to_path(given)}/"

    def test_it_is_for_those_who_may_read(self, sign_in: SignIn, upstream: Faulty) -> None:
        assert sign_in("nobody").get(OPEN, {"id": canned.ID}).status_code == 403
        assert upstream.requests == []
