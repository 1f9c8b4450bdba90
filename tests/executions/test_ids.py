"""Execution ids in paths: every id there can be survives the way, whoever is on it."""

import re
from urllib.parse import unquote

import pytest
from django.urls import resolve, reverse
from hypothesis import example, given
from hypothesis import strategies as st

from executions import ids

LONGEST = "é" * 500
ODD = {
    "a/b": "a~2Fb",
    "%2F": "%252F",
    "a%2Fb": "a%252Fb",
    "~": "~7E",
    "~2F": "~7E2F",
    "open": "~6Fpen",
    "opened": "opened",
    "Open": "Open",
    ".hidden": "~2Ehidden",
    "...": "~2E..",
    "a.b": "a.b",
    " ": "%20",
    "a\nb": "a%0Ab",
    "😀": "%F0%9F%98%80",
    "<script>": "%3Cscript%3E",
    "?a=b#c": "%3Fa=b%23c",
    "//evil.example": "~2F~2Fevil.example",
    "\\": "%5C",
    "+": "+",
    LONGEST: "%C3%A9" * 500,
}
anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: len(text.encode()) <= ids.MAX_BYTES and text not in {".", ".."}
)


@pytest.mark.parametrize("execution_id", ODD, ids=lambda one: ascii(one)[:30])
def test_an_id_is_one_segment(execution_id: str) -> None:
    assert ids.to_path(execution_id) == ODD[execution_id]
    assert ids.from_path(unquote(ODD[execution_id])) == execution_id


@given(anything)
@example("~2F")
@example("~~7E")
@example("~6Fpen")
@example("\x7f\u202e\ufffd")
def test_every_id_comes_back(execution_id: str) -> None:
    path = ids.to_path(execution_id)
    # Nothing in it that a proxy, a browser or a router takes for something else.
    assert re.fullmatch(r"(?!\.)(?!open$)[A-Za-z0-9!$&'()*+,;=:@~._%-]+", path)
    assert ids.from_path(unquote(path)) == execution_id
    address = reverse("overview", args=[execution_id])
    assert address == f"/executions/{path}/"
    match = resolve(unquote(address))
    assert (match.view_name, ids.from_path(match.kwargs["execution_id"])) == ("overview", execution_id)


@given(st.text(min_size=1))
@example("~")
@example("~2")
@example("~zz")
@example("~2f")
@example("~00")
@example("~2E")
@example("~2E.")
def test_any_segment_is_an_id_or_says_why_not(segment: str) -> None:
    try:
        found = ids.from_path(segment)
    except ValueError as error:
        found, reason = "", str(error)
    assert ids.check(found) == found if found else reason.endswith(".")


@pytest.mark.parametrize(
    ("execution_id", "words"),
    [
        ("", "has 1 to 1,000 bytes; this one has 0"),
        ("x" * 1001, "this one has 1,001"),
        ("é" * 500 + "x", "this one has 1,001"),
        ("a\0b", "null character"),
        (".", "cannot be “.” or “..”"),
        ("..", "cannot be “.” or “..”"),
        ("\ud800", "not valid text"),
    ],
    ids=lambda one: ascii(one)[:30],
)
def test_what_cannot_be_an_id(execution_id: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        ids.check(execution_id)


def test_a_link_to_no_id_leads_to_a_page_that_says_so() -> None:
    assert reverse("overview", args=[""]) == "/executions/~/"
