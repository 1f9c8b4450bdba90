"""A span's pane: its times, exceptions, events, and attributes, those of a model last."""

from executions.services.span_page import MOST_ATTRIBUTES, MOST_EVENTS, span_page
from tests.executions.services.trace_shapes import SECOND, START, failed, span, trace


def test_all_that_is_known_of_it() -> None:
    event = {"name": "cache miss", "timestamp_unix_nano": START + 3 * SECOND, "attributes": {"key": "k"}}
    inner = span("inner", 1, 4, events=[event, {"name": None}], attributes={"long": "x" * 200, "list": [1, 2], "n": 5})
    found = span_page(trace(span("root", 0, 10, span("middle", 1, 5, inner))), 2)
    assert (found.took, found.own, found.after, found.critical, found.attempt, found.below) == (
        "3.00 s",
        "3.00 s",
        "1.00 s",
        "3.00 s",
        "",
        0,
    )
    assert [node.name for node in found.parents] == ["root", "middle"]
    assert [(one.name, one.after, one.json) for one in found.events] == [
        ("cache miss", "2.00 s", '{\n  "key": "k"\n}'),
        ("—", "", ""),
    ]
    assert found.attributes == [("long", "x" * 200, True), ("list", "[1,2]", False), ("n", "5", False)]
    assert (found.model, found.thrown, found.left_out) == (None, [], 0)


def test_an_exception_is_readable() -> None:
    found = span_page(trace(span("a", 0, 1, **failed("it broke\nbadly", "errors.ValueError"))), 0)
    (one,) = found.thrown
    assert (one.kind, one.message, one.stack, one.rest) == (
        "errors.ValueError",
        "it broke\nbadly",
        "Traceback\nerrors.ValueError",
        "",
    )
    assert found.events == []
    assert found.node.error == "ValueError: it broke badly"


def test_a_model_s_own_attributes_come_last() -> None:
    attributes = {"gen_ai.request.model": "m", "a": 1}
    found = span_page(trace(span("a", 0, 1, attributes=attributes)), 0)
    assert [name for name, _, _ in found.attributes] == ["a", "gen_ai.request.model"]
    assert found.model
    assert found.model.facts == [("model", "m")]


def test_a_running_span_has_not_taken_any_time_yet() -> None:
    found = span_page(trace(span("a", 0, None, span("b", 0, 1))), 0)
    assert (found.took, found.end) == ("", None)


def test_it_is_bounded_and_says_what_is_left_out() -> None:
    many = {
        "attributes": {str(n): n for n in range(MOST_ATTRIBUTES + 5)},
        "events": [{"name": "e"}] * (MOST_EVENTS + 2),
    }
    found = span_page(trace(span("a", 0, 1, **many)), 0)
    assert (len(found.attributes), len(found.events), found.left_out) == (MOST_ATTRIBUTES, MOST_EVENTS, 7)
