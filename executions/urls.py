"""The addresses of the executions' pages. People paste them into chats and tickets: they do not change."""

from django.urls import include, path, register_converter

from executions.ids import ExecutionIdConverter
from executions.views import actions, audit, batches, events, history, logs, overview, runs, trace

register_converter(ExecutionIdConverter, "execution")

execution_pages = [
    path("", overview.overview, name="overview"),
    path("history/", history.history, name="history"),
    path("trace/", trace.trace, name="trace"),
    path("logs/", logs.logs, name="logs"),
    path("events/", events.events, name="events"),
    path("actions/", audit.execution_actions, name="actions"),
    path("signal/", actions.signal, name="signal"),
    path("query/", actions.query, name="query"),
    path("update/", actions.update, name="update"),
    path("cancel/", actions.cancel, name="cancel"),
    path("terminate/", actions.terminate, name="terminate"),
    path("reset/", actions.reset, name="reset"),
]

urlpatterns = [
    path("executions/", runs.run_list, name="runs"),
    path("executions/open/", runs.open_execution, name="open"),
    path("executions/<execution:execution_id>/", include(execution_pages)),
    path("batches/", batches.create, name="batches"),
    path("batches/<uuid:batch_id>/", batches.show, name="batch"),
    path("batches/<uuid:batch_id>/start/", batches.start, name="batch-start"),
    path("audit/", audit.audit, name="audit"),
]
