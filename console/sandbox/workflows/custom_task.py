"""Custom tasks: pieces of work that an activity announces while it does them, as the vendor's worker does."""

import asyncio
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any

from temporalio import activity


def _nobody(execution_id: str, run_id: str, kind: str, attributes: dict[str, Any]) -> None:
    pass


report: Callable[[str, str, str, dict[str, Any]], None] = _nobody
"""Takes an event: execution id, engine run id, kind, attributes. The worker sets it."""


class CustomTask:
    """`async with CustomTask("llm_call", state) as task: task.append("/text", "more")`"""

    def __init__(self, kind: str, state: dict[str, Any]) -> None:
        self.about = {"custom_task_id": str(uuid.uuid4()), "custom_task_type": kind}
        self.state = state

    def _report(self, kind: str, **more: Any) -> None:
        info = activity.info()
        report(info.workflow_id or "", info.workflow_run_id or "", f"CUSTOM_TASK_{kind}", {**self.about, **more})

    async def __aenter__(self) -> "CustomTask":
        self._report("STARTED", payload={"type": "json", "value": dict(self.state)})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._report("COMPLETED", payload={"type": "json", "value": self.state})
        elif isinstance(error, asyncio.CancelledError):
            self._report("CANCELED", reason="canceled")
        else:
            self._report("FAILED", failure={"message": str(error)})

    def append(self, name: str, text: str) -> None:
        """Add to a text of the state, announced as a patch."""
        self.state[name] += text
        self._patch("append", name, text)

    def replace(self, name: str, value: Any) -> None:
        self.state[name] = value
        self._patch("replace", name, value)

    def _patch(self, op: str, name: str, value: Any) -> None:
        patch = [{"op": op, "path": f"/{name}", "value": value}]
        self._report("IN_PROGRESS", payload={"type": "json_patch", "value": patch})
