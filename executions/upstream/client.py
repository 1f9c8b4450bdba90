"""The Workflows API, a method for each operation, under the names of the official SDK.

Every method raises `errors.UpstreamError` (see that module's tree), or `errors.InvalidId` before anything is sent.
Reads are retried; whatever is sent by POST is sent once. Methods may be called from any thread. The two streams are
asynchronous, a connection each, and do not reconnect by themselves.
"""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, TypeVar

import httpx
import msgspec

from executions.upstream import errors, sse, types
from executions.upstream.transport import SSL_CONTEXT, Key, Transport, segment

T = TypeVar("T")
_EXECUTIONS = "/v1/workflows/executions"
_SENDABLE = re.compile(rb"[^\0-\x20\x7f]([^\0-\x08\x0a-\x1f\x7f]*[^\0-\x20\x7f])?")
"""What can stand in a header."""


def _read(content: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=shape, strict=False)
    except UnicodeDecodeError:
        reason = "it is not valid text"
    except (msgspec.DecodeError, RecursionError) as error:
        reason = errors.clean(error)[:200]
    raise errors.BrokenAnswer(f"The Workflows API’s answer is not in its documented shape: {reason}.")


def _read_nothing(content: bytes) -> None:
    """For operations that answer without a body. A web page is not an answer of the API's, whatever its status."""
    if content.strip():
        _read(content, msgspec.Raw)


def _given(**parameters: Any) -> dict[str, Any]:
    """Query parameters without those left at their default, booleans as the API writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in parameters.items()
        if value is not None and value is not False
    }


def _call_body(name: str, input: dict[str, Any] | None) -> dict[str, Any]:
    return {"name": name} if input is None else {"name": name, "input": input}


class Client:
    """A client for the API at `base_url`; ValueError if that or the key cannot be used.

    `timeout` is the limit of one plain call with all its attempts, in seconds; a stream is given up after three
    `heartbeat`s of silence. `transport` takes the network's place in plain calls.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 30.0,
        heartbeat: float = sse.HEARTBEAT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        key = Key(api_key)
        del api_key  # or a traceback with variables would show it
        self._transport = Transport(base_url, key, timeout, transport)
        self._heartbeat = heartbeat

    def close(self) -> None:
        self._transport.close()

    # One execution

    def get_workflow_execution(self, execution_id: str, *, include_search_keys: bool = False) -> types.Execution:
        """The execution's latest run, with its result."""
        params = _given(include_search_keys=include_search_keys)
        return _read(self._transport.read(f"{_EXECUTIONS}/{segment(execution_id)}", params), types.Execution)

    def get_workflow_execution_history(self, execution_id: str, *, decode_payloads: bool = False) -> types.History:
        """The latest run's history, whole: up to 51,200 events or 50 MB."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/history"
        return self._history(path, decode_payloads)

    def _history(self, path: str, decode_payloads: bool) -> types.History:
        content = self._transport.read(path, _given(decode_payloads=decode_payloads))
        try:
            return types.History(raw=content, events=msgspec.json.decode(content, type=types.HistoryEvents).events)
        except msgspec.ValidationError:
            # Of another shape, which shows before the end: whether it is JSON to its end is still open.
            _read(content, msgspec.Raw)
            return types.History(raw=content)
        except (ValueError, RecursionError):
            raise errors.BrokenAnswer("The Workflows API’s history is not JSON: it may have been cut short.") from None

    def signal_workflow_execution(
        self, execution_id: str, *, name: str, input: dict[str, Any] | None = None
    ) -> types.SignalAnswer:
        """Send a signal to the latest run. Accepted does not mean handled."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/signals"
        return _read(self._transport.write(path, _call_body(name, input)), types.SignalAnswer)

    def query_workflow_execution(
        self, execution_id: str, *, name: str, input: dict[str, Any] | None = None
    ) -> types.QueryAnswer:
        """Ask the latest run; changes nothing."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/queries"
        return _read(self._transport.write(path, _call_body(name, input)), types.QueryAnswer)

    def update_workflow_execution(
        self, execution_id: str, *, name: str, input: dict[str, Any] | None = None
    ) -> types.UpdateAnswer:
        """Update the latest run and wait for its answer."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/updates"
        return _read(self._transport.write(path, _call_body(name, input)), types.UpdateAnswer)

    def terminate_workflow_execution(self, execution_id: str) -> None:
        """End the latest run at once, without clean-up."""
        _read_nothing(self._transport.write(f"{_EXECUTIONS}/{segment(execution_id)}/terminate"))

    def cancel_workflow_execution(self, execution_id: str) -> None:
        """Ask the latest run to stop; it may clean up first."""
        _read_nothing(self._transport.write(f"{_EXECUTIONS}/{segment(execution_id)}/cancel"))

    def reset_workflow(
        self,
        execution_id: str,
        *,
        event_id: int,
        reason: str | None = None,
        exclude_signals: bool = False,
        exclude_updates: bool = False,
    ) -> None:
        """End the latest run and start a new one that replays up to the event, a WORKFLOW_TASK_COMPLETED."""
        body: dict[str, Any] = {
            "event_id": event_id,
            "exclude_signals": exclude_signals,
            "exclude_updates": exclude_updates,
        }
        if reason is not None:
            body["reason"] = reason
        _read_nothing(self._transport.write(f"{_EXECUTIONS}/{segment(execution_id)}/reset", body))

    # Up to 100 executions

    def batch_cancel_workflow_executions(self, execution_ids: Sequence[str]) -> types.BatchAnswer:
        """Ask each to stop; a result for each id."""
        body = {"execution_ids": list(execution_ids)}
        return _read(self._transport.write(f"{_EXECUTIONS}/cancel", body), types.BatchAnswer)

    def batch_terminate_workflow_executions(self, execution_ids: Sequence[str]) -> types.BatchAnswer:
        """End each at once; a result for each id."""
        body = {"execution_ids": list(execution_ids)}
        return _read(self._transport.write(f"{_EXECUTIONS}/terminate", body), types.BatchAnswer)

    # Traces

    def get_workflow_execution_trace_info(self, execution_id: str) -> types.TraceInfo:
        """Whether there is a trace, and its id."""
        return _read(self._transport.read(f"{_EXECUTIONS}/{segment(execution_id)}/trace/info"), types.TraceInfo)

    def get_workflow_execution_trace_otel(self, execution_id: str) -> types.TraceOtel:
        """The trace as OpenTelemetry batches."""
        return _read(self._transport.read(f"{_EXECUTIONS}/{segment(execution_id)}/trace/otel"), types.TraceOtel)

    def get_workflow_execution_trace_summary(self, execution_id: str) -> types.TraceSummary:
        """The trace as a tree of spans."""
        return _read(self._transport.read(f"{_EXECUTIONS}/{segment(execution_id)}/trace/summary"), types.TraceSummary)

    def get_workflow_execution_trace_events(
        self, execution_id: str, *, merge_same_id_events: bool = False, include_internal_events: bool = False
    ) -> types.TraceEvents:
        """The trace's events as a list."""
        params = _given(merge_same_id_events=merge_same_id_events, include_internal_events=include_internal_events)
        path = f"{_EXECUTIONS}/{segment(execution_id)}/trace/events"
        return _read(self._transport.read(path, params), types.TraceEvents)

    # Logs and streams

    def get_workflow_execution_logs(
        self,
        execution_id: str,
        *,
        run_id: str | None = None,
        activity_id: str | None = None,
        after: str | None = None,
        before: str | None = None,
        order: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> types.LogPage:
        """A page of 1 to 100 log records. A `cursor` carries the range and the order of its first page."""
        params = _given(
            run_id=run_id,
            activity_id=activity_id,
            after=after,
            before=before,
            order=order,
            cursor=cursor,
            limit=limit,
        )
        return _read(self._transport.read(f"{_EXECUTIONS}/{segment(execution_id)}/logs", params), types.LogPage)

    def stream(
        self,
        execution_id: str,
        *,
        last_event_id: str | None = None,
        event_source: str | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncGenerator[sse.ServerEvent, None]:
        """The execution's events as they happen. `opened` is called when upstream has accepted."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/stream"
        return self._stream(path, _given(event_source=event_source), last_event_id, opened)

    def stream_workflow_execution_logs(
        self,
        execution_id: str,
        *,
        run_id: str | None = None,
        activity_id: str | None = None,
        after: str | None = None,
        last_event_id: str | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncGenerator[sse.ServerEvent, None]:
        """The execution's log records as they are written. `opened` is called when upstream has accepted."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/logs/stream"
        params = _given(run_id=run_id, activity_id=activity_id, after=after)
        return self._stream(path, params, last_event_id, opened)

    def _stream(
        self, path: str, params: dict[str, Any], last_event_id: str | None, opened: Callable[[], None] | None
    ) -> AsyncGenerator[sse.ServerEvent, None]:
        headers: dict[bytes, bytes] = {}
        if last_event_id:
            # One of the two streams knows only the query, the other prefers the header.
            params["last_event_id"] = last_event_id
            encoded = last_event_id.encode(errors="replace")
            if _SENDABLE.fullmatch(encoded):
                headers[b"Last-Event-ID"] = encoded
        return sse.open_stream(
            self._transport.url(path, params),
            auth=self._transport.key,
            headers=headers,
            ssl_context=SSL_CONTEXT,
            heartbeat=self._heartbeat,
            opened=opened,
        )

    # Runs, events, registrations

    def list_runs(
        self,
        *,
        workflow_identifier: str | None = None,
        root_execution_id: str | None = None,
        search: str | None = None,
        status: Sequence[str] | None = None,
        deployment_name: str | None = None,
        sort_by: str | None = None,
        order: str | None = None,
        start_time_after: str | None = None,
        start_time_before: str | None = None,
        end_time_after: str | None = None,
        end_time_before: str | None = None,
        user_id: str | None = None,
        workflow_tags: Sequence[str] | None = None,
        include_internal: bool = True,
        page_size: int | None = None,
        next_page_token: str | None = None,
        search_key: Sequence[str] | None = None,
    ) -> types.RunPage:
        """A page of runs, newest first unless `sort_by` and `order` say otherwise. Times are ISO text."""
        params = _given(
            workflow_identifier=workflow_identifier,
            root_execution_id=root_execution_id,
            search=search,
            status=list(status) if status else None,
            deployment_name=deployment_name,
            sort_by=sort_by,
            order=order,
            start_time_after=start_time_after,
            start_time_before=start_time_before,
            end_time_after=end_time_after,
            end_time_before=end_time_before,
            user_id=user_id,
            workflow_tags=list(workflow_tags) if workflow_tags else None,
            page_size=page_size,
            next_page_token=next_page_token,
            search_key=list(search_key) if search_key else None,
        )
        if not include_internal:
            params["include_internal"] = "false"
        return _read(self._transport.read("/v1/workflows/runs", params), types.RunPage)

    def get_run(self, run_id: str) -> types.Execution:
        """One run, by the API's run id."""
        return _read(self._transport.read(f"/v1/workflows/runs/{segment(run_id)}"), types.Execution)

    def get_run_history(self, run_id: str, *, decode_payloads: bool = False) -> types.History:
        """One run's history, whole."""
        return self._history(f"/v1/workflows/runs/{segment(run_id)}/history", decode_payloads)

    def get_workflow_events(
        self,
        *,
        root_workflow_exec_id: str | None = None,
        workflow_exec_id: str | None = None,
        workflow_run_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> types.EventPage:
        """A page of 1 to 1,000 of the events that the stream carries."""
        params = _given(
            root_workflow_exec_id=root_workflow_exec_id,
            workflow_exec_id=workflow_exec_id,
            workflow_run_id=workflow_run_id,
            limit=limit,
            cursor=cursor,
        )
        return _read(self._transport.read("/v1/workflows/events/list", params), types.EventPage)

    def get_workflow_registrations(
        self,
        *,
        workflow_id: str | None = None,
        task_queue: str | None = None,
        active_only: bool = False,
        include_shared: bool = True,
        workflow_search: str | None = None,
        archived: bool | None = None,
        with_workflow: bool = False,
        available_in_chat_assistant: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> types.RegistrationPage:
        """What workflows declare: their inputs, signals, queries and updates."""
        params = _given(
            workflow_id=workflow_id,
            task_queue=task_queue,
            active_only=active_only,
            workflow_search=workflow_search,
            with_workflow=with_workflow,
            limit=limit,
            cursor=cursor,
        )
        for name, value in (("archived", archived), ("available_in_chat_assistant", available_in_chat_assistant)):
            if value is not None:
                params[name] = str(value).lower()
        if not include_shared:
            params["include_shared"] = "false"
        return _read(self._transport.read("/v1/workflows/registrations", params), types.RegistrationPage)

    def get_workflow_registration(
        self, workflow_registration_id: str, *, with_workflow: bool = False, include_shared: bool = True
    ) -> types.Registration:
        """One registration."""
        params = _given(with_workflow=with_workflow)
        if not include_shared:
            params["include_shared"] = "false"
        path = f"/v1/workflows/registrations/{segment(workflow_registration_id)}"
        return _read(self._transport.read(path, params), types.RegistrationAnswer).workflow_registration
