"""A mould's rows are the template's, whatever is in them."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from django.template.loader import get_template
from hypothesis import given
from hypothesis import strategies as st

from executions.services import live
from executions.services.events import StreamRow
from executions.services.logs import LogRow
from executions.services.moulds import Mould

TEXTS = st.one_of(
    st.just(""), st.text(max_size=30), st.sampled_from(["\ue000", "<b>\"'&", "\ue001\ue002", "{{ line }}"])
)
TIMES = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)), st.just(datetime(1, 1, 1, 1, 1, 1, 1000, UTC)))
KINDS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    datetime | None: TIMES,
    bool: st.booleans(),
    int: st.sampled_from([0, 1, 2, 20_000]) | st.integers(-5, 10**15),
}


def rows(row: Any) -> st.SearchStrategy[Any]:
    return st.builds(row, **{field.name: KINDS[field.type] for field in fields(row)})


@pytest.mark.parametrize(
    ("mould", "template", "name", "row"),
    [
        (live._LOG_ROW, "executions/_log_row.html", "line", LogRow),
        (live._EVENT_ROW, "executions/_event_row.html", "event", StreamRow),
    ],
)
@given(data=st.data())
def test_it_is_what_the_template_makes(mould: Mould, template: str, name: str, row: Any, data: st.DataObject) -> None:
    made = data.draw(rows(row))
    assert mould.html(made) == get_template(template).render({name: made, "selected": ""})


def test_the_template_is_rendered_once_for_each_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    mould = Mould("executions/_log_row.html", "line", LogRow.__slots__)
    values: dict[str, Any] = {
        field.name: field.type() if field.type in {str, int} else None for field in fields(LogRow)
    }
    for body in ("", "one", "two", ""):
        mould.html(LogRow(**{**values, "body": body}))
    assert mould._of_shape.cache_info()[:2] == (2, 2)


def test_other_numbers_are_no_other_shape() -> None:
    """Lines of a log with ever more lines in them would have the template rendered for each."""
    mould = Mould("executions/_log_row.html", "line", LogRow.__slots__)
    values: dict[str, Any] = {
        field.name: field.type() if field.type in {str, int} else None for field in fields(LogRow)
    }
    for number in range(1_000):
        made = LogRow(**{**values, "more": number, "cut": 20_000 - number})
        assert mould.html(made) == get_template("executions/_log_row.html").render({"line": made, "selected": ""})
    assert mould._of_shape.cache_info().misses == 3
