"""All that match a filter as a batch: read to the end of the list, or not at all."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from executions.services import api, batch_choice
from executions.upstream import errors
from tests.executions import canned
from tests.faulty import Faulty, Request, reply


def listing(upstream: Faulty, *pages: list[dict[str, Any]]) -> None:
    """A list of runs in pages; a page's token is its number."""

    def answer(request: Request) -> Any:
        number = int(dict(request.query).get("next_page_token", 0))
        following = str(number + 1) if number + 1 < len(pages) else None
        return reply({"executions": pages[number], "next_page_token": following})

    upstream.on(answer, method="GET", path=canned.RUNS)


def run(execution_id: str, status: str = "RUNNING") -> dict[str, Any]:
    return canned.execution(execution_id, status=status)


@pytest.mark.django_db
def test_all_that_match_are_those_that_still_run_once_each(upstream: Faulty) -> None:
    first = [run("a"), run("b", "COMPLETED"), run("c", "PENDING_SOMETHING")]
    listing(upstream, first, [run("a", "CONTINUED_AS_NEW"), run("a"), run("d")])
    found = batch_choice.matching({"workflow": "w", "status": ["RUNNING"], "tag": ["t"]}, "workflow=w")
    assert (found.execution_ids, found.source, found.left_out) == (["a", "c", "d"], "workflow=w", 2)
    assert list(found.known) == ["a", "c", "d"]
    # Each page of the list was asked for with the same filters.
    asked = [parse_qs(request.target.partition("?")[2]) for request in upstream.requests]
    same = {"workflow_identifier": ["w"], "status": ["RUNNING"], "workflow_tags": ["t"], "page_size": ["1000"]}
    assert asked == [same, same | {"next_page_token": ["1"]}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "words"),
    [
        (lambda number: [run(f"{number}-{one}") for one in range(1_000)], "More than 10,000 executions match"),
        (lambda number: [run("a", "COMPLETED")], "could not be read to its end"),
        (lambda number: [], "could not be read to its end"),
    ],
)
def test_a_filter_that_matches_too_much(upstream: Faulty, page: Callable[[int], list[Any]], words: str) -> None:
    listing(upstream, *[page(number) for number in range(51)])
    with pytest.raises(ValueError, match=words):
        batch_choice.matching({"workflow": "w"}, "workflow=w")
    assert len(upstream.requests) <= 50


@pytest.mark.django_db
def test_a_list_that_takes_too_long_is_given_up(upstream: Faulty, settings: Any) -> None:
    api.client()  # made with the usual limit of a call
    settings.UPSTREAM_TIMEOUT_SECONDS = 0
    listing(upstream, [run("a")], [run("b")])
    with pytest.raises(ValueError, match="could not be read to its end"):
        batch_choice.matching({"workflow": "w"}, "workflow=w")
    assert len(upstream.requests) == 1


@pytest.mark.django_db
def test_a_filter_that_matches_nothing_that_runs(upstream: Faulty) -> None:
    listing(upstream, [run("a", "FAILED")])
    with pytest.raises(ValueError, match="None of the executions that match this filter is still running"):
        batch_choice.matching({"workflow": "w"}, "workflow=w")


@pytest.mark.django_db
def test_half_a_list_is_no_batch(upstream: Faulty) -> None:
    first = reply({"executions": [run("a")], "next_page_token": "1"})
    upstream.on(first, reply(status=500), method="GET", path=canned.RUNS)
    with pytest.raises(errors.ServerFault):
        batch_choice.matching({"workflow": "w"}, "workflow=w")
