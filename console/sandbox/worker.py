"""The worker: runs the workflows, and reports what happens in the shape of the vendor's own worker."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NoReturn

import msgspec
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.exceptions import FailureError, is_cancelled_exception
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from console.sandbox import workflows
from console.sandbox.telemetry import Chain, LogKeeper, SpanKeeper, Telemetry
from console.sandbox.workflows import custom_task, renewal
from console.sandbox.workflows.declare import TASK_QUEUE

STOP_SECONDS = 3


def tracing(telemetry: Telemetry) -> tuple[TracingInterceptor, TracerProvider]:
    """Temporal's own tracing, into the sandbox's memory."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SpanKeeper(telemetry)))
    return TracingInterceptor(provider.get_tracer("sandbox")), provider


def capture_logs(telemetry: Telemetry) -> None:
    """Send the workflows' and activities' log records to the telemetry, and nowhere else."""
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    for logger in (activity.logger.logger, workflow.logger.logger):
        logger.handlers = [LogKeeper(telemetry)]
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    # A workflow task that fails says so in the history, with its stack trace, and fails for ever.
    logging.getLogger("temporalio.worker._workflow_instance").setLevel(logging.ERROR)


@contextlib.asynccontextmanager
async def running(
    client: Client, telemetry: Telemetry, engine_end: asyncio.Task[int]
) -> AsyncIterator[asyncio.Task[None]]:
    """The worker at work, as the task that ends if it breaks."""
    shared: dict[str, Any] = {
        "interceptors": [Reporting(telemetry)],
        # Half the processor time; the workflows here are written by us.
        "workflow_runner": UnsandboxedWorkflowRunner(),
        # Any other error of a workflow's code fails its task, which the engine tries again for ever.
        "workflow_failure_exception_types": [msgspec.ValidationError],
        "max_concurrent_activities": 50,
        "graceful_shutdown_timeout": timedelta(0),
    }
    workers = [
        Worker(client, task_queue=TASK_QUEUE, workflows=workflows.WORKFLOWS, activities=workflows.ACTIVITIES, **shared),
        Worker(
            client,
            task_queue=renewal.TASK_QUEUE,
            workflows=[renewal.SubscriptionRenewal],
            activities=renewal.ACTIVITIES,
            max_cached_workflows=0,
            **shared,
        ),
    ]
    working = asyncio.create_task(_run(workers))
    try:
        yield working
    finally:
        # Without an engine it would wait for ever.
        stopping = asyncio.create_task(_shut_down(workers))
        await asyncio.wait([stopping, engine_end], timeout=STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        working.cancel()


async def _run(workers: list[Worker]) -> None:
    """Until one of them breaks."""
    await asyncio.gather(*(worker.run() for worker in workers))


async def _shut_down(workers: list[Worker]) -> None:
    await asyncio.gather(*(worker.shutdown() for worker in workers))


def payload(value: Any) -> dict[str, Any]:
    return {"type": "json", "value": value}


def words(error: BaseException | None) -> str:
    """An error and its causes in one line."""
    found = []
    while error:
        found.append(str(error) or type(error).__name__)
        error = error.cause if isinstance(error, FailureError) else None
    return ": ".join(found)


class Reporting(Interceptor):
    """Reports the events of workflows and activities."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        custom_task.report = telemetry.event

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Activity(next, self.telemetry)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        telemetry = self.telemetry

        class Bound(_Workflow):
            reporting = telemetry

        return Bound


class _Activity(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, telemetry: Telemetry) -> None:
        super().__init__(next)
        self.telemetry = telemetry

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        about = {"task_id": info.activity_id, "activity_name": info.activity_type}

        def report(kind: str, **more: Any) -> None:
            run_id = info.workflow_run_id or ""
            self.telemetry.event(info.workflow_id or "", run_id, f"ACTIVITY_TASK_{kind}", about | more)

        if info.attempt == 1:
            report("STARTED", input=payload(list(input.args)))
        try:
            result = await super().execute_activity(input)
        except BaseException as error:
            # With unlimited attempts the vendor's worker says FAILED each time: there is no last one.
            most = info.retry_policy.maximum_attempts if info.retry_policy else 0
            kind = "RETRYING" if info.attempt < most and not is_cancelled_exception(error) else "FAILED"
            report(kind, attempt=info.attempt, failure={"message": words(error)})
            raise
        report("COMPLETED", result=payload(result))
        return result


class _Workflow(WorkflowInboundInterceptor):
    reporting: Telemetry

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        self._remember()
        self.report("STARTED", workflow_name=workflow.info().workflow_type, input=payload(next(iter(input.args), None)))
        try:
            result = await super().execute_workflow(input)
        except (Exception, asyncio.CancelledError) as error:
            self._report_failure(error)
            raise
        self.report("COMPLETED", result=payload(result))
        return result

    def _remember(self) -> None:
        info = workflow.info()
        root = info.root.workflow_id if info.root else info.workflow_id
        parent = info.parent.workflow_id if info.parent else None
        # A reset starts a chain of its own; going on as new does not.
        was_reset = info.run_id != info.original_execution_run_id
        first = info.run_id if was_reset else info.first_execution_run_id
        self.reporting.remember(info.run_id, Chain(root, parent, first, info.continued_run_id, info.workflow_type))

    def _report_failure(self, error: BaseException) -> None:
        if workflow.cancellation_reason() is not None and is_cancelled_exception(error):
            self.report("CANCELED", reason=workflow.cancellation_reason() or None)
        elif isinstance(error, FailureError | msgspec.ValidationError):
            self.report("FAILED", failure={"message": words(error)})
        else:
            # A fault of the workflow's code: the engine tries the task again, and the execution stays running.
            self._send("WORKFLOW_TASK_FAILED", {"failure": {"message": words(error)}})

    def report(self, kind: str, **attributes: Any) -> None:
        self._send(f"WORKFLOW_EXECUTION_{kind}", {"attempt": workflow.info().attempt, **attributes})

    def _send(self, kind: str, attributes: dict[str, Any]) -> None:
        if not workflow.unsafe.is_replaying():
            info = workflow.info()
            self.reporting.event(info.workflow_id, info.run_id, kind, {"task_id": info.run_id, **attributes})


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, inbound: _Workflow) -> None:
        super().__init__(next)
        self.inbound = inbound

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        # The engine chooses the new run's id later: no worker knows it.
        name = input.workflow or workflow.info().workflow_type
        given = payload(next(iter(input.args), None))
        self.inbound.report("CONTINUED_AS_NEW", new_execution_run_id="", workflow_name=name, input=given)
        super().continue_as_new(input)
