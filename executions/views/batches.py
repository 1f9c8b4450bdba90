"""Cancel or terminate several executions at once: freeze the set, look at it, start it, see what came of each."""

import uuid
from collections import Counter

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from executions import forms
from executions.operations import BY_SLUG
from executions.services import actions, api, batches
from executions.upstream import errors
from executions.views.errors import BadRequest, describe, with_headers
from executions.views.frame import render_page, see_other


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Freezes the set: what is listed later changes nothing."""
    try:
        batch = batches.freeze(request.user, request.POST.get("operation", ""), request.POST.getlist("id"))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return see_other(reverse("batch", args=[batch.id]))


@require_safe
def show(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    batch = _find(request, batch_id)
    return _page(request, batch, _form(batch))


@require_POST
def start(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    batch = _find(request, batch_id)
    if batch.started_at is not None:
        return see_other(reverse("batch", args=[batch.id]))
    form = _form(batch, request.POST)
    if not form.is_valid():
        return _page(request, batch, form, status=422)
    client = api.client()
    call = {
        "batch-cancel": client.batch_cancel_workflow_executions,
        "batch-terminate": client.batch_terminate_workflow_executions,
    }[batch.operation]
    error = batches.start(request.user, batch, request.POST.get("token", ""), form.cleaned_data["reason"], call)
    if error:
        return _page(request, _find(request, batch_id), form, error)
    return see_other(reverse("batch", args=[batch.id]))


def _find(request: HttpRequest, batch_id: uuid.UUID) -> batches.Batch:
    batch = batches.find(request.user, batch_id)
    if batch is None:
        raise Http404
    return batch


def _form(batch: batches.Batch, data: object = None) -> forms.BatchForm:
    expected = str(batches.size(batch)) if batch.operation == "batch-terminate" else None
    return forms.BatchForm(data, expected=expected)


def _page(
    request: HttpRequest,
    batch: batches.Batch,
    form: forms.BatchForm,
    error: errors.UpstreamError | None = None,
    status: int = 200,
) -> HttpResponse:
    items = batches.items(batch)
    problem = describe(error, request.user) if error else None
    context = {
        "batch": batch,
        "operation": BY_SLUG[batch.operation],
        "items": [(item.execution_id, item.entry) for item in items],
        "form": form,
        "token": actions.new_token(request.user, batch.operation, str(batch.id)),
        "counts": list(Counter(item.entry.result for item in items if item.entry).items()),
        "problem": problem,
    }
    return with_headers(render_page(request, "batch", context, status=problem.status if problem else status), problem)
