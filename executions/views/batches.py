"""Cancel or terminate many executions at once: freeze the set, look at it, start it, see what came of each."""

import functools
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from executions import forms
from executions.operations import BY_SLUG
from executions.permissions import allowed_operations, check_allowed
from executions.services import batch_choice, batch_progress, batches, statuses, text
from executions.services.batches import Batch
from executions.views.errors import with_headers
from executions.views.frame import download, see_other

NO_FILTER = {"sort", "order", "page"}
"""Parameters of the list that leave nothing out."""


@require_http_methods(["GET", "HEAD", "POST"])
def all_batches(request: HttpRequest) -> HttpResponse:
    """GET lists the batches, POST freezes a new one."""
    return _freeze(request) if request.method == "POST" else _list(request)


def _list(request: HttpRequest) -> HttpResponse:
    may = allowed_operations(request.user) & set(batches.OPERATIONS.values())
    if not may:
        check_allowed(request.user, "batch-cancel")
    page = batch_progress.batches(may, request.GET.get("page"))
    found = batch_progress.of_several(page.object_list)
    for one in found:
        if one.active:
            batches.settle(one.batch)
    if any(one.active for one in found):
        found = batch_progress.of_several(page.object_list)
    rows = [(one, BY_SLUG[one.batch.operation]) for one in found]
    context = {"page": page, "rows": rows, "active": any(one.active for one in found)}
    part = request.htmx and request.htmx.target == "part"  # type: ignore[attr-defined]
    return with_headers(render(request, f"batches/{'_' if part else ''}batches.html", context))


def _freeze(request: HttpRequest) -> HttpResponse:
    token = request.POST.get("token", "")
    try:
        operation = batches.operation_of(request.POST.get("operation", ""))
        check_allowed(request.user, operation)
        batch = batches.frozen_before(request.user, token)
        if batch is None:
            chosen = _matching(request) if "matching" in request.POST else _ticked(request)
            batch = batches.freeze(request.user, operation, chosen, token)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return see_other(reverse("batch", args=[batch.id]))


def _ticked(request: HttpRequest) -> batch_choice.Chosen:
    """Those that were ticked; the form's `shown` is the query string of the list where that was."""
    shown = request.POST.get("shown")
    form = forms.RunFilters(QueryDict(shown))
    filters = form.filters()
    return batch_choice.ticked(request.POST.getlist("id"), None if shown is None or form.errors else filters)


def _matching(request: HttpRequest) -> batch_choice.Chosen:
    """All that the list's filters show, on every page of it; the form's `matching` is the list's query string."""
    form = forms.RunFilters(QueryDict(request.POST["matching"]))
    filters = {name: value for name, value in form.filters().items() if value and name not in NO_FILTER}
    if form.errors:
        raise BadRequest("One of the filters cannot be used, so nothing was selected.")
    if not filters:
        raise BadRequest("Without a filter this would be every execution there is. Set a filter in the list first.")
    return batch_choice.matching(filters, urlencode(filters, doseq=True))


@require_safe
def show(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """The page; or, for htmx, how far it is or a page of results."""
    batch = _find(request, batch_id)
    target = request.htmx.target if request.htmx else ""  # type: ignore[attr-defined]
    if target not in {"progress", "results"}:
        return _page(request, batch, _form(batch))
    progress = batch_progress.of(batch)
    # What stands below the progress goes along with it, so that the rows never lag behind the counts.
    context = {"progress": progress, "batch": batch, **_results(request, progress)}
    name = {"results": "_batch_results", "progress": "_batch_refreshed"}[target]
    response = with_headers(render(request, f"batches/{name}.html", context))
    if target == "progress" and not progress.active:
        # What can be done next has changed, too.
        response["HX-Refresh"] = "true"
    return response


@require_POST
def start(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Begins a frozen batch, as its form says; continues a paused one."""
    batch = _find(request, batch_id)
    if batch.state != Batch.State.FROZEN:
        return _act(request, batch, functools.partial(batches.go_on, token=request.POST.get("token", "")))
    form = _form(batch, request.POST)
    if not form.is_valid():
        return _page(request, batch, form, status=422)
    reason = form.cleaned_data["reason"]
    return _act(request, batch, functools.partial(batches.start, token=request.POST.get("token", ""), reason=reason))


@require_POST
def retry(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    token = request.POST.get("token", "")
    return _act(request, _find(request, batch_id), functools.partial(batches.retry, token=token))


@require_POST
def pause(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    return _act(request, _find(request, batch_id), batches.pause)


@require_POST
def stop(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    return _act(request, _find(request, batch_id), batches.stop)


@require_safe
def results(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    batch = _find(request, batch_id)
    return download(batch_progress.csv_file(batch), f"batch-{batch.id}.csv", "text/csv; charset=utf-8")


def _act(request: HttpRequest, batch: Batch, act: Callable[..., None]) -> HttpResponse:
    """Do it, and go to the page that shows what came of it."""
    try:
        act(request.user, batch)
    except batches.Outdated:
        messages.info(request, "The batch has changed since your page was shown, so nothing was done. This is it now.")
    except batches.Expired:
        messages.info(request, "These executions were chosen too long ago, so nothing was done.")
    return see_other(reverse("batch", args=[batch.id]))


def _find(request: HttpRequest, batch_id: uuid.UUID) -> Batch:
    batch = batches.find(request.user, batch_id)
    if batch is None:
        raise Http404
    return batch


def _form(batch: Batch, data: object = None) -> forms.BatchForm:
    total = batch_progress.of(batch).total
    return forms.BatchForm(data, expected=total if batches.asks_count(batch.operation, total) else None)


def _page(request: HttpRequest, batch: Batch, form: forms.BatchForm, status: int = 200) -> HttpResponse:
    progress = batch_progress.of(batch)
    workflows, others = batch_progress.workflows(batch)
    context = {
        "batch": batch,
        "workflows": workflows,
        "others": others,
        "for_good": batch_progress.refused_for_good(progress),
        "operation": BY_SLUG[batch.operation],
        "verb": {"batch-cancel": "Cancel", "batch-terminate": "Terminate"}[batch.operation],
        "progress": progress,
        "filter": _in_words(batch.source),
        "form": form,
        "expired": batches.is_expired(batch),
        "token": batches.new_token(request.user, batch),
        **_results(request, progress),
    }
    return with_headers(render(request, "batches/batch.html", context, status=status))


def _results(request: HttpRequest, progress: batch_progress.Progress) -> dict[str, Any]:
    state = request.GET.get("state", "")
    state = state if state in batch_progress.STATES else ""
    return {"state": state, "page": batch_progress.items(progress, state, request.GET.get("page"))}


def _in_words(source: str) -> list[tuple[str, str, datetime | None]]:
    """The filter as (what, value, the same as a moment)."""
    form, given = forms.RunFilters(), QueryDict(source)
    words = {one.value: one.word for one in statuses.ALL}
    return [
        (str(form[name].label), ", ".join(words.get(one, one) for one in values), text.parse_iso(values[0]))
        for name, values in given.lists()
        if name in form.fields
    ]
