"""Evidence as it is served: it leaves while it is collected, a browser that goes away ends it, and it stays small."""

import base64
import contextlib
import http.client
import io
import json
import os
import resource
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import faulty as upstream
from tests.executions import canned
from tests.faulty import HANG, Faulty, reply
from tests.servers import Console, console

PAGE = f"/executions/{canned.ID}/evidence/"
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
PATIENCE = 20


@pytest.fixture(scope="module")
def api() -> Iterator[Faulty]:
    with upstream.running() as server:
        canned.healthy(server)
        yield server


@pytest.fixture(scope="module")
def serving(api: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("evidence"), api.url) as served:
        yield served


@pytest.fixture(scope="module")
def viewer(serving: Console) -> httpx.Client:
    return serving.sign_in("viewer")


def memory(process_id: int, what: str = "VmRSS") -> int:
    """Bytes of a process: now, or at most so far (`VmHWM`)."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) << 10


def test_it_leaves_while_it_is_collected(viewer: httpx.Client, api: Faulty) -> None:
    gate = api.gate()
    healthy = reply({"results": [canned.LOG], "next_cursor": None})
    api.on([gate, *healthy], healthy, method="GET", path=canned.path(rest="/logs"))
    began = time.monotonic()
    with viewer.stream("GET", PAGE) as answer:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
        coming, content = answer.iter_bytes(), b""
        # All before the logs has left; they have not come yet.
        while b"trace-events.json" not in content:
            content += next(coming)
        assert time.monotonic() - began < upstream.PATIENCE / 2
        gate.set()
        content += b"".join(coming)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        assert json.loads(packed.read("manifest.json"))["complete"]


def _once_free(client: httpx.Client) -> httpx.Response:
    """The evidence, as soon as a place is free."""
    deadline = time.monotonic() + PATIENCE
    while (answer := client.get(PAGE)).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


def test_a_browser_that_leaves_ends_it(serving: Console, viewer: httpx.Client, api: Faulty) -> None:
    """What is asked for then is the last; the place is free for others."""
    gate, before = api.gate(), len(api.requests)

    def asked(path: str) -> int:
        return [one.path for one in api.requests[before:]].count(path)

    held = [gate, *reply(canned.HISTORY)]
    api.on(held, held, reply(canned.HISTORY), method="GET", path=HISTORY)
    leaving = []
    for name in ("viewer", "operator"):
        cookies = "; ".join(f"{name}={value}" for name, value in serving.sign_in(name).cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=PATIENCE)
        connection.request("GET", PAGE, headers={"Cookie": cookies})
        leaving.append(connection)
    deadline = time.monotonic() + PATIENCE
    while asked(HISTORY) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for connection in leaving:
        connection.close()
    # The server hears of it before it gets on with its work.
    for _ in range(5):
        assert viewer.get("/healthz").status_code == 200
    assert viewer.get(PAGE).status_code == 429
    gate.set()
    with zipfile.ZipFile(io.BytesIO(_once_free(viewer).content)) as packed:
        assert json.loads(packed.read("manifest.json"))["complete"]
    # The two asked for nothing after what they were waiting for: this is all the third's.
    assert (asked(HISTORY), asked(canned.path(rest="/trace/otel"))) == (2 + 2, 1)
    assert "Traceback" not in serving.log, serving.log


@pytest.mark.slow
def test_a_history_of_fifty_megabytes(serving: Console, viewer: httpx.Client, api: Faulty) -> None:
    """Twice, encoded and decoded, and never two of them in memory."""
    events = [canned.event(number, "ACTIVITY_TASK_COMPLETED", result="x" * 850) for number in range(1, 50_001)]
    large = reply({"events": events})
    size = len(large[0])
    assert size > 50_000_000
    api.on(large, method="GET", path=HISTORY)
    assert serving.process
    viewer.get(PAGE.replace("evidence/", ""))
    before = memory(serving.process.pid)
    with viewer.stream("GET", PAGE) as answer, io.BytesIO() as content:
        for piece in answer.iter_bytes():
            content.write(piece)
        with zipfile.ZipFile(content) as packed:
            manifest = json.loads(packed.read("manifest.json"))
            assert packed.testzip() is None
    api.on(reply(canned.HISTORY), method="GET", path=HISTORY)
    assert manifest["complete"]
    peak = memory(serving.process.pid, "VmHWM") - before
    assert peak < 3 * size, f"{peak / size:.1f} times its bytes"


@pytest.mark.slow
def test_a_part_that_hangs_is_given_up(tmp_path: Path, api: Faulty) -> None:
    api.on([HANG], method="GET", path=canned.path(rest="/trace/otel"))
    with console(tmp_path / "short", api.url, UPSTREAM_TIMEOUT_SECONDS="1") as served:
        content = served.sign_in("viewer").get(PAGE).content
    api.on(reply(canned.execution()), method="GET", path=canned.path(rest="/trace/otel"))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        found = {one["name"]: one for one in json.loads(packed.read("manifest.json"))["files"]}
    assert [name for name, one in found.items() if not one["complete"]] == ["trace-otel.json"]
    assert "within 1 seconds" in found["trace-otel.json"]["problem"]


@pytest.mark.slow
def test_a_slow_browser_costs_no_memory(serving: Console, viewer: httpx.Client, api: Faulty) -> None:
    """All is collected and waits on the disk: 150 MB that cannot be packed, for a browser that reads nothing."""
    events = json.dumps({"events": [{"text": base64.b64encode(os.urandom(45_000)).decode()} for _ in range(500)]})
    large, last = reply(events.encode()), canned.EVENTS
    paths = [HISTORY, *(canned.path(rest=f"/trace/{shape}") for shape in ("otel", "summary", "events"))]
    for path in paths:
        api.on(large, method="GET", path=path)
    assert serving.process
    viewer.get(PAGE.replace("evidence/", ""))
    before, asked = memory(serving.process.pid), len(api.requests)
    with viewer.stream("GET", PAGE) as answer:
        coming = answer.iter_bytes()
        content = io.BytesIO(next(coming))
        content.seek(0, io.SEEK_END)
        deadline = time.monotonic() + 4 * PATIENCE
        while last not in {one.path for one in api.requests[asked:]}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # The one answer of 30 MB, as it came and in one piece, and what the allocator keeps of it: 61 MB, for 167.
        assert memory(serving.process.pid) - before < 100_000_000
        for piece in coming:
            content.write(piece)
    for path in paths:
        api.on(reply(canned.execution()), method="GET", path=path)
    assert content.tell() > 100_000_000
    with zipfile.ZipFile(content) as packed:
        assert packed.testzip() is None
        assert json.loads(packed.read("manifest.json"))["complete"]


def test_a_user_has_one_place(serving: Console, viewer: httpx.Client, api: Faulty) -> None:
    gate = api.gate()
    healthy = reply({"results": [canned.LOG], "next_cursor": None})
    api.on([gate, *healthy], [gate, *healthy], healthy, method="GET", path=canned.path(rest="/logs"))
    with contextlib.ExitStack() as under_way:
        clients = viewer, serving.sign_in("operator")
        streams = [under_way.enter_context(client.stream("GET", PAGE)) for client in clients]
        assert {one.status_code for one in streams} == {200}
        refused = viewer.get(PAGE)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert "You are downloading evidence already" in refused.text
        # One leaves without reading to the end, the other stays: there is a place again.
        streams[0].close()
        gate.set()
        _once_free(viewer)
        with zipfile.ZipFile(io.BytesIO(streams[1].read())) as packed:
            assert packed.testzip() is None


@pytest.mark.slow
def test_a_disk_that_is_full_ends_the_download_and_nothing_else(tmp_path: Path, api: Faulty) -> None:
    """The browser sees that it is cut short; the console looks after its other connections as before."""
    events = json.dumps({"events": [{"text": base64.b64encode(os.urandom(45_000)).decode()} for _ in range(50)]})
    api.on(reply(events.encode()), method="GET", path=HISTORY)
    with console(tmp_path / "small", api.url) as served:
        viewer = served.sign_in("viewer")
        assert served.process
        # No file may become longer than a megabyte.
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                viewer.get(PAGE)
        assert served.log.count("An answer has broken off in its middle.") == 2
        assert viewer.get(PAGE.replace("evidence/", "")).status_code == 200
    api.on(reply(canned.HISTORY), method="GET", path=HISTORY)
