"""A text that many sockets get is framed once. (That browsers get what it says: the tests of the served streams.)"""

import importlib
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from daphne import ws_protocol

from console import frames
from executions.relay.messages import SharedText


def socket(factory: Any) -> Any:
    made = frames.SharedFrames()
    made.state = made.STATE_OPEN
    made.factory, made.client_addr = factory, None
    made.sendPreparedMessage, made.sendMessage = Mock(), Mock()
    return made


def test_a_shared_text_is_framed_once_and_sent_to_all() -> None:
    factory = SimpleNamespace(prepareMessage=Mock(side_effect=lambda content: ("frame", content)))
    sockets = [socket(factory) for _ in range(3)]
    text = SharedText("née")
    for one in sockets:
        one.serverSend(text)
    factory.prepareMessage.assert_called_once_with("née".encode())
    for one in sockets:
        one.sendPreparedMessage.assert_called_once_with(("frame", "née".encode()))
        one.sendMessage.assert_not_called()


@pytest.mark.parametrize(("content", "binary", "sent"), [("text", False, b"text"), (b"bytes", True, b"bytes")])
def test_anything_else_goes_its_usual_way(content: Any, binary: bool, sent: bytes) -> None:
    one = socket(None)
    one.serverSend(content, binary)
    one.sendMessage.assert_called_once_with(sent, binary)


def test_the_application_brings_it_along() -> None:
    importlib.import_module("console.asgi")
    assert ws_protocol.WebSocketFactory.protocol is frames.SharedFrames
