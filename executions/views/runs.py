"""The list of runs, and the way from an id to its page."""

from urllib.parse import unquote, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from executions import ids
from executions.forms import RunFilters
from executions.permissions import allowed_operations
from executions.services import api, runs, statuses
from executions.upstream import errors
from executions.views.errors import BadRequest
from executions.views.frame import allowed, page_url, real_id, render_page


@allowed("get")
def run_list(request: HttpRequest) -> HttpResponse:
    form = RunFilters(request.GET)
    filters = form.filters()
    if form.errors:
        return render_page(request, "runs", {"form": form, "runs": [], "statuses": _statuses(request)}, status=400)
    answer = api.client().list_runs(page_size=runs.PAGE_SIZE, **runs.parameters(filters))
    context = {
        "form": form,
        "runs": [runs.run(execution) for execution in answer.executions],
        "next_page": answer.next_page_token,
        "filtered": any(value for name, value in request.GET.items() if name not in {"page", "sort", "order"}),
        "statuses": _statuses(request),
        "may": allowed_operations(request.user),
        "sort": filters.get("sort") or "start_time",
        "order": filters.get("order") or "desc",
    }
    return render_page(request, "runs", context)


def _statuses(request: HttpRequest) -> list[tuple[statuses.Status, bool]]:
    chosen = request.GET.getlist("status")
    return [(one, one.value in chosen) for one in statuses.ALL if one.value != "RETRYING_AFTER_ERROR"]


@allowed("get")
def open_execution(request: HttpRequest) -> HttpResponse:
    """An execution's page from its id, a run id, or a link to any of its pages."""
    given = request.GET.get("id", "").strip()
    if not given:
        return HttpResponseRedirect("/executions/")
    parts = urlsplit(given).path.split("/") if "://" in given else []
    if len(parts) > 2 and parts[1] == "executions":
        return HttpResponseRedirect(page_url("overview", real_id(unquote(parts[2]))))
    try:
        found = api.client().get_workflow_execution(ids.check(given))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    except errors.NotFound as missing:
        try:
            run = api.client().get_run(given)
        except (errors.Refused, ValueError):
            raise missing from None
        return HttpResponseRedirect(page_url("overview", run.execution_id, run=given))
    return HttpResponseRedirect(page_url("overview", found.execution_id))
