"""How long something took, in the same words from the server and from script."""

import random

import pytest
from playwright.sync_api import Page

from executions.templatetags.execution_tags import duration

SAID = """async ([seconds, whole]) => {
  const { duration } = await import("/static/js/durations.js");
  return seconds.map((one) => duration(one, { whole }));
}"""
LENGTHS = """async (microseconds) => {
  const { length } = await import("/static/js/waterfall-model.js");
  return microseconds.map(length);
}"""


def values() -> list[float]:
    """Around each change of unit, halves that could be rounded both ways, and some of every size."""
    edges = [0, 1e-6, 5e-6, 0.00999, 0.01, 0.9995, 1, 9.995, 10, 59.5, 59.995, 60, 3_600, 86_400, 1e7, 1e9]
    near = [edge + step * size for edge in edges for step in (-1, 0, 1) for size in (4e-7, 5e-7, 1e-6, 1e-3, 0.5)]
    halves = [0.125, 1.005, 2.675, 0.0005, 0.1235, 12.345, 30.5, 0.000125, 61.5, 119.5, 3_599.5, -5.0]
    some = random.Random(7)
    return [*near, *halves, *(10 ** some.uniform(-7, 9) for _ in range(2_000))]


@pytest.mark.parametrize("whole", [False, True])
def test_script_and_server_use_the_same_words(scripts: Page, whole: bool) -> None:
    found = scripts.evaluate(SAID, [values(), whole])
    differing = [(one, said) for one, said in zip(values(), found, strict=True) if said != duration(one, whole=whole)]
    assert differing == []


def test_a_span_s_length_is_said_in_these_words_too(scripts: Page) -> None:
    micros = [0, 1, 350, 9_994, 9_995, 999_499, 999_500, 4_254_000, 59_994_999, 59_995_000, 187_000_000]
    assert scripts.evaluate(LENGTHS, micros) == [duration(one / 1e6) for one in micros]
