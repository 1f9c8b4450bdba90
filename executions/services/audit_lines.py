"""The audit's page as lines: an action each, and one for all that a batch did, which would fill page after page."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Q, QuerySet, Value

from executions.models import ActionRequested, BatchItem
from executions.services import audit

Line = tuple[datetime, int, UUID]
"""When it was, last; how many actions of a batch it stands for, or 0; the id of the action or the batch."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The actions of a batch, all in one line. `entry` is the latest of them."""

    entry: audit.Entry
    count: int
    parts: list[tuple[str, str, int]]
    """What came of the batch's executions: the state, the word for it, how many."""

    @property
    def total(self) -> int:
        return sum(count for *_, count in self.parts)


def page(actions: QuerySet[ActionRequested], number: str | None) -> Page[Line]:
    """A page of lines, the newest first: the one of that number, or the nearest there is."""
    single = actions.filter(batch_id=None).order_by().annotate(when=F("at"), many=Value(0))
    batches = actions.exclude(batch_id=None).order_by().values("batch_id").annotate(when=Max("at"), many=Count("id"))
    lines = single.values_list("when", "many", "id").union(
        batches.values_list("when", "many", "batch_id"), all=True
    )  # fmt: skip
    return Paginator(lines.order_by("-when", "-id"), audit.PAGE_SIZE).get_page(number)


def entries(actions: QuerySet[ActionRequested], lines: Iterable[Line]) -> list[audit.Entry | Folded]:
    """What the lines of a page stand for, in their order; five queries however many."""
    lines = list(lines)
    folded = {key: (when, many) for when, many, key in lines if many}
    latest = Q(batch_id__in=list(folded), at__in=[when for when, _ in folded.values()])
    wanted = Q(id__in=[key for _, many, key in lines if not many]) | latest
    found: dict[UUID, audit.Entry] = {}
    for entry in audit.entries(actions.filter(wanted).defer("input"), answers=False):
        action = entry.action
        if action.batch_id is None or action.at == folded[action.batch_id][0]:
            found.setdefault(action.batch_id or action.id, entry)
    parts = _parts(key for key, (_, many) in folded.items() if many > 1)
    # What was pruned a moment ago is not there any more.
    return [
        Folded(found[key], many, _in_words(found[key], parts[key])) if many > 1 else found[key]
        for _, many, key in lines
        if key in found
    ]


def _parts(batch_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    counted = BatchItem.objects.filter(batch_id__in=list(batch_ids)).order_by().values_list("batch_id", "state")
    for batch_id, state, count in counted.annotate(Count("id")):
        found[batch_id][state] = count
    return found


def _in_words(entry: audit.Entry, counts: dict[str, int]) -> list[tuple[str, str, int]]:
    order = (BatchItem.State.DONE, *(one for one in BatchItem.State if one != BatchItem.State.DONE))
    operation = entry.action.operation
    return [
        (state.value, audit.word(operation, state.value) if state == "done" else str(state.label), counts[state.value])
        for state in order
        if state.value in counts
    ]
