"""An answer in pieces waits for its browser. (That memory stays flat: the tests of the evidence that is served.)"""

import asyncio
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from daphne.http_protocol import WebRequest

from console import paced

START = {"type": "http.response.start", "status": 200}


def piece(body: bytes = b"x", *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


class Connection:
    """A request of Daphne's, and what was sent to it."""

    def __init__(self) -> None:
        self.request = Mock(spec=WebRequest, channel=Mock())
        self.sent: list[dict[str, Any]] = []
        self.send = paced.paced(partial(self._reply, self.request))

    async def _reply(self, request: Any, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def producer(self) -> Any:
        """What Twisted tells when the connection is full; of the kind that is told."""
        (producer, streaming), _ = self.request.registerProducer.call_args
        assert streaming
        return producer


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_next_piece_waits_until_there_is_room() -> None:
    one = Connection()
    await one.send(START)
    await one.send(piece())
    one.producer.pauseProducing()
    waiting = asyncio.create_task(one.send(piece()))
    await settle()
    # It has been given to Daphne; who sent it does not go on.
    assert (len(one.sent), waiting.done()) == (3, False)
    one.producer.resumeProducing()
    await waiting
    await one.send(piece(more=False))
    assert [one.request.registerProducer.call_count, one.request.unregisterProducer.call_count] == [1, 1]


async def test_an_answer_of_one_piece_goes_as_ever() -> None:
    one = Connection()
    for message in (START, piece(more=False)):
        await one.send(message)
    assert one.sent == [START, piece(more=False)]
    one.request.registerProducer.assert_not_called()
    one.request.unregisterProducer.assert_not_called()


async def test_a_browser_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "STALL_SECONDS", 0.05)
    one = Connection()
    await one.send(piece())
    one.producer.pauseProducing()
    await one.send(piece())
    one.request.channel.forceAbortClient.assert_called_once_with()


async def test_nobody_waits_for_who_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Connection()
    one.request.channel = None
    await one.send(piece())
    one.request.registerProducer.assert_not_called()
    other = Connection()
    await other.send(piece())
    other.producer.pauseProducing()
    waiting = asyncio.create_task(other.send(piece()))
    await settle()
    other.producer.stopProducing()
    await waiting


def test_other_servers_keep_their_own_way() -> None:
    async def send(message: Any) -> None: ...

    for one in (send, partial(send), partial(send, Mock())):
        assert paced.paced(one) is one
