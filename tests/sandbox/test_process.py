"""The sandbox's process: whatever ends it, nothing stays behind."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import httpx
import pytest

from tests.sandbox import running
from tests.sandbox.api import WAIT_SECONDS, Api
from tests.sandbox.running import ROOT, Sandbox


def _signal(number: signal.Signals) -> Callable[[Sandbox], None]:
    return lambda sandbox: os.kill(sandbox.process.pid, number)


def _kill_engine(sandbox: Sandbox) -> None:
    os.kill(sandbox.engine, signal.SIGKILL)


def _end_lifeline(sandbox: Sandbox) -> None:
    assert sandbox.process.stdin
    sandbox.process.stdin.close()


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        (_signal(signal.SIGTERM), 0, ""),
        (_signal(signal.SIGINT), 0, ""),
        (_end_lifeline, 0, ""),
        (_signal(signal.SIGKILL), -signal.SIGKILL, ""),
        (
            _kill_engine,
            1,
            "The Temporal server ended unexpectedly, and so did the sandbox. Start it again.\n",
        ),
    ],
    ids=["SIGTERM", "SIGINT", "lifeline", "SIGKILL", "engine"],
)
@pytest.mark.slow
def test_nothing_stays_behind(end: Callable[[Sandbox], None], code: int, words: str) -> None:
    with running.running("--empty") as sandbox:
        engine = sandbox.engine
        headers = {"Authorization": "Bearer test-key"}
        # An open stream and a running activity must not hold it up.
        with httpx.Client(base_url=f"{sandbox.url}/v1/workflows", headers=headers, trust_env=False, timeout=20) as http:
            http.post("/table-export/execute", json={"execution_id": "busy", "input": {"table": "orders"}})
            with http.stream("GET", "/executions/busy/stream") as stream:
                lines = stream.iter_lines()
                assert next(lines) == ": connected"
                end(sandbox)
                assert sandbox.process.wait(running.STOP_SECONDS) == code
        running.wait_for_end(engine)
        assert sandbox.said() == words
        with pytest.raises(httpx.ConnectError):
            httpx.get(sandbox.url, trust_env=False)


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (None, "Port {} is taken. Choose another with --port, or leave it out to get a free one."),
        (99_999, "Port {} is no port. Choose another with --port, or leave it out to get a free one."),
    ],
)
@pytest.mark.slow
def test_a_port_that_cannot_be_had(port: int | None, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = port or taken.getsockname()[1]
        done = subprocess.run(
            running.command("--port", str(wanted)), cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
        )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"CommandError: {words.format(wanted)}\n")


@pytest.mark.slow
def test_the_engines_own_ui_shows_the_same_executions() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with running.running("--empty", "--ui-port", str(port)) as sandbox:
        name = Api(sandbox.url).start("table-export", {"table": "orders"})
        path = f"/api/v1/namespaces/default/workflows/{name}"
        deadline = time.monotonic() + WAIT_SECONDS
        # The UI is there a moment after the engine.
        while (answer := httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)).status_code == 503:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        described = answer.json()
        assert described["workflowExecutionInfo"]["type"] == {"name": "table-export"}
