"""The addresses of the websockets."""

from django.urls import path, register_converter

from executions.consumers import EventsConsumer, LogsConsumer
from executions.ids import ExecutionIdConverter

register_converter(ExecutionIdConverter, "execution-stream")

websocket_urlpatterns = [
    path("ws/executions/<execution-stream:execution_id>/events/", EventsConsumer.as_asgi()),
    path("ws/executions/<execution-stream:execution_id>/logs/", LogsConsumer.as_asgi()),
]
