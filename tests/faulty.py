"""An upstream that fails as it is told: a real socket, answers by script, every request kept as it was received.

    faulty.on(reply({"a": 1}))                             # any request, again and again
    faulty.on(reply(status=503), reply({}), path="/x")     # one after the other; the last one stays
    faulty.on([RESET], method="POST")
    faulty.on(sse(b"data: 1\\n\\n", gate, b"data: 2\\n\\n", RESET))
    faulty.on(lambda request: reply() if request.place == 0 else [RESET])

An answer is a list of steps, or a function that makes one from the request. A step is bytes to send, an event to wait
for (from `faulty.gate()`), a `Drip`, or one of RESET, CLOSE and HANG. What was registered last is tried first.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

PATIENCE = 10.0
"""Seconds after which waiting for something that does not come fails a test."""
LONGEST_SILENCE = 30.0
"""Seconds after which a connection is closed on a client that would wait for ever."""


@dataclass(frozen=True)
class Drip:
    """Bytes sent one by one, with a pause before each."""

    data: bytes
    seconds: float


RESET = "reset"
"""Close with RST: what was sent may be lost on the way."""
CLOSE = "close"
"""Close in order, with FIN."""
HANG = "hang"
"""Send nothing more, until the client leaves."""
Step = bytes | threading.Event | Drip | str
Answer = Sequence[Step] | Callable[["Request"], Sequence[Step]]


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    """The raw path with its query, as it stood in the request line."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int
    """Number of the connection it came through, from 0."""
    place: int
    """Its number on that connection, from 0."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True, strict_parsing="?" in self.target)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """None if it is missing; equal headers joined by commas."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower()) or None


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """A status line and headers."""
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def reply(body: Any = b"", status: int = 200, headers: Mapping[str, str] | None = None, missing: int = 0) -> list[Step]:
    """A whole answer. A body other than bytes is sent as JSON; of one that is `missing` bytes the connection closes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    known = {"Content-Type": "application/json", "Content-Length": str(len(content) + missing)}
    steps: list[Step] = [head(status, known | dict(headers or {})) + content]
    return [*steps, CLOSE] if missing else steps


def redirect(location: str, status: int = 307) -> list[Step]:
    return reply(status=status, headers={"Location": location})


def sse(*steps: Step, status: int = 200, content_type: str = "text/event-stream") -> list[Step]:
    """A stream: each step of bytes is one chunk. It ends in order, unless the last step is RESET, CLOSE or HANG."""
    start = head(status, {"Content-Type": content_type, "Transfer-Encoding": "chunked"})
    chunks = [b"%x\r\n%b\r\n" % (len(step), step) if isinstance(step, bytes) else step for step in steps]
    return [start, *chunks, b"0\r\n\r\n"]


@dataclass
class _Rule:
    method: str | None
    path: str | None
    answers: list[Answer]

    def take(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Connection:
    socket: socket.socket
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client has closed it, or reset it."""


class Faulty:
    """The server; it listens unless it is told to wait, and refuses connections until then."""

    def __init__(self, *, listening: bool = True, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        """All there ever were, in their order."""
        self._rules: list[_Rule] = []
        self._gates: list[threading.Event] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._socket = socket.socket()
        # One that comes back takes the port again, whose last connections may not have been forgotten yet.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if listening:
            self.listen()

    def listen(self) -> None:
        self._socket.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, *answers: Answer, method: str | None = None, path: str | None = None) -> None:
        """Answers for requests with this method and raw path; any, where none is given."""
        self._rules.insert(0, _Rule(method, path, list(answers)))

    def gate(self) -> threading.Event:
        """A step that waits until the test sets it; the end of the test does, too."""
        gate = threading.Event()
        self._gates.append(gate)
        return gate

    def wait_for_requests(self, count: int) -> list[Request]:
        """The requests, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE), (
                f"{len(self.requests)} requests came, not {count}"
            )
            return list(self.requests)

    def wait_until_left(self, connection: int = 0) -> None:
        """Until the client has closed that connection."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.connections) > connection, PATIENCE), "no such connection"
        assert self.connections[connection].left.wait(PATIENCE), "the client did not close its connection"

    def refuse(self) -> None:
        """Take no connections any more; those that there are stay."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def stop(self) -> None:
        self._stopping = True
        for gate in self._gates:
            gate.set()
        self.refuse()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            accepted.settimeout(LONGEST_SILENCE)
            with self._changed:
                connection = Connection(accepted)
                self.connections.append(connection)
                self._changed.notify_all()
            number = len(self.connections) - 1
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: Connection, number: int) -> None:
        try:
            with connection.socket, connection.socket.makefile("rb") as incoming:
                place = 0
                while request := _receive(incoming, number, place):
                    place += 1
                    with self._changed:
                        self.requests.append(request)
                        answer = self._answer(request)
                        self._changed.notify_all()
                    steps = answer(request) if callable(answer) else answer
                    if not self._play(connection, steps):
                        return
                connection.left.set()
        except TimeoutError:
            pass
        except (OSError, ValueError):
            # Gone, or something other than HTTP, such as the beginning of TLS.
            connection.left.set()

    def _answer(self, request: Request) -> Answer:
        for rule in self._rules:
            if rule.method in {None, request.method} and rule.path in {None, request.path}:
                return rule.take()
        return reply({"detail": "This test has no answer for it."}, status=501)

    def _play(self, connection: Connection, steps: Sequence[Step]) -> bool:
        """Whether the connection goes on after the steps."""
        sending = connection.socket
        for step in steps:
            if self._stopping:
                return False
            match step:
                case bytes():
                    sending.sendall(step)
                case threading.Event():
                    step.wait(PATIENCE)
                case Drip():
                    for byte in step.data:
                        time.sleep(step.seconds)
                        sending.sendall(bytes([byte]))
                case "reset":
                    sending.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    # The file made of it holds the socket open: detach, so that closing is closing.
                    socket.close(sending.detach())
                    return False
                case "close":
                    sending.shutdown(socket.SHUT_WR)
                    return False
                case "hang":
                    while sending.recv(65536):
                        pass
                    connection.left.set()
                    return False
        return True


def _receive(incoming: Any, connection: int, place: int) -> Request | None:
    """The next request; None when the client has closed."""
    first = incoming.readline()
    if not first:
        return None
    method, target, _ = first.decode("latin-1").split(" ")
    headers = []
    while (line := incoming.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Request(method, target, tuple(headers), incoming.read(length), connection, place)


@contextlib.contextmanager
def running(*, listening: bool = True) -> Iterator[Faulty]:
    """A server for the length of a `with`."""
    server = Faulty(listening=listening)
    try:
        yield server
    finally:
        server.stop()
