"""The sandbox's process: engine, worker and HTTP, started and stopped together."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, NoReturn

import uvicorn
from opentelemetry import trace
from temporalio.client import Client

from console.sandbox import seed, worker
from console.sandbox.engine import Engine, SandboxError
from console.sandbox.http.app import make_app
from console.sandbox.http.engine_room import EngineRoom
from console.sandbox.telemetry import Telemetry


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which end the process before the engine is stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """A listening socket on this port, or on a free one for 0. Raises SandboxError."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
    except OverflowError:
        why = "is no port"
    raise SandboxError(f"Port {port} {why}. Choose another with --port, or leave it out to get a free one.")


def run(
    *, port: int = 0, fd: int | None = None, ui_port: int | None = None, lifeline: bool = False, seeded: bool = True
) -> NoReturn:
    """Serve until SIGINT, SIGTERM or, with `lifeline`, the end of standard input; then end the process.

    With `ui_port`, Temporal's own UI shows the same executions there.

    Raises SandboxError before it starts anything, if it cannot listen.
    """
    listening = listen(port) if fd is None else socket.socket(fileno=fd)
    # asyncio sees to this only on sockets of its own making; without it each answer takes 40 ms longer.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    logging.getLogger("temporalio").setLevel(logging.WARNING)
    asyncio.run(_until_stopped(_serve(listening, ui_port, seeded), lifeline))
    raise AssertionError("the process has ended")


async def _until_stopped(work: Coroutine[Any, Any, None], lifeline: bool) -> NoReturn:
    """Run until told to stop, then end the process."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def read_lifeline() -> None:
        if not os.read(sys.stdin.fileno(), 100):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    if lifeline:
        loop.add_reader(sys.stdin.fileno(), read_lifeline)
    working, stopping = loop.create_task(work), loop.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        # Once: a second Ctrl-C must not cut the stopping short.
        working.cancel()
    code = 1
    try:
        await working
    except asyncio.CancelledError:
        code = 0
    except SandboxError as error:
        print(error, file=sys.stderr)
    except Exception:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    # The engine's library has tasks and threads that wait for an engine which is gone, and crash Python's own ending.
    os._exit(code)


async def _serve(listening: socket.socket, ui_port: int | None, seeded: bool) -> None:
    telemetry = Telemetry(asyncio.get_running_loop())
    tracing, provider = worker.tracing(telemetry)
    trace.set_tracer_provider(provider)
    worker.capture_logs(telemetry)
    engine = Engine(ui_port)
    try:
        client = await engine.start(tracing)
        engine_end = asyncio.create_task(engine.ended())
        async with worker.running(client, telemetry, engine_end) as working:
            room = EngineRoom(client, telemetry)
            config = uvicorn.Config(make_app(room), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
            ends = {engine_end: "The Temporal server", working: "The worker"}
            await _serve_http(_Server(config), listening, room, ends, seeded)
    finally:
        await engine.stop()


async def _serve_http(
    server: _Server, listening: socket.socket, room: EngineRoom, ends: Mapping[asyncio.Task[Any], str], seeded: bool
) -> None:
    """Serve until cancelled. Raises SandboxError when one of the tasks in `ends` ends, which names it."""
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    filling = None
    try:
        # The socket listens already: whoever comes before the server is ready waits a moment.
        print(f"Sandbox API: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        if seeded:
            filling = asyncio.create_task(_fill(room.client))
        await asyncio.wait([serving, *ends], return_when=asyncio.FIRST_COMPLETED)
        names = " and ".join(name for task, name in ends.items() if task.done()) or "The HTTP server"
        raise SandboxError(f"{names} ended unexpectedly, and so did the sandbox. Start it again.")
    finally:
        if filling:
            filling.cancel()
        # Open streams would hold up the server's end.
        room.watchers.close()
        server.should_exit = True
        await serving


async def _fill(client: Client) -> None:
    try:
        await seed.seed(client)
        await seed.trickle(client)
    except Exception:
        # Whoever is looking at the sandbox keeps it; only nothing more will start by itself.
        traceback.print_exc()
