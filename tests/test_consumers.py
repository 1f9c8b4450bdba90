"""The websockets, with the application called as a server calls it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.test import Client

from console.asgi import application
from executions import consumers
from executions.relay import hub as hubs
from executions.relay import relay as relays
from executions.relay import replay as replays
from executions.relay import window as windows
from executions.services import api, live
from tests.faulty import HANG, Faulty, head, reply
from tests.relay.scripted import no_task_is_left, numbers
from tests.relay.sse_upstream import Cut, Execution, chunk

ORIGIN = "http://testserver"
LOGS, EVENTS = "/ws/executions/exec-1/logs/", "/ws/executions/exec-1/events/"
PATIENCE = 10.0

signed_in = pytest.mark.django_db(transaction=True)


@dataclass
class Socket:
    """A browser's side of a websocket, without a server between."""

    communicator: WebsocketCommunicator
    ids: list[str] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        return dict(await self.communicator.receive_output(PATIENCE))

    async def message(self) -> dict[str, Any]:
        received = await self.receive()
        assert received["type"] == "websocket.send", received
        return dict(json.loads(received["text"]))

    async def closed(self) -> int:
        """The code it is closed with, after any messages."""
        while (received := await self.receive())["type"] == "websocket.send":
            pass
        assert received["type"] == "websocket.close"
        return int(received["code"])

    async def rows(self, count: int) -> list[str]:
        """Ids of all rows so far, once there are so many."""
        while len(self.ids) < count:
            message = await self.message()
            if message["type"] == "items":
                self.ids += [item["id"] for item in message["items"]]
        return self.ids

    async def until_state(self, name: str) -> str:
        """The state's words, after any other messages."""
        while (message := await self.message()).get("state") != name:
            pass
        return str(message["detail"])

    async def say(self, text: str | bytes) -> None:
        kind = "bytes" if isinstance(text, bytes) else "text"
        await self.communicator.send_input({"type": "websocket.receive", kind: text})

    async def leave(self) -> None:
        if not self.communicator.future.done():
            await self.communicator.disconnect(timeout=PATIENCE)


def _sign_out() -> None:
    Session.objects.all().delete()


def _take_permission() -> None:
    User.objects.get().groups.clear()


Open = Callable[..., Awaitable[Socket]]


@pytest.fixture
def execution(faulty: Faulty, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Execution]:
    """An execution on the console's upstream; periods are short."""
    settings.MISTRAL_SERVER_URL = faulty.url
    api.client.cache_clear()
    monkeypatch.setattr(hubs, "RELEASE_SECONDS", 0.01)
    monkeypatch.setattr(relays, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(replays, "QUIET_SECONDS", 0.3)
    yield Execution(faulty)
    api.client.cache_clear()


@pytest.fixture
def cookie(transactional_db: None) -> str:
    """A signed-in viewer's."""
    user = User.objects.create_user("somebody")
    user.groups.add(Group.objects.get(name="viewer"))
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


@pytest.fixture
async def open_socket(execution: Execution, cookie: str) -> AsyncIterator[Open]:
    """Opens sockets as that viewer; afterwards no task and no upstream connection may be left."""
    before = asyncio.all_tasks()
    sockets: list[Socket] = []

    async def opened(path: str = LOGS, *, cookie: str = cookie, origin: str | None = ORIGIN) -> Socket:
        headers = [(b"cookie", cookie.encode())] + ([(b"origin", origin.encode())] if origin else [])
        socket = Socket(WebsocketCommunicator(application, path, headers))
        sockets.append(socket)
        accepted, _ = await socket.communicator.connect(PATIENCE)
        assert accepted
        return socket

    yield opened
    for socket in sockets:
        await socket.leave()
    await consumers.hub().close()
    await no_task_is_left(before)
    await asyncio.to_thread(execution.wait_until_none_is_open)


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be logged as a warning or an error."""
    with caplog.at_level(logging.WARNING):
        yield
    assert [record.getMessage() for record in caplog.records] == []


@signed_in
@pytest.mark.parametrize("path", [LOGS, EVENTS])
async def test_a_viewer_sees_the_state_then_the_rows_then_the_end(
    open_socket: Open, execution: Execution, path: str, quiet_log: None
) -> None:
    execution.add(3)
    socket = await open_socket(path)
    assert await socket.message() == {"type": "state", "state": "reconnecting", "detail": "Connecting."}
    assert await socket.message() == {"type": "state", "state": "live", "detail": ""}
    items: list[dict[str, str]] = []
    while len(items) < 3:
        message = await socket.message()
        assert [*message] == ["type", "items"]
        items += message["items"]
    assert [(*item, item["id"], item["html"].count("<li ")) for item in items] == [
        ("id", "html", str(number), 1) for number in (1, 2, 3)
    ]
    execution.finish()
    assert await socket.message() == {
        "type": "state",
        "state": "ended",
        "detail": "The execution is over: nothing more will come.",
    }
    assert await socket.closed() == 1000


@signed_in
async def test_what_the_browser_asks_for_goes_upstream(open_socket: Open, execution: Execution) -> None:
    run = "0192d3c4-0000-7000-8000-000000000000"
    execution.faulty.on(
        reply({"execution_id": "exec-1", "run_id": run, "status": "COMPLETED"}), path=f"/v1/workflows/runs/{run}"
    )
    execution.add(9)
    await (await open_socket(f"{LOGS}?run={run}&activity=5&after=2026-11-24T10%3A00%3A02.123456789Z")).rows(7)
    await (await open_socket(f"{LOGS}?last_event_id=7")).rows(2)
    await (await open_socket(f"{EVENTS}?last_event_id=8")).rows(1)
    queries = [dict(request.query) for request in execution.requests]
    assert queries == [
        {"run_id": run, "activity_id": "5", "after": "2026-11-24T10:00:02.123456+00:00"},
        {"last_event_id": "7"},
        {"last_event_id": "8"},
    ]


@signed_in
async def test_viewers_of_one_stream_share_a_connection_and_filters_have_their_own(
    open_socket: Open, execution: Execution
) -> None:
    execution.add(5)
    for _ in range(3):
        assert await (await open_socket()).rows(5) == numbers(1, 5)
    assert len(execution.requests) == 1
    await (await open_socket(f"{LOGS}?activity=7")).rows(5)
    await (await open_socket(EVENTS)).rows(5)
    assert len(execution.requests) == 3


@signed_in
async def test_a_cut_is_told_and_nothing_is_lost(open_socket: Open, execution: Execution) -> None:
    execution.cuts = [Cut(3, "order"), Cut(5, "line", again=4), Cut(6, "event")]
    execution.add(8)
    socket = await open_socket()
    states = []
    while len(socket.ids) < 8:
        message = await socket.message()
        if message["type"] == "items":
            socket.ids += [item["id"] for item in message["items"]]
        else:
            states.append(message["state"])
    assert socket.ids == numbers(1, 8)
    assert {*states} == {"reconnecting", "live"}
    # What came just before the second cut might have been sent again: it is asked for once more.
    assert (execution.resumed_after, execution.most_open) == ([None, "3", "3", "5", "6"], 1)


@signed_in
@pytest.mark.parametrize(
    "given", ["", "sessionid=", "sessionid=unknown", "sessionid=" + "x" * 32, "sessionid=\x7f;;=", "other=1"]
)
async def test_without_a_session_it_is_closed_with_4401(open_socket: Open, execution: Execution, given: str) -> None:
    socket = await open_socket(cookie=given)
    assert await socket.receive() == {"type": "websocket.close", "code": 4401}
    assert execution.requests == []


@signed_in
async def test_without_the_permission_it_is_closed_with_4403(open_socket: Open, execution: Execution) -> None:
    await sync_to_async(_take_permission)()
    for path in (LOGS, EVENTS):
        socket = await open_socket(path)
        assert await socket.receive() == {"type": "websocket.close", "code": 4403}
    assert execution.requests == []


@signed_in
@pytest.mark.parametrize("path", ["/ws/executions/unknown/logs/", "/ws/executions/unknown/events/"])
async def test_an_unknown_execution_is_told_and_closed_with_4404(
    open_socket: Open, execution: Execution, path: str
) -> None:
    execution.faulty.on(reply({"detail": "Execution not found", "code": "WF_1100"}, 404))
    socket = await open_socket(path)
    assert await socket.until_state("failed") == "Execution not found (WF_1100)"
    assert await socket.closed() == 4404


@signed_in
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_sign_out, 4401),
        (lambda: User.objects.all().delete(), 4401),
        (lambda: User.objects.update(is_active=False), 4401),
        (lambda: User.objects.update(password="!another"), 4401),
        (_take_permission, 4403),
    ],
    ids=["signed out", "deleted", "deactivated", "password changed", "permission taken"],
)
async def test_an_open_socket_is_closed_soon_after_its_user_may_not_watch_any_more(
    open_socket: Open, execution: Execution, monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any], code: int
) -> None:
    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 0.05)
    execution.add(2)
    socket = await open_socket()
    await socket.rows(2)
    await sync_to_async(change)()
    assert await socket.closed() == code
    execution.add(2)
    await asyncio.sleep(0.1)
    assert await socket.communicator.receive_nothing(0.2)


@signed_in
async def test_who_may_watch_stays(open_socket: Open, execution: Execution, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    refusal = consumers.StreamConsumer._refusal

    async def counted(self: consumers.StreamConsumer) -> int | None:
        nonlocal looks
        looks += 1
        return await refusal(self)

    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(consumers.StreamConsumer, "_refusal", counted)
    socket = await open_socket()
    await socket.until_state("live")
    async with asyncio.timeout(PATIENCE):
        while looks < 4:  # noqa: ASYNC110  (a test's own count)
            await asyncio.sleep(0.01)
    execution.add()
    assert await socket.rows(1) == ["1"]


@signed_in
async def test_a_socket_whose_session_cannot_be_read_again_is_closed(
    open_socket: Open, execution: Execution, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await open_socket()
    await socket.until_state("live")

    async def broken(self: consumers.StreamConsumer) -> int | None:
        raise DatabaseError("no database any more")

    monkeypatch.setattr(consumers.StreamConsumer, "_refusal", broken)
    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(consumers, "LOOK_AFTER_FAULT_SECONDS", 0.01)
    second = await _opened_without_a_look(open_socket)
    assert await second.closed() == 4500
    assert "no database any more" in caplog.text


@signed_in
async def test_one_look_that_fails_closes_no_socket(
    open_socket: Open, execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await open_socket()
    await socket.until_state("live")
    looks: list[bool] = []

    async def broken_every_other_time(self: consumers.StreamConsumer) -> int | None:
        looks.append(len(looks) % 2 == 1)
        if looks[-1]:
            raise DatabaseError("no database now")
        return None

    monkeypatch.setattr(consumers.StreamConsumer, "_refusal", broken_every_other_time)
    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(consumers, "LOOK_AFTER_FAULT_SECONDS", 0.01)
    second = await open_socket()
    async with asyncio.timeout(PATIENCE):
        while len(looks) < 8:  # noqa: ASYNC110  (a test's own count)
            await asyncio.sleep(0.01)
    execution.add()
    assert await second.rows(1) == ["1"]


async def _opened_without_a_look(open_socket: Open) -> Socket:
    """A socket that was let in before the database went away."""
    broken = consumers.StreamConsumer._refusal
    looks = 0

    async def only_later(self: consumers.StreamConsumer) -> int | None:
        nonlocal looks
        looks += 1
        return None if looks == 1 else await broken(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumers.StreamConsumer, "_refusal", only_later)
        socket = await open_socket()
        await socket.until_state("live")
    return socket


@signed_in
@pytest.mark.parametrize(
    "frame",
    [
        b'{"ack": "1"}',
        b"\xff\x00",
        "",
        "not JSON",
        "null",
        "[]",
        '"1"',
        "{}",
        '{"ack": 1}',
        '{"ack": null}',
        '{"ack": ["1"]}',
        "[" * 7_000,
        '{"ack":' * 1_000,
        json.dumps({"ack": "x" * 10_000}),
        "x" * 1024 * 1024,
        "1" * 7_000,
    ],
    ids=lambda frame: repr(frame[:12]),
)
async def test_a_frame_that_is_no_acknowledgement_closes_the_socket(
    open_socket: Open, execution: Execution, quiet_log: None, frame: str | bytes
) -> None:
    socket = await open_socket()
    await socket.until_state("live")
    await socket.say(frame)
    assert await socket.closed() == 4400
    execution.add()
    assert await socket.communicator.receive_nothing(0.1)


@signed_in
@pytest.mark.parametrize("row_id", ["", "999", "\0", "\ud800", "x" * 1_000, "\x01" * 1_000])
async def test_an_acknowledgement_of_what_was_not_sent_changes_nothing(
    open_socket: Open, execution: Execution, quiet_log: None, row_id: str
) -> None:
    execution.add(2)
    socket = await open_socket()
    await socket.rows(2)
    await socket.say(json.dumps({"ack": row_id, "more": True}))
    execution.add()
    assert await socket.rows(3) == numbers(1, 3)


@signed_in
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"{LOGS}?after=yesterday", "“after” is not a time."),
        (f"{LOGS}?after=2026-99-99", "“after” is not a time."),
        (f"{LOGS}?last_event_id={'x' * 1001}", "“last_event_id” is too long."),
        (f"{EVENTS}?last_event_id={'%C3%A9' * 501}", "“last_event_id” is too long."),
        ("/ws/executions/a~b/logs/", "This address has a “~” that does not stand for a character."),
        (
            "/ws/executions/~2E~2E/logs/",
            "An execution id cannot be “.” or “..”: it would not survive the way to the API.",
        ),
        ("/ws/executions/a%00b/logs/", "An execution id cannot contain a null character."),
        (f"/ws/executions/{'x' * 1001}/logs/", "An execution id has 1 to 1,000 bytes; this one has 1,001."),
    ],
)
async def test_an_address_that_cannot_be_says_why(
    open_socket: Open, execution: Execution, quiet_log: None, address: str, reason: str
) -> None:
    socket = await open_socket(address)
    assert await socket.message() == {"type": "state", "state": "failed", "detail": reason}
    assert await socket.receive() == {"type": "websocket.close", "code": 1000}
    assert execution.requests == []


@signed_in
async def test_a_query_that_is_no_text_is_read_as_far_as_it_goes(
    open_socket: Open, execution: Execution, quiet_log: None, cookie: str
) -> None:
    execution.add(3)
    communicator = WebsocketCommunicator(
        application, LOGS, [(b"cookie", cookie.encode()), (b"origin", ORIGIN.encode())]
    )
    communicator.scope["query_string"] = b"\xff=\xfe&last_event_id=2&&=;%zz"
    await communicator.connect(PATIENCE)
    socket = Socket(communicator)
    assert await socket.rows(1) == ["3"]
    await socket.leave()


@signed_in
@pytest.mark.parametrize(
    ("segment", "execution_id"),
    [
        ("a~2Fb", "a/b"),
        ("~6Fpen", "open"),
        ("open", "open"),
        ("~2Ehidden", ".hidden"),
        ("a~7Eb", "a~b"),
        (quote("réf-😀"), "réf-😀"),
        (quote("<script>"), "<script>"),
        ("a%25b%3Fc%23d", "a%b?c#d"),
        ("a%0Ab", "a\nb"),
        ("x" * 1000, "x" * 1000),
    ],
)
async def test_any_id_arrives_upstream_as_it_is(
    open_socket: Open, execution: Execution, segment: str, execution_id: str
) -> None:
    other = Execution(execution.faulty, execution_id)
    other.add()
    assert await (await open_socket(f"/ws/executions/{segment}/logs/")).rows(1) == ["1"]
    assert [request.path for request in other.requests] == [
        f"/v1/workflows/executions/{quote(execution_id, safe='')}/logs/stream"
    ]


@signed_in
async def test_without_a_key_it_says_what_to_set(open_socket: Open, execution: Execution, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    socket = await open_socket()
    reason = "The console has no API key: set MISTRAL_API_KEY and start it again."
    assert await socket.message() == {"type": "state", "state": "failed", "detail": reason}
    assert await socket.receive() == {"type": "websocket.close", "code": 1000}


@signed_in
async def test_a_key_that_is_not_accepted_is_told_without_the_key(open_socket: Open, execution: Execution) -> None:
    execution.faulty.on(reply({"detail": "test-key is wrong"}, 401))
    socket = await open_socket()
    assert await socket.until_state("failed") == "The Workflows API does not accept the console’s key."
    assert await socket.closed() == 1000


@signed_in
async def test_what_upstream_says_in_an_error_event_is_told(open_socket: Open, execution: Execution) -> None:
    event = b'event: error\ndata: {"error": "backend away", "reason": "<b>full</b>"}\n\n'
    start = head(headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
    execution.faulty.on([start, chunk(event), HANG], path="/v1/workflows/executions/exec-1/logs/stream")
    socket = await open_socket()
    await socket.until_state("live")
    words = await socket.until_state("reconnecting")
    assert words == "The Workflows API says: backend away: <b>full</b> Connecting again."


@signed_in
async def test_hostile_rows_are_text(open_socket: Open, execution: Execution) -> None:
    hostile = "<script>alert(1)</script>\"'&\x1b[31m"
    record = json.dumps(
        {"timestamp": hostile, "body": hostile, "severity_text": hostile, "log_attributes": {hostile: hostile}}
    )
    lines = [f"id: 1\ndata: {record}\n\n", f"id: 2\ndata: {hostile}\n\n", 'id: 3\ndata: {"body": 5}\n\n']
    start = head(headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
    execution.faulty.on([start, *(chunk(line.encode()) for line in lines), HANG])
    socket = await open_socket()
    await socket.until_state("live")
    html = ""
    while len(socket.ids) < 3:
        items = (await socket.message())["items"]
        socket.ids += [item["id"] for item in items]
        html += "".join(item["html"] for item in items)
    assert html.count("<li ") == 3
    assert "<script" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@signed_in
async def test_a_window_without_acknowledgements_stops_and_is_closed_with_4408(
    open_socket: Open, execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "STALLED_SECONDS", 0.4)
    execution.add(2_500)
    stalled, other = await open_socket(), await open_socket()

    async def reads(socket: Socket, start: int) -> list[str]:
        while len(socket.ids) < 2_500 - start:
            await socket.rows(len(socket.ids) + 1)
            await socket.say(json.dumps({"ack": socket.ids[-1]}))
        return socket.ids

    assert await stalled.rows(1_000) == numbers(1, 1_000)
    assert await reads(other, 0) == numbers(1, 2_500)
    assert await stalled.receive() == {"type": "websocket.close", "code": 4408}
    again = await open_socket(f"{LOGS}?last_event_id={stalled.ids[-1]}")
    assert await reads(again, 1_000) == numbers(1_001, 2_500)
    execution.add()
    assert (await other.rows(2_501))[-1] == "2501"
    assert len(execution.requests) == 1


@signed_in
async def test_a_row_that_cannot_be_rendered_is_told_and_logged(
    open_socket: Open, execution: Execution, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live.Mould, "html", lambda *_: 1 / 0)
    execution.add()
    socket = await open_socket()
    words = await socket.until_state("failed")
    assert words == "The console could not read this stream; the error is in the server’s log."
    assert await socket.closed() == 1000
    assert "ZeroDivisionError" in caplog.text


@signed_in
@pytest.mark.parametrize("rows", [0, 3])
async def test_who_leaves_leaves_nothing_behind(open_socket: Open, execution: Execution, rows: int) -> None:
    before = asyncio.all_tasks()
    execution.add(3)
    for _ in range(3):
        socket = await open_socket()
        await socket.rows(rows)
        await socket.leave()
    await asyncio.to_thread(execution.wait_until_none_is_open)
    await no_task_is_left(before)


@signed_in
async def test_a_server_that_stops_leaves_nothing_behind(open_socket: Open, execution: Execution) -> None:
    # Then the application is cancelled, and never told of a disconnect.
    before = asyncio.all_tasks()
    socket = await open_socket()
    await socket.until_state("live")
    socket.communicator.future.cancel()
    await asyncio.to_thread(execution.wait_until_none_is_open)
    await no_task_is_left(before)


@signed_in
async def test_a_broken_channel_layer_breaks_no_socket(open_socket: Open, execution: Execution, settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "there.is.no.such.Layer"}}
    execution.add()
    assert await (await open_socket()).rows(1) == ["1"]


@pytest.mark.parametrize(
    "path",
    [
        "/ws/",
        "/ws/executions/",
        "/ws/executions/exec-1/",
        "/ws/executions/a/b/logs/",
        f"{LOGS}more",
        "/ws/executions//logs/",
    ],
)
async def test_any_other_address_is_refused(quiet_log: None, path: str) -> None:
    communicator = WebsocketCommunicator(application, path, [(b"origin", ORIGIN.encode())])
    assert await communicator.connect(PATIENCE) == (False, 1000)
    await communicator.wait(PATIENCE)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "https://testserver",
        "http://testserver:8000",
        "http://127.0.0.1",
        "http://127.0.0.1:8001",
        "http://localhost:8000",
        "http://evil.example",
        "http://testserver.evil.example",
        "http://sub.testserver",
        "testserver",
        "file://",
    ],
)
@pytest.mark.parametrize("path", [LOGS, "/ws/other/"])
@pytest.mark.django_db  # the framework’s consumer closes old connections
async def test_a_wrong_origin_is_refused(quiet_log: None, origin: str | None, path: str) -> None:
    headers = [] if origin is None else [(b"origin", origin.encode())]
    communicator = WebsocketCommunicator(application, path, headers)
    assert await communicator.connect(PATIENCE) == (False, 1000)
    await communicator.send_input({"type": "websocket.disconnect", "code": 1006})
    await communicator.wait(PATIENCE)


@signed_in
@pytest.mark.parametrize("origin", ["http://testserver", "http://testserver:80", "http://127.0.0.1:8000"])
async def test_the_consoles_own_origins_are_let_in(open_socket: Open, origin: str) -> None:
    await (await open_socket(origin=origin)).until_state("live")


@pytest.mark.parametrize("error", [RuntimeError("Attempt to send on a closed protocol"), OSError()])
async def test_a_browser_that_has_just_gone_is_no_fault(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    consumer = consumers.EventsConsumer()

    async def gone(*_: object) -> None:
        raise error

    async def work() -> int:
        await consumer._tell(relays.State("live"))
        return 1000

    consumer.base_send = gone
    await consumer._until_closed(work)
    assert caplog.records == []
