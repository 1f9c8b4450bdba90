"""Errors as pages and fragments: what happened, what to do, and a status code that tells the truth."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from executions.operations import BY_SLUG
from executions.permissions import NotAllowed
from executions.services import actions
from executions.services.api import NotConfigured
from executions.upstream import errors


@dataclass(frozen=True, slots=True)
class Problem:
    """An error for a reader: a title, what upstream said, advice."""

    status: int
    title: str
    advice: str = ""
    words: str = ""
    code: str = ""
    retry_after: int | None = None


class BadRequest(Exception):
    """The address or form cannot mean anything; the message says why."""


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


def for_user(found: Problem, error: Exception, user: Any) -> Problem:
    """The same with what only administrators of the console can use."""
    if isinstance(error, errors.Unauthorised) and user.is_authenticated and user.has_perm("executions.administer"):
        advice = "Set MISTRAL_API_KEY to a key of the right workspace and restart the console."
        return Problem(found.status, found.title, advice, found.words, found.code)
    return found


def describe(error: Exception, user: Any) -> Problem | None:
    """What to tell a reader of an exception; None for one we do not expect."""
    match error:
        case errors.UpstreamError():
            return for_user(problem(error), error, user)
        case errors.InvalidId():
            return Problem(400, "This id cannot be an execution’s", words=str(error))
        case NotConfigured():
            advice = "Set MISTRAL_API_KEY in the environment or in .env, then restart the console."
            return Problem(503, "The console has no API key", advice)
        case NotAllowed():
            label = BY_SLUG[error.operation].label
            advice = "Ask an administrator to put you into a group that may."
            return Problem(403, "You may not do this", advice, f"Your account does not have the right for: {label}.")
        case BadRequest():
            return Problem(400, "This cannot be done", words=str(error))
        case actions.StaleForm():
            advice = "Open it again and send it from there. Nothing was sent."
            return Problem(400, "This form is too old, or not yours", advice)
    return None


def respond(request: HttpRequest, found: Problem) -> HttpResponse:
    """The problem as a page, or as a fragment where htmx asked for one."""
    htmx = getattr(request, "htmx", False)
    response = render(request, "_problem.html" if htmx else "problem.html", {"problem": found}, status=found.status)
    if found.retry_after:
        response["Retry-After"] = str(found.retry_after)
    return response


class ErrorPagesMiddleware(MiddlewareMixin):
    """Turns the exceptions we expect into pages, so that views need not."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        found = describe(exception, request.user)
        return respond(request, found) if found else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, Problem(400, "This request cannot be understood"))


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    return respond(request, Problem(403, "You may not do this"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, Problem(404, "There is no such page", "Check the address, or start from the list."))


def server_error(request: HttpRequest) -> HttpResponse:
    words = "The error is in the server’s log."
    return respond(request, Problem(500, "Something went wrong in the console itself", "Try again.", words))
