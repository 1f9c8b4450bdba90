"""What the sandbox makes up by itself."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from console.sandbox import promises
from console.sandbox.promises import ApiError, RunQuery
from console.sandbox.workflows import DECLARATIONS


def run(number: int, **more: Any) -> dict[str, Any]:
    """A run that started in this minute."""
    return {
        "workflow_name": "kyc-review",
        "workflow_id": promises.workflow_id("kyc-review"),
        "deployment_name": promises.DEPLOYMENT,
        "execution_id": f"kyc-{number}",
        "root_execution_id": f"kyc-{number}",
        "run_id": f"run-{number}",
        "user_id": "user-42",
        "status": "RUNNING",
        "start_time": f"2026-01-01T10:{number:02}:00.000000Z",
        "end_time": None,
        **more,
    }


AT_TEN_PAST = datetime.fromisoformat("2026-01-01T10:10:00+00:00")
ENDED_AT_TEN_PAST = {"end_time": "2026-01-01T10:10:00.000000Z"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"workflow_identifier": "kyc-review"}, True),
        ({"workflow_identifier": promises.workflow_id("kyc-review")}, True),
        ({"workflow_identifier": "kyc"}, False),
        ({"root_execution_id": "kyc-10"}, True),
        ({"root_execution_id": "kyc-1"}, False),
        ({"search": "YC-1"}, True),
        ({"search": "kyc rev"}, True),
        ({"search": "invoice"}, False),
        ({"status": ["FAILED", "RUNNING"]}, True),
        ({"status": ["FAILED"]}, False),
        ({"deployment_name": "sandbox"}, True),
        ({"deployment_name": "sand"}, False),
        ({"user_id": "current"}, True),
        ({"user_id": "user-42"}, True),
        ({"user_id": "user-7"}, False),
        ({"workflow_tags": ["compliance"]}, True),
        ({"workflow_tags": ["compliance", "finance"]}, False),
        ({"start_time_after": AT_TEN_PAST, "start_time_before": AT_TEN_PAST}, True),
        ({"start_time_after": AT_TEN_PAST.replace(minute=11)}, False),
        ({"start_time_before": AT_TEN_PAST.replace(minute=9)}, False),
        ({"end_time_after": AT_TEN_PAST.replace(year=2000)}, False),
        ({"end_time_before": AT_TEN_PAST.replace(year=2100)}, False),
    ],
)
def test_filters(query: dict[str, Any], found: bool) -> None:
    assert promises.matches(run(10), {}, RunQuery(**query)) is found


@pytest.mark.parametrize(("after", "found"), [(AT_TEN_PAST, True), (AT_TEN_PAST.replace(second=1), False)])
def test_end_times_include_their_bound(after: datetime, found: bool) -> None:
    assert promises.matches(run(1, **ENDED_AT_TEN_PAST), {}, RunQuery(end_time_after=after)) is found


@pytest.mark.parametrize(("wanted", "found"), [(True, True), (False, False)])
def test_internal_workflows_can_be_left_out(wanted: bool, found: bool) -> None:
    reader = run(1, workflow_name="source-reader")
    assert promises.matches(reader, {}, RunQuery(include_internal=wanted)) is found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("customer:230", True),
        ("customer:CUSTOMER", True),
        ("custom:230", False),
        ("customer==:customer-230", True),
        ("customer==:230", False),
        ("customer", True),
        ("nobody", False),
        ("customer==", False),
        ("nothing==", True),
    ],
)
def test_search_keys(wanted: str, found: bool) -> None:
    keys = {"customer": "customer-230", "nothing": None}
    assert promises.matches(run(1), keys, RunQuery(search_key=[wanted])) is found


def pages(runs: list[dict[str, Any]], **query: Any) -> list[list[str]]:
    """All the pages, as ids."""
    found, token = [], None
    while True:
        page, token = promises.page_of(runs, RunQuery(next_page_token=token, **query))
        found.append([one["execution_id"] for one in page])
        if token is None:
            return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [["kyc-3", "kyc-2"], ["kyc-1"]]),
        ({"order": "asc"}, [["kyc-1", "kyc-2"], ["kyc-3"]]),
        ({"sort_by": "end_time"}, [["kyc-1", "kyc-3"], ["kyc-2"]]),
        ({"sort_by": "end_time", "order": "asc"}, [["kyc-2", "kyc-3"], ["kyc-1"]]),
    ],
)
def test_order_and_pages(query: dict[str, Any], expected: list[list[str]]) -> None:
    ends = {3: "2026-01-01T11:00:00.000000Z", 2: "2026-01-01T10:30:00.000000Z", 1: None}
    runs = [run(number, end_time=end) for number, end in ends.items()]
    assert pages(runs, page_size=2, **query) == expected


def test_runs_that_start_or_go_between_two_pages_shift_nothing() -> None:
    _, token = promises.page_of([run(1), run(2), run(3)], RunQuery(page_size=1))
    page, _ = promises.page_of([run(1), run(2), run(4)], RunQuery(page_size=5, next_page_token=token))
    assert [one["execution_id"] for one in page] == ["kyc-2", "kyc-1"]


@pytest.mark.parametrize("token", ["x", "é", "bnVsbA==", "WyJhIl0="])
def test_a_foreign_page_token_is_refused(token: str) -> None:
    with pytest.raises(ApiError) as caught:
        promises.page_of([run(1)], RunQuery(next_page_token=token))
    assert caught.value.http_status == 422
    assert caught.value.body["detail"][0]["loc"] == ["query", "next_page_token"]


class Inner(msgspec.Struct):
    numbers: list[int]


class Outer(msgspec.Struct):
    inner: Inner


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({}, ["body", "inner"], "Field required"),
        ({"inner": {}}, ["body", "inner", "numbers"], "Field required"),
        ({"inner": {"numbers": [1, "2"]}}, ["body", "inner", "numbers", 1], "Expected `int`, got `str`"),
        ([], ["body"], "Expected `object`, got `array`"),
    ],
)
def test_a_misfit_says_where(given: Any, place: list[Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(given, Outer)
    detail = promises.misfit_of(["body"], caught.value).body["detail"][0]
    assert (detail["loc"], detail["msg"]) == (place, words)


def test_arguments_are_what_the_handler_takes() -> None:
    assert promises.arguments("kyc-review", "query", "get_status", None) == []
    assert promises.arguments("kyc-review", "query", "get_status", {}) == []
    assert promises.arguments("table-export", "query", "seconds_left", None) == [{}]
    given = {"reviewer": "user-7"}
    assert promises.arguments("kyc-review", "signal", "approve", given) == [given]


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("signal", "set_priority", "Signal 'set_priority' is not declared; declared: approve, reject"),
        ("query", "approve", "Query 'approve' is not declared; declared: get_status"),
        ("update", "__temporal", "Update '__temporal' is not declared; declared: set_priority"),
    ],
)
def test_what_is_not_declared_is_refused(kind: promises.Kind, name: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        promises.arguments("kyc-review", kind, name, None)
    assert (caught.value.http_status, caught.value.body) == (422, {"detail": words, "code": "WF_1001"})


def test_only_a_completed_workflow_task_is_a_reset_point() -> None:
    kinds = ["EXECUTION_STARTED", "TASK_SCHEDULED", "TASK_STARTED", "TASK_COMPLETED"]
    events = [
        {"eventId": str(place), "eventType": f"EVENT_TYPE_WORKFLOW_{kind}"} for place, kind in enumerate(kinds, 1)
    ]
    promises.check_reset_point({"events": events}, 4)
    with pytest.raises(ApiError) as caught:
        promises.check_reset_point({"events": events}, 3)
    assert (caught.value.body["code"], caught.value.body["valid_reset_events"]) == ("WF_1001", [4])


def test_a_run_id_is_a_uuid_and_not_the_engines() -> None:
    engine_run_id = "019abc00-0000-7000-8000-000000000000"
    found = promises.run_id(engine_run_id)
    assert found == promises.run_id(engine_run_id) != engine_run_id
    assert len(found) == 36


@pytest.mark.parametrize("declaration", DECLARATIONS.values(), ids=lambda one: one.name)
def test_declarations_name_the_workflows_handlers(declaration: Any) -> None:
    handled = declaration.workflow.__temporal_workflow_definition
    for kind in ("signals", "queries", "updates"):
        own = {name for name in getattr(handled, kind) if name and not name.startswith("__")}
        assert own == {one.name for one in getattr(declaration, kind)}
