"""The process's client for the Workflows API, made from the settings."""

from functools import cache

from django.conf import settings

from executions.upstream.client import Client


class NotConfigured(Exception):
    """No API key is set, or one that cannot be sent, so nothing can be asked; the message says which."""


@cache
def client() -> Client:
    """One client for the process: its connections are shared by all threads. NotConfigured without a key."""
    if not settings.MISTRAL_API_KEY:
        raise NotConfigured("MISTRAL_API_KEY is not set.")
    try:
        return Client(settings.MISTRAL_SERVER_URL, settings.MISTRAL_API_KEY, timeout=settings.UPSTREAM_TIMEOUT_SECONDS)
    except ValueError as error:
        raise NotConfigured(str(error)) from None
