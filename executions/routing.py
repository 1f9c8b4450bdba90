"""The addresses of the websockets."""

from typing import Any

from django.urls import path, re_path, register_converter

from executions.consumers import EventsConsumer, LogsConsumer
from executions.ids import ExecutionIdConverter

register_converter(ExecutionIdConverter, "execution-stream")


async def no_such_stream(scope: Any, receive: Any, send: Any) -> None:
    """Refuse the handshake at any other address; the router would raise."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns = [
    path("ws/executions/<execution-stream:execution_id>/events/", EventsConsumer.as_asgi()),
    path("ws/executions/<execution-stream:execution_id>/logs/", LogsConsumer.as_asgi()),
    re_path("", no_such_stream),  # type: ignore[arg-type]  # Django’s types know only views
]
