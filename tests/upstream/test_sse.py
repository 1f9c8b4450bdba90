"""Event streams: any cutting gives the same events, bad streams end with an error, nothing grows without end."""

import asyncio
import codecs
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from executions.upstream import errors, sse
from executions.upstream.client import Client
from executions.upstream.sse import ServerEvent
from tests.faulty import CLOSE, HANG, RESET, Answer, Drip, Faulty, head, redirect, reply
from tests.faulty import sse as stream_of
from tests.upstream import KEY

BOM = codecs.BOM_UTF8


def event(data: str, id: str = "", event: str = "message", retry: int | None = None) -> ServerEvent:
    return ServerEvent(id, event, data, retry)


async def collect(client: Client, **keywords: Any) -> list[ServerEvent]:
    """All events of a stream that ends in order."""
    return [event async for event in client.stream("a", **keywords)]


async def until_it_fails(stream: AsyncGenerator[ServerEvent, None]) -> tuple[list[ServerEvent], errors.UpstreamError]:
    found: list[ServerEvent] = []
    try:
        async for one in stream:
            found.append(one)
    except errors.UpstreamError as error:
        return found, error
    raise AssertionError(f"the stream ended in order after {found}")


STREAMS: dict[str, tuple[bytes, list[ServerEvent]]] = {
    "one": (b"data: 1\n\n", [event("1")]),
    "all fields": (
        b'event: log\nid: 17\nretry: 3000\ndata: {"a": 1}\n\n',
        [event('{"a": 1}', "17", "log", 3000)],
    ),
    "many": (b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n", [event("a", "1"), event("b", "2")]),
    "CRLF": (b"id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [event("a", "1"), event("b")]),
    "CR": (b"id: 1\rdata: a\r\rdata: b\r\r", [event("a", "1"), event("b")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\r\r\n: x\n\ndata: c\n\n", [event("a"), event("b"), event("c")]),
    "CR at the end": (b"data: a\n\r", [event("a")]),
    "data on several lines": (b"data: a\ndata: b\ndata:\ndata: c\n\n", [event("a\nb\n\nc")]),
    "without the space": (b"data:a\nevent:log\nid:5\n\n", [event("a", "5", "log")]),
    "two spaces": (b"data:  a\n\n", [event(" a")]),
    "unknown fields": (b"data: a\nnew: 1\ndat: 2\nDATA: 3\nnonsense\n\n", [event("a")]),
    "keep-alives": (b": ping\n\ndata: a\n\n: ping\n\n:\n\n\n\n", [event("a")]),
    "keep-alives after an id": (
        b"id: 1\ndata: a\n\n: ping\n\n\n\n: ping\n\nid: 2\ndata: b\n\n",
        [event("a", "1"), event("b", "2")],
    ),
    "keep-alives inside an event": (b"data: a\n: ping\ndata: b\n\n", [event("a\nb")]),
    "an event without data": (b"event: ping\n\nid: 4\n\ndata:\n\ndata: a\n\n", [event("a")]),
    "an event without an id after one with": (
        b"id: 1\ndata: a\n\ndata: b\n\nid: 1\ndata: c\n\n",
        [event("a", "1"), event("b"), event("c")],
    ),
    "an empty id": (
        b"id: 1\ndata: a\n\nid:\ndata: b\n\nid: 1\ndata: c\n\n",
        [event("a", "1"), event("b"), event("c", "1")],
    ),
    "an id with NUL": (b"id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n", [event("a", "1"), event("b")]),
    "an id too long": (b"id: %b\ndata: a\n\nid: 2\ndata: b\n\n" % (b"x" * 1_001), [event("a"), event("b", "2")]),
    "error events": (
        b'event: error\ndata: {"error": "x", "reason": "y"}\n\ndata: a\n\n',
        [event('{"error": "x", "reason": "y"}', event="error"), event("a")],
    ),
    "garbage": (b"data: {\n\ndata: \x01<script>\n\n", [event("{"), event("\x01<script>")]),
    "retry is clamped": (
        b"retry: 1\ndata: a\n\nretry: 99999999\ndata: b\n\nretry: -5\ndata: c\n\n"
        b"retry: soon\ndata: d\n\nretry: 700\ndata: e\n\n",
        [event("a", retry=500), event("b", retry=30_000), event("c", retry=500), event("d"), event("e", retry=700)],
    ),
    "retry alone": (b"retry: 2000\n\n: ping\n\ndata: a\n\ndata: b\n\n", [event("a", retry=2000), event("b")]),
    "retry with too many digits": (b"retry: %b\ndata: a\n\n" % (b"9" * 5_000), [event("a")]),
    "BOM": (BOM + b"data: a\n\ndata: b\n\n", [event("a"), event("b")]),
    "BOM and a keep-alive": (BOM + b": hi\n\ndata: a\n\n", [event("a")]),
    "BOM only at the start": (
        b"data: a\n\n" + BOM + b"data: b\n\ndata: " + BOM + b"c\n\n",
        [event("a"), event("\ufeffc")],
    ),
    "half a BOM": (BOM[:2] + b"\n\ndata: a\n\n", [event("a")]),
    "only a BOM": (BOM, []),
    "multi-byte": ("data: é😀\u4e2d\n\n".encode(), [event("é😀\u4e2d")]),
    "other line separators": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1eh\n\n".encode(),
        [event("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1eh")],
    ),
    "not UTF-8": (b"data: \xff\xc3\n\ndata: b\n\n", [event("\ufffd\ufffd"), event("b")]),
    "no end": (b"data: a\n\nid: 9\ndata: b\n", [event("a")]),
    "nothing": (b"", []),
    "1 MB": (b"data: " + b"x" * (1 << 20) + b"\n\n", [event("x" * (1 << 20))]),
}


@pytest.mark.parametrize(("content", "expected"), STREAMS.values(), ids=STREAMS.keys())
async def test_a_stream_in_one_piece(
    content: bytes, expected: list[ServerEvent], client: Client, faulty: Faulty
) -> None:
    faulty.on(stream_of(*[content] if content else []))
    assert await collect(client) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [row for row in STREAMS.values() if len(row[0]) < 500],
    ids=[name for name, row in STREAMS.items() if len(row[0]) < 500],
)
async def test_a_stream_in_single_bytes(
    content: bytes, expected: list[ServerEvent], client: Client, faulty: Faulty
) -> None:
    faulty.on(stream_of(*[content[place : place + 1] for place in range(len(content))]))
    assert await collect(client) == expected


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        for piece in self.pieces:
            yield piece


def events_of(pieces: list[bytes]) -> list[ServerEvent]:
    """What is made of a body that arrives in these pieces, without the network."""

    async def read() -> list[ServerEvent]:
        async with aclosing(sse._events(httpx.Response(200, stream=_Pieces(pieces)))) as found:
            return [one async for one in found]

    return asyncio.run(read())


PARTS = [
    b"data",
    b"id",
    b"event",
    b"retry",
    b":",
    b" ",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"a",
    b"7",
    b"\x00",
    BOM,
    "é\u2028".encode(),
    b"\xf0\x9f",
    b": ping\n\n",
]


@st.composite
def cuttings(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    content = b"".join(
        draw(
            st.lists(st.sampled_from([*PARTS, *(row[0] for row in STREAMS.values() if len(row[0]) < 200)]), max_size=20)
        )
    )
    cuts = sorted({0, len(content), *draw(st.lists(st.integers(0, len(content)), max_size=10))})
    return content, [content[start:end] for start, end in pairwise(cuts)]


@given(cuttings())
def test_any_cutting_gives_the_same_events(cutting: tuple[bytes, list[bytes]]) -> None:
    content, pieces = cutting
    whole = events_of([content] if content else [])
    assert events_of(pieces) == whole
    assert events_of([content[place : place + 1] for place in range(len(content))]) == whole
    assert [one.data for one in whole if not one.data] == []


# Too much

LINE, EVENT = 40, 100


def too_large(content: bytes) -> bool:
    """The plain rule: no line over the one limit, no lines between two blank ones over the other."""
    size = 0
    for line in content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        size = size + len(line) if line else 0
        if len(line) > LINE or size > EVENT:
            return True
    return False


LONG = st.lists(
    st.sampled_from([b"x" * 15, b"x" * 39, b"x" * 40, b"x", b"\r", b"\n", b"\r\n", b"\n\n"]), max_size=30
).map(b"".join)


@given(LONG, st.lists(st.integers(0, 500), max_size=12))
@example(b"%b\r\n" % (b"x" * 39) * 3, [40, 81, 122])  # through each CRLF
@example(b"%b\r\n\r\n" % (b"x" * 39) * 3, [40, 42, 83, 85])
def test_the_limits_do_not_depend_on_the_cutting(content: bytes, places: list[int]) -> None:
    cuts = sorted({0, len(content), *(min(place, len(content)) for place in places)})
    sizes = sse._Sizes(line=LINE, event=EVENT)
    try:
        for start, end in pairwise(cuts):
            sizes.add(content[start:end])
    except errors.BrokenAnswer:
        assert too_large(content)
    else:
        assert not too_large(content)


def endless(part: bytes) -> Answer:
    """The part again and again, for ever as far as we would notice."""
    block = part * (1 + 65_536 // len(part))
    return stream_of(*[block] * 200, HANG)


@pytest.mark.parametrize(
    "part", [b"x", b"data: x\n", b"data: x\r", b"data: x\r\n", b":\n", "data: é\n".encode()], ids=ascii
)
@pytest.mark.slow
async def test_endless_lines_and_events_end_the_stream(part: bytes, client: Client, faulty: Faulty) -> None:
    faulty.on(endless(part))
    found, error = await until_it_fails(client.stream("a"))
    assert (found, type(error)) == ([], errors.TooLarge)
    assert str(error) == "The Workflows API’s stream has an event too large to take in."
    faulty.wait_until_left()


async def test_many_small_events_are_no_large_one(client: Client, faulty: Faulty) -> None:
    block = b"data: %b\n\n" % (b"x" * 1_000) * 60
    faulty.on(stream_of(*[block] * 80))
    found = await collect(client)
    assert len(block) * 80 > sse.MAX_EVENT_BYTES
    assert found == [event("x" * 1_000)] * 4_800


# What is not a stream


@pytest.mark.parametrize(
    "kind", ["application/json", "text/html; charset=utf-8", "", "text/event-stream-not", "x; text/event-stream"]
)
async def test_another_content_type_is_broken(kind: str, client: Client, faulty: Faulty) -> None:
    faulty.on(stream_of(b"data: 1\n\n", content_type=kind))
    found, error = await until_it_fails(client.stream("a"))
    assert (found, type(error)) == ([], errors.BrokenAnswer)
    faulty.wait_until_left()


async def test_content_types_of_streams(client: Client, faulty: Faulty) -> None:
    for kind in ("text/event-stream;charset=utf-8", "Text/Event-Stream", "text/event-stream; charset=latin-1"):
        faulty.on(stream_of("data: é\n\n".encode(), content_type=kind))
        assert await collect(client) == [event("é")]


BROKE, SILENT = "The Workflows API’s stream broke.", "The Workflows API’s stream went silent."
UNKNOWN = "The Workflows API does not know this."
LONG_HEAD = head(404, {"Content-Length": "100000000"})
BAD_OPENINGS: dict[str, tuple[Answer, type[errors.UpstreamError], str]] = {
    "404": (reply({"detail": "No execution", "code": "WF_1100"}, 404), errors.NotFound, "No execution"),
    "503": (reply({"detail": "Logs are away"}, 503), errors.ServerFault, "Logs are away"),
    "502": (reply(b"<html>", 502), errors.ServerFault, "The Workflows API answered with an error (502)."),
    "401": (reply(status=401), errors.Unauthorised, "The Workflows API does not accept the console’s key."),
    "422": (reply({"detail": "Bad id"}, 422), errors.Invalid, "Bad id"),
    "404 cut short": (reply({"detail": "half"}, 404, missing=5), errors.NotFound, "half"),
    "404 packed": (reply(b"\x1f\x8b", 404, {"Content-Encoding": "gzip"}), errors.NotFound, UNKNOWN),
    "404 without end": ([LONG_HEAD, b"x" * (2 << 20), HANG], errors.NotFound, UNKNOWN),
    "404 byte by byte": ([LONG_HEAD, Drip(b"x" * 1_000, 0.05)], errors.Timeout, SILENT),
    "redirect": (
        redirect("/elsewhere"),
        errors.BrokenAnswer,
        "The Workflows API’s address redirects elsewhere; it is not followed.",
    ),
    "reset": ([RESET], errors.NoAnswer, BROKE),
    "closed": ([CLOSE], errors.NoAnswer, BROKE),
    "hang": ([HANG], errors.Timeout, SILENT),
    "head byte by byte": ([Drip(head(200, {"X-Long": "x" * 1_000}), 0.05)], errors.Timeout, SILENT),
    "packed": (
        reply(b"x", headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip, gzip"}),
        errors.BrokenAnswer,
        "The Workflows API’s answer is packed in a way we do not read.",
    ),
}


@pytest.mark.parametrize(("answer", "kind", "sentence"), BAD_OPENINGS.values(), ids=BAD_OPENINGS.keys())
async def test_what_can_go_wrong_at_the_opening(
    answer: Answer, kind: type[errors.UpstreamError], sentence: str, faulty: Faulty
) -> None:
    faulty.on(answer)
    called: list[str] = []
    client = Client(faulty.url, KEY, heartbeat=0.15)
    found, error = await until_it_fails(client.stream("a", opened=lambda: called.append("opened")))
    assert (found, type(error), str(error)) == ([], kind, sentence)
    assert called == []
    assert len(faulty.requests) == 1


async def test_no_connection_for_a_stream(faulty: Faulty) -> None:
    faulty.stop()
    found, error = await until_it_fails(Client(faulty.url, KEY).stream("a"))
    assert (found, type(error), str(error)) == ([], errors.NoAnswer, "The Workflows API cannot be reached.")
    assert isinstance(error, errors.NoAnswer)
    assert not error.sent


# What happens later


async def test_opened_is_called_once_upstream_has_accepted(client: Client, faulty: Faulty) -> None:
    gate = faulty.gate()
    faulty.on(stream_of(gate, b"data: 1\n\n", b"data: 2\n\n"))
    opened = asyncio.Event()
    calls: list[str] = []

    def accept() -> None:
        calls.append("opened")
        opened.set()

    async with aclosing(client.stream("a", opened=accept)) as stream:
        first = asyncio.ensure_future(anext(stream))
        await asyncio.wait_for(opened.wait(), 10)  # before anything was sent
        gate.set()
        assert [(await first).data, *[one.data async for one in stream]] == ["1", "2"]
    assert calls == ["opened"]


@pytest.mark.parametrize(
    "ending",
    [[RESET], [CLOSE], [b"id: 2\ndata: half", RESET], [b"id: 2\ndata: whole line\n", CLOSE], [b"dat", CLOSE]],
    ids=["reset", "closed", "reset in an event", "closed in an event", "closed in a field"],
)
async def test_a_cut_stream_delivers_no_half_event(ending: list[Any], client: Client, faulty: Faulty) -> None:
    gate = faulty.gate()
    faulty.on(stream_of(b"id: 1\ndata: a\n\n", gate, *ending))
    stream = client.stream("a")
    assert await anext(stream) == event("a", "1")
    gate.set()  # only now: a reset may overtake what was sent before it
    found, error = await until_it_fails(stream)
    assert (found, type(error), str(error)) == ([], errors.NoAnswer, "The Workflows API’s stream broke.")


async def test_a_stream_without_chunks_ends_where_it_is_closed(client: Client, faulty: Faulty) -> None:
    faulty.on([head(200, {"Content-Type": "text/event-stream"}), b"data: a\n\ndata: half", CLOSE])
    assert await collect(client) == [event("a")]


async def test_silence_ends_a_stream(faulty: Faulty) -> None:
    faulty.on(stream_of(b"data: 1\n\n", Drip(b"9", 1.8), CLOSE))
    found, error = await until_it_fails(Client(faulty.url, KEY, heartbeat=0.3).stream("a"))
    assert (found, type(error)) == ([event("1")], errors.Timeout)
    assert str(error) == "The Workflows API’s stream went silent."
    faulty.wait_until_left()


async def test_keep_alives_are_no_silence(faulty: Faulty) -> None:
    """They come for longer than silence may last, each well within it."""
    pings = [Drip(b"8\r\n: ping\n\n\r\n", 0.03)] * 3
    faulty.on(
        [
            head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}),
            *pings,
            *stream_of(b"data: 1\n\n")[1:],
        ]
    )
    assert await collect(Client(faulty.url, KEY, heartbeat=0.3)) == [event("1")]


async def test_closing_the_stream_closes_its_connection(client: Client, faulty: Faulty) -> None:
    faulty.on(stream_of(b"data: 1\n\n", HANG))
    stream = client.stream("a")
    assert await anext(stream) == event("1")
    await stream.aclose()
    await asyncio.to_thread(faulty.wait_until_left)


@pytest.mark.parametrize(
    "steps", [[HANG], [b": hi\n\n", HANG], [b"data: half", HANG]], ids=["headers", "comment", "half"]
)
async def test_cancelling_the_reader_closes_the_connection(steps: list[Any], client: Client, faulty: Faulty) -> None:
    opened = asyncio.Event()
    faulty.on(stream_of(*steps))
    reader = asyncio.create_task(anext(client.stream("a", opened=opened.set)))  # type: ignore[arg-type]
    await asyncio.wait_for(opened.wait(), 10)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await asyncio.to_thread(faulty.wait_until_left)


async def test_cancelling_while_it_opens_closes_the_connection(client: Client, faulty: Faulty) -> None:
    faulty.on([HANG])
    reader = asyncio.create_task(anext(client.stream("a")))  # type: ignore[arg-type]
    await asyncio.to_thread(faulty.wait_for_requests, 1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await asyncio.to_thread(faulty.wait_until_left)


async def test_each_stream_has_a_connection_of_its_own(client: Client, faulty: Faulty) -> None:
    faulty.on(stream_of(b"data: 1\n\n"))
    for _ in range(3):
        await collect(client)
    assert [(request.connection, request.place) for request in faulty.requests] == [(0, 0), (1, 0), (2, 0)]


# What is asked for


@pytest.fixture(params=["stream", "stream_workflow_execution_logs"])
def opening(request: pytest.FixtureRequest, client: Client) -> Any:
    return getattr(client, request.param)


async def test_the_headers_of_a_stream(opening: Any, faulty: Faulty) -> None:
    faulty.on(stream_of())
    assert [one async for one in opening("a")] == []
    (request,) = faulty.requests
    asked = ["Accept", "Accept-Encoding", "Cache-Control", "Authorization", "Last-Event-ID"]
    assert [request.header(name) for name in asked] == [
        "text/event-stream",
        "identity",
        "no-store",
        f"Bearer {KEY}",
        None,
    ]
    assert request.query == []


@pytest.mark.parametrize("last_id", ["17", "a b", "é😀", "a&b=c", "x" * 1_000])
async def test_resuming_says_it_in_the_header_and_in_the_query(last_id: str, opening: Any, faulty: Faulty) -> None:
    faulty.on(stream_of())
    assert [one async for one in opening("a", last_event_id=last_id)] == []
    (request,) = faulty.requests
    header = request.header("Last-Event-ID")
    assert header is not None
    assert header.encode("latin-1").decode() == last_id
    assert request.query == [("last_event_id", last_id)]


@pytest.mark.parametrize("last_id", ["a\r\nX: y", " a", "a ", "\x00", "a\x7f", "\t"])
async def test_an_id_that_no_header_takes_is_in_the_query_alone(last_id: str, opening: Any, faulty: Faulty) -> None:
    faulty.on(stream_of())
    assert [one async for one in opening("a", last_event_id=last_id)] == []
    (request,) = faulty.requests
    assert [request.header("Last-Event-ID"), request.header("X")] == [None, None]
    assert request.query == [("last_event_id", last_id)]


@pytest.mark.parametrize("last_id", ["", None])
async def test_without_an_id_nothing_is_resumed(last_id: str | None, opening: Any, faulty: Faulty) -> None:
    faulty.on(stream_of())
    assert [one async for one in opening("a", last_event_id=last_id)] == []
    assert faulty.requests[0].header("Last-Event-ID") is None
    assert faulty.requests[0].query == []


@pytest.mark.parametrize("last_id", ["\ud800", "x" * 70_000])
async def test_an_id_that_cannot_be_sent_is_refused(last_id: str, opening: Any, faulty: Faulty) -> None:
    with pytest.raises(errors.InvalidId):
        opening("a", last_event_id=last_id)
    assert faulty.requests == []
