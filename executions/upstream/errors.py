"""What can go wrong between us and the Workflows API.

    UpstreamError
    ├── NoAnswer            nothing came back; `sent` tells whether the request can have reached the API
    │   └── Timeout
    ├── Refused             the API answered 4xx
    │   ├── NotFound        404
    │   ├── NotRunning      409, with the execution's status
    │   ├── Invalid         422, with the fields or the valid reset events
    │   ├── Unauthorised    401, 403
    │   └── RateLimited     429, with when to try again
    ├── ServerFault         any 5xx
    └── BrokenAnswer        an answer that is not the API's: cut short, not JSON, the wrong shape, a redirect
        └── TooLarge        an event of a stream that is more than we take in

`str()` of each is a sentence for a page; `repr()` is for logs and holds no words of the API's, which name executions.
None of them holds the request, so none can show the key.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

DETAIL_LIMIT = 2_000
"""Characters kept of the API's own words."""
CODE_LIMIT = 40
FIELD_LIMIT = 50
"""Fields kept of a 422's list."""
LONGEST_RETRY_AFTER = 3_600.0
# Terminal escape sequences whole, then what is left of the control characters except tab and line feed, and direction
# overrides. A sequence that does not end loses only its first character: it must not hide what follows.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class InvalidId(ValueError):
    """An id that cannot be sent as one path segment; nothing was sent."""


class UpstreamError(Exception):
    def __init__(self, message: str, *, code: str | None = None, status: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        """The API's own, such as `WF_1100`."""
        self.status = status
        """The HTTP status, if there was an answer."""
        self.detail = detail
        """The API's words, bounded."""

    def __repr__(self) -> str:
        known = (f"{name}={value!r}" for name, value in (("status", self.status), ("code", self.code)) if value)
        return f"{type(self).__name__}({', '.join(known)})"


class NoAnswer(UpstreamError):
    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent
        """False only where no byte of the request can have reached the API."""


class Timeout(NoAnswer):
    pass


class Refused(UpstreamError):
    pass


class NotFound(Refused):
    pass


class NotRunning(Refused):
    execution_status: str | None = None


class Invalid(Refused):
    valid_reset_events: tuple[int, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    """(where, what is wrong) for each field, from FastAPI's form of 422."""


class Unauthorised(Refused):
    pass


class RateLimited(Refused):
    retry_after: float | None = None
    """Seconds until the API wants to be asked again."""


class ServerFault(UpstreamError):
    retry_after: float | None = None


class BrokenAnswer(UpstreamError):
    pass


class TooLarge(BrokenAnswer):
    pass


def printable(text: str) -> str:
    """`text` without terminal escapes, control characters and direction overrides."""
    # Most text is: that it is takes much less time to find out.
    return text if text.isprintable() and text.isascii() else CONTROLS.sub("", _ESCAPES.sub("", text))


def clean(text: object) -> str:
    """The API's words, printable and bounded."""
    return printable(str(text)[: 2 * DETAIL_LIMIT])[:DETAIL_LIMIT]


def retry_after(value: str | None) -> float | None:
    """The header's seconds, from either of its forms, an hour at most; None if it has neither."""
    given = (value or "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(given)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _body(content: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    # Some errors stand inside `detail`.
    inner = value.get("detail")
    return {**value, **inner} if isinstance(inner, dict) else value


def _text(value: Any) -> str:
    """Text as it is; nothing for anything else, which may be large or deep."""
    return clean(value) if isinstance(value, str) else ""


def _place(parts: Any) -> str:
    """Where a field stands: FastAPI's `["body", "input", 0]` as `body.input.0`."""
    if not isinstance(parts, list):
        return _text(parts)
    return clean(".".join(str(part) for part in parts[:FIELD_LIMIT] if isinstance(part, str | int)))


def _fields(detail: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(detail, list):
        return ()
    return tuple(
        (_place(item.get("loc")), _text(item.get("msg"))) for item in detail[:FIELD_LIMIT] if isinstance(item, dict)
    )


def _words(body: dict[str, Any]) -> str:
    fields = _fields(body.get("detail"))
    if fields:
        return clean("; ".join(": ".join(part for part in field if part) for field in fields))
    return next(filter(None, (_text(body.get(name)) for name in ("detail", "message", "error"))), "")


def from_answer(status: int, headers: Mapping[str, str], content: bytes) -> UpstreamError:
    """The error that an answer with a status other than 2xx stands for."""
    body = _body(content)
    words = _words(body)
    known: dict[str, Any] = {"code": _text(body.get("code"))[:CODE_LIMIT] or None, "status": status, "detail": words}
    error: UpstreamError
    match status:
        case 401 | 403:
            error = Unauthorised("The Workflows API does not accept the console’s key.", **known)
        case 404 if "html" in headers.get("Content-Type", ""):
            # Somebody else's web server.
            error = BrokenAnswer("What answers at the Workflows API’s address does not know the API’s pages.", **known)
        case 404:
            error = NotFound(words or "The Workflows API does not know this.", **known)
        case 409:
            error = NotRunning(words or "The execution is not running.", **known)
            error.execution_status = _text(body.get("status"))[:CODE_LIMIT] or None
        case 422:
            error = Invalid(words or "The Workflows API does not accept this input.", **known)
            error.fields = _fields(body.get("detail"))
            points = body.get("valid_reset_events")
            if isinstance(points, list):
                error.valid_reset_events = tuple(one for one in points if type(one) is int)
        case 429:
            error = RateLimited("Too many requests were sent to the Workflows API.", **known)
            error.retry_after = retry_after(headers.get("Retry-After"))
        case _ if status >= 500:
            error = ServerFault(words or f"The Workflows API answered with an error ({status}).", **known)
            error.retry_after = retry_after(headers.get("Retry-After"))
        case _ if 400 <= status < 500:
            error = Refused(words or f"The Workflows API refused this ({status}).", **known)
        case _ if 300 <= status < 400:
            error = BrokenAnswer("The Workflows API’s address redirects elsewhere; it is not followed.", **known)
        case _:
            error = BrokenAnswer(f"The Workflows API answered with the status {status}, which means nothing.", **known)
    return error
