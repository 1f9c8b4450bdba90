"""HTTP and websockets. A websocket passes the origin check; its consumer looks at the session."""

import gc
import os
from importlib import import_module
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from console import frames, paced  # noqa: E402  (Django's models are ready only now)
from executions.routing import websocket_urlpatterns  # noqa: E402  (the same)

frames.install()
# Else the first visitor waits for the views.
import_module(settings.ROOT_URLCONF)
# All this stays. The garbage collector, which holds up everybody, does not go through it any more.
gc.collect()
gc.freeze()

_websocket = OriginValidator(CookieMiddleware(URLRouter(websocket_urlpatterns)), settings.PUBLIC_ORIGINS)
_routes = ProtocolTypeRouter({"http": http, "websocket": _websocket})


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    # Daphne believes a `Daphne-Root-Path` header from anybody.
    await paced.served(_routes, {**scope, "root_path": "", "write_now": frames.writer(send)}, receive, send)
