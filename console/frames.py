"""Daphne, with one frame for a text that many sockets get, written at once.

It encodes, frames and copies each message for each socket, and has the event loop ask the system whether the socket can
be written to. Autobahn, on which it stands, can prepare a frame once, and a socket with nothing waiting takes it at
once: with 200 viewers of a busy log that saves the process most of its work.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.tcp import Connection

READ_SIZE = 1_024
"""Bytes taken from a socket at a time: all frames in them are worked on at once, and thousands hold up everybody."""
NOT_HEARD = 4400
"""The close code of a browser whose frames are not what they may be: nothing more is read of it."""


class SharedFrames(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.bufferSize = READ_SIZE

    def serverSend(self, content: Any, binary: bool = False) -> None:
        """Keep the frame of a text that has a place for it, such as the relay's; others go their usual way."""
        if binary or self.state != self.STATE_OPEN or not hasattr(content, "frame"):
            super().serverSend(content, binary)
            return
        if content.frame is None:
            content.frame = self.factory.prepareMessage(content.encode(), doNotCompress=True)
        if self._is_idle():
            self._write(content.frame.payloadHybi)
        else:
            self.sendPreparedMessage(content.frame)

    def serverClose(self, code: int | None = None) -> None:
        super().serverClose(code)
        if code == NOT_HEARD:
            # Autobahn gives up waiting for the answer within a second.
            self.transport.pauseProducing()

    def write_now(self, text: Any) -> None:
        """Send without waiting, past the application's `send`. OSError if the browser has gone."""
        if self.state != self.STATE_OPEN:
            raise ConnectionResetError
        self.serverSend(text)

    def _is_idle(self) -> bool:
        """Whether nothing waits to be written, by autobahn or by a plain socket of Twisted's."""
        transport = self.transport
        return (
            isinstance(transport, Connection)
            and not transport.TLS
            and not (self.send_queue or transport.dataBuffer or transport._tempDataBuffer)
            and not transport.disconnecting
        )

    def _write(self, frame: bytes) -> None:
        try:
            sent = self.transport.getHandle().send(frame)
        except OSError:
            sent = 0  # it takes nothing now, or is lost: Twisted finds out
        if sent < len(frame):
            self.transport.write(frame[sent:])


def writer(send: Any) -> Callable[[Any], None] | None:
    """What writes to the socket behind an application's `send` without waiting; None if it is none of ours."""
    socket = send.args[0] if isinstance(send, partial) and send.args else None
    return socket.write_now if isinstance(socket, SharedFrames) else None


def install() -> None:
    """For all the sockets of this process's Daphne."""
    WebSocketFactory.protocol = SharedFrames
