"""Pages of streamed events, and which of them the console has fetched so far: see `fetched`."""

import time

from executions.services import api, events, fetched, text
from executions.services.fetched import Asked, Row, Store
from executions.services.slices import in_slices
from executions.upstream import errors
from executions.upstream.types import EventPage

MOST = 1_000
"""Events in a page, at most."""
store = Store()


def read(execution_id: str, *, limit: int, cursor: str = "") -> EventPage:
    """A page from the first event on, of all runs; with a cursor the one after the page that gave it."""
    asked = Asked(until=time.time(), cursor=cursor, in_order=False)
    page = api.client().get_workflow_events(workflow_exec_id=execution_id, limit=limit, cursor=cursor or None)
    rows: dict[int, Row] = {}
    for place, event in enumerate(in_slices(page.events)):
        if moment := text.parse_time(event.event_timestamp):
            tone = "error" if events.is_failure(event.event_type or "") else "info"
            rows[hash(event.event_id or (cursor, place))] = Row(moment.timestamp(), tone)
    store.note(execution_id, asked, rows, page.next_cursor)
    return page


def go_on(execution_id: str) -> None:
    """Read the page after those that were read from the first event on; the last one again, since it grows."""
    if not _has_room(execution_id):
        return
    cursor = store.further(execution_id)
    try:
        read(execution_id, limit=MOST, cursor=cursor)
    except errors.Refused as error:
        if not isinstance(error, errors.RateLimited | errors.Unauthorised):
            store.forget(execution_id, cursor)
        raise


def goes_on(execution_id: str, until: float) -> bool:
    """Whether there are more to read, of the time up to then."""
    return _has_room(execution_id) and store.goes_on(execution_id, until)


def _has_room(execution_id: str) -> bool:
    return store.count(execution_id) + MOST <= fetched.MOST_ROWS
