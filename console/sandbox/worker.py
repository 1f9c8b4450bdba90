"""The worker: runs the workflows, and reports what happens in the shape of the vendor's own worker."""

import logging
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.exceptions import is_cancelled_exception
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from console.sandbox import workflows
from console.sandbox.telemetry import Chain, LogKeeper, SpanKeeper, Telemetry
from console.sandbox.workflows import custom_task

TASK_QUEUE = "sandbox"


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


def make_worker(client: Client, telemetry: Telemetry) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=workflows.WORKFLOWS,
        activities=workflows.ACTIVITIES,
        interceptors=[Reporting(telemetry)],
        # Half the processor time; the workflows here are written by us.
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=50,
    )


def payload(value: Any) -> dict[str, Any]:
    return {"type": "json", "value": value}


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
            kind = "RETRYING" if most and info.attempt < most and not is_cancelled_exception(error) else "FAILED"
            report(kind, attempt=info.attempt, failure={"message": str(error) or type(error).__name__})
            raise
        report("COMPLETED", result=payload(result))
        return result


class _Workflow(WorkflowInboundInterceptor):
    reporting: Telemetry

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        info = workflow.info()
        root = info.root.workflow_id if info.root else info.workflow_id
        parent = info.parent.workflow_id if info.parent else None
        chain = Chain(root, parent, info.first_execution_run_id, info.continued_run_id, info.workflow_type)
        self.reporting.remember(info.run_id, chain)
        about = {"task_id": info.run_id, "attempt": info.attempt}
        given = payload(input.args[0] if input.args else None)
        self._report("STARTED", about | {"workflow_name": info.workflow_type, "input": given})
        try:
            result = await super().execute_workflow(input)
        except workflow.ContinueAsNewError:
            new = {"new_execution_run_id": "", "workflow_name": info.workflow_type, "input": given}
            self._report("CONTINUED_AS_NEW", about | new)
            raise
        except BaseException as error:
            if is_cancelled_exception(error):
                self._report("CANCELED", about | {"reason": None})
            elif not isinstance(error, GeneratorExit):
                self._report("FAILED", about | {"failure": {"message": str(error)}})
            raise
        self._report("COMPLETED", about | {"result": payload(result)})
        return result

    def _report(self, kind: str, attributes: dict[str, Any]) -> None:
        if not workflow.unsafe.is_replaying():
            info = workflow.info()
            self.reporting.event(info.workflow_id, info.run_id, f"WORKFLOW_EXECUTION_{kind}", attributes)
