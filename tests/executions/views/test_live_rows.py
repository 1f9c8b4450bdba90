"""Rows that a live list fetches."""

import pytest
from django.test import Client

from tests.executions import canned
from tests.faulty import Faulty

PAGE = f"/executions/{canned.ID}/"
FIRST, LAST = "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"


@pytest.mark.parametrize("address", ["logs/rows/", "events/rows/"])
def test_they_are_not_kept(operator: Client, upstream: Faulty, address: str) -> None:
    response = operator.get(PAGE + address)
    assert (response.status_code, response.json()["fetched"]) == (200, 1)
    assert (response["Content-Type"], response["Cache-Control"]) == ("application/json", "no-store")


@pytest.mark.parametrize(
    ("query", "name", "sent"),
    [
        (f"from={LAST[:26]}9Z", "before", LAST),
        (f"from={FIRST[:19]}Z", "before", "0001-01-01T00:00:00.001000+00:00"),
        (f"rows=newer&from={LAST[:26]}9Z", "after", LAST),
        (f"rows=newer&from={FIRST[:19]}Z", "after", FIRST),
    ],
)
def test_from_any_time_that_can_be_written(
    operator: Client, upstream: Faulty, query: str, name: str, sent: str
) -> None:
    assert operator.get(f"{PAGE}logs/rows/?{query}").status_code == 200
    assert dict(upstream.requests[-1].query)[name] == sent
