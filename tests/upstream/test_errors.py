"""What an answer other than success means, and that hostile ones stay harmless."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.upstream import errors
from executions.upstream.client import Client
from tests.faulty import Faulty, redirect, reply

KEY_WORDS = "The Workflows API does not accept the console’s key."


def found(status: int, body: Any = b"", **headers: str) -> errors.UpstreamError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return errors.from_answer(status, headers, content)


# status, body, and what becomes of it: class, sentence, code, the API's words
TABLE: list[tuple[int, Any, type[errors.UpstreamError], str, str | None, str]] = [
    (400, {"detail": "Bad token"}, errors.Refused, "Bad token", None, "Bad token"),
    (400, b"", errors.Refused, "The Workflows API refused this (400).", None, ""),
    (401, {"detail": "Unauthorized"}, errors.Unauthorised, KEY_WORDS, None, "Unauthorized"),
    (403, {"detail": "Forbidden", "code": "X"}, errors.Unauthorised, KEY_WORDS, "X", "Forbidden"),
    (
        404,
        {"detail": "No such execution", "code": "WF_1100"},
        errors.NotFound,
        "No such execution",
        "WF_1100",
        "No such execution",
    ),
    (404, b"<h1>Not Found</h1>", errors.NotFound, "The Workflows API does not know this.", None, ""),
    (
        409,
        {"detail": "Closed", "code": "WF_1102", "status": "FAILED"},
        errors.NotRunning,
        "Closed",
        "WF_1102",
        "Closed",
    ),
    (409, {}, errors.NotRunning, "The execution is not running.", None, ""),
    (418, {"message": "Teapot"}, errors.Refused, "Teapot", None, "Teapot"),
    (
        422,
        {"detail": "Not a reset point", "code": "WF_1001"},
        errors.Invalid,
        "Not a reset point",
        "WF_1001",
        "Not a reset point",
    ),
    (422, {"detail": []}, errors.Invalid, "The Workflows API does not accept this input.", None, ""),
    (
        429,
        {"detail": "Slow down"},
        errors.RateLimited,
        "Too many requests were sent to the Workflows API.",
        None,
        "Slow down",
    ),
    (
        500,
        {"detail": "An error occurred", "code": "WF_1302"},
        errors.ServerFault,
        "An error occurred",
        "WF_1302",
        "An error occurred",
    ),
    (
        502,
        b"<html><h1>Bad Gateway</h1></html>",
        errors.ServerFault,
        "The Workflows API answered with an error (502).",
        None,
        "",
    ),
    (503, {"error": "backend away"}, errors.ServerFault, "backend away", None, "backend away"),
    (
        504,
        {"detail": "An error occurred", "code": "WF_1103"},
        errors.ServerFault,
        "An error occurred",
        "WF_1103",
        "An error occurred",
    ),
    (599, b"", errors.ServerFault, "The Workflows API answered with an error (599).", None, ""),
    (302, b"", errors.BrokenAnswer, "The Workflows API’s address redirects elsewhere; it is not followed.", None, ""),
    (199, b"", errors.BrokenAnswer, "The Workflows API answered with the status 199, which means nothing.", None, ""),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[3]}")
def test_every_status_has_its_error(row: tuple[int, Any, type[errors.UpstreamError], str, str | None, str]) -> None:
    status, body, *expected = row
    error = found(status, body)
    assert [type(error), str(error), error.code, error.detail] == expected
    assert error.status == status


TREE = {
    errors.NoAnswer: errors.UpstreamError,
    errors.Timeout: errors.NoAnswer,
    errors.Refused: errors.UpstreamError,
    errors.NotFound: errors.Refused,
    errors.NotRunning: errors.Refused,
    errors.Invalid: errors.Refused,
    errors.Unauthorised: errors.Refused,
    errors.RateLimited: errors.Refused,
    errors.ServerFault: errors.UpstreamError,
    errors.BrokenAnswer: errors.UpstreamError,
}


def test_the_tree_tells_no_answer_from_refused() -> None:
    assert {kind: kind.__base__ for kind in TREE} == TREE


def test_not_running_knows_how_the_execution_ended() -> None:
    error = found(409, {"detail": "Closed", "code": "WF_1102", "status": "TERMINATED"})
    assert isinstance(error, errors.NotRunning)
    assert error.execution_status == "TERMINATED"


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": 7}, {"status": ["FAILED"]}, b"FAILED"])
def test_not_running_may_not_say_how(body: Any) -> None:
    error = found(409, body)
    assert isinstance(error, errors.NotRunning)
    assert error.execution_status is None


def test_invalid_in_words_with_reset_points() -> None:
    error = found(
        422, {"detail": "No reset point", "code": "WF_1001", "valid_reset_events": [4, 10, "11", None, True, 2.5]}
    )
    assert isinstance(error, errors.Invalid)
    assert (error.valid_reset_events, error.fields) == ((4, 10), ())


def test_invalid_with_everything_inside_detail() -> None:
    error = found(422, {"detail": {"detail": "No reset point", "code": "WF_1001", "valid_reset_events": [4]}})
    assert isinstance(error, errors.Invalid)
    assert (str(error), error.code, error.valid_reset_events) == ("No reset point", "WF_1001", (4,))


def test_invalid_as_a_list_of_fields() -> None:
    detail = [
        {"type": "missing", "loc": ["body", "input", 0, "by"], "msg": "Field required", "input": {}},
        {"type": "int", "loc": ["body", "event_id"], "msg": "Not a number"},
    ]
    error = found(422, {"detail": detail})
    assert isinstance(error, errors.Invalid)
    assert error.fields == (("body.input.0.by", "Field required"), ("body.event_id", "Not a number"))
    assert str(error) == "body.input.0.by: Field required; body.event_id: Not a number"


def test_odd_fields_are_left_out() -> None:
    detail = [7, None, {"loc": {"a": 1}, "msg": ["x"]}, {"loc": "body", "msg": "Wrong"}, {"loc": ["a", {"b": 1}, None]}]
    error = found(422, {"detail": detail})
    assert isinstance(error, errors.Invalid)
    assert error.fields == (("", ""), ("body", "Wrong"), ("a", ""))


def test_only_so_many_fields() -> None:
    error = found(422, {"detail": [{"loc": ["a"], "msg": "b"}] * 1_000})
    assert isinstance(error, errors.Invalid)
    assert len(error.fields) == errors.FIELD_LIMIT


# Both forms of Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("3600", 3600.0),
        ("999999", 3600.0),
        ("9" * 5_000, 3600.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("٣", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("Wed, 21 Oct 2915 07:28:00 GMT", 3600.0),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +9999999999", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert errors.retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=600)
    seconds = errors.retry_after(format_datetime(moment, usegmt=True))
    assert seconds is not None
    assert 300 < seconds <= 600


@given(st.text())
def test_no_retry_after_makes_us_fail(value: str) -> None:
    seconds = errors.retry_after(value)
    assert seconds is None or 0 <= seconds <= errors.LONGEST_RETRY_AFTER


@pytest.mark.parametrize("status", [429, 500, 503])
def test_who_may_say_when_to_come_back(status: int) -> None:
    error = found(status, b"", **{"Retry-After": "7"})
    assert isinstance(error, errors.RateLimited | errors.ServerFault)
    assert error.retry_after == 7.0


# Hostile answers


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain <b>text</b> & é 😀", "plain <b>text</b> & é 😀"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b[0m \x1b[2Jgone", "red gone"),
        ("\x1b]0;title\x07in \x1b]8;;http://x\x1b\\link", "in link"),
        ("a\x00b\x07c\x7fd\x9be\r\x08", "abcde"),
        ("\u202eevil\u2066", "evil"),
        (7, "7"),
    ],
)
def test_words_lose_what_acts_on_a_terminal(given: object, kept: str) -> None:
    assert errors.clean(given) == kept


@given(st.text())
def test_words_are_bounded_and_have_no_control_characters(text: str) -> None:
    kept = errors.clean(text * 100)
    assert len(kept) <= errors.DETAIL_LIMIT
    assert [one for one in kept if (ord(one) < 32 and one not in "\n\t") or 127 <= ord(one) < 160] == []


DEEP = b"[" * 100_000 + b"]" * 100_000
HOSTILE: list[Any] = [
    b"\xff\xfe",
    b'{"detail": "\xff"}',
    b'{"detail": "\\ud800"}',
    b'{"detail": %b}' % DEEP,
    b'{"detail": [{"loc": %b, "msg": %b}]}' % (b"[" * 400 + b"]" * 400, b"[" * 400 + b"]" * 400),
    b'{"detail": {"detail": {"detail": {}}}, "message": 7, "error": []}',
    b'{"code": {"a": 1}, "detail": null}',
    b'"text"',
    b"[1]",
    b"null",
    b"1" * 5_000,
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:30].decode("latin-1"))
@pytest.mark.parametrize("status", [400, 404, 409, 422, 429, 500])
def test_an_error_that_says_nothing_readable_still_has_its_status(status: int, body: bytes) -> None:
    error = found(status, body)
    assert (error.status, error.code, error.detail) == (status, None, "")
    assert str(error)


def test_huge_words_are_cut() -> None:
    error = found(400, {"detail": "x" * 500_000, "code": "C" * 500})
    assert (error.detail, str(error)) == ("x" * errors.DETAIL_LIMIT, "x" * errors.DETAIL_LIMIT)
    assert error.code == "C" * errors.CODE_LIMIT


@given(
    st.integers(100, 599),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["detail", "code", "status", "loc", "msg"]) | st.text(), inner)
        ),
    ),
)
def test_no_body_makes_us_fail(status: int, body: Any) -> None:
    error = found(status, json.dumps(body).encode())
    assert error.status == status
    assert len(error.detail) <= errors.DETAIL_LIMIT
    assert str(error)


def test_repr_is_fit_for_logs() -> None:
    """The API's words name executions, and logs are read by others."""
    error = found(404, {"detail": "No execution named inv-1", "code": "WF_1100"})
    assert repr(error) == "NotFound(status=404, code='WF_1100')"
    assert repr(errors.Timeout("words")) == "Timeout()"


# The same over the wire


@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize(("status", "kind"), [(row[0], row[2]) for row in TABLE if row[0] >= 300])
def test_errors_over_the_wire(
    status: int, kind: type[errors.UpstreamError], write: bool, client: Client, faulty: Faulty
) -> None:
    faulty.on(reply({"detail": "words", "code": "WF_1"}, status))
    with pytest.raises(errors.UpstreamError) as caught:
        client.terminate_workflow_execution("a") if write else client.get_workflow_execution("a")
    assert (type(caught.value), caught.value.status, caught.value.code, caught.value.detail) == (
        kind,
        status,
        "WF_1",
        "words",
    )


def test_a_redirect_is_not_followed(client: Client, faulty: Faulty) -> None:
    faulty.on(redirect(f"{faulty.url}/elsewhere"))
    with pytest.raises(errors.BrokenAnswer, match="redirects elsewhere"):
        client.get_workflow_execution("a")
    assert [request.path for request in faulty.requests] == ["/v1/workflows/executions/a"]


def test_the_404_of_somebody_elses_web_server_is_no_answer_of_the_api() -> None:
    error = found(404, b"<h1>Not Found</h1>", **{"Content-Type": "text/html; charset=utf-8"})
    assert type(error) is errors.BrokenAnswer
    assert str(error) == "What answers at the Workflows API’s address does not know the API’s pages."
