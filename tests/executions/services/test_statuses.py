"""Statuses: known ones have a word and a shape, others show as they are."""

import pytest

from executions.services import statuses


def test_the_known_ones() -> None:
    over = {one.value: one.over for one in statuses.ALL}
    assert over == {
        "RUNNING": False,
        "RETRYING_AFTER_ERROR": False,
        "COMPLETED": True,
        "FAILED": True,
        "CANCELED": True,
        "TERMINATED": True,
        "TIMED_OUT": True,
        "CONTINUED_AS_NEW": True,
    }
    assert len({one.tone for one in statuses.ALL}) == len({one.word for one in statuses.ALL}) == 8
    assert all(statuses.status(one.value) is one for one in statuses.ALL)


@pytest.mark.parametrize(
    ("value", "word"),
    [("RESTING", "RESTING"), (None, "—"), ("", "—"), ("\x1b[31mRED", "RED"), ("\0", "—"), ("x" * 60, "x" * 40 + "…")],
)
def test_others_show_as_they_are_and_are_not_over(value: str | None, word: str) -> None:
    found = statuses.status(value)
    assert (found.word, found.tone, found.over, statuses.is_over(value)) == (word, "unknown", False, False)
