"""Who may not watch, who asks for too much, and who leaves without a word: the others must not notice."""

import asyncio
import contextlib
import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests import faulty
from tests.benchmarks import canned, proc
from tests.benchmarks.live import PATH, PATIENCE, Feed, complete, percentiles, watches
from tests.benchmarks.pages import ADDRESSES, set_up
from tests.benchmarks.viewers import Crowd
from tests.relay.sse_upstream import Execution
from tests.servers import Console, console, sent_cookie

_TAKE_AWAY = "from django.contrib.auth.models import User; User.objects.get(username='operator').groups.clear()"
_ID = re.compile(r'(?<!\\)"id": ?"(\d+)"')
_MEGABYTE = "x" * 1_000_000
_FLOOD = 10_000
_LOADS_AT_ONCE = 20


async def _code(served: Console, cookie: str, origin: str = "", send: list[str] | None = None) -> int:
    """The status of a refused handshake, or the code with which the server closed."""
    headers = {"Cookie": cookie, "Origin": origin or served.url}
    address = f"ws{served.url[4:]}{PATH}"
    try:
        async with connect(address, additional_headers=headers, proxy=None, max_size=None, open_timeout=60) as opened:
            with contextlib.suppress(ConnectionClosed):
                for message in send or []:
                    await opened.send(message)
            while True:
                ids = _ID.findall(await opened.recv())
                if ids and not send:
                    await opened.send(json.dumps({"ack": ids[-1]}))
    except InvalidStatus as refused:
        return refused.response.status_code
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


async def _attack(served: Console) -> dict[str, list[int]]:
    cookie, operator = (sent_cookie(served.sign_in(name)) for name in ("admin", "operator"))
    loses_right = asyncio.create_task(_code(served, operator))
    await asyncio.sleep(1)
    await asyncio.to_thread(served.manage, "shell", "-c", _TAKE_AWAY)
    origins = [f"http://evil-{number}.example" for number in range(20)]
    found = {
        "wrong origins": [await _code(served, cookie, origin) for origin in origins],
        "no session": [await _code(served, "none=none") for _ in range(20)],
        "frames of 1 MB": [await _code(served, cookie, send=[_MEGABYTE]) for _ in range(5)],
        "10,000 messages at once": [await _code(served, cookie, send=['{"ack": "0"}'] * _FLOOD) for _ in range(3)],
        "right taken away while open": [await loses_right],
    }
    return {name: sorted(set(codes)) for name, codes in found.items()}


def refused(folder: Path, viewers: int, rate: int, seconds: float) -> dict[str, Any]:
    """The same crowd twice, the second time with attackers beside it."""
    found: dict[str, Any] = {}
    for name in ("alone", "attacked"):
        with faulty.running() as upstream, console(folder / name, upstream.url) as served:
            feed = Feed(Execution(upstream, "live"), rate, seconds)
            crowd = Crowd(watches(served, feed.rows, viewers))
            crowd.wait_until_there()
            feed.start()
            if name == "attacked":
                found["codes"] = asyncio.run(_attack(served))
            feed.wait()
            seen = crowd.result(PATIENCE)
        found[name] = {**complete(seen, feed.rows), **percentiles(seen, feed.sent)}
    found["p99 ratio"] = round(found["attacked"]["p99 ms"] / found["alone"]["p99 ms"], 2)
    return found


def abandoned(folder: Path, loads: int) -> dict[str, Any]:
    """Page loads and streams whose browser leaves before the answer."""
    with faulty.running() as upstream, console(folder, upstream.url) as served:
        set_up(upstream)
        execution = Execution(upstream, canned.EXECUTION)
        execution.add(1_000)
        client = served.sign_in("viewer")
        cookie = sent_cookie(client)
        assert served.process
        pid = served.process.pid
        paths = [*ADDRESSES.values(), f"/ws/executions/{canned.EXECUTION}/logs/"]
        with ThreadPoolExecutor(_LOADS_AT_ONCE) as pool:
            # First what any number of loads would leave open: threads, and connections that are kept.
            list(pool.map(client.get, list(ADDRESSES.values()) * _LOADS_AT_ONCE))
            files = proc.open_files(pid)
            began = time.monotonic()
            list(pool.map(lambda number: _abandon(served, cookie, paths[number % len(paths)]), range(loads)))
            took = time.monotonic() - began
        asked = time.monotonic()
        answer = httpx.get(f"{served.url}/executions/", headers={"Cookie": cookie}, trust_env=False, timeout=60)
        next_call = time.monotonic() - asked
        assert answer.status_code == 200
        execution.wait_until_none_is_open()
        return {
            "loads": loads,
            "seconds": round(took, 1),
            "next call, seconds": round(next_call, 2),
            "upstream streams left open": execution.open_now,
            "files left open": proc.files_left(pid, files),
        }


def _abandon(served: Console, cookie: str, path: str) -> None:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{served.port}", f"Cookie: {cookie}"]
    if path.startswith("/ws/"):
        lines += [f"Origin: {served.url}", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as opened:
        opened.sendall("\r\n".join([*lines, "", ""]).encode())
        opened.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            opened.recv(1)  # some leave at once, some in the middle of the answer
