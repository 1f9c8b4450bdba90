"""What the address of a history says: which view of it, which rows, in which order."""

from django.http import HttpRequest, QueryDict

from executions.services import runs, temporal, text
from executions.services.history_index import Index
from executions.services.history_rows import Wanted
from executions.views.frame import time_range

VIEWS = ("compact", "all", "timeline", "json")
KEPT = ("type", "state", "name", "q", "after", "before", "open")
"""Of the address, what the parts of the page ask with; and always the run."""
ALSO_KEPT = ("view", "order", "run")
"""What a search leaves in the address besides."""
_OF_A_PART = ("part", "since", "past", "ahead")
"""What only a part of the page is asked for with."""


def filled(query: QueryDict) -> QueryDict:
    """Without what was left empty: that stays out of the address, and of all links."""
    found = query.copy()
    for name, values in query.lists():
        found.setlist(name, [one for one in values if one])
        if not found.getlist(name):
            del found[name]
    return found


def with_order(query: QueryDict, run: runs.Run) -> QueryDict:
    """While the run goes on the newest come first: that is where it grows. All links say so, since it may end."""
    if query.get("order") or not run.is_running:
        return query
    found = query.copy()
    found["order"] = "desc"
    return found


def of_page(query: QueryDict) -> QueryDict:
    """The page's own, of what a part of it is asked for with."""
    found = query.copy()
    for name in _OF_A_PART:
        found.pop(name, None)
    return found


def pairs(request: HttpRequest, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The parameters of these names, one after the other."""
    return [(name, value) for name, values in request.GET.lists() if name in names for value in values]


def view_of(request: HttpRequest, index: Index, selected: str) -> str:
    view = request.GET.get("view", "")
    if view in VIEWS:
        return view
    # A link to an event that the steps leave out shows it nevertheless.
    hidden = index.is_hidden(temporal.number(selected))
    return "all" if hidden else "compact"


def wanted(request: HttpRequest, view: str) -> Wanted:
    chosen = time_range(request)
    return Wanted(
        compact=view in {"compact", "timeline"},
        kinds=tuple(filter(None, request.GET.getlist("type"))),
        state=request.GET.get("state", ""),
        name=request.GET.get("name", ""),
        query=request.GET.get("q", ""),
        after=text.parse_iso(chosen["after"] or ""),
        before=text.parse_iso(chosen["before"] or ""),
        newest_first=request.GET.get("order") == "desc",
    )
