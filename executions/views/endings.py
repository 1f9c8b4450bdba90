"""Ending an execution: cancel, which lets it clean up, and terminate, which does not."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse

from executions import forms
from executions.services import api
from executions.services.actions import Intent
from executions.views.acting import get_or_post, write_page
from executions.views.frame import real_id


@get_or_post
def cancel(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        return Intent("cancel", one, data["reason"]), partial(api.client().cancel_workflow_execution, one)

    return write_page(request, execution_id, "cancel", forms.ReasonForm, prepare)


@get_or_post
def terminate(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        return Intent("terminate", one, data["reason"]), partial(api.client().terminate_workflow_execution, one)

    form = partial(forms.TerminateForm, expected=real_id(execution_id)[-6:])
    return write_page(request, execution_id, "terminate", form, prepare)
