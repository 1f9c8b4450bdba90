"""A history, or one of its events, as a file."""

from django.http import HttpResponse

from executions.services import history, history_index, runs, temporal, text
from executions.upstream import errors
from executions.views.frame import download


def answer(run: runs.Run, form: str, event: str) -> HttpResponse:
    """`readable`; `decoded`, as received with the payloads decoded; or as the engine keeps it: a replayer takes it.

    `event`: only that one.
    """
    if form == "event":
        return _one_event(run, event)
    found = history_index.fetch(run, decode_payloads=form in {"readable", "decoded"})
    name = f"history-{run.run_id or 'latest'}.json"
    return download(history.readable(found) if form == "readable" else found.raw, name)


def _one_event(run: runs.Run, event: str) -> HttpResponse:
    number = temporal.number(event)
    found = next((one for one in history_index.of(run).events or () if one.id == number), None)
    if found is None:
        raise errors.NotFound("The history has no such event.", status=404)
    return download(text.indented(bytes(found.raw)) + b"\n", f"history-{run.run_id or 'latest'}-event-{number}.json")
