"""What a workflow declares to the API: its signals, queries and updates, each with the shape of its input."""

from dataclasses import dataclass, field

import msgspec


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No input."""


@dataclass(frozen=True)
class Handler:
    name: str
    description: str
    input: type[msgspec.Struct] = Nothing


@dataclass(frozen=True)
class Declaration:
    name: str
    workflow: type
    display_name: str
    description: str
    input: type[msgspec.Struct]
    tags: list[str] = field(default_factory=list)
    signals: list[Handler] = field(default_factory=list)
    queries: list[Handler] = field(default_factory=list)
    updates: list[Handler] = field(default_factory=list)
