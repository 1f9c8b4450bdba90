"""What operators did: to one execution, and everywhere."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from executions.permissions import check_allowed
from executions.services import audit as services
from executions.views.frame import (
    allowed,
    execution_context,
    fetch,
    real_id,
    render_page,
    secondary,
    unknown_run,
)


@require_safe
def execution_actions(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Our own rows: they show even where the API knows nothing of the execution, or does not answer."""
    check_allowed(request.user, "get")
    real = real_id(execution_id)
    run, problem = secondary(request, lambda: fetch(request, real))
    page = services.page(services.of_execution(real), request.GET.get("page"))
    context = execution_context(request, run or unknown_run(real), "actions") | {
        "page": page,
        "entries": services.entries(page.object_list),
        "selected": request.GET.get("action", ""),
        "problem": problem,
    }
    empty = problem is not None and not page.object_list
    return render_page(request, "actions", context, status=problem.status if problem and empty else 200)


@allowed("get")
def audit(request: HttpRequest) -> HttpResponse:
    page = services.page(services.visible_to(request.user), request.GET.get("page"))
    context = {
        "page": page,
        "entries": services.entries(page.object_list),
        "everything": request.user.has_perm("executions.administer"),
    }
    return render_page(request, "audit", context)
