"""What happens to every request before a page sees it."""

import ipaddress
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from console.middleware import AddressMiddleware, TrustedProxyMiddleware

PAGES = ("/accounts/login/", "/executions/", "/no/such/page/")
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}


@pytest.fixture
def https(settings: Any) -> None:
    """As behind a proxy that ends TLS."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")]


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.1.2.3", True),
        ("::1", True),
        ("11.1.2.3", False),
        ("203.0.113.9", False),
        ("::2", False),
        ("", False),
        ("unix:", False),
        ("10.1.2.3, 203.0.113.9", False),
    ],
)
def test_forwarded_headers_count_only_from_trusted_proxies(https: None, peer: str, trusted: bool) -> None:
    seen: list[HttpRequest] = []
    request = RequestFactory().get("/", headers=FORWARDED, REMOTE_ADDR=peer)
    TrustedProxyMiddleware(lambda request: seen.append(request) or HttpResponse())(request)  # type: ignore[func-returns-value]
    assert seen[0].is_secure() == trusted
    forwarded = {name for name in seen[0].META if name.startswith("HTTP_X_FORWARDED_")}
    assert forwarded == (
        {"HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST"} if trusted else set()
    )


def test_without_trusted_proxies_nobody_is(settings: Any) -> None:
    assert settings.TRUSTED_PROXIES == []
    request = RequestFactory().get("/", headers=FORWARDED)
    TrustedProxyMiddleware(lambda request: HttpResponse())(request)
    assert not [name for name in request.META if name.startswith("HTTP_X_FORWARDED_")]


@pytest.mark.django_db
def test_https_redirects_unless_the_proxy_says_so(https: None) -> None:
    redirected = Client().get("/accounts/login/?next=/a")
    assert (redirected.status_code, redirected["Location"]) == (301, "https://testserver/accounts/login/?next=/a")
    spoofed = Client().get("/accounts/login/", headers=FORWARDED, REMOTE_ADDR="203.0.113.9")
    assert spoofed.status_code == 301
    served = Client().get("/accounts/login/", headers=FORWARDED, REMOTE_ADDR="10.1.2.3")
    assert served.status_code == 200
    assert served["Strict-Transport-Security"].startswith("max-age=31536000")
    assert served.cookies["csrftoken"]["secure"] is True


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "text"), [("/healthz", "alive\n"), ("/readyz", "ready\n")])
@pytest.mark.parametrize("host", ["testserver", "10.0.0.5:8000", "evil.example"])
def test_health_is_never_redirected_and_knows_no_hosts(https: None, path: str, text: str, host: str) -> None:
    response = Client().get(path, headers={"Host": host})
    assert (response.status_code, response.content.decode(), response.cookies) == (200, text, {})


class RedisError(Exception):
    """Stands for the Redis client's own tree."""


RedisError.__module__ = "redis.exceptions"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("target", "error", "text"),
    [
        ("console.middleware.connection.cursor", OperationalError("secret"), "not ready: OperationalError\n"),
        ("console.middleware.cache.get", ConnectionRefusedError("secret"), "not ready: ConnectionRefusedError\n"),
        ("console.middleware.cache.get", RedisError("secret"), "not ready: Redis\n"),
    ],
)
def test_not_ready_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, target: str, error: Exception, text: str
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(target, broken)
    response = Client().get("/readyz")
    assert (response.status_code, response.content.decode()) == (503, text)
    # Alive all the same: a restart would not help.
    assert Client().get("/healthz").status_code == 200


@pytest.mark.django_db
def test_an_unexpected_error_is_no_readiness(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("console.middleware.cache.get", broken)
    assert Client(raise_request_exception=False).get("/readyz").status_code == 500


@pytest.mark.parametrize(
    ("raw_path", "good"), [(b"/a/%C3%A9/", True), (b"/a/%F0%9F%98%80/", True), (b"/%FF/", False), (b"/a%C3/", False)]
)
def test_an_address_that_is_not_utf_8_is_refused(raw_path: bytes, good: bool) -> None:
    from django.core.exceptions import BadRequest

    request = HttpRequest()
    request.scope = {"raw_path": raw_path}  # type: ignore[attr-defined]
    answer = HttpResponse()
    serve = AddressMiddleware(lambda request: answer)
    if good:
        assert serve(request) is answer
    else:
        with pytest.raises(BadRequest):
            serve(request)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_its_policy(path: str, settings: Any) -> None:
    """No inline script or style, nothing from elsewhere, not in a frame, and forms only to ourselves."""
    response = Client().get(path, follow=True)
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": " ".join(["'self'", *(f"ws{one.removeprefix('http')}" for one in settings.PUBLIC_ORIGINS)]),
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert response["Referrer-Policy"] == "same-origin"
