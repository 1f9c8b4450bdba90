"""What happens to every request before a page sees it."""

import ipaddress
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponse]


class TrustedProxyMiddleware:
    """Believe `X-Forwarded-*` from the proxies in TRUSTED_PROXIES, from nobody else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._trusted(request.META.get("REMOTE_ADDR", "")):
            for name in [name for name in request.META if name.startswith("HTTP_X_FORWARDED_")]:
                del request.META[name]
        return self.get_response(request)

    @staticmethod
    def _trusted(address: str) -> bool:
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in settings.TRUSTED_PROXIES)


class HealthMiddleware:
    """Answer `/healthz` (alive) and `/readyz` (able to serve) before host checks and redirects.

    The upstream API is not asked: when it is away the console still has something to say.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("alive\n", content_type="text/plain")
        if request.path == "/readyz":
            return self._ready()
        return self.get_response(request)

    @staticmethod
    def _ready() -> HttpResponse:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            cache.get("readyz")
        except (AnyDatabaseError, OSError) as error:
            text = f"not ready: {type(error).__name__}\n"
            return HttpResponse(text, status=503, content_type="text/plain")
        except Exception as error:  # the Redis client has an error tree of its own
            if not type(error).__module__.startswith("redis"):
                raise
            return HttpResponse("not ready: Redis\n", status=503, content_type="text/plain")
        return HttpResponse("ready\n", content_type="text/plain")


class AddressMiddleware:
    """Refuse an address that is not UTF-8: the server puts a character in its place, and another id would be meant."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        raw_path = getattr(request, "scope", {}).get("raw_path") or b""
        try:
            unquote_to_bytes(raw_path).decode()
        except UnicodeDecodeError:
            raise BadRequest("The address is not UTF-8.") from None
        return self.get_response(request)


class SignInMiddleware(LoginRequiredMiddleware):
    """Every page asks to sign in; a fragment sends the whole page there and back."""

    def handle_no_permission(  # type: ignore[override]  # Django calls it for any answer, not only a redirect
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if not getattr(request, "htmx", False):
            return super().handle_no_permission(request, view_func)
        return HttpResponse(status=401, headers={"HX-Refresh": "true"})
