"""What a batch is made of: the executions that somebody ticked, or all that match the list's filter and still run."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from executions import ids
from executions.services import api, runs
from executions.upstream import errors

LIMIT = 10_000
"""Executions in a batch."""
AT_MOST = f"a batch takes at most {LIMIT:,}."
PAGE_SIZE = 1_000
"""Rows of the list in one call, while a filter is read to its end."""
MOST_PAGES = 50
"""Pages of the list that a filter may have."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a batch is made of: ids in their order, the filter that gave them, and how many of its rows were over."""

    execution_ids: list[str]
    source: str = ""
    left_out: int = 0
    known: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)
    """By id: its workflow and when it started, as far as the list said."""


def ticked(execution_ids: list[str], shown: dict[str, Any] | None = None) -> Chosen:
    """The executions that somebody ticked; ValueError says what is wrong with one.

    `shown` are the filters of the page where that was: it is read once more, for what the executions are.
    """
    # Browsers write a line feed in a form's value as two characters.
    wanted = list(dict.fromkeys(ids.check(one.replace("\r\n", "\n")) for one in execution_ids))
    return Chosen(wanted, known=_known(shown) if shown is not None and wanted else {})


def _known(shown: dict[str, Any]) -> dict[str, tuple[str, datetime | None]]:
    """What the list says of its executions; nothing if it cannot be read: the ids alone are a batch, too."""
    try:
        # The list grows at its beginning: what was ticked may have moved down meanwhile.
        answer = api.client().list_runs(**runs.parameters(shown) | {"page_size": 2 * runs.PAGE_SIZE})
    except (errors.UpstreamError, api.NotConfigured):
        return {}
    return _described([runs.run(one) for one in answer.executions])


def _described(rows: list[runs.Run]) -> dict[str, tuple[str, datetime | None]]:
    return {row.execution_id: (row.workflow if row.execution.workflow_name else "", row.started) for row in rows}


def matching(filters: dict[str, Any], source: str) -> Chosen:
    """The executions that match the list's filters and still run; ValueError where they cannot be a batch.

    Raises UpstreamError.
    """
    parameters = runs.parameters(filters)
    found: dict[str, tuple[str, datetime | None]] = {}
    token, over, slow = None, 0, False
    deadline = time.monotonic() + 2 * settings.UPSTREAM_TIMEOUT_SECONDS
    for _ in range(MOST_PAGES):
        answer = api.client().list_runs(**parameters | {"page_size": PAGE_SIZE, "next_page_token": token})
        rows = [runs.run(one) for one in answer.executions]
        running = [row for row in rows if row.is_running and ids.check(row.execution_id)]
        over += len(rows) - len(running)
        found |= _described(running)
        token = answer.next_page_token
        if len(found) > LIMIT:
            raise ValueError(f"More than {LIMIT:,} executions match and still run. Narrow the filter: {AT_MOST}")
        slow = time.monotonic() > deadline
        if not token or slow:
            break
    if token:
        why = "the API took too long" if slow else f"at most {MOST_PAGES * PAGE_SIZE:,} executions are looked through"
        raise ValueError(
            f"The list of what matches could not be read to its end: {why}. Narrow the filter, for example to those "
            "that are running."
        )
    if not found:
        raise ValueError("None of the executions that match this filter is still running.")
    return Chosen(list(found), source, over, found)
