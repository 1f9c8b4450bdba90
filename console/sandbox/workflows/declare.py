"""What a workflow declares to the API: its signals, queries and updates, and the shape of each input."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

TASK_QUEUE = "sandbox"
Activities = list[Callable[..., Any]]


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
    task_queue: str = TASK_QUEUE
    internal: bool = False
    """Started by other workflows only; lists of runs may leave it out."""
