"""A text that many sockets get is framed once. (That browsers get what it says: the tests of the served streams.)"""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from daphne import ws_protocol

from console import frames
from executions.relay.messages import SharedText


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(ws_protocol.WebSocketFactory, "protocol", ws_protocol.WebSocketProtocol)
    frames._share_frames()
    return ws_protocol.WebSocketFactory.protocol


def socket(protocol: Any, factory: Any) -> Any:
    made = protocol()
    made.state = protocol.STATE_OPEN
    made.factory, made.client_addr = factory, None
    made.sendPreparedMessage, made.sendMessage = Mock(), Mock()
    return made


def test_a_shared_text_is_framed_once_and_sent_to_all(protocol: Any) -> None:
    factory = SimpleNamespace(prepareMessage=Mock(side_effect=lambda content: ("frame", content)))
    sockets = [socket(protocol, factory) for _ in range(3)]
    text = SharedText("née")
    for one in sockets:
        one.serverSend(text)
    factory.prepareMessage.assert_called_once_with("née".encode())
    for one in sockets:
        one.sendPreparedMessage.assert_called_once_with(("frame", "née".encode()))
        one.sendMessage.assert_not_called()


@pytest.mark.parametrize(("content", "binary", "sent"), [("text", False, b"text"), (b"bytes", True, b"bytes")])
def test_anything_else_goes_its_usual_way(protocol: Any, content: Any, binary: bool, sent: bytes) -> None:
    one = socket(protocol, None)
    one.serverSend(content, binary)
    one.sendMessage.assert_called_once_with(sent, binary)


def test_it_is_installed_where_daphne_serves_and_only_there() -> None:
    script = """
import sys
{first}
import console.asgi
ws_protocol = sys.modules.get("daphne.ws_protocol")
print(ws_protocol and ws_protocol.WebSocketFactory.protocol.__name__)
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", script.format(first=first)],
            capture_output=True,
            text=True,
            check=True,
            env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
        ).stdout.strip()
        for first in ("import daphne.server", "")
    ]
    assert said == ["SharedFrames", "None"]
