import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.relay import buffer as buffers
from executions.relay.buffer import Buffer
from executions.relay.messages import Batch, Item


def filled(count: int, rows: int = 100, size: int = 10_000) -> Buffer:
    buffer = Buffer(rows, size)
    for number in range(count):
        buffer.add(Item(str(number), "x"))
    return buffer


def ids(batch: Batch) -> list[str]:
    return [item.id for item in batch]


def test_rows_are_read_from_a_position_on() -> None:
    buffer = filled(5)
    assert ids(buffer.read(2, 100, 100)) == ["2", "3", "4"]
    assert ids(buffer.read(2, 2, 100)) == ["2", "3"]
    assert ids(buffer.read(5, 100, 100)) == []


def test_a_row_larger_than_the_room_is_read_alone() -> None:
    buffer = Buffer()
    for number in range(3):
        buffer.add(Item(str(number), "x" * 50))
    assert ids(buffer.read(0, 100, 1)) == ["0"]
    assert ids(buffer.read(0, 100, 102)) == ["0", "1"]


def test_the_oldest_rows_go_when_there_are_too_many() -> None:
    buffer = filled(7, rows=3)
    assert (buffer.first, buffer.end) == (4, 7)
    assert [buffer.position(str(number)) for number in range(8)] == [None] * 4 + [4, 5, 6, None]


def test_ids_are_remembered_longer_than_rows_but_only_the_first_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "REMEMBERED_IDS", 5)
    buffer = filled(9, rows=3)
    assert [str(number) for number in range(10) if buffer.seen(str(number)) is not None] == [
        "0",
        "4",
        "5",
        "6",
        "7",
        "8",
    ]
    assert buffer.position("4") is None


def test_the_oldest_rows_go_when_they_are_too_large_together() -> None:
    buffer = Buffer(100, 100)
    for number in range(5):
        buffer.add(Item(str(number), "x" * 39))
    assert ids(buffer.read(buffer.first, 100, 1000)) == ["3", "4"]


def test_one_row_larger_than_the_buffer_is_held() -> None:
    buffer = filled(2, size=10)
    buffer.add(Item("large", "x" * 1000))
    assert ids(buffer.read(buffer.first, 100, 10_000)) == ["large"]


def test_rows_that_are_gone_are_never_mistaken_for_others() -> None:
    buffer = filled(10, rows=3)
    with pytest.raises(IndexError):
        buffer.read(6, 2, 100)


@given(
    sizes=st.lists(st.integers(0, 30), max_size=40), rows=st.integers(1, 10), size=st.integers(1, 60), data=st.data()
)
def test_it_holds_the_latest_rows_within_its_limits(
    sizes: list[int], rows: int, size: int, data: st.DataObject
) -> None:
    buffer = Buffer(rows, size)
    items = [Item(f"{number:02}", "x" * length) for number, length in enumerate(sizes)]
    for item in items:
        buffer.add(item)
    held = items[buffer.first :]
    assert buffer.end == len(items)
    assert len(held) <= rows
    assert len(held) <= 1 or sum(item.size for item in held) <= size
    assert [buffer.position(item.id) for item in held] == list(range(buffer.first, buffer.end))
    position = data.draw(st.integers(buffer.first, buffer.end))
    assert [*buffer.read(position, 100, 10_000)] == items[position:]
