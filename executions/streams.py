"""The two streams that can be watched: where their rows come from, and where a viewer starts."""

from collections.abc import AsyncGenerator, Callable, Hashable
from datetime import datetime

from asgiref.sync import sync_to_async

from executions import ids
from executions.relay.connection import Source, Start, upstream_id
from executions.relay.messages import Item, item
from executions.services import api, live, statuses
from executions.services.text import parse_time
from executions.upstream.sse import ServerEvent

Target = tuple[Hashable, Source, Start]
"""The relay's key, where it gets its rows, and where a viewer starts."""


def events(execution_id: str, query: dict[str, str]) -> Target:
    """The event stream. ValueError for a query that cannot be; NotConfigured without a key."""
    client = api.client()

    def open_stream(start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
        return client.stream(execution_id, last_event_id=start.last_id or None, opened=opened)

    async def is_over() -> bool:
        found = await sync_to_async(client.get_workflow_execution, thread_sensitive=False)(execution_id)
        return statuses.is_over(found.status)

    source = Source(open_stream, is_over, _rows(live.event_row))
    return ("events", execution_id), source, Start(_last_event_id(query))


def logs(execution_id: str, query: dict[str, str]) -> Target:
    """The log stream, of a run and an activity if they are given. Raises as `events` does."""
    client = api.client()
    run_id, activity = query.get("run") or None, query.get("activity") or None
    if run_id and not ids.is_run_id(run_id):
        raise ValueError("A run id is a UUID.")
    if activity and not ids.is_activity_id(activity):
        raise ValueError("“activity” is the activity’s number.")

    def open_stream(start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
        return client.stream_workflow_execution_logs(
            execution_id,
            run_id=run_id,
            activity_id=activity,
            after=start.after.isoformat() if start.after else None,
            last_event_id=start.last_id or None,
            opened=opened,
        )

    async def is_over() -> bool:
        read, name = (client.get_run, run_id) if run_id else (client.get_workflow_execution, execution_id)
        found = await sync_to_async(read, thread_sensitive=False)(name)
        return statuses.is_over(found.status)

    source = Source(open_stream, is_over, _rows(live.log_row))
    return ("logs", execution_id, run_id, activity), source, Start(_last_event_id(query), _after(query))


def _rows(render: Callable[[ServerEvent], live.LiveRow]) -> Callable[[ServerEvent], Item]:
    def rendered(event: ServerEvent) -> Item:
        row = render(event)
        return item(event.id, row.html, row.time)

    return rendered


def _last_event_id(query: dict[str, str]) -> str:
    row_id = query.get("last_event_id", "")
    if len(upstream_id(row_id).encode()) > ids.MAX_BYTES:
        raise ValueError("“last_event_id” is too long.")
    return row_id


def _after(query: dict[str, str]) -> datetime | None:
    value = query.get("after", "")
    moment = parse_time(value)
    if value and moment is None:
        raise ValueError("“after” is not a time.")
    return moment
