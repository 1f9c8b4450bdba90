"""A text that many sockets get is framed once. (That browsers get what it says: the tests of the served streams.)"""

import importlib
import socket
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import pytest
from daphne import ws_protocol
from twisted.internet import tcp

from console import frames
from executions.relay.messages import SharedText

FRAME = b"\x81\x04n\xc3\xa9e"


@pytest.fixture
def pair() -> Iterator[tuple[Any, socket.socket]]:
    """A websocket that stands on a real socket, and a browser's end of that."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    with ours, theirs:
        yield opened(ours), theirs


def opened(ours: socket.socket) -> Any:
    made = frames.SharedFrames()
    made.state, made.send_queue = made.STATE_OPEN, []
    made.factory, made.client_addr = SimpleNamespace(prepareMessage=Mock(side_effect=prepared)), None
    made.transport = tcp.Connection(ours, made, Mock())
    made.transport.connected = True
    made.sendPreparedMessage, made.sendMessage = Mock(), Mock()
    return made


def prepared(content: bytes, **_: Any) -> Any:
    return SimpleNamespace(payloadHybi=bytes([0x81, len(content)]) + content)


def test_a_shared_text_is_framed_once_and_sent_at_once(pair: tuple[Any, socket.socket]) -> None:
    one, browser = pair
    text = SharedText("née")
    for _ in range(3):
        one.serverSend(text)
    assert browser.recv(100) == 3 * FRAME
    one.factory.prepareMessage.assert_called_once_with("née".encode(), doNotCompress=True)
    one.sendMessage.assert_not_called()


def test_what_waits_to_be_written_goes_first(pair: tuple[Any, socket.socket]) -> None:
    one, browser = pair
    one.transport.write(b"before")
    text = SharedText("née")
    one.serverSend(text)
    one.sendPreparedMessage.assert_called_once_with(text.frame)
    browser.setblocking(False)
    with pytest.raises(BlockingIOError):
        browser.recv(1)


def test_what_a_full_socket_does_not_take_is_left_to_twisted(pair: tuple[Any, socket.socket]) -> None:
    one, browser = pair
    sent = bytearray()
    one.factory.prepareMessage = lambda content, **_: SimpleNamespace(payloadHybi=content)
    one.serverSend(SharedText("x" * 4_000_000))
    rest = b"".join(one.transport._tempDataBuffer)
    while len(sent) + len(rest) < 4_000_000:
        sent += browser.recv(1_000_000)
    assert (bytes(sent) + rest, len(rest) > 0) == (b"x" * 4_000_000, True)


def test_who_has_gone_is_no_failure_of_the_sender(pair: tuple[Any, socket.socket]) -> None:
    one, browser = pair
    browser.close()
    one.serverSend(SharedText("née"))
    assert b"".join(one.transport._tempDataBuffer) == FRAME
    one.state = one.STATE_CLOSED
    with pytest.raises(ConnectionResetError):
        one.write_now(SharedText("née"))


@pytest.mark.parametrize(("content", "binary", "sent"), [("text", False, b"text"), (b"bytes", True, b"bytes")])
def test_anything_else_goes_its_usual_way(
    pair: tuple[Any, socket.socket], content: Any, binary: bool, sent: bytes
) -> None:
    one, _ = pair
    one.serverSend(content, binary)
    one.sendMessage.assert_called_once_with(sent, binary)


def test_the_socket_behind_an_applications_send_can_be_written_to(pair: tuple[Any, socket.socket]) -> None:
    one, browser = pair

    async def reply(protocol: Any, message: Any) -> None: ...

    write = frames.writer(partial(reply, one))
    assert write
    write(SharedText("née"))
    assert browser.recv(100) == FRAME
    assert [frames.writer(send) for send in (reply, partial(reply), partial(reply, Mock()))] == [None] * 3


def test_the_application_brings_it_along() -> None:
    importlib.import_module("console.asgi")
    assert ws_protocol.WebSocketFactory.protocol is frames.SharedFrames


def test_little_is_read_at_a_time(pair: tuple[Any, socket.socket]) -> None:
    one, _ = pair
    with patch.object(ws_protocol.WebSocketProtocol, "connectionMade"):
        one.connectionMade()
    assert one.transport.bufferSize == frames.READ_SIZE


@pytest.mark.parametrize(("code", "heard"), [(None, True), (1000, True), (4408, True), (4400, False)])
def test_of_one_that_sends_what_it_may_not_nothing_more_is_read(
    pair: tuple[Any, socket.socket], code: int | None, heard: bool
) -> None:
    one, _ = pair
    one.sendClose = Mock()
    one.transport.pauseProducing = Mock()
    one.serverClose(code)
    one.sendClose.assert_called_once_with(code=code or 1000)
    assert one.transport.pauseProducing.called != heard
