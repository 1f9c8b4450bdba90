"""The demo's processes: they start together and end together, however any of them ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.servers import ROOT, sent_cookie

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
DEADLINE = 60.0


@dataclass
class Demo:
    process: "subprocess.Popen[str]"
    address: str = ""
    api: str = ""
    password: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def processes(self) -> dict[str, int]:
        """Name to process id, of the demo and all below it."""
        found = {"demo": self.process.pid}
        below = [self.process.pid]
        while below:
            parent = below.pop()
            for pid in _children(parent):
                below.append(pid)
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[next(name for name in (" run ", " sandbox ", "temporal server") if name in command).strip()] = pid
        return found

    @property
    def ports(self) -> list[int]:
        return [int(url.rpartition(":")[2]) for url in (self.address, self.api)]


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found


def _start() -> Demo:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "console.settings"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--empty"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    demo = Demo(process)
    assert process.stdout
    for line in process.stdout:
        demo.said.append(line)
        if found := re.search(r"Executions Console\s+(\S+)", line):
            demo.address = found[1]
        if found := re.search(r"Password\s+(\S+)", line):
            demo.password = found[1]
        if found := re.search(r"API\s+(\S+)", line):
            demo.api = found[1]
        if "Ctrl-C" in line:
            return demo
    raise AssertionError("".join(demo.said))


@pytest.fixture
def demo() -> Iterator[Demo]:
    started = _start()
    yield started
    started.process.kill()
    started.process.wait()


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def _all_gone(processes: dict[str, int], ports: list[int]) -> bool:
    """Whether, before the deadline, no process is left and no port is taken."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if all(_gone(pid) for pid in processes.values()):
            break
        time.sleep(0.05)
    else:
        return False
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    return True


@pytest.mark.slow
def test_serves_what_it_says_and_ends_at_ctrl_c(demo: Demo) -> None:
    processes, folder = demo.processes, Path(f"/proc/{demo.process.pid}/environ").read_bytes()
    assert set(processes) == {"demo", "run", "sandbox", "temporal server"}
    with httpx.Client(base_url=demo.address, trust_env=False) as client:
        client.get("/accounts/login/")
        token = sent_cookie(client, "csrftoken").partition("=")[2]
        form = {"username": "viewer", "password": demo.password, "csrfmiddlewaretoken": token}
        assert client.post("/accounts/login/", data=form).headers["Location"] == "/executions/"
        assert "No executions" in client.get("/executions/").text
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(DEADLINE) == 0
    assert _all_gone(processes, demo.ports)
    database = re.search(rb"DEMO_FOLDER=([^\0]+)", folder)
    assert database
    assert not Path(database[1].decode()).exists()


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["demo", "run", "sandbox", "temporal server"])
def test_ends_when_one_of_its_processes_is_killed(demo: Demo, victim: str) -> None:
    processes, ports = demo.processes, demo.ports
    os.kill(processes[victim], signal.SIGKILL)
    assert _all_gone(processes, ports)
    assert demo.process.wait(DEADLINE) != 0


@pytest.mark.slow
def test_a_second_one_beside_it_works(demo: Demo) -> None:
    second = _start()
    try:
        assert set(second.ports).isdisjoint(demo.ports)
        for address in (demo.address, second.address):
            assert httpx.get(f"{address}/readyz", trust_env=False).text == "ready\n"
    finally:
        processes, ports = second.processes, second.ports
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(DEADLINE) == 0
    assert _all_gone(processes, ports)
    assert httpx.get(f"{demo.address}/readyz", trust_env=False).text == "ready\n"


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "console.settings"}
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", "--port", port],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Port {port} cannot be used (Address already in use). Leave --port out for a free one.\n"
    )
