"""What one expensive request takes: its time, the memory of the process, and how long others wait meanwhile."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.benchmarks import proc
from tests.benchmarks.pages import figures
from tests.servers import Console


def timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def cost(served: Console, call: Callable[[], Any]) -> tuple[float, float]:
    """Of a call: others' p99 in ms while it goes on, and the bytes by which the process grows at the most."""
    assert served.process
    other = served.sign_in("operator")
    done, memory, others = threading.Event(), [proc.resident(served.process.pid)], []
    threads = [
        threading.Thread(target=_watch, args=(served.process.pid, memory, done)),
        threading.Thread(target=_browse, args=(other, others, done)),
    ]
    for thread in threads:
        thread.start()
    call()
    done.set()
    for thread in threads:
        thread.join()
    return figures(others)["p99 ms"], max(memory) - memory[0]


def _watch(pid: int, memory: list[int], done: threading.Event) -> None:
    while not done.wait(0.01):
        memory.append(proc.resident(pid))


def _browse(client: httpx.Client, times: list[float], done: threading.Event) -> None:
    while not done.wait(0.005) or len(times) < 20:
        times.append(timed(lambda: client.get("/healthz")))
