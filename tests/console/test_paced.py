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

    async def serve(self, application: Any) -> None:
        await paced.served(application, {}, None, partial(self._reply, self.request))

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

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in (START, piece(), piece(), piece(more=False)):
            await send(message)
            if message == piece() and len(one.sent) == 2:
                one.producer.pauseProducing()

    serving = asyncio.create_task(one.serve(application))
    await settle()
    # The second piece has been given to Daphne; who sent it does not go on.
    assert (len(one.sent), serving.done()) == (3, False)
    one.request.unregisterProducer.assert_not_called()
    one.producer.resumeProducing()
    await serving
    assert one.sent == [START, piece(), piece(), piece(more=False)]
    assert [one.request.registerProducer.call_count, one.request.unregisterProducer.call_count] == [1, 1]


def sending(*messages: dict[str, Any]) -> Any:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return application


async def test_an_answer_of_one_piece_goes_as_ever() -> None:
    one = Connection()
    await one.serve(sending(START, piece(more=False)))
    assert one.sent == [START, piece(more=False)]
    one.request.registerProducer.assert_not_called()
    one.request.unregisterProducer.assert_not_called()


def full(one: Connection) -> None:
    """Its connection takes nothing from the first piece on."""
    one.request.registerProducer.side_effect = lambda producer, streaming: producer.pauseProducing()


async def test_a_browser_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "STALL_SECONDS", 0.05)
    one = Connection()
    full(one)
    await one.serve(sending(START, piece(), piece(), piece(more=False)))
    one.request.channel.forceAbortClient.assert_called_once_with()


async def test_of_too_many_the_one_that_was_waited_for_longest_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "MOST_WAITING", 2)
    connections = [Connection() for _ in range(4)]
    serving = []
    for one in connections:
        full(one)
        serving.append(asyncio.create_task(one.serve(sending(START, piece(), piece(more=False)))))
        await settle()
    assert [task.done() for task in serving] == [True, True, False, False]
    assert [one.request.channel.forceAbortClient.called for one in connections] == [True, True, False, False]
    # One that takes again is waited for no more, and makes room for another.
    connections[2].producer.resumeProducing()
    await serving[2]
    last = Connection()
    full(last)
    serving.append(asyncio.create_task(last.serve(sending(START, piece(), piece(more=False)))))
    await settle()
    assert not serving[3].done()
    for one in (connections[3], last):
        one.producer.resumeProducing()
    await asyncio.gather(*serving)
    assert [one.request.channel.forceAbortClient.called for one in (*connections[2:], last)] == [False] * 3


async def test_one_that_takes_all_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a task nor a timer for every piece."""
    monkeypatch.setattr(asyncio, "timeout", Mock(side_effect=AssertionError))
    one = Connection()
    await one.serve(sending(START, piece(), piece(), piece(more=False)))
    assert len(one.sent) == 4


async def test_nobody_waits_for_who_has_gone() -> None:
    one = Connection()
    one.request.channel = None
    await one.serve(sending(START, piece(), piece(more=False)))
    one.request.registerProducer.assert_not_called()
    other = Connection()
    full(other)
    waiting = asyncio.create_task(other.serve(sending(START, piece())))
    await settle()
    assert not waiting.done()
    other.producer.stopProducing()
    await waiting


async def test_an_answer_that_breaks_off_ends_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    """Daphne's own way of saying so fails, and with it the check that looks after all connections."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await sending(START, piece())(scope, receive, send)
        raise OSError("the disk is full")

    one = Connection()
    await one.serve(application)
    one.request.channel.forceAbortClient.assert_called_once_with()
    assert [record.message for record in caplog.records] == ["An answer has broken off in its middle."]


async def test_an_error_before_the_answer_is_daphne_s_to_answer() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise FileNotFoundError

    one = Connection()
    with pytest.raises(FileNotFoundError):
        await one.serve(application)
    one.request.channel.forceAbortClient.assert_not_called()


async def test_other_servers_keep_their_own_way() -> None:
    async def send(message: Any) -> None: ...

    for one in (send, partial(send), partial(send, Mock())):
        given: list[Any] = []

        async def application(scope: Any, receive: Any, used: Any, given: list[Any] = given) -> None:
            given.append(used)

        await paced.served(application, {}, None, one)
        assert given == [one]
