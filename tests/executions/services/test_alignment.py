"""Sequences side by side: what goes together, in both orders, as much of it as there is, and quickly."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import alignment
from executions.services.alignment import Alignment, aligned

ITEMS = st.lists(st.sampled_from("abc"), max_size=14)


def longest(older: list[str], newer: list[str]) -> int:
    """The length of the longest common subsequence, by the textbook."""
    table = [[0] * (len(newer) + 1) for _ in range(len(older) + 1)]
    for i, one in enumerate(older):
        for j, other in enumerate(newer):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def check(found: Alignment, older: list[str], newer: list[str]) -> None:
    """Only equal items go together, in both orders, and all items are there."""
    assert [(older[i], i) for i, j in found.pairs] == [(newer[j], i) for i, j in found.pairs]
    assert all(
        one[0] < other[0] and one[1] < other[1] for one, other in zip(found.pairs, found.pairs[1:], strict=False)
    )
    rows = list(found.rows(len(older), len(newer)))
    assert [i for i, _ in rows if i is not None] == list(range(len(older)))
    assert [j for _, j in rows if j is not None] == list(range(len(newer)))
    assert [row for row in rows if None not in row] == found.pairs


@given(ITEMS, ITEMS)
def test_the_longest_alignment(older: list[str], newer: list[str]) -> None:
    found = aligned(older, newer)
    check(found, older, newer)
    assert (len(found.pairs), found.is_rough) == (longest(older, newer), False)


@given(ITEMS, ITEMS, st.integers(1, 3), st.integers(0, 30))
def test_whatever_the_bounds(older: list[str], newer: list[str], edits: int, work: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "MOST_EDITS", edits)
        patch.setattr(alignment, "EDITS", edits)
        found = Alignment(work_left=work)
        alignment._between(older, newer, 0, 0, found)
    check(found, older, newer)
    if not found.is_rough:
        assert len(found.pairs) == longest(older, newer)


@given(ITEMS, ITEMS, st.data())
def test_with_more_known_of_each(older: list[str], newer: list[str], data: st.DataObject) -> None:
    exact = [[(one, data.draw(st.integers(0, 9))) for one in side] for side in (older, newer)]
    check(aligned(older, newer, (exact[0], exact[1])), older, newer)


def test_one_in_the_middle_of_equals_is_found_by_what_more_is_known() -> None:
    older, numbers = ["chunk"] * 100, list(range(100))
    newer, others = ["chunk"] * 101, [*range(50), 1_000, *range(50, 100)]
    alone = [row for row in aligned(older, newer, (numbers, others)).rows(100, 101) if None in row]
    assert alone == [(None, 50)]
    # It is not believed where only few say so: two runs on other inputs.
    assert aligned(["a", "b", "a"], ["a", "b", "a"], ([1, 2, 3], [3, 4, 5])).pairs == [(0, 0), (1, 1), (2, 2)]


def _changed(items: list[str], changes: int) -> list[str]:
    dice, found = random.Random(7), list(items)
    for _ in range(changes):
        place = dice.randrange(len(found))
        found[place : place + dice.randint(0, 1)] = [dice.choice("abcde")] * dice.randint(0, 1)
    return found


@pytest.mark.parametrize(
    ("older", "newer", "least"),
    [
        (_changed(["a", "b", "c"] * 5_000, 0), _changed(["a", "b", "c"] * 5_000, 50), 14_940),
        (_changed(["a", "b", "c"] * 5_000, 0), _changed(["a", "b", "c"] * 5_000, 5_000), 10_000),
        (["a"] * 50_000, ["b"] * 50_000, 0),
        (["a", "b"] * 25_000, ["b", "a"] * 25_000, 49_999),
        (random.Random(1).choices("abcde", k=50_000), random.Random(2).choices("abcde", k=50_000), 10_000),
    ],
    ids=["nearly the same", "a third changed", "nothing in common", "shifted by one", "by chance"],
)
def test_long_ones_are_quick(older: list[str], newer: list[str], least: int) -> None:
    began = time.process_time()
    found = aligned(older, newer)
    taken = time.process_time() - began
    check(found, older, newer)
    assert len(found.pairs) >= least
    assert taken < 1.5
