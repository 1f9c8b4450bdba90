"""What operators did: to one execution, and everywhere."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from executions.forms import AuditFilters
from executions.permissions import check_allowed
from executions.services import audit as services
from executions.services import audit_lines, audit_sheet, pruning, sheets
from executions.services import time_range as ranges
from executions.views.frame import (
    allowed,
    download,
    execution_context,
    fetch,
    real_id,
    render_page,
    time_range,
    turned,
    unknown_run,
)
from executions.views.freshness import secondary


@require_safe
def execution_actions(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Our own rows: they show even where the API knows nothing of the execution, or does not answer."""
    check_allowed(request.user, "get")
    real = real_id(execution_id)
    selected = request.GET.get("action", "")
    if request.GET.get("view") in {"input", "answer"}:
        return _download(real, selected, request.GET["view"])
    if (address := turned(request)) is not None:
        return address
    run, problem = secondary(request, lambda: fetch(request, real))
    during = ranges.of(time_range(request))
    everything = services.of_execution(real)
    found = services.during(everything, during) if during else everything
    page = services.page(found, request.GET.get("page") or services.page_of(found, _number(selected)))
    context = execution_context(request, run or unknown_run(real), "actions") | {
        "page": page,
        "entries": services.entries(page.object_list),
        "selected": selected,
        "problem": problem,
        "during": during,
    }
    empty = problem is not None and not page.object_list
    return render_page(request, "actions", context, status=problem.status if problem and empty else 200)


def _number(selected: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(selected)
    except ValueError:
        return None


def _download(execution_id: str, selected: str, part: str) -> HttpResponse:
    """What was sent, or what came back, as a file."""
    action_id = _number(selected)
    entries = services.entries(services.of_execution(execution_id).filter(id=action_id)) if action_id else []
    found = next(({"input": entry.action.input, "answer": entry.answer}[part] for entry in entries), "")
    if not found:
        raise Http404
    return download(found.encode(), f"{part}-{selected}.json")


SINGLE = ("execution", "outcome", "batch")
"""Filters that ask for single actions: with one of them, those of a batch are not folded into one line."""


@allowed("get")
def audit(request: HttpRequest) -> HttpResponse:
    """Everybody's actions to administrators, their own to others; as a page, or all of them as a sheet."""
    form = AuditFilters(request.GET)
    filters = form.filters()
    everything = request.user.has_perm("executions.administer")
    context: dict[str, Any] = {
        "form": form,
        "everything": everything,
        "filtered": any(filters.values()) or bool(form.errors),
        "limit": audit_sheet.LIMIT,
        "prunings": pruning.prunings() if everything else [],
    }
    if form.errors:
        return render_page(request, "audit", context, status=400)
    found = services.matching(services.visible_to(request.user), **filters)
    if request.GET.get("view") == "csv":
        sheet = sheets.csv_file(audit_sheet.HEADING, audit_sheet.rows(found))
        return download(sheet, "audit.csv", "text/csv; charset=utf-8")
    number = request.GET.get("page")
    if any(filters.get(name) for name in SINGLE):
        page: Any = services.page(found.defer("input"), number)
        context["entries"] = services.entries(page.object_list, answers=False)
    else:
        page = audit_lines.page(found, number)
        context["entries"] = audit_lines.entries(found, page.object_list)
    context |= {"page": page, "total": found.count()}
    return render_page(request, "audit", context)
