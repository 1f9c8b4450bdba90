"""An execution's history."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from executions.services import api, audit, reads, runs
from executions.services import history as histories
from executions.upstream.types import History
from executions.views.frame import download, execution_page
from executions.views.freshness import is_refresh, mark, unchanged


def fetch_history(run: runs.Run, *, decode_payloads: bool = True) -> History:
    """The history of the run shown; of the latest where the API does not name runs."""
    if run.run_id:
        return api.client().get_run_history(run.run_id, decode_payloads=decode_payloads)
    return api.client().get_workflow_execution_history(run.execution_id, decode_payloads=decode_payloads)


def _again(run: runs.Run) -> History:
    """For a page that refreshes itself: one history for all who look at it."""
    return reads.history(run.shown, lambda: fetch_history(run), age=reads.AGE)


@execution_page("history", "history")
def history(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    """While it runs the newest rows come first: that is where it grows."""
    if request.GET.get("view") == "json":
        return _download(run, decoded=request.GET.get("payloads") != "encoded")
    found = _again(run) if is_refresh(request) else fetch_history(run)
    events = histories.rows(found)
    kinds, query, order = (
        request.GET.getlist("type"),
        request.GET.get("q", ""),
        request.GET.get("order") or ("desc" if run.is_running else "asc"),
    )
    newest_first = order == "desc"
    if events is None:
        return {"unreadable": histories.as_text(found)}
    did = audit.entries(audit.of_run(run).defer("input")[: audit.RUN_LIMIT], answers=False)
    now = mark(
        run.shown, len(events), [event.id for event in events[-1:]], [(one.action.id, one.result) for one in did]
    )
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    rows = histories.with_actions(events, did)
    shown = histories.matching(rows, kinds=kinds, query=query, newest_first=newest_first)
    selected = request.GET.get("event", "")
    page = Paginator(shown, histories.WINDOW).get_page(request.GET.get("page") or _page_of(shown, selected))
    return {
        "kinds": kinds,
        "query": query,
        "order": order,
        "page": page,
        "total": len(rows),
        "by_operators": len(did),
        "categories": histories.CATEGORIES,
        "selected": selected,
        "rows_mark": now,
        "canceled_elsewhere": canceled_elsewhere(run, events),
        # Only where new events come in.
        "polling": 0
        if not run.is_running or (page.has_previous() if newest_first else page.has_next())
        else _seconds(events),
    }


def _seconds(events: list[histories.EventRow]) -> int:
    """Between refreshes: the API gives a history only whole, so that of a long one is not asked for often."""
    return max(2, len(events) // 1_000)


def canceled_elsewhere(run: runs.Run, events: list[histories.EventRow]) -> histories.EventRow | None:
    """That a run which still runs was asked to cancel, where the console does not know by whom."""
    unknown = run.is_running and audit.cancel_requested(run) is None
    return histories.cancel_requested(events) if unknown else None


def _page_of(rows: list[histories.Row], selected: str) -> int:
    place = next((index for index, row in enumerate(rows) if str(row.id) == selected), 0)
    return place // histories.WINDOW + 1


def _download(run: runs.Run, *, decoded: bool) -> HttpResponse:
    """The answer exactly as received; with encoded payloads a replayer takes it."""
    return download(fetch_history(run, decode_payloads=decoded).raw, f"history-{run.run_id or 'latest'}.json")
