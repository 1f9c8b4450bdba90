"""Execution ids in paths.

An id is any text of 1 to 1,000 bytes of UTF-8 without U+0000. In a path it is one segment: percent-encoded as usual,
and `/`, `~` and a leading `.` are written `~2F`, `~7E`, `~2E`, so that no proxy on the way folds them. The id `open`
is written `~6Fpen`, since `/executions/open/` is a page.
"""

import re
from urllib.parse import quote

MAX_BYTES = 1_000
_ESCAPED = re.compile("~([0-9A-F]{2})")
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SAFE_IN_SEGMENT = "!$&'()*+,;=:@~"


def check(execution_id: str) -> str:
    """The id itself; ValueError, with a sentence for a page, if it cannot be one."""
    try:
        size = len(execution_id.encode())
    except UnicodeEncodeError:
        raise ValueError("This execution id is not valid text.") from None
    if not 1 <= size <= MAX_BYTES:
        raise ValueError(f"An execution id has 1 to {MAX_BYTES:,} bytes; this one has {size:,}.")
    if "\0" in execution_id:
        raise ValueError("An execution id cannot contain a null character.")
    if execution_id in {".", ".."}:
        raise ValueError("An execution id cannot be “.” or “..”: it would not survive the way to the API.")
    return execution_id


def is_execution_id(value: str) -> bool:
    """Whether the API could have an execution of this id."""
    try:
        return bool(check(value))
    except ValueError:
        return False


def is_run_id(value: str) -> bool:
    """Whether the API could have a run of this id: it is a UUID."""
    return bool(_UUID.fullmatch(value))


def is_short_run_id(value: str) -> bool:
    """Whether it may be the beginning of a run id, as pages show it."""
    return bool(re.fullmatch("[0-9a-fA-F]{8}", value))


def is_trace_id(value: str) -> bool:
    """Whether it may be OpenTelemetry's id of a trace."""
    return bool(re.fullmatch("[0-9a-fA-F]{32}", value))


def is_activity_id(value: str) -> bool:
    """Whether an activity could have this id: the vendor's worker counts them."""
    return value.isascii() and value.isdigit() and len(value) <= 18


def to_segment(execution_id: str) -> str:
    """The id with our own escapes, not yet percent-encoded: what Django's `reverse` wants."""
    text = execution_id.replace("~", "~7E").replace("/", "~2F")
    if text.startswith("."):
        text = "~2E" + text[1:]
    return "~6Fpen" if text == "open" else text


def to_path(execution_id: str) -> str:
    """The id as one path segment of a URL."""
    return quote(to_segment(execution_id), safe=_SAFE_IN_SEGMENT)


def from_path(segment: str) -> str:
    """The id of a path segment that has been percent-decoded; ValueError if it cannot be one."""
    if "~" in _ESCAPED.sub("", segment):
        raise ValueError("This address has a “~” that does not stand for a character.")
    return check(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), segment))


class ExecutionIdConverter:
    """`<execution:execution_id>` in a route; the view checks it, so that a bad one is a 400 with a reason."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        # Upstream may name an empty id: a link to it leads to a page that says so.
        return to_segment(value) or "~"
