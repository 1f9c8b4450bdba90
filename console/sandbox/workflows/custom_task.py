"""Custom tasks: pieces of work that an activity announces while it does them, as the vendor's worker does."""

import asyncio
import base64
import json
import os
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any

from opentelemetry import trace
from temporalio import activity


def _nobody(execution_id: str, run_id: str, kind: str, attributes: dict[str, Any]) -> None:
    pass


report: Callable[[str, str, str, dict[str, Any]], None] = _nobody
"""Takes an event: execution id, engine run id, kind, attributes. The worker sets it."""


class CustomTask:
    """`async with CustomTask("llm_call", {"text": ""}) as task: task.append("text", "more")`

    A sealed one's states and changes go out encrypted, with a key that nobody has.
    """

    def __init__(self, kind: str, state: dict[str, Any], *, sealed: bool = False) -> None:
        self.kind, self.sealed = kind, sealed
        self.id = str(uuid.uuid4())
        self.state = state
        self.started = time.time_ns()

    async def __aenter__(self) -> "CustomTask":
        self._report("STARTED", payload=self._payload("json", dict(self.state)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._trace(error)
        if error is None:
            self._report("COMPLETED", payload=self._payload("json", self.state))
        elif isinstance(error, asyncio.CancelledError):
            self._report("CANCELED", reason="canceled")
        else:
            self._report("FAILED", failure={"message": str(error)})

    def append(self, name: str, text: str) -> None:
        """Add to a text of the state; announced as a patch."""
        self.state[name] += text
        self._patch("append", name, text)

    def replace(self, name: str, value: Any) -> None:
        """Set a part of the state; announced as a patch."""
        self.state[name] = value
        self._patch("replace", name, value)

    def add(self, name: str, value: Any) -> None:
        """Give the state one part more; announced as a patch."""
        self.state[name] = value
        self._patch("add", name, value)

    def _patch(self, op: str, name: str, value: Any) -> None:
        patch = [{"op": op, "path": f"/{name}", "value": value}]
        self._report("IN_PROGRESS", payload=self._payload("json_patch", patch))

    def _payload(self, kind: str, value: Any) -> dict[str, Any]:
        if not self.sealed:
            return {"type": kind, "value": value}
        sealed = base64.b64encode(os.urandom(len(json.dumps(value)))).decode()
        return {"type": kind, "value": sealed, "encoding_options": ["encrypted"]}

    def _report(self, kind: str, **more: Any) -> None:
        info = activity.info()
        about = {"custom_task_id": self.id, "custom_task_type": self.kind}
        report(info.workflow_id or "", info.workflow_run_id or "", f"CUSTOM_TASK_{kind}", about | more)

    def _trace(self, error: BaseException | None) -> None:
        """A span of no length, with the task's duration as an attribute: the vendor's worker draws it so."""
        now = time.time_ns()
        about: dict[str, Any] = {"custom_task.id": self.id, "custom_task.duration_ms": (now - self.started) / 1e6}
        span = trace.get_tracer("sandbox").start_span(self.kind, start_time=now, attributes=about)
        if error:
            span.set_status(trace.StatusCode.ERROR, str(error))
        span.end(now)
