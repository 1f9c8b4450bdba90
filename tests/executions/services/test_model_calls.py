"""Calls to models: what the names of three conventions say, as a reader wants it."""

import json
from typing import Any

import pytest
from hypothesis import given

from executions.services.model_calls import MESSAGE_LIMIT, MOST_MESSAGES, model_call
from executions.services.spans import node
from tests.executions.services import hostile


def said(attributes: dict[str, Any], events: list[Any] | None = None) -> list[tuple[str, str, bool]]:
    found = model_call({"gen_ai.system": "mistral_ai", **attributes}, events or [])
    assert found
    return [(one.role, one.text, one.answer) for one in found.messages]


def test_a_span_without_a_model() -> None:
    assert model_call({"http.method": "GET"}, []) is None


def test_what_a_reader_wants_to_know_first() -> None:
    attributes = {
        "gen_ai.provider.name": "mistral_ai",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "mistral-large-latest",
        "gen_ai.response.model": "mistral-large-2512",
        "gen_ai.usage.input_tokens": 1_204,
        "gen_ai.usage.cache_read_input_tokens": 1_000,
        "gen_ai.usage.output_tokens": 350,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 4_000,
    }
    found = model_call(attributes, [])
    assert found
    assert found.facts == [
        ("model", "mistral-large-latest"),
        ("answered by", "mistral-large-2512"),
        ("provider", "mistral_ai"),
        ("operation", "chat"),
        ("tokens in", "1,204, 1,000 of them from the cache"),
        ("tokens out", "350"),
        ("ended because of", "stop"),
        ("settings", "temperature 0.2, max tokens 4000"),
    ]
    assert node("1", "chat", (1, 2), attributes, []).note == "mistral-large-latest · 1,204 → 350 tokens"


@pytest.mark.parametrize(
    ("usage", "note"),
    [
        ({"gen_ai.usage.prompt_tokens": 5}, "5 → ? tokens"),
        ({"gen_ai.usage.completion_tokens": 0, "gen_ai.response.model": "m"}, "m · ? → 0 tokens"),
        ({"gen_ai.usage.input_tokens": True}, ""),
        ({"gen_ai.request.model": ["m"]}, ""),
    ],
)
def test_what_a_row_says_of_it(usage: dict[str, Any], note: str) -> None:
    assert node("1", "chat", (1, 2), usage, []).note == note


ASKED, ANSWERED = ("user", "Why?", False), ("assistant", "Because.", True)


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.completion.0.content": "Because.",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.prompt.0.content": "Why?",
        },
        {"gen_ai.prompt": "Why?", "gen_ai.completion": "Because."},
        {
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]),
            "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"content": "Because."}]}]),
        },
        {
            "gen_ai.input.messages": [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}],
            "gen_ai.output.messages": [{"role": "assistant", "content": "Because."}],
        },
    ],
)
def test_prompts_and_completions(attributes: dict[str, Any]) -> None:
    assert said(attributes) == [ASKED, ANSWERED]


def test_messages_in_events() -> None:
    events = [
        ("gen_ai.user.message", 1, {"content": "Why?"}),
        ("gen_ai.choice", 2, {"index": 0, "message": {"role": "assistant", "content": "Because."}}),
        ("other", 3, {"content": "Not a message."}),
    ]
    assert said({}, events) == [ASKED, ANSWERED]
    one = [("gen_ai.client.inference.operation.details", 1, {"gen_ai.prompt": "Why?", "gen_ai.completion": "Because."})]
    assert said({}, one) == [ASKED, ANSWERED]


def test_the_order_of_numbers_is_that_of_numbers() -> None:
    assert [text for _, text, _ in said({f"gen_ai.prompt.{n}.content": str(n) for n in (10, 9, 2)})] == ["2", "9", "10"]


def test_tools_that_are_called() -> None:
    call = {"type": "tool_call", "id": "1", "name": "look_up", "arguments": {"id": 5}}
    answer = {"type": "tool_call_response", "id": "1", "response": "found"}
    attributes = {
        "gen_ai.input.messages": [{"role": "tool", "parts": [answer]}],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [call]}],
    }
    assert said(attributes) == [("tool", "found", False), ("assistant", 'look_up({\n  "id": 5\n})', True)]
    older = {"tool_calls": [{"id": "1", "function": {"name": "look_up", "arguments": '{"id": 5}'}}], "content": None}
    assert said({"gen_ai.output.messages": [older]}) == [("assistant", 'look_up({"id": 5})', True)]
    assert said({"gen_ai.tool.name": "look_up", "gen_ai.tool.call.arguments": "{}"}) == [("tool call", "{}", False)]


def test_they_are_bounded_and_clean() -> None:
    assert len(said({"gen_ai.input.messages": ["a"] * (2 * MOST_MESSAGES)})) == MOST_MESSAGES
    ((_, text, _),) = said({"gen_ai.prompt": "\x1b[31m" + "x" * (2 * MESSAGE_LIMIT)})
    assert (len(text), "\x1b" in text) == (MESSAGE_LIMIT + 1, False)


@given(hostile.values(["gen_ai.prompt", "gen_ai.input.messages", "gen_ai.prompt.0.content", "role", "parts"]))
def test_nothing_is_too_odd(value: Any) -> None:
    attributes = value if isinstance(value, dict) else {}
    found = model_call({"gen_ai.output.messages": value, "gen_ai.request.model": value, **attributes}, [])
    assert found
    model_call({"gen_ai.system": 1}, [("gen_ai.choice", None, attributes), ("gen_ai.choice", None, {"message": value})])
