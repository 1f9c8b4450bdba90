"""How requests travel: addresses that arrive as meant, reads that are retried, writes that are sent once."""

import logging
import ssl
import time
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import stamina

from executions.upstream import errors

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ID_BYTES = 1_000
ATTEMPTS = 3
"""For reads."""
CONNECTIONS = 50
SSL_CONTEXT = ssl.create_default_context()
"""Making one takes 80 ms, so all clients share it."""
_RETRIED_STATUSES = {502, 503, 504}

# httpx logs every address at INFO, and addresses hold ids and filters.
logging.getLogger("httpx").setLevel(logging.WARNING)


def segment(value: str) -> str:
    """One path segment for an id; InvalidId if it could not arrive as it is."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise errors.InvalidId("This id is not valid text.") from None
    if not 1 <= size <= MAX_ID_BYTES:
        raise errors.InvalidId(f"An id has 1 to {MAX_ID_BYTES:,} bytes; this one has {size:,}.")
    if value in {".", ".."} or "\0" in value:
        raise errors.InvalidId("An id cannot be “.” or “..”, or contain a null character.")
    return quote(value, safe="")


def check_base_url(base_url: str) -> str:
    """The base URL without a trailing slash; ValueError if it is none."""
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("The API's address must look like https://api.example.com.")
    return base_url.rstrip("/")


class _Again(Exception):
    """A read that may be tried again; carries what to raise if it may not."""

    def __init__(self, error: errors.UpstreamError) -> None:
        super().__init__(str(error))
        self.error = error


def _wait(error: Exception) -> bool | float:
    """For stamina: whether to try again, or after how many seconds."""
    if not isinstance(error, _Again):
        return False
    after = getattr(error.error, "retry_after", None)
    return True if after is None else float(after)


class Transport:
    """One connection pool for all threads. Every answer is bounded in bytes and in time."""

    def __init__(
        self, base_url: str, api_key: str, timeout: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.base_url = check_base_url(base_url)
        self.timeout = timeout
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._prefix = urlsplit(self.base_url).path
        self._http = httpx.Client(
            transport=transport,
            verify=SSL_CONTEXT,
            trust_env=False,
            http2=False,
            follow_redirects=False,
            timeout=httpx.Timeout(timeout),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url}>"

    @property
    def stream_headers(self) -> dict[str, str]:
        return {"Authorization": self._headers["Authorization"]}

    def close(self) -> None:
        self._http.close()

    def read(self, path: str, params: dict[str, Any] | None = None) -> bytes:
        """GET, tried again within the time limit where that may help. Returns the body; raises UpstreamError."""
        deadline = time.monotonic() + self.timeout
        attempts = stamina.retry_context(
            on=_wait, attempts=ATTEMPTS, timeout=self.timeout, wait_initial=0.1, wait_max=2.0, wait_jitter=0.3
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._try_read(path, params, deadline)
        except _Again as again:
            raise again.error from None
        raise AssertionError("stamina gave up without an error")

    def _try_read(self, path: str, params: dict[str, Any] | None, deadline: float) -> bytes:
        try:
            return self._send("GET", path, params, None, deadline)
        except errors.UpstreamError as error:
            connect = isinstance(error, errors.NoAnswer) and not error.sent
            gateway = isinstance(error, errors.ServerFault) and error.status in _RETRIED_STATUSES
            limited = isinstance(error, errors.RateLimited)
            after = getattr(error, "retry_after", None) or 0
            if (connect or gateway or limited) and time.monotonic() + after < deadline:
                raise _Again(error) from None
            raise

    def write(self, path: str, body: Any = None) -> bytes:
        """POST, sent once. Returns the body; raises UpstreamError."""
        return self._send("POST", path, None, body, time.monotonic() + self.timeout)

    def _send(self, method: str, path: str, params: dict[str, Any] | None, body: Any, deadline: float) -> bytes:
        request = self._http.build_request(
            method, self.base_url + path, params=params, json=body, headers=self._headers
        )
        # httpx folds dots in paths: what is sent must be what was meant.
        if request.url.raw_path.partition(b"?")[0] != (self._prefix + path).encode():
            raise errors.InvalidId("This id cannot be sent to the API without changing it.")
        left = max(deadline - time.monotonic(), 0.01)
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            answer = self._http.send(request, stream=True)
            try:
                content = self._content(answer, deadline)
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise self._failure(error) from None
        if not answer.is_success:
            raise errors.from_answer(answer.status_code, answer.headers, content)
        return content

    def _content(self, answer: httpx.Response, deadline: float) -> bytes:
        found = bytearray()
        for chunk in answer.iter_bytes():
            found += chunk
            if len(found) > MAX_ANSWER_BYTES:
                raise errors.BrokenAnswer("The Workflows API’s answer is larger than 64 MB.", status=answer.status_code)
            if time.monotonic() > deadline:
                raise errors.Timeout(f"The Workflows API did not finish its answer within {self.timeout:g} seconds.")
        return bytes(found)

    def _failure(self, error: httpx.HTTPError) -> errors.UpstreamError:
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        found: errors.UpstreamError
        if isinstance(error, httpx.TimeoutException):
            found = errors.Timeout(f"The Workflows API did not answer within {self.timeout:g} seconds.")
        elif unsent:
            found = errors.NoAnswer("The Workflows API cannot be reached.")
        elif isinstance(error, httpx.DecodingError):
            return errors.BrokenAnswer("The Workflows API’s answer cannot be unpacked.")
        else:
            found = errors.NoAnswer("The connection to the Workflows API broke before its answer was complete.")
        if unsent:
            found.sent = False
        return found
