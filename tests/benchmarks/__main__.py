"""`make bench` and `make soak`: measure, print, and keep the figures in a file.

Times are of this machine and of this moment; the ratios, each of two things measured in one run, tell more.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import abuse, against, away, browser, goals, histories, live, pages, soak, waterfalls

Measure = Callable[[Path], Any]

BENCH: dict[str, Measure] = {
    "pages": pages.pages,
    "200 viewers of one stream": lambda folder: live.fan_out(folder, viewers=200, rate=1_000, seconds=20),
    "faults": lambda folder: live.faults(folder, viewers=50, rate=300, seconds=24, cuts=12, leaves=12, restarts=1),
    "stalled viewers": lambda folder: live.stalled(folder, viewers=60, rate=300, seconds=25, stalling=6),
    "idle viewers": lambda folder: live.idle(folder, viewers=200),
    "refused": lambda folder: abuse.refused(folder, viewers=20, rate=200, seconds=40),
    "abandoned loads": lambda folder: abuse.abandoned(folder, loads=1_000),
    "the API is away": lambda folder: away.away(folder, seconds=10),
    "in the browser": lambda folder: browser.latency(folder, rows=50_000),
    "histories": histories.histories,
    "waterfalls": waterfalls.waterfalls,
    "beside Temporal’s UI": against.against,
}

SOAK: dict[str, Measure] = {
    "200 viewers of one stream": lambda folder: live.fan_out(folder, viewers=200, rate=1_000, seconds=60),
    "faults": lambda folder: live.faults(folder, viewers=200, rate=1_000, seconds=60, cuts=50, leaves=50, restarts=3),
    "stalled viewers": lambda folder: live.stalled(folder, viewers=200, rate=1_000, seconds=30, stalling=20),
    "idle viewers": lambda folder: live.idle(folder, viewers=280),
    "abandoned loads": lambda folder: abuse.abandoned(folder, loads=10_000),
    "the API is away": lambda folder: away.away(folder, seconds=60),
    "in the browser": lambda folder: browser.latency(folder, rows=50_000),
    "100,000 lines in the browser": lambda folder: browser.flood(folder, rows=100_000),
    "half an hour": lambda folder: soak.soak(folder, viewers=50, rate=200, seconds=1_800),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the file that the figures go to")
    parser.add_argument("--soak", action="store_true", help="the long ones: more than half an hour")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="only those whose name contains one of these")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name, measure in (SOAK if options.soak else BENCH).items():
        if options.only and not any(one in name for one in options.only):
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found[name] = measure(Path(folder))
        print(f"\n{name} ({time.monotonic() - began:.0f} s)\n{json.dumps(found[name], indent=2)}", flush=True)
        options.output.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\n{goals.table(found)}")


if __name__ == "__main__":
    main()
