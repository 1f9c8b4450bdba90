"""What operators did: to one execution, and everywhere."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from executions.services import audit as services
from executions.services import runs
from executions.views.frame import allowed, execution_context, execution_page, render_page


@execution_page("get")
def execution_actions(request: HttpRequest, run: runs.Run) -> HttpResponse:
    page = Paginator(services.of_execution(run.execution_id), services.PAGE_SIZE).get_page(request.GET.get("page"))
    context = execution_context(request, run, "actions") | {
        "page": page,
        "entries": services.entries(page.object_list),
        "selected": request.GET.get("action", ""),
    }
    return render_page(request, "actions", context)


@allowed("get")
def audit(request: HttpRequest) -> HttpResponse:
    page = Paginator(services.visible_to(request.user), services.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "entries": services.entries(page.object_list),
        "everything": request.user.has_perm("executions.administer"),
    }
    return render_page(request, "audit", context)
