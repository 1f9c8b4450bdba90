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

`str()` of each is a sentence for a page. None of them holds the request, so none can show the key.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

DETAIL_LIMIT = 2_000
"""Characters kept of the API's own words."""
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


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


class NoAnswer(UpstreamError):
    sent = True
    """False only where no byte can have reached the API."""


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


def clean(text: object) -> str:
    """The API's words without terminal escapes and control characters, bounded."""
    return _CONTROLS.sub("", str(text)[: 2 * DETAIL_LIMIT])[:DETAIL_LIMIT]


def retry_after(value: str | None) -> float | None:
    """The header's seconds, from either of its forms; None if it has neither."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(min(int(value.strip()[:9]), 3600))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), 3600.0)


def _body(content: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    # Some errors stand inside `detail`.
    inner = value.get("detail")
    return {**value, **inner} if isinstance(inner, dict) else value


def _fields(detail: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(detail, list):
        return ()
    found = []
    for item in detail[:50]:
        if isinstance(item, dict):
            place = item.get("loc")
            path = ".".join(str(part) for part in place) if isinstance(place, list) else str(place or "")
            found.append((clean(path), clean(item.get("msg", ""))))
    return tuple(found)


def _words(body: dict[str, Any]) -> str:
    detail = body.get("detail")
    fields = _fields(detail)
    if fields:
        return clean("; ".join(f"{where}: {what}" for where, what in fields))
    for value in (detail, body.get("message"), body.get("error")):
        if isinstance(value, str) and value:
            return clean(value)
    return ""


def from_answer(status: int, headers: Any, content: bytes) -> UpstreamError:
    """The error that an answer with a status other than 2xx stands for."""
    body = _body(content)
    code = clean(body["code"])[:40] if isinstance(body.get("code"), str) else None
    words = _words(body)
    known: dict[str, Any] = {"code": code, "status": status, "detail": words}
    if 300 <= status < 400:
        return BrokenAnswer("The Workflows API’s address redirects elsewhere; it is not followed.", **known)
    if status >= 500:
        fault = ServerFault(words or f"The Workflows API answered with an error ({status}).", **known)
        fault.retry_after = retry_after(headers.get("Retry-After"))
        return fault
    if status == 404:
        return NotFound(words or "The Workflows API does not know this.", **known)
    if status == 409:
        running = NotRunning(words or "The execution is not running.", **known)
        running.execution_status = clean(body["status"])[:40] if isinstance(body.get("status"), str) else None
        return running
    if status == 422:
        invalid = Invalid(words or "The Workflows API does not accept this input.", **known)
        invalid.fields = _fields(body.get("detail"))
        points = body.get("valid_reset_events")
        if isinstance(points, list):
            invalid.valid_reset_events = tuple(one for one in points if type(one) is int)
        return invalid
    if status in {401, 403}:
        return Unauthorised("The Workflows API does not accept the console’s key.", **known)
    if status == 429:
        limited = RateLimited("Too many requests were sent to the Workflows API.", **known)
        limited.retry_after = retry_after(headers.get("Retry-After"))
        return limited
    return Refused(words or f"The Workflows API refused this ({status}).", **known)
