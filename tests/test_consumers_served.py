"""The websockets, served by Daphne to real clients, on a real upstream."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests import faulty as upstreams
from tests.faulty import Faulty, reply
from tests.relay.scripted import numbers
from tests.relay.sse_upstream import Cut, Execution
from tests.servers import Console, console, sent_cookie

ORIGIN = "http://testserver"
LOGS, EVENTS = "/ws/executions/exec-1/logs/", "/ws/executions/exec-1/events/"
PATIENCE = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Faulty]]:
    with upstreams.running() as upstream, console(tmp_path_factory.mktemp("console"), upstream.url) as served:
        yield served, upstream


@dataclass
class Browser:
    """Watches as the page's script does: acknowledges, comes back with the last id."""

    console: Console
    path: str
    cookie: str
    ids: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    code: int = 0

    async def watch(self, until: int = 0) -> None:
        """Until so many rows are there, or the server has closed."""
        address = f"ws{self.console.url[4:]}{self.path}"
        if self.ids:
            address += f"?last_event_id={self.ids[-1]}"
        async with connect(address, **how(self.console, self.cookie)) as socket:
            try:
                while not until or len(self.ids) < until:
                    await self._take(socket, json.loads(await socket.recv()))
            except ConnectionClosed as closed:
                self.code = closed.rcvd.code if closed.rcvd else 1006

    async def _take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        if message["type"] == "state":
            self.states.append(message["state"])
        else:
            self.ids += [item["id"] for item in message["items"]]
            await socket.send(json.dumps({"ack": self.ids[-1]}))


def how(console: Console, cookie: str, origin: str | None = "") -> dict[str, Any]:
    headers = {"Cookie": cookie} | ({} if origin is None else {"Origin": origin or console.url})
    return {
        "additional_headers": headers,
        "proxy": None,
        "open_timeout": PATIENCE,
        "close_timeout": 2,
        "max_size": None,
    }


@pytest.fixture(scope="module")
def viewer_cookie(server: tuple[Console, Faulty]) -> str:
    return sent_cookie(server[0].sign_in("viewer"))


@pytest.mark.slow
async def test_ten_viewers_of_a_live_log_with_three_cuts_lose_nothing_and_share_one_connection(
    server: tuple[Console, Faulty], viewer_cookie: str
) -> None:
    served, upstream = server
    cuts = [Cut(150, "line"), Cut(300, "reset", again=40), Cut(450, "event", again=7)]
    execution = Execution(upstream, "shared", cuts=cuts)
    browsers = [Browser(served, "/ws/executions/shared/logs/", viewer_cookie) for _ in range(10)]
    watching = [asyncio.create_task(browser.watch()) for browser in browsers]
    for _ in range(60):
        execution.add(10)
        await asyncio.sleep(0.02)
    execution.finish()
    async with asyncio.timeout(30):
        await asyncio.gather(*watching)
    for browser in browsers:
        assert browser.ids == numbers(1, 600)
        assert (browser.states[-1], browser.code) == ("ended", 1000)
    assert execution.most_open == 1
    assert {"150", "450"} <= {*execution.resumed_after}
    assert len(execution.requests) >= 4


async def test_viewers_that_come_and_go_lose_nothing(server: tuple[Console, Faulty], viewer_cookie: str) -> None:
    served, upstream = server
    execution = Execution(upstream, "coming and going", cuts=[Cut(333, "reset", again=5)])
    path = "/ws/executions/coming%20and%20going/events/"
    browsers = [Browser(served, path, viewer_cookie) for _ in range(4)]

    async def comes_and_goes(browser: Browser, stay: int) -> None:
        while browser.code != 1000:
            await browser.watch(until=len(browser.ids) + stay)

    watching = [asyncio.create_task(comes_and_goes(*one)) for one in zip(browsers, (90, 130, 170, 1000), strict=True)]
    for _ in range(50):
        execution.add(10)
        await asyncio.sleep(0.02)
    execution.finish()
    async with asyncio.timeout(30):
        await asyncio.gather(*watching)
    for browser in browsers:
        assert browser.ids == numbers(1, 500)


@pytest.mark.parametrize("name", ["Origin", "none", "null", "https", "port", "host"])
async def test_the_server_answers_a_wrong_origin_with_403(
    server: tuple[Console, Faulty], viewer_cookie: str, name: str
) -> None:
    served, _ = server
    origin = {
        "Origin": "http://evil.example",
        "none": None,
        "null": "null",
        "https": served.url.replace("http:", "https:"),
        "port": "http://127.0.0.1:1",
        "host": served.url.replace("127.0.0.1", "localhost"),
    }[name]
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws{served.url[4:]}{LOGS}", **how(served, viewer_cookie, origin)):
            pass
    assert refused.value.response.status_code == 403


async def _close_code(served: Console, path: str, cookie: str, *frames: str | bytes, **headers: str) -> int:
    options = how(served, cookie)
    options["additional_headers"] |= headers
    async with connect(f"ws{served.url[4:]}{path}", **options) as socket:
        for frame in frames:
            await socket.send(frame)
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006


async def test_the_browser_sees_the_codes(server: tuple[Console, Faulty], viewer_cookie: str) -> None:
    served, upstream = server
    upstream.on(reply({"detail": "Execution not found"}, 404), path="/v1/workflows/executions/gone/logs/stream")
    running = Execution(upstream, "running")
    served.manage(
        "shell",
        "-c",
        "from django.contrib.auth.models import User; User.objects.create_user('nobody', password='demo')",
    )
    nobody = sent_cookie(served.sign_in("nobody"))
    path = "/ws/executions/running/logs/"
    assert await _close_code(served, path, "") == 4401
    assert await _close_code(served, path, nobody) == 4403
    assert await _close_code(served, "/ws/executions/gone/logs/", viewer_cookie) == 4404
    assert await _close_code(served, path, viewer_cookie, b"\x00") == 4400
    assert await _close_code(served, path, viewer_cookie, "x" * 1024 * 1024) == 4400
    # Larger frames the server does not take in: it drops the connection.
    assert await _close_code(served, path, viewer_cookie, "x" * (1024 * 1024 + 1)) == 1006
    running.finish()
    assert await _close_code(served, path, viewer_cookie) == 1000


async def test_the_server_logs_nothing_of_all_this(server: tuple[Console, Faulty], viewer_cookie: str) -> None:
    served, upstream = server
    for path in ("/ws/", "/ws/executions/a%2Fb/logs/", "/ws/executions/%FF/nowhere/"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws{served.url[4:]}{path}", **how(served, viewer_cookie)):
                pass
        assert refused.value.response.status_code == 403
    Execution(upstream, "rooted").finish()
    root = {"Daphne-Root-Path": "/elsewhere"}
    assert await _close_code(served, "/ws/executions/rooted/logs/", viewer_cookie, **root) == 1000
    assert (await asyncio.to_thread(httpx.get, f"{served.url}/healthz", headers=root)).status_code == 200
    assert await _close_code(served, "/ws/executions/a~b/logs/", viewer_cookie) == 1000
    # The server looks for failed applications once a second.
    await asyncio.sleep(1.5)
    assert [line for line in served.log.splitlines() if "Traceback" in line or "ERROR" in line] == []


@pytest.mark.slow
async def test_a_restart_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    with upstreams.running() as upstream, console(tmp_path, upstream.url) as served:
        execution = Execution(upstream, "restarted")
        cookie = sent_cookie(await asyncio.to_thread(served.sign_in, "viewer"))
        browsers = [Browser(served, "/ws/executions/restarted/logs/", cookie) for _ in range(5)]
        execution.add(100)
        watching = [asyncio.create_task(browser.watch()) for browser in browsers]
        async with asyncio.timeout(PATIENCE):
            while any(len(browser.ids) < 100 for browser in browsers):  # noqa: ASYNC110  (they count themselves)
                await asyncio.sleep(0.05)
        execution.add(50)
        await asyncio.to_thread(served.stop)
        await asyncio.gather(*watching)
        assert [browser.code for browser in browsers] == [1006] * 5
        execution.add(50)
        await asyncio.to_thread(served.start)
        watching = [asyncio.create_task(browser.watch()) for browser in browsers]
        execution.add(50)
        execution.finish()
        async with asyncio.timeout(30):
            await asyncio.gather(*watching)
        assert [browser.ids for browser in browsers] == [numbers(1, 250)] * 5
        assert "Traceback" not in served.log
        assert "Task was destroyed" not in served.log


@pytest.mark.slow
async def test_a_browser_that_stops_reading_is_closed_and_comes_back(tmp_path: Path) -> None:
    with upstreams.running() as upstream, console(tmp_path, upstream.url) as served:
        execution = Execution(upstream, "stalled")
        execution.add(2_000)
        cookie = sent_cookie(await asyncio.to_thread(served.sign_in, "viewer"))
        path = "/ws/executions/stalled/logs/"
        ids: list[str] = []
        async with connect(f"ws{served.url[4:]}{path}", **how(served, cookie)) as socket:
            with contextlib.suppress(ConnectionClosed):
                async for text in socket:
                    ids += [item["id"] for item in json.loads(text).get("items", [])]
        assert (socket.close_code, ids) == (4408, numbers(1, 1_000))
        browser = Browser(served, path, cookie, ids)
        execution.finish()
        await browser.watch()
        assert browser.ids == numbers(1, 2_000)
