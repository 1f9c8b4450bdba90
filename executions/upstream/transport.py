"""How requests travel: addresses that arrive as meant, reads that are retried, writes that are sent once."""

import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Generator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import stamina

from executions import ids
from executions.upstream import errors
from executions.upstream.deadline import DeadlineTransport

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 1024 * 1024
"""Of an answer with a status other than 2xx; the rest of a longer one is not read."""
MAX_ID_BYTES = ids.MAX_BYTES
CONNECTIONS = 50
"""For reads at a time, and as many for writes."""
ATTEMPTS = 3
FIRST_PAUSE, LONGEST_PAUSE, JITTER = 0.1, 0.5, 0.3
"""Seconds between attempts. Where the API says when to ask again, only the jitter is added."""
PATIENCE = 5.0
"""A person waits for the page: when the API wants to be asked again later than this, that is for them to do."""
SSL_CONTEXT = ssl.create_default_context()
"""Making one takes 80 ms, so all clients share it."""

# httpx logs every address at INFO, and addresses hold ids and filters.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Key(httpx.Auth):
    """The API key. It goes straight onto a request, so that no variable of ours shows it in a log or a traceback."""

    def __init__(self, value: str) -> None:
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._value}"
        yield request

    def check(self) -> None:
        """ValueError if it cannot be sent."""
        if not re.fullmatch("[!-~]+", self._value):
            raise ValueError("The API key has characters that no key has: spaces, line ends or letters beyond ASCII.")


def segment(value: str) -> str:
    """One path segment for an id; InvalidId if it could not arrive as it is."""
    try:
        return quote(ids.check(value), safe="")
    except ValueError as error:
        raise errors.InvalidId(str(error)) from None


def check_base_url(base_url: str) -> str:
    """The base URL without a trailing slash; ValueError if it is none."""
    found = base_url.rstrip("/")
    parts = urlsplit(found)
    # Credentials in the address would replace the key.
    right = (
        parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment or parts.username)
    )
    try:
        if right and _path(httpx.URL(found)) == (parts.path or "/"):
            return found
    except httpx.InvalidURL:
        pass
    raise ValueError("The API's address must look like https://api.example.com.")


def _path(url: httpx.URL) -> str:
    """The path as it is sent."""
    return url.raw_path.partition(b"?")[0].decode("ascii")


def _worth_another_read(error: errors.UpstreamError) -> bool:
    match error:
        case errors.Timeout():
            return not error.sent
        case errors.NoAnswer():
            return True
        case errors.RateLimited():
            # Without a time to come back, asking again at once would only add to the load.
            return error.retry_after is not None
        case errors.ServerFault():
            return error.status in {502, 503, 504}
    return False


def _was_not_sent(error: errors.UpstreamError) -> bool:
    return isinstance(error, errors.NoAnswer) and not error.sent


class Transport:
    """Two connection pools for all threads, for reads and for writes. Answers are bounded in bytes and in time."""

    def __init__(self, base_url: str, key: Key, timeout: float, transport: httpx.BaseTransport | None = None) -> None:
        key.check()
        self.base_url = check_base_url(base_url)
        self.timeout = timeout
        self.key = key
        self._prefix = urlsplit(self.base_url).path
        self._reads = self._pool(transport or DeadlineTransport(SSL_CONTEXT, CONNECTIONS, kept_alive=CONNECTIONS))
        # The API may be closing a connection that was kept alive just when we use it, and then nobody knows whether
        # it took what we sent. A read is sent again; a write gets a connection of its own.
        self._writes = self._pool(transport or DeadlineTransport(SSL_CONTEXT, CONNECTIONS, kept_alive=0))

    def _pool(self, transport: httpx.BaseTransport) -> httpx.Client:
        return httpx.Client(
            transport=transport,
            auth=self.key,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
            # One client serves everybody: what the API tells one call to remember is no business of the next.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._reads.close()
        self._writes.close()

    def url(self, path: str, params: dict[str, Any] | None = None) -> httpx.URL:
        """The address of a path; InvalidId if it cannot be sent, or if httpx would send another (it folds dots)."""
        try:
            found = httpx.URL(self.base_url + path, params=params or None)
        except (UnicodeEncodeError, httpx.InvalidURL):
            raise errors.InvalidId("This cannot be part of an address: it is too long, or not valid text.") from None
        if _path(found) != self._prefix + path:
            raise errors.InvalidId("This id cannot be sent to the API without changing it.")
        return found

    def read(self, path: str, params: dict[str, Any] | None = None) -> bytes:
        """GET, tried again within the time limit where that may help. Returns the body; raises UpstreamError."""
        request = self._reads.build_request("GET", self.url(path, params))
        return self._send(self._reads, request, _worth_another_read)

    def write(self, path: str, body: Any = None) -> bytes:
        """POST, sent once: tried again only where no connection came about. Returns the body; raises UpstreamError."""
        url = self.url(path)
        try:
            request = self._writes.build_request("POST", url, json=body)
        except (ValueError, RecursionError):
            raise errors.Invalid("The input cannot be written as JSON. Nothing was sent.") from None
        return self._send(self._writes, request, _was_not_sent)

    def _send(self, pool: httpx.Client, request: httpx.Request, again: Callable[[errors.UpstreamError], bool]) -> bytes:
        deadline = time.monotonic() + self.timeout

        def pause(error: Exception) -> bool | float:
            """For stamina: whether to try again, or after how many seconds."""
            if not isinstance(error, errors.UpstreamError) or not again(error):
                return False
            asked: float | None = getattr(error, "retry_after", None)
            if asked is not None and asked > PATIENCE:
                return False
            if time.monotonic() + (LONGEST_PAUSE if asked is None else asked + JITTER) > deadline:
                return False
            return True if asked is None else asked + random.uniform(0, JITTER)  # noqa: S311  (no secret)

        attempts = stamina.retry_context(
            on=pause,
            attempts=ATTEMPTS,
            timeout=None,  # `pause` looks at the time
            wait_initial=FIRST_PAUSE,
            wait_max=LONGEST_PAUSE,
            wait_jitter=JITTER,
        )
        for attempt in attempts:
            with attempt:
                answer = self._exchange(pool, request, deadline)
                if isinstance(answer, errors.UpstreamError):
                    raise answer
                return answer
        raise AssertionError("stamina gave up without an error")

    def _exchange(self, pool: httpx.Client, request: httpx.Request, deadline: float) -> bytes | errors.UpstreamError:
        """The body of a 2xx answer, or what went wrong.

        That is returned, not raised: raised from here it would keep httpx's error as its context, whose traceback
        holds the request as it was sent, key and all.
        """
        request.extensions["timeout"] = dict.fromkeys(("connect", "write", "read"), deadline) | {
            "pool": max(deadline - time.monotonic(), 0.0)
        }
        try:
            answer = pool.send(request, stream=True)
        except httpx.HTTPError as error:
            return self._no_answer(error)
        try:
            content, problem = self._content(answer)
        finally:
            answer.close()
        if not answer.is_success:
            return errors.from_answer(answer.status_code, answer.headers, content)
        return problem or content

    def _no_answer(self, error: httpx.HTTPError) -> errors.UpstreamError:
        match error:
            case httpx.ConnectTimeout():
                return errors.Timeout("The Workflows API cannot be reached.", sent=False)
            case httpx.ConnectError():
                return errors.NoAnswer("The Workflows API cannot be reached.", sent=False)
            case httpx.PoolTimeout():
                return errors.Timeout("Too many calls to the Workflows API are under way already.", sent=False)
            case httpx.TimeoutException():
                return errors.Timeout(f"The Workflows API did not answer within {self.timeout:g} seconds.")
            # httpcore has the same error, in the words "Server disconnected", for a connection closed without a word.
            case httpx.RemoteProtocolError() if "disconnected" not in str(error):
                return errors.BrokenAnswer("What answers at the Workflows API’s address does not speak HTTP.")
        return errors.NoAnswer("The connection to the Workflows API broke before it answered.")

    def _content(self, answer: httpx.Response) -> tuple[bytes, errors.UpstreamError | None]:
        """What came of the body, and what kept the rest from coming."""
        found = bytearray()
        problem: errors.UpstreamError | None = check_packing(answer)
        most = MAX_ANSWER_BYTES if answer.is_success else MAX_ERROR_BYTES
        try:
            for chunk in () if problem else answer.iter_bytes():
                found += chunk
                if len(found) > most:
                    problem = errors.BrokenAnswer(f"The Workflows API’s answer is larger than {most >> 20} MB.")
                    break
        except httpx.TimeoutException:
            problem = errors.Timeout(f"The Workflows API did not finish its answer within {self.timeout:g} seconds.")
        except httpx.HTTPError:
            problem = errors.BrokenAnswer("The Workflows API’s answer was cut short.")
        return bytes(found), problem


def check_packing(answer: httpx.Response) -> errors.BrokenAnswer | None:
    """Plain or gzip: other packings, and one in another, turn a few bytes into gigabytes."""
    if answer.headers.get("Content-Encoding", "identity").strip().lower() in {"", "identity", "gzip"}:
        return None
    return errors.BrokenAnswer("The Workflows API’s answer is packed in a way we do not read.")
