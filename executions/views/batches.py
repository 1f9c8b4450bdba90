"""Cancel or terminate several executions at once: freeze the set, look at it, start it, see what came of each."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from executions import forms, ids
from executions.models import ActionRequested, Batch, BatchItem
from executions.operations import BY_SLUG
from executions.permissions import check_allowed
from executions.services import actions, api, audit
from executions.views.errors import BadRequest
from executions.views.frame import render_page, see_other

LIMIT = 100
"""Executions in a batch: what one call to the API takes."""
OPERATIONS = {"cancel": "batch-cancel", "terminate": "batch-terminate"}


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Freezes the set: what is listed later changes nothing."""
    operation = OPERATIONS.get(request.POST.get("operation", ""))
    if operation is None:
        raise BadRequest("Choose what to do with the selected executions: cancel or terminate.")
    check_allowed(request.user, operation)
    chosen = list(dict.fromkeys(request.POST.getlist("id")))
    if not chosen:
        raise BadRequest("Nothing is selected.")
    if len(chosen) > LIMIT:
        raise BadRequest(f"{len(chosen)} executions are selected; a batch takes at most {LIMIT}.")
    try:
        checked = [ids.check(one) for one in chosen]
    except ValueError as error:
        raise BadRequest(str(error)) from None
    batch = Batch.objects.create(operation=operation, username=request.user.get_username())
    BatchItem.objects.bulk_create(
        BatchItem(batch=batch, position=place, execution_id=one) for place, one in enumerate(checked)
    )
    return see_other(reverse("batch", args=[batch.id]))


@require_safe
def show(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    return _page(request, _find(request, batch_id), _form(request, batch_id))


@require_POST
def start(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    batch = _find(request, batch_id)
    form = _form(request, batch_id, data=True)
    if not form.is_valid():
        return _page(request, batch, form, status=422)
    intents = [
        actions.Intent(batch.operation, item.execution_id, reason=form.cleaned_data["reason"], batch_id=batch.id)
        for item in batch.items.all()
    ]
    client = api.client()
    call = {
        "batch-cancel": client.batch_cancel_workflow_executions,
        "batch-terminate": client.batch_terminate_workflow_executions,
    }[batch.operation]
    if not Batch.objects.filter(id=batch.id, started_at=None).update(started_at=timezone.now()):
        return see_other(reverse("batch", args=[batch.id]))
    try:
        actions.perform_batch(request.user, intents, form.cleaned_data["token"], call)
    except actions.AlreadyDone:
        pass
    except actions.StaleForm:
        Batch.objects.filter(id=batch.id).update(started_at=None)
        raise
    return see_other(reverse("batch", args=[batch.id]))


def _find(request: HttpRequest, batch_id: uuid.UUID) -> Batch:
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise Http404
    check_allowed(request.user, batch.operation)
    return batch


def _form(request: HttpRequest, batch_id: uuid.UUID, *, data: bool = False) -> forms.BatchForm:
    batch = Batch.objects.get(id=batch_id)
    expected = str(batch.items.count()) if batch.operation == "batch-terminate" else None
    return forms.BatchForm(request.POST if data else None, expected=expected)


def _page(request: HttpRequest, batch: Batch, form: forms.BatchForm, status: int = 200) -> HttpResponse:
    done = {
        entry.action.execution_id: entry
        for entry in audit.entries(ActionRequested.objects.filter(batch_id=batch.id).order_by("at"))
    }
    items = [(item.execution_id, done.get(item.execution_id)) for item in batch.items.all()]
    results = [entry.result for _, entry in items if entry]
    context = {
        "batch": batch,
        "operation": BY_SLUG[batch.operation],
        "items": items,
        "form": form,
        "token": actions.new_token(request.user, batch.operation, str(batch.id)),
        "counts": [(name, results.count(name)) for name in dict.fromkeys(results)],
    }
    return render_page(request, "batch", context, status=status)
