"""Live rows: the page's templates, for whatever a stream brings."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import events, live, logs
from executions.upstream.sse import ServerEvent
from executions.upstream.types import LogRecord, WorkflowEvent
from tests.executions.services import hostile

HOSTILE = "</pre></li><script>alert(1)</script>\"'&\x1b[31m\u202e\0"
RECORD_KEYS = ["timestamp", "trace_id", "span_id", "severity_text", "body", "log_attributes"]
EVENT_KEYS = ["event_id", "event_timestamp", "event_type", "workflow_name", "attributes"]
ATTRIBUTE_KEYS = ["activity_name", "failure", "message", "attempt", "payload", "value", "encoding_options", "result"]


class Parsed(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.depth: int = 0
        self.rows: list[dict[str, str | None]] = []
        self.pieces: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += 1
        self.tags.append(tag)
        if tag == "li":
            self.rows.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def message(value: Any, row_id: str = "7") -> ServerEvent:
    return ServerEvent(row_id, "log", value if isinstance(value, str) else json.dumps(value))


def one_row(html: str) -> Parsed:
    """The row, checked to be one, and nothing but elements of the template's."""
    parsed = Parsed(html)
    assert (len(parsed.rows), parsed.depth, html.lstrip()[:4]) == (1, 0, "<li ")
    known = {"li", "details", "summary", "span", "div", "p", "button", "pre", "code", "time", "svg", "use", "a"}
    assert {*parsed.tags} <= known
    assert "\x1b" not in html
    assert "\0" not in html
    return parsed


def test_a_log_record_is_the_pages_row() -> None:
    record = {"timestamp": "2026-11-24T10:00:00.5Z", "severity_text": "WARN", "body": "low", "log_attributes": {"a": 1}}
    row = live.log_row(message(record))
    line = logs.row(LogRecord(**record))
    parsed = one_row(row.html)
    assert (row.time, parsed.rows[0]["data-row"], parsed.rows[0]["data-tone"]) == (line.time, line.address, "warning")
    assert "low" in parsed.text


def test_a_short_line_is_a_small_row() -> None:
    """Two hundred viewers get a thousand of them a second."""
    record = {
        "timestamp": "2026-11-24T10:00:00.123456Z",
        "severity_text": "INFO",
        "body": "fetched invoice 4711 from the archive",
        "log_attributes": {},
    }
    row = live.log_row(message(record)).html
    assert len(row) < 330
    assert row.count(record["body"]) == 1
    about = {"activity_id": "5", "activity_type": "extract_invoice"}
    traced = {"trace_id": "ab" * 16, "span_id": "cd" * 8}
    assert len(live.log_row(message({**record, **traced, "log_attributes": about})).html) < 690


def test_an_event_is_the_pages_row() -> None:
    event = {"event_id": "e-1", "event_timestamp": 1_769_868_301_000_000_000, "event_type": "ACTIVITY_TASK_COMPLETED"}
    row = live.event_row(message({"data": event, "broker_sequence": 7}))
    parsed = one_row(row.html)
    assert row.time == events.row(WorkflowEvent(**event)).time
    assert (parsed.rows[0]["data-row"], parsed.rows[0]["data-tone"]) == ("e-1", "activity")


@pytest.mark.parametrize("render", [live.log_row, live.event_row])
@pytest.mark.parametrize(
    "data",
    ["", "not JSON", HOSTILE, "null", "5", "[]", "[" * 100_000, '{"a": "\\ud800"}'],
)
def test_what_cannot_be_read_shows_as_it_came(render: Any, data: str) -> None:
    parsed = one_row(render(message(data)).html)
    assert data.replace("\x1b[31m", "").replace("\u202e", "").replace("\0", "")[:100] in parsed.text


@pytest.mark.parametrize("depth", [50, 400, 900, 5_000])
def test_deep_nesting_is_no_failure(depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    one_row(live.log_row(message(f'{{"log_attributes": {{"activity_type": {deep}}}}}')).html)
    one_row(live.event_row(message(f'{{"data": {{"attributes": {{"failure": {deep}, "result": {deep}}}}}}}')).html)


@given(
    record=hostile.objects(RECORD_KEYS), event=hostile.objects(EVENT_KEYS), attributes=hostile.values(ATTRIBUTE_KEYS)
)
def test_hostile_values_are_text(record: dict[str, Any], event: dict[str, Any], attributes: Any) -> None:
    one_row(live.log_row(message(record)).html)
    one_row(live.event_row(message({"data": event})).html)
    one_row(live.event_row(message({"data": {**event, "attributes": attributes}})).html)


@given(record=hostile.objects(RECORD_KEYS), attributes=hostile.values(ATTRIBUTE_KEYS), data=st.data())
def test_large_messages_are_text_too(record: dict[str, Any], attributes: Any, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "LARGE", 10)
        patch.setattr(live, "LARGE_VALUE", 5)
        one_row(live.log_row(message({**record, "more": 1})).html)
        one_row(live.event_row(message({"data": {"attributes": attributes}})).html)


def test_hostile_names_are_text() -> None:
    record = dict.fromkeys(RECORD_KEYS, HOSTILE) | {"log_attributes": {HOSTILE: HOSTILE, "activity_type": HOSTILE}}
    event = dict.fromkeys(EVENT_KEYS, HOSTILE) | {"event_timestamp": 0, "attributes": {"activity_name": HOSTILE}}
    for html in (live.log_row(message(record)).html, live.event_row(message({"data": event}, HOSTILE)).html):
        assert "</pre></li><script>alert(1)</script>\"'&" in one_row(html).text


def _parts_that_are_decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the JSON texts that are turned into objects."""
    sizes: list[int] = []
    pretty = live.text.pretty
    monkeypatch.setattr(live.text, "pretty", lambda value: sizes.append(len(json.dumps(value))) or pretty(value))
    return sizes


@pytest.mark.parametrize(
    "values", [["[]"] * 300_000, ["x" * 50_000] * 20, [{}] * 200_000], ids=["lists", "texts", "objects"]
)
def test_of_a_large_message_only_small_values_are_decoded(monkeypatch: pytest.MonkeyPatch, values: list[Any]) -> None:
    sizes = _parts_that_are_decoded(monkeypatch)
    attributes = {"activity_name": "extract", "activity_type": "extract", "result": {"value": values}}
    html = live.event_row(message({"data": {"event_id": "e", "event_type": "X", "attributes": attributes}})).html
    assert "extract" in one_row(html).text
    html = live.log_row(message({"body": "large", "log_attributes": attributes})).html
    assert {"large", "extract"} <= {*one_row(html).pieces}
    assert len(sizes) == 2
    assert max(sizes) < 100_000


def test_of_a_large_message_with_many_values_some_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = _parts_that_are_decoded(monkeypatch)
    many = {f"name {number}": number for number in range(50_000)}
    assert "name 7" in one_row(live.log_row(message({"log_attributes": many})).html).text
    assert "name 7" in one_row(live.event_row(message({"data": {"attributes": many}})).html).text
    assert max(sizes) < 10_000
