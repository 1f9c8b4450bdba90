from datetime import UTC, datetime

import pytest

from executions.services import time_range

MOMENT = datetime(2026, 1, 31, 14, 5, 1, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "before", "has"),
    [
        (None, None, True),
        ("2026-01-31T14:05:01.5Z", "2026-01-31T14:05:01.5Z", True),
        ("2026-01-31T14:05:01.500001Z", None, False),
        (None, "2026-01-31T14:05:01.499999Z", False),
        ("2026-01-31T15:05:01+01:00", None, True),
    ],
)
def test_both_ends_belong_to_it(after: str | None, before: str | None, has: bool) -> None:
    found = time_range.of({"after": after, "before": before})
    assert (found.has(MOMENT), bool(found)) == (has, bool(after or before))


def test_what_has_no_time_shows_only_where_nothing_is_chosen() -> None:
    assert time_range.of({}).has(None)
    assert not time_range.of({"after": "2026-01-31", "before": None}).has(None)
