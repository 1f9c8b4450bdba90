"""The site's settings. This file is the only reader of settings from the environment (and from `.env`).

A wrong value stops the start with one sentence that says what to change.
"""

import ipaddress
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from dotenv import load_dotenv

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def _flag(name: str) -> bool:
    value = _text(name, "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to 1 or 0.")
    return value in {"1", "true", "yes", "on"}


def _number(name: str, default: int, least: int, most: int) -> int:
    value = _text(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to a whole number from {least} to {most}.")
    return int(value)


def _origin(name: str, value: str) -> str:
    """`https://host[:port]`, without a path: what a browser sends as Origin."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has {value!r}, which is not an address: {error}.") from None
    name_or_address = parts.hostname or ""
    more = parts.username is not None or parts.path not in {"", "/"} or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not name_or_address or more:
        raise ImproperlyConfigured(
            f"{name} has {value!r}; set it to where browsers reach the console, such as https://console.example.com."
        )
    host = f"[{name_or_address}]" if ":" in name_or_address else name_or_address
    default_port = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default_port else "")


def _server_url(name: str, default: str) -> str:
    value = _text(name, default).rstrip("/")
    if "@" in value:
        # Not shown: it may hold a password.
        raise ImproperlyConfigured(f"{name} has an “@”; set it to the API's address alone, such as {default}.")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}, which is not an address: {error}.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to the API's address, such as {default}.")
    return value


# The console's own first steps need no secret that outlives them.
_THROWAWAY = sys.argv[1:2] in (["demo"], ["sandbox"], ["makemigrations"], ["collectstatic"])

DEBUG = _flag("DEBUG")
PORT = _number("PORT", 8000, 1, 65535)
SECRET_KEY = _text("SECRET_KEY") or (get_random_secret_key() if _THROWAWAY else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set; put a long random text into the environment or into .env.")

MISTRAL_API_KEY = _text("MISTRAL_API_KEY")
if not re.fullmatch("[!-~]*", MISTRAL_API_KEY):
    raise ImproperlyConfigured("MISTRAL_API_KEY has characters that no key has, such as spaces; set it to the key.")
MISTRAL_SERVER_URL = _server_url("MISTRAL_SERVER_URL", "https://api.mistral.ai")
UPSTREAM_TIMEOUT_SECONDS = _number("UPSTREAM_TIMEOUT_SECONDS", 30, 1, 600)

PUBLIC_ORIGINS = [
    _origin("PUBLIC_URL", part.strip())
    for part in _text("PUBLIC_URL", f"http://127.0.0.1:{PORT},http://localhost:{PORT}").split(",")
    if part.strip()
]
if not PUBLIC_ORIGINS:
    raise ImproperlyConfigured("PUBLIC_URL names no address; set it to where browsers reach the console.")
if len({urlsplit(origin).scheme for origin in PUBLIC_ORIGINS}) != 1:
    raise ImproperlyConfigured("PUBLIC_URL mixes http:// and https://; use one of them for every address.")
HTTPS = PUBLIC_ORIGINS[0].startswith("https://")

ALLOWED_HOSTS = sorted({str(urlsplit(origin).hostname) for origin in PUBLIC_ORIGINS})
CSRF_TRUSTED_ORIGINS = PUBLIC_ORIGINS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Other names under the same domain are not the console's to decide on.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# Browsers keep a host’s cookies for all its ports: with one name, two consoles on one host sign each other out.
_PORT = urlsplit(PUBLIC_ORIGINS[0]).port
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (f"{name}_{_PORT}" if _PORT else name for name in ("sessionid", "csrftoken"))
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "executions.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"

try:
    TRUSTED_PROXIES = [
        ipaddress.ip_network(part.strip()) for part in _text("TRUSTED_PROXIES").split(",") if part.strip()
    ]
except ValueError as error:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}; list addresses or networks with commas.") from None
# TrustedProxyMiddleware removes the header from everybody else's requests.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

INSTALLED_APPS = [
    "daphne",
    "console.admin.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "console",
    "executions",
]
MIDDLEWARE = [
    "console.middleware.TrustedProxyMiddleware",
    "console.middleware.HealthMiddleware",
    "console.middleware.AddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "executions.views.errors.ErrorPagesMiddleware",
]
ROOT_URLCONF = "console.urls"
ASGI_APPLICATION = "console.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        # Some browsers do not count websockets of the same origin as 'self'.
        "connect-src": [SELF, *("ws" + origin.removeprefix("http") for origin in PUBLIC_ORIGINS)],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

try:
    DATABASES = {"default": dj_database_url.parse(_text("DATABASE_URL", f"sqlite:///{BASE_DIR / 'console.sqlite3'}"))}
except (ValueError, dj_database_url.UnknownSchemeError):
    DATABASES = {"default": {"ENGINE": ""}}
if DATABASES["default"]["ENGINE"] not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
    # Not shown: it may hold a password.
    raise ImproperlyConfigured(
        "DATABASE_URL is no address of a SQLite or PostgreSQL database; write it like sqlite:////folder/x.sqlite3 or "
        "postgres://user:password@host:5432/name."
    )
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers wait for each other instead of failing, and readers never wait.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _text("REDIS_URL")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL is no address of a Redis server; write it like redis://host:6379/0.")
if REDIS_URL:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The demo serves straight from the source; everything else from what collectstatic made.
WHITENOISE_USE_FINDERS = DEMO = _flag("DEMO")
STATIC_ROOT = None if DEMO else BASE_DIR / "staticfiles"
WHITENOISE_AUTOREFRESH = DEBUG
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "console.static_files.StyleSheetFinder",
]
_MANIFEST = "console.static_files.HashedStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEMO or DEBUG else _MANIFEST,
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/executions/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# 2 MB of JSON in a form, where most of its characters become three, and the form around it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
# A batch of 10,000 executions, and the form around it.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # httpx logs every address it calls, with its query.
        "httpx": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "temporalio": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
