"""What a span says of a call to a model, under OpenTelemetry's `gen_ai.*` names, as a person reads it.

The names have changed over time: prompts and completions stand in numbered attributes, in one attribute as JSON, or in
the span's events. All of them are read.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from executions.services import text
from executions.services.spans import Event, tokens

MOST_MESSAGES = 100
MESSAGE_LIMIT = 20_000
_NUMBERED = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,6})\.(\w+)")
_ASKED = ("gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.prompt", "gen_ai.tool.call.arguments")
_ANSWERED = ("gen_ai.output.messages", "gen_ai.completion", "gen_ai.tool.call.result")
_ROLES = {
    "gen_ai.system_instructions": "system",
    "gen_ai.tool.call.arguments": "tool call",
    "gen_ai.tool.call.result": "tool",
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}
_KNOWN = (
    "role",
    "type",
    "index",
    "finish_reason",
    "content",
    "reasoning_content",
    "parts",
    "tool_calls",
    "message",
    "text",
)
"""What a message may have; where it has none of them, all of it is what it says."""
_SETTINGS = ("temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "seed")


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    text: str
    answer: bool
    """Whether the model said it."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    facts: list[tuple[str, str]]
    """What a reader wants to know first: the model, the tokens, how it ended."""
    messages: list[Message] = field(default_factory=list)


def model_call(attributes: dict[str, Any], events: list[Event]) -> ModelCall | None:
    """None for a span that has nothing to do with a model."""
    if not any(key.startswith("gen_ai.") for key in attributes):
        return None
    messages = [*_numbered(attributes), *_messages(attributes)]
    for name, _, found in events:
        if name in _ROLES:
            messages.append(_message(found.get("role") or _ROLES[name], _said(found), answer=name == "gen_ai.choice"))
        messages += _messages(found)
    return ModelCall(_facts(attributes), [one for one in messages if one.text][:MOST_MESSAGES])


def _facts(attributes: dict[str, Any]) -> list[tuple[str, str]]:
    def about(*names: str) -> str:
        return next((said for name in names if (said := text.one_line(attributes.get(f"gen_ai.{name}")))), "")

    asked, answered = about("request.model"), about("response.model")
    provider = about("provider.name", "system")
    kept = tokens(attributes, "cache_read_input_tokens", "cache_read.input_tokens")
    taken, given = (
        tokens(attributes, "input_tokens", "prompt_tokens"),
        tokens(attributes, "output_tokens", "completion_tokens"),
    )
    settings = [(name, about(f"request.{name}")) for name in _SETTINGS]
    found = [
        ("model", asked or answered),
        ("answered by", answered if answered != asked and asked else ""),
        ("provider", provider),
        ("operation", about("operation.name")),
        ("agent", about("agent.name")),
        ("tool", about("tool.name")),
        ("tokens in", "" if taken is None else f"{taken:,}" + (f", {kept:,} of them from the cache" if kept else "")),
        ("tokens out", "" if given is None else f"{given:,}"),
        ("ended because of", about("response.finish_reasons").strip("[]\"'")),
        ("settings", ", ".join(f"{name.replace('_', ' ')} {said}" for name, said in settings if said)),
    ]
    return [(name, said) for name, said in found if said]


def _numbered(attributes: dict[str, Any]) -> list[Message]:
    found: dict[tuple[bool, int], dict[str, Any]] = {}
    for key, value in attributes.items():
        if match := _NUMBERED.match(key):
            found.setdefault((match[1] == "completion", int(match[2])), {})[match[3]] = value
    return [
        _message(one.get("role") or ("assistant" if answer else "user"), _said(one), answer=answer)
        for (answer, _), one in sorted(found.items(), key=lambda item: item[0])
    ]


def _messages(attributes: dict[str, Any]) -> list[Message]:
    found = []
    for answer, names in ((False, _ASKED), (True, _ANSWERED)):
        for name in names:
            if name not in attributes:
                continue
            default = _ROLES.get(name, "assistant" if answer else "user")
            if ".tool.call." in name:
                found.append(_message(default, _text(attributes[name]), answer=answer))
                continue
            for one in _as_list(attributes[name]):
                role = one.get("role") if isinstance(one, dict) else None
                found.append(_message(role or default, _said(one), answer=answer))
    return found


def _as_list(value: Any) -> list[Any]:
    """Messages may be JSON in a text."""
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        value = text.decode(value.encode(errors="replace"))
    return value[:MOST_MESSAGES] if isinstance(value, list) else [value]


def _said(message: Any) -> str:
    """What one message says: its content or its parts, and the tools that it calls."""
    if not isinstance(message, dict):
        return _text(message)
    inner = message.get("message")
    if isinstance(inner, dict):
        message = message | inner
    pieces = [message.get("content"), message.get("reasoning_content")]
    parts = message.get("parts")
    pieces += parts if isinstance(parts, list) else []
    calls = message.get("tool_calls")
    pieces += _as_list(calls) if calls else []
    if message.get("type") == "text" and not message.get("parts"):
        pieces = [message.get("content") or message.get("text")]
    said = "\n".join(filter(None, (_part(one) for piece in pieces for one in _as_list(piece))))
    rest = {key: value for key, value in message.items() if key not in _KNOWN}
    return said or (_text(rest) if rest else "")


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return _text(part)
    called = part.get("function")
    function = called if isinstance(called, dict) else part
    if "arguments" in function:
        return f"{_text(function.get('name'))}({_text(function['arguments'])})"
    said = next((part[key] for key in ("content", "text", "response", "result") if part.get(key)), None)
    return _text(said if said is not None else part)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return text.clean(value, MESSAGE_LIMIT) if isinstance(value, str) else text.pretty(value, MESSAGE_LIMIT)


def _message(role: object, said: str, *, answer: bool) -> Message:
    return Message(text.label(role, 40) or "user", text.clean(said, MESSAGE_LIMIT), answer)
