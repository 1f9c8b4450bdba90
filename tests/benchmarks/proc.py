"""What the system knows of a process and of a port: Linux's /proc."""

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_ESTABLISHED = "01"
_RELEASED_SECONDS = 10.0
_QUIET_SECONDS, _TICKS_WHEN_QUIET = 20.0, 2


def cpu_seconds(pid: int) -> float:
    """Of all its threads, in user and system mode."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def wait_until_quiet(pid: int) -> None:
    """Until it has next to nothing to do."""
    deadline = time.monotonic() + _QUIET_SECONDS
    before = cpu_seconds(pid)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = cpu_seconds(pid)
        if now - before <= _TICKS_WHEN_QUIET / _TICKS:
            return
        before = now


def resident(pid: int) -> int:
    """Bytes in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def files_left(pid: int, before: int) -> int:
    """Files that are open above so many as before; what is still being closed gets its time."""
    deadline = time.monotonic() + _RELEASED_SECONDS
    while open_files(pid) > before and time.monotonic() < deadline:
        time.sleep(0.1)
    return max(open_files(pid) - before, 0)


def clients(port: int) -> set[int]:
    """The ports of the clients that have a connection to this port, as the server sees it."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if state == _ESTABLISHED and int(local.rpartition(":")[2], 16) == port:
            found.add(int(remote.rpartition(":")[2], 16))
    return found
