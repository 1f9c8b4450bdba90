"""The addresses of the executions' pages. People paste them into chats and tickets: they do not change."""

from django.urls import include, path, register_converter

from executions.ids import ExecutionIdConverter
from executions.views import (
    audit,
    batches,
    calls,
    compare,
    endings,
    events,
    evidence,
    history,
    joined,
    live_rows,
    logs,
    overview,
    reset,
    runs,
    strip,
    trace,
    why,
)

register_converter(ExecutionIdConverter, "execution")

execution_pages = [
    path("", overview.overview, name="overview"),
    path("history/", history.history, name="history"),
    path("trace/", trace.trace, name="trace"),
    path("logs/", logs.logs, name="logs"),
    path("logs/rows/", live_rows.log_rows, name="log-rows"),
    path("events/", events.events, name="events"),
    path("events/rows/", live_rows.event_rows, name="event-rows"),
    path("actions/", audit.execution_actions, name="actions"),
    path("signal/", calls.signal, name="signal"),
    path("query/", calls.query, name="query"),
    path("update/", calls.update, name="update"),
    path("cancel/", endings.cancel, name="cancel"),
    path("terminate/", endings.terminate, name="terminate"),
    path("reset/", reset.reset, name="reset"),
    path("compare/", compare.compare, name="compare"),
    path("why/", why.sentence, name="why"),
    path("strip/", strip.strip, name="strip"),
    path("go/", joined.go, name="go"),
    path("evidence/", evidence.evidence, name="evidence"),
]

urlpatterns = [
    path("executions/", runs.run_list, name="runs"),
    path("executions/open/", runs.open_execution, name="open"),
    path("executions/<execution:execution_id>/", include(execution_pages)),
    path("batches/", batches.all_batches, name="batches"),
    path("batches/<uuid:batch_id>/", batches.show, name="batch"),
    path("batches/<uuid:batch_id>/start/", batches.start, name="batch-start"),
    path("batches/<uuid:batch_id>/pause/", batches.pause, name="batch-pause"),
    path("batches/<uuid:batch_id>/stop/", batches.stop, name="batch-stop"),
    path("batches/<uuid:batch_id>/retry/", batches.retry, name="batch-retry"),
    path("batches/<uuid:batch_id>/results.csv", batches.results, name="batch-results"),
    path("audit/", audit.audit, name="audit"),
]
