"""How new what a page shows is: marks of what is there already, and what is of before the API went away.

A page that refreshes itself says in `X-Was` what it shows, as a mark that it got with it; while that is still so, the
answer is 204. Where the API is away a page stands on what the API said last, and says so.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.http import HttpRequest, HttpResponse

from executions.services import api
from executions.services.shared import Known
from executions.upstream import errors
from executions.views.errors import Problem, describe, respond, with_headers

T = TypeVar("T")
OLD = "old-"
"""Before a mark: what the page shows is of before the API went away."""


def is_refresh(request: HttpRequest) -> bool:
    """Whether the page is there already, and only asks what has changed."""
    return "X-Was" in request.headers


def mark(*shown: object) -> str:
    """What stands for all that a page shows: another one when any of it changes."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:20]


def unchanged(request: HttpRequest, now: str) -> HttpResponse | None:
    """The answer to a refresh that has nothing new: 204, or the problem that keeps us from knowing; else None."""
    before, away = request.headers.get("X-Was", ""), away_of(request)
    if away:
        return respond(request, away) if before.removeprefix(OLD) == now else None
    return with_headers(HttpResponse(status=204)) if before == now else None


def away_of(request: HttpRequest) -> Problem | None:
    """Why what the page shows may be old: the API did not answer when this request asked for it."""
    return getattr(request, "away", None)


def as_of(request: HttpRequest) -> datetime | None:
    """When the API said what the page shows, where that is not now."""
    return getattr(request, "as_of", None)


def is_late(request: HttpRequest) -> bool:
    """Whether the API may only be slow: the page then loads what it lacks once more, and waits for that."""
    return getattr(request, "late", False)


def is_patient(request: HttpRequest) -> bool:
    """Whether it may take as long as a call may: what a page that is open loads, and a file.

    A page that is being opened, and what tells how old it is, are shown soon.
    """
    if request.GET.get("payloads") or request.GET.get("download") or request.GET.get("part") == "watch":
        return True
    return bool(request.htmx) and request.htmx.target != "facts"  # type: ignore[attr-defined]


def current(request: HttpRequest, found: Known[T]) -> T:
    """The answer, for a page that says so if it is an earlier one."""
    if found.problem:
        request.away = describe(found.problem, request.user)  # type: ignore[attr-defined]
        request.as_of = found.at  # type: ignore[attr-defined]
        request.late = found.late  # type: ignore[attr-defined]
    return found.value


def secondary(request: HttpRequest, call: Callable[[], T]) -> tuple[T | None, Problem | None]:
    """What a page can do without: where that fails the page stays, and says so in its place.

    An API that has just not answered is not asked again.
    """
    if away := away_of(request):
        return None, away
    try:
        return call(), None
    except (errors.UpstreamError, api.NotConfigured) as error:
        return None, describe(error, request.user)
