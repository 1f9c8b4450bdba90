"""Pages of log lines for a list that goes on in both directions."""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from executions.services import api, fetched_lines, logs, text
from executions.services.fetched import Asked
from executions.upstream.types import LogPage

PAST = timedelta(milliseconds=1)
"""Past a moment, so that the lines before it include those of the moment itself. Browsers know no less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which lines a list is about: an execution's, those of a run or an activity of it, in a range of time."""

    execution_id: str
    run_id: str = ""
    activity: str = ""
    after: str | None = None
    before: str | None = None

    def older(self, moment: datetime) -> "Scope":
        """Up to the lines of that moment, and with them."""
        end = text.parse_iso(self.before or "")
        past = text.moved(moment, PAST)
        return replace(self, before=(min(end, past) if end else past).isoformat())

    def newer(self, moment: datetime) -> "Scope":
        """From the lines of that moment on, and with them."""
        start = text.parse_iso(self.after or "")
        return replace(self, after=(max(start, moment) if start else moment).isoformat())


def read(scope: Scope, order: str, cursor: str = "") -> LogPage:
    """A page; with a cursor the one after the page that gave it, whose order and range it carries."""
    at = time.time()
    page = api.client().get_workflow_execution_logs(
        scope.execution_id,
        run_id=scope.run_id or None,
        activity_id=scope.activity or None,
        after=scope.after,
        before=scope.before,
        order=order,
        cursor=cursor or None,
        limit=logs.PAGE_SIZE,
    )
    asked = Asked(
        run_id=scope.run_id,
        after=scope.after,
        before=scope.before,
        newest_first=order != "asc",
        cursor=cursor,
        whole=not scope.activity,
        # Some of the newest lines are still on their way.
        until=at - logs.LATE.total_seconds(),
    )
    fetched_lines.note(scope.execution_id, asked, page)
    return page
