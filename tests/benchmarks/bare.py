"""The least that a fan-out can cost: asyncio alone, which writes ready-made messages to every client."""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from tests.benchmarks.proc import cpu_seconds

_FRAME_MOST = 2**16


def _frame(content: bytes) -> bytes:
    assert len(content) > 125
    size = b"\x7e" + len(content).to_bytes(2) if len(content) < _FRAME_MOST else b"\x7f" + len(content).to_bytes(8)
    return b"\x81" + size + content


async def _serve(messages: list[tuple[float, bytes]], viewers: int, says: Connection) -> None:
    writers: list[asyncio.StreamWriter] = []
    all_there = asyncio.Event()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        writers.append(writer)
        if len(writers) == viewers:
            all_there.set()
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    says.send(server.sockets[0].getsockname()[1])
    await all_there.wait()
    began, first = time.monotonic(), messages[0][0]
    for moment, content in messages:
        await asyncio.sleep(began + moment - first - time.monotonic())
        frame = _frame(content)
        for writer in writers:
            writer.write(frame)
    await asyncio.gather(*(writer.drain() for writer in writers))
    await asyncio.sleep(3600)


def _run(messages: list[tuple[float, bytes]], viewers: int, says: Connection) -> None:
    asyncio.run(_serve(messages, viewers, says))


@contextlib.contextmanager
def fan_out(messages: list[tuple[float, bytes]], viewers: int) -> Iterator[tuple[int, "multiprocessing.Process"]]:
    """Serves the messages at their own pace, once all viewers have come. Gives its port and its process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(messages, viewers, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv(), process  # type: ignore[misc]
    finally:
        process.kill()
        process.join()


def cpu_of(process: "multiprocessing.Process") -> float:
    assert process.pid
    return cpu_seconds(process.pid)
