"""What a workflow answered to a query, made fit for a page."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.utils import timezone

from executions.services import text

WHOLE_LIMIT = 4 * 1024 * 1024
"""Bytes of an answer that the page holds to be copied; twice what the API says it gives."""


@dataclass(frozen=True, slots=True)
class Answer:
    shown: str
    """Indented and bounded."""
    whole: str
    """All of it, to be copied and downloaded; empty for one over the limit."""
    size: int
    at: datetime

    @property
    def is_cut(self) -> bool:
        return len(self.shown) > text.PAYLOAD_LIMIT or not self.whole


def answer(raw: msgspec.Raw | bytes) -> Answer:
    """A JSON text as the API gave it. Nothing at all, which is not JSON, shows as null."""
    content = bytes(raw) or b"null"
    try:
        whole = text.indented(content)
    except (msgspec.DecodeError, RecursionError):
        whole = content
    # Characters have up to four bytes; `clean` has to see that there are more than it may show.
    shown = text.clean(whole[: 12 * text.PAYLOAD_LIMIT].decode(errors="ignore"), text.PAYLOAD_LIMIT)
    kept = "" if len(content) > WHOLE_LIMIT else text.escaped(whole.decode(errors="replace"))
    return Answer(shown, kept, len(content), timezone.now())
