"""Starting an execution."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from console.sandbox.promises import CURRENT_USER
from console.sandbox.workflows import DECLARATIONS


async def start(
    client: Client,
    name: str,
    given: dict[str, Any],
    *,
    execution_id: str,
    user: str = CURRENT_USER,
    search_keys: dict[str, str] | None = None,
    time_limit: timedelta | None = None,
) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(
        name,
        given,
        id=execution_id,
        task_queue=DECLARATIONS[name].task_queue,
        execution_timeout=time_limit,
        memo={"user_id": user, "search_keys": search_keys or {}},
    )
