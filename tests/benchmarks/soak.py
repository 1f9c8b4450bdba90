"""A long watch: viewers come and go, lines never end, and the server must stay as it was."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests import faulty
from tests.benchmarks import proc
from tests.benchmarks.live import PATIENCE, Feed, complete, percentiles, watches
from tests.benchmarks.viewers import Crowd
from tests.relay.sse_upstream import Execution
from tests.servers import console

SAMPLES = 30


def soak(folder: Path, viewers: int, rate: int, seconds: float) -> dict[str, Any]:
    """Memory of the server through a long run, as megabytes at equal distances."""
    memory: list[float] = []
    with faulty.running() as upstream, console(folder, upstream.url) as served:
        execution = Execution(upstream, "live")
        feed = Feed(execution, rate, seconds)
        assert served.process
        pid = served.process.pid
        done = threading.Event()

        def sample() -> None:
            while not done.wait(seconds / SAMPLES):
                memory.append(round(proc.resident(pid) / 1e6, 1))

        planned = [
            # Every tenth breaks its connection and comes back, again and again.
            replace(one, keeps=False, leaves=tuple(range(1_000, one.rows, 1_000)) if number % 10 == 0 else ())
            for number, one in enumerate(watches(served, feed.rows, viewers))
        ]
        files = proc.open_files(pid)
        crowd = Crowd(planned)
        crowd.wait_until_there()
        sampling = threading.Thread(target=sample)
        sampling.start()
        feed.start()
        feed.wait()
        seen = crowd.result(PATIENCE)
        done.set()
        sampling.join()
        execution.wait_until_none_is_open()
        left = proc.files_left(pid, files)
    third = len(memory) // 3
    return {
        "viewers": viewers,
        "rows a second": rate,
        "minutes": round(seconds / 60, 1),
        **complete(seen, feed.rows),
        **percentiles(seen, feed.sent),
        "memory, MB": memory,
        "growth from the first third to the last, MB": round(max(memory[-third:]) - max(memory[:third]), 1),
        "files left open": left,
        "upstream connections at once": execution.most_open,
    }
