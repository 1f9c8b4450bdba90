"""Errors as pages and fragments: what happened, what to do, and a status code that tells the truth."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from executions.operations import BY_SLUG
from executions.permissions import ROLES, NotAllowed
from executions.services import actions
from executions.services.api import NotConfigured
from executions.upstream import errors

R = TypeVar("R", bound=HttpResponse)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error for a reader: a title, what upstream said, advice."""

    status: int
    title: str
    advice: str = ""
    words: str = ""
    code: str = ""
    retry_after: int | None = None
    drops_range: bool = False
    """Whether the way out is the page without its range of time."""


class NotATime(BadRequest):
    """An end of the range in the address is no time: to try that again would not help."""


EXPECTED = (errors.UpstreamError, errors.InvalidId, NotConfigured, NotAllowed, BadRequest, actions.StaleForm)
"""What may reach a reader as a page of its own; anything else is an error of ours.

A BadRequest says why an address or a form cannot mean anything.
"""


def _refused(error: errors.Refused) -> tuple[int, str, str]:
    match error:
        case errors.NotFound():
            return 404, "Not found", "Check the id. Executions disappear when their retention time is over."
        case errors.NotRunning():
            return 409, "This execution is no longer running", "Open it again to see how it ended."
        case errors.Invalid():
            return 422, "The Workflows API did not accept this", "Correct what it names and try again."
        case errors.RateLimited():
            return 503, "The Workflows API is asking us to slow down", "Wait a moment, then try again."
        case errors.Unauthorised():
            return 502, "The Workflows API does not accept the console’s key", "Ask an administrator of the console."
    status = error.status or 400
    return (status if status in {400, 409, 422} else 502), "The Workflows API refused this", ""


def problem(error: errors.UpstreamError) -> Problem:
    """An upstream error as what a reader needs."""
    retry_after = None
    if isinstance(error, errors.Refused):
        status, title, advice = _refused(error)
        if isinstance(error, errors.RateLimited):
            retry_after = max(1, round(error.retry_after or 5))
    elif isinstance(error, errors.NoAnswer):
        status, title = 504, "The Workflows API does not answer"
        advice = "Try again. If it goes on, check MISTRAL_SERVER_URL and the network."
    elif isinstance(error, errors.ServerFault):
        status, title, advice = 502, "The Workflows API had an error of its own", "Try again in a moment."
    else:
        status, title = 502, "The Workflows API answered with something we cannot read"
        advice = "Check that MISTRAL_SERVER_URL is the API’s address and not another server’s."
    return Problem(status, title, advice, str(error), error.code or "", retry_after)


def _upstream(error: errors.UpstreamError, user: Any) -> Problem:
    """The same with what only administrators of the console can use."""
    found = problem(error)
    if isinstance(error, errors.Unauthorised) and user.is_authenticated and user.has_perm("executions.administer"):
        return replace(found, advice="Set MISTRAL_API_KEY to a key of the right workspace and restart the console.")
    return found


RIGHTS = {
    "read": "read executions",
    "operate": "signal, query, update, cancel or reset executions",
    "administer": "terminate executions or run batches",
}


def _not_allowed(permission: str) -> Problem:
    groups = [name for name, permissions in ROLES.items() if permission in permissions]
    others, last = ", ".join(groups[:-1]), groups[-1]
    advice = f"Ask an administrator to put you into the group {f'{others} or {last}' if others else last}."
    return Problem(403, "You may not do this", advice, f"Your account has no right to {RIGHTS[permission]}.")


def describe(error: Exception, user: Any) -> Problem:
    """What to tell a reader of one of the EXPECTED exceptions."""
    match error:
        case errors.UpstreamError():
            found = _upstream(error, user)
        case errors.InvalidId():
            found = Problem(400, "This id cannot be an execution’s", words=str(error))
        case NotConfigured():
            advice = "Set MISTRAL_API_KEY in the environment or in .env, then restart the console."
            found = Problem(503, "The console has no API key that it can use", advice, str(error))
        case NotAllowed():
            found = _not_allowed(BY_SLUG[error.operation].permission)
        case NotATime():
            found = Problem(400, "The chosen time cannot be read", words=str(error), drops_range=True)
        case BadRequest():
            found = Problem(400, "This cannot be done", words=str(error))
        case actions.StaleForm():
            advice = "Open it again and send it from there. Nothing was sent."
            found = Problem(400, "This form is too old, or not yours", advice)
        case _:
            raise TypeError("An exception that is not among EXPECTED.") from error
    return found


def with_headers(response: R, found: Problem | None = None) -> R:
    """Our pages are the viewer's own and of this moment, and one address answers with a page or a part of it."""
    response["Cache-Control"] = "no-store"
    response["Vary"] = "HX-Request, HX-Target"
    if found and found.retry_after:
        response["Retry-After"] = str(found.retry_after)
    return response


def respond(request: HttpRequest, found: Problem) -> HttpResponse:
    """The problem as a page, or as a fragment where htmx asked for one."""
    htmx = getattr(request, "htmx", False)
    response = render(request, "_problem.html" if htmx else "problem.html", {"problem": found}, status=found.status)
    return with_headers(response, found)


class ErrorPagesMiddleware(MiddlewareMixin):
    """Turns the exceptions we expect into pages, so that views need not."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return respond(request, describe(exception, request.user)) if isinstance(exception, EXPECTED) else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code != 405:
            return response
        # Django's own is an empty page: signing in leads there, if a form was sent after the session had ended.
        page = respond(request, Problem(405, "There is nothing to see at this address", "Start from the list."))
        page["Allow"] = response["Allow"]
        return page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    words = str(exception) if type(exception) is BadRequest else ""
    advice = ""
    if isinstance(exception, RequestDataTooBig):
        words = "What was sent is larger than a form of the console may be."
        advice = "Nothing was sent to the Workflows API. An input has 2 MB at most: go back and make it smaller."
    if isinstance(exception, TooManyFieldsSent):
        words = "More was selected than a batch can take, which is 10,000 executions. Nothing was done."
    if isinstance(exception, DisallowedHost):
        advice = "If this is where browsers reach the console, put the address into PUBLIC_URL and restart it."
    return respond(request, Problem(400, "This request cannot be understood", advice, words))


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    return respond(request, Problem(403, "You may not do this"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without our token: sent from elsewhere, or kept open while somebody signed in or out."""
    advice = "Nothing was sent. Open the page again and send it from there. Cookies have to be allowed."
    if "Origin" in reason or "Referer" in reason:
        advice = "Nothing was sent. The console does not know this address: it has to be in PUBLIC_URL."
    return respond(request, Problem(403, "This form was not sent from a page of the console", advice))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, Problem(404, "There is no such page", "Check the address, or start from the list."))


def server_error(request: HttpRequest) -> HttpResponse:
    words = "The error is in the server’s log."
    # Something may have been sent before it failed.
    advice = "Check what came of it before you try again." if request.method == "POST" else "Try again."
    return respond(request, Problem(500, "Something went wrong in the console itself", advice, words))
