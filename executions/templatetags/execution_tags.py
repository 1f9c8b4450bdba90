"""Small pieces of pages: times, durations, links with one filter changed."""

import math
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

register = template.Library()


TAIL = 12
"""As wide as the style sheet leaves room for."""
_OF_RANGE = ("after", "before", "event", "part", "line", "cursor", "page", "action")
"""Parameters that another range does not have, as range.js knows them too."""
_FILTERS = ("severity", "type", "activity", "q", "only", "line", "event", "cursor")
"""What narrows a list of lines or events, and what names a place in it."""
_FORMS = {"time": "%H:%M:%S.%f", "clock": "%H:%M:%S"}


def clock(moment: datetime) -> str:
    """The time of day, to the millisecond."""
    return moment.isoformat(timespec="milliseconds")[11:23]


@register.simple_tag
def when(moment: datetime | None, style: str = "time") -> str | SafeString:
    """A `<time>`; script shows it in the viewer's zone.

    Styles: `time` (of day), `clock` (to the second, with the date unless it is today), `full` (with the date), `ago`,
    and `row`: as the viewer chose for rows, in few bytes.
    """
    if moment is None:
        return "—"
    if style == "row":
        return format_html('<time datetime="{}" data-time="row">{}</time>', moment.isoformat(), clock(moment))
    shown = moment.strftime(_FORMS.get(style, "%Y-%m-%d %H:%M:%S"))
    shown = shown[:-3] if style == "time" else shown
    return format_html(
        '<time datetime="{}" data-time="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        style,
        moment.strftime("%Y-%m-%d %H:%M:%S.%f"),
        shown,
    )


@register.filter
def ends(value: str) -> tuple[str, str]:
    """A long text for `_cut_middle.html`: what may be cut, and the last characters, which tell ids apart."""
    return (value[:-TAIL], value[-TAIL:]) if len(value) > 2 * TAIL else (value, "")


@register.filter
def duration(seconds: float | None, *, whole: bool = False) -> str:
    """Seconds in units a person reads, as script says them too: `0.35 ms`, `350 ms`, `4.25 s`, `12m 03s`, `2d 04h`.

    `whole`: in whole seconds, for what script counts up.
    """
    if seconds is None:
        return "—"
    # In whole numbers, so that both round alike.
    micros = max(math.floor((math.floor(seconds) if whole and seconds >= 1 else seconds) * 1e6 + 0.5), 0)
    if micros < 9_995:
        return f"{_hundredths(_rounded(micros, 10))} ms" if micros else "0 ms"
    if micros < 999_500:
        return f"{_rounded(micros, 1_000)} ms"
    if micros < 59_995_000:
        return f"{_rounded(micros, 1_000_000)} s" if whole else f"{_hundredths(_rounded(micros, 10_000))} s"
    minutes, rest = divmod(_rounded(micros, 1_000_000), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02}h"
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"


def _rounded(number: int, unit: int) -> int:
    return (number + unit // 2) // unit


def _hundredths(number: int) -> str:
    return f"{number // 100}.{number % 100:02}"


@register.filter
def thousands(value: int) -> str:
    """A count as a person reads it: `12,345`."""
    return f"{value:,}"


@register.filter
def rate(speed: float) -> str:
    """So many a second, in words: `120 a second`, `2.5 a second`, `4 a minute`."""
    if speed >= 10:
        return f"{speed:,.0f} a second"
    return f"{speed:.1f} a second" if speed >= 1 else f"{speed * 60:.0f} a minute"


@register.filter
def roughly(seconds: float) -> str:
    """How long something will take, as nobody knows better: `a few seconds`, `about 40 seconds`, `about 2 hours`."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    minutes = round(seconds / 60)
    return f"about {minutes} minutes" if minutes < 100 else f"about {round(minutes / 60)} hours"


@register.filter
def milliseconds(value: float | None) -> str:
    return duration(None if value is None else value / 1000)


@register.simple_tag
def ticking(started: datetime | None) -> str | SafeString:
    """How long something has been running; script keeps it going."""
    if started is None:
        return "—"
    return format_html(
        '<span data-since="{}">{}</span>', started.isoformat(), duration((now() - started).total_seconds(), whole=True)
    )


@register.filter
def on_axis(row: Any, axis: Any) -> Any:
    """A row's bar on a time axis; None for one without times."""
    return axis.bar_of(row)


@register.filter
def item(known: dict[Any, Any], key: Any) -> Any:
    """What a mapping has under this key; None where it has nothing."""
    return known.get(key)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: Any) -> str:
    """This page's query string with some parameters changed; an empty value removes one.

    Of a part that has an address of its own `page_query` is the page's.
    """
    query = (context.get("page_query") or context["request"].GET).copy()
    for name, value in changes.items():
        query.pop(name, None)
        for one in value if isinstance(value, list | tuple) else [value]:
            if one not in (None, ""):
                query.appendlist(name, str(one))
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def whole_time(context: Context) -> str:
    """The page's query string without the chosen range, and without what names a place in a list of that range."""
    return query_with(context, **dict.fromkeys(_OF_RANGE, ""))


@register.simple_tag(takes_context=True)
def unfiltered(context: Context) -> str:
    """The page's query string without filters: the run and the chosen range stay."""
    return query_with(context, **dict.fromkeys(_FILTERS, ""))


@register.simple_tag(takes_context=True)
def toggled(context: Context, name: str, value: str, known: Collection[str] | None = None) -> str:
    """This page's query string with one value of a repeatable parameter put in or taken out.

    Of the others only `known` ones stay, where those are given: what no chip shows, nobody could take out.
    """
    values = [one for one in context["request"].GET.getlist(name) if known is None or one in known]
    changed = [one for one in values if one != value] if value in values else [*values, value]
    return query_with(context, **{name: changed, "page": "", "event": ""})
