"""Daphne, with one frame for a text that many sockets get.

It encodes, frames and copies each message for each socket. Autobahn, on which it stands, can prepare a frame once: with
200 viewers of a busy log that saves the process a good part of its work.
"""

from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol


class SharedFrames(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    def serverSend(self, content: Any, binary: bool = False) -> None:
        """Keep the frame of a text that has a place for it, such as the relay's; others go their usual way."""
        if binary or self.state != self.STATE_OPEN or not hasattr(content, "frame"):
            super().serverSend(content, binary)
            return
        if content.frame is None:
            content.frame = self.factory.prepareMessage(content.encode())
        self.sendPreparedMessage(content.frame)


def install() -> None:
    """For all the sockets of this process's Daphne."""
    WebSocketFactory.protocol = SharedFrames
