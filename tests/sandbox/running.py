"""The sandbox as a real process."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 20


@dataclass
class Sandbox:
    process: "subprocess.Popen[str]"
    url: str
    errors: TextIO

    @property
    def engine(self) -> int:
        """The process id of the Temporal server."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def said(self) -> str:
        """What it wrote to standard error."""
        self.errors.seek(0)
        return self.errors.read()

    def stop(self) -> int:
        """End its lifeline, and wait. Returns its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def command(*options: str) -> list[str]:
    return [sys.executable, "manage.py", "sandbox", *options]


@contextlib.contextmanager
def running(*options: str) -> Iterator[Sandbox]:
    """A sandbox on a free port, stopped at the end."""
    # A file, since nobody empties a pipe.
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (read when the process has ended)
    process = subprocess.Popen(
        command("--lifeline", *options),
        cwd=ROOT,
        env={**os.environ, "SECRET_KEY": "only-for-tests", "DJANGO_SETTINGS_MODULE": "console.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline()
    found = Sandbox(process, line.rpartition(" ")[2].strip(), errors)
    try:
        assert line.startswith("Sandbox API: http://"), found.said()
        yield found
    finally:
        found.stop()
        errors.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(pid: int, seconds: float = STOP_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)
