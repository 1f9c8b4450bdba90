"""What filters let through, whatever the rows are."""

import pytest

from executions.services.wanted import matching

ROWS = [("a", "Straße"), ("b", "strasse 7"), ("a", "plain")]


@pytest.mark.parametrize(
    ("kinds", "query", "found"),
    [
        ([], "", [0, 1, 2]),
        (["a"], "", [0, 2]),
        (["a", "b"], "", [0, 1, 2]),
        (["c"], "", []),
        ([], "STRASSE", [0, 1]),
        (["b"], "strasse", [1]),
        ([], "nothing", []),
    ],
)
def test_rows_of_these_kinds_that_contain_the_text(kinds: list[str], query: str, found: list[int]) -> None:
    kept = matching(ROWS, kinds, query, kind=lambda row: row[0], words=lambda row: row[1])
    assert kept == [ROWS[place] for place in found]


def test_without_a_text_no_words_are_put_together() -> None:
    """They can be megabytes."""

    def words(row: object) -> str:
        raise AssertionError

    assert matching(ROWS, ["a"], "", kind=lambda row: row[0], words=words) == [ROWS[0], ROWS[2]]
