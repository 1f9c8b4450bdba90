"""Sentences with links in them: what a service says, and a template shows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from executions import ids
from executions.services import text


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence: words, or a moment in the viewer's zone, perhaps with a link."""

    words: str = ""
    moment: datetime | None = None
    look: str = ""
    """name: of something in the workflow's code; said: somebody else's words."""
    event: int = 0
    """Links to this event of the history."""
    execution: str = ""
    """Links to this execution's page; with an event or an action, to that of this execution."""
    run_id: str = ""
    """Links to this run's page."""
    action: str = ""
    """Links to the form of this operation."""

    def __str__(self) -> str:
        return f"{self.moment:%H:%M:%S}" if self.moment else self.words


Parts = tuple[Part, ...]


def say(*pieces: str | Part | Iterable[Part]) -> Parts:
    """One sentence of plain words, parts, and other sentences."""
    found: list[Part] = []
    for piece in pieces:
        if isinstance(piece, str):
            found.append(Part(piece))
        elif isinstance(piece, Part):
            found.append(piece)
        else:
            found.extend(piece)
    return tuple(part for part in found if part.words or part.moment)


def begun(parts: Parts) -> Parts:
    """The same with a capital letter."""
    if not parts or parts[0].look or parts[0].moment:
        return parts
    words = parts[0].words
    return (Part(words[:1].upper() + words[1:]), *parts[1:])


def lowered(parts: Parts) -> Parts:
    """The same without a capital letter, to go on with after a colon."""
    if not parts or parts[0].look or parts[0].moment:
        return parts
    words = parts[0].words
    return (replace(parts[0], words=words[:1].lower() + words[1:]), *parts[1:])


def elsewhere(parts: Parts, execution: str) -> Parts:
    """The same said of another execution: what links into its own links into that one."""
    return tuple(replace(one, execution=execution) if one.event or one.action else one for one in parts)


def name(value: str, *, execution: str = "") -> Part:
    """`execution`: the one it links to; a worker may have named one that cannot be."""
    return Part(value or "without a name", look="name", execution=execution if ids.is_execution_id(execution) else "")


def said(value: object, limit: int = 160) -> Part:
    """Somebody else's words, on one line, without the stop that our sentence adds."""
    return Part(text.one_line(value, limit).rstrip(". "), look="said")


def at(moment: datetime | None) -> Part:
    return Part("an unknown time") if moment is None else Part(moment=moment)


def event(event_id: int) -> Parts:
    """` (event 5)`, with a link; nothing for an event without an id."""
    return (Part(" ("), Part(f"event {event_id}", event=event_id), Part(")")) if event_id else ()


def listed(names: list[str], word: str = "and", most: int = 5) -> list[Part]:
    """`a, b and c`."""
    shown = [name(one) for one in names[:most]] + ([Part(f"{len(names) - most} more")] if len(names) > most else [])
    found: list[Part] = []
    for place, part in enumerate(shown):
        if place:
            found.append(Part(f" {word} " if place == len(shown) - 1 else ", "))
        found.append(part)
    return found


def as_text(parts: Parts) -> str:
    return "".join(map(str, parts))
