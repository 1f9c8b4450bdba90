"""Connections for calls that must be over at a moment.

httpcore applies each of its time limits to every single wait: a server that sends a byte now and then could hold a
thread for ever. On these connections a limit is a moment of the monotonic clock, so all the waits of a call share it.
"""

import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

CONNECT_SECONDS = 10.0
"""For each address that the host's name stands for."""
KEEPALIVE_SECONDS = 5.0
_NO_TIME = 0.001
"""What is left when nothing is: sockets take 0 for "do not wait", which fails in other ways."""


def _left(moment: float | None) -> float:
    """Seconds until then; some, for a request that says nothing."""
    return CONNECT_SECONDS if moment is None else max(moment - time.monotonic(), _NO_TIME)


class _Connection(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if _left(timeout) == _NO_TIME:
            # Bytes may be waiting, and more after them: time is up all the same.
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return _Connection(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = min(_left(timeout), CONNECT_SECONDS)
        return _Connection(super().connect_tcp(host, port, seconds, local_address, socket_options))


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's transport, where a request's timeouts for connect, read and write are moments (`time.monotonic()`)."""

    def __init__(self, ssl_context: Any, connections: int, kept_alive: int) -> None:
        super().__init__(verify=ssl_context, trust_env=False, http2=False)
        # httpx passes everything on to httpcore but the backend.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=connections,
            max_keepalive_connections=kept_alive,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=_Backend(),
        )
