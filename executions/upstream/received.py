"""Answers to reads exactly as they came, whatever their shape: for who keeps them."""

from dataclasses import dataclass
from typing import Any

import msgspec

from executions.upstream import errors
from executions.upstream.client import Client
from executions.upstream.transport import segment

_EXECUTIONS, _RUNS = "/v1/workflows/executions", "/v1/workflows/runs"


@dataclass(frozen=True, slots=True)
class Received:
    """A body, which is JSON, and the address that it came from."""

    address: str
    content: bytes


class Receiver:
    """Reads on a client's connections. Every method raises as the client's do; other JSON than documented is kept.

    Without a `run_id` an answer is about the execution's latest run.
    """

    def __init__(self, client: Client) -> None:
        self._transport = client._transport

    def execution(self, execution_id: str, run_id: str = "") -> Received:
        return self._get(self._one(execution_id, run_id))

    def history(self, execution_id: str, run_id: str = "", *, decode_payloads: bool = False) -> Received:
        return self._get(f"{self._one(execution_id, run_id)}/history", decode_payloads=str(decode_payloads).lower())

    def trace(self, execution_id: str, shape: str) -> Received:
        """`shape` is otel, summary or events."""
        given = {"include_internal_events": "true"} if shape == "events" else {}
        return self._get(f"{_EXECUTIONS}/{segment(execution_id)}/trace/{segment(shape)}", **given)

    def logs(self, execution_id: str, run_id: str = "", *, cursor: str = "", limit: int, order: str) -> Received:
        """A page of log records. A cursor carries the run and the order of its first page."""
        path = f"{_EXECUTIONS}/{segment(execution_id)}/logs"
        return self._get(path, run_id=run_id, order=order, cursor=cursor, limit=limit)

    def events(self, execution_id: str, *, cursor: str = "", limit: int) -> Received:
        """A page of the events that the stream carries, of all runs: events name those by the engine's own ids."""
        return self._get("/v1/workflows/events/list", workflow_exec_id=execution_id, cursor=cursor, limit=limit)

    def _one(self, execution_id: str, run_id: str) -> str:
        return f"{_RUNS}/{segment(run_id)}" if run_id else f"{_EXECUTIONS}/{segment(execution_id)}"

    def _get(self, path: str, **given: Any) -> Received:
        params = {name: value for name, value in given.items() if value not in {"", None}}
        content = self._transport.read(path, params)
        try:
            msgspec.json.decode(content, type=msgspec.Raw)
        except (ValueError, RecursionError):
            raise errors.BrokenAnswer("The Workflows API’s answer is not JSON: it may have been cut short.") from None
        url = self._transport.url(path, params)
        return Received(url.raw_path.decode("ascii"), content)
