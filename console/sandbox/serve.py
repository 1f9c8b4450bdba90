"""The sandbox's process: engine, worker and HTTP, started and stopped together."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn
from opentelemetry import trace

from console.sandbox import engine, seed, worker
from console.sandbox.http.app import make_app
from console.sandbox.http.engine_room import EngineRoom
from console.sandbox.telemetry import Telemetry


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: they end the process before the engine is stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(*, port: int = 0, fd: int | None = None, lifeline: bool = False, seeded: bool = True) -> None:
    """Serve until SIGINT, SIGTERM or, with `lifeline`, the end of standard input. Raises engine.EngineError."""
    listening = socket.socket(fileno=fd) if fd is not None else socket.create_server(("127.0.0.1", port))
    asyncio.run(_run(listening, lifeline, seeded))


async def _run(listening: socket.socket, lifeline: bool, seeded: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if lifeline:
        loop.add_reader(sys.stdin.fileno(), lambda: os.read(sys.stdin.fileno(), 100) or stop.set())
    telemetry = Telemetry(loop)
    tracing, provider = worker.tracing(telemetry)
    trace.set_tracer_provider(provider)
    worker.capture_logs(telemetry)
    temporal = engine.Engine()
    try:
        client = await temporal.start(tracing)
        async with worker.make_worker(client, telemetry):
            app = make_app(EngineRoom(client, telemetry))
            config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
            await _serve(_Server(config), listening, stop, client, seeded)
    finally:
        temporal.stop()


async def _serve(server: _Server, listening: socket.socket, stop: asyncio.Event, client: object, seeded: bool) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    print(f"Sandbox API: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    filling = asyncio.create_task(_fill(client)) if seeded else None
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    if filling:
        filling.cancel()
    server.should_exit = True
    await serving


async def _fill(client: object) -> None:
    await seed.seed(client)  # type: ignore[arg-type]
    await seed.trickle(client)  # type: ignore[arg-type]
