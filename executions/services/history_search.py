"""Finds text in a history as it was received: 50 MB take some hundredths of a second, without decoding an event."""

import codecs
import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec

from executions.services.history_said import said
from executions.services.slices import in_slices

_KEYS = frozenset(
    f"{key}".casefold().encode()
    for key in (
        # What all events have, and the parts of payloads and failures.
        *("events", "eventId", "eventType", "version", "links", "userMetadata", "payloads", "metadata", "encoding"),
        *("data", "input", "result", "details", "header", "fields", "memo", "failure", "cause", "message", "source"),
        *("stackTrace", "encodedAttributes", "lastHeartbeatDetails", "name"),
        *("nonRetryable", "nextRetryDelay", "timeoutType", "type", "retryState", "category", "indexedFields"),
        *("applicationFailureInfo", "activityFailureInfo", "timeoutFailureInfo", "canceledFailureInfo"),
        *("serverFailureInfo", "terminatedFailureInfo", "childWorkflowExecutionFailureInfo"),
        *("resetWorkflowFailureInfo",),
        # Of activities, timers, children, signals and updates.
        *("activityId", "activityType", "taskQueue", "kind", "normalName", "identity", "requestId"),
        *("scheduleToCloseTimeout", "scheduleToStartTimeout", "startToCloseTimeout", "heartbeatTimeout"),
        *("retryPolicy", "initialInterval", "backoffCoefficient", "maximumInterval", "maximumAttempts"),
        *("scheduledEventId", "startedEventId", "initiatedEventId", "lastFailure", "parentClosePolicy", "namespace"),
        *("timerId", "startToFireTimeout", "signalName", "updateName", "workflowType", "workflowId", "runId", "parent"),
        *("workflowExecution", "workflowIdReusePolicy", "acceptedRequest", "request", "protocolInstanceId", "outcome"),
        *("success", "meta", "updateId", "args", "markerName"),
        # Of runs and workflow tasks.
        *("originalExecutionRunId", "firstExecutionRunId", "newExecutionRunId", "continuedExecutionRunId", "priority"),
        *("workflowRunTimeout", "workflowExecutionTimeout", "workflowTaskTimeout", "firstWorkflowTaskBackoff"),
        *("binaryChecksum", "buildId", "baseRunId", "newRunId", "reason"),
        *("rootWorkflowExecution", "parentWorkflowExecution", "searchAttributes"),
        *("useCompatibleVersion", "useWorkflowBuildId", "deploymentVersion", "deploymentName", "versioningBehavior"),
    )
)
"""Temporal's own names in what is searched of an event: they say nothing of this history, since all have them."""
_ATTRIBUTES = b"eventattributes"
_BETWEEN = re.compile(r"\s*([:,{}\[\]])\s*")
_TO_END_OF_KEY = re.compile(rb'[a-z0-9_]*(?="\s*:)')
_ESCAPE = re.compile(
    # Some for what needs none, together; any other one, or its second half could be taken for the first of another.
    # None is given up for a shorter one, and so none of it has to be remembered on the way.
    rb"(?:\\u(?!00[01]|0022|005[cC])[0-9a-fA-F]{4})++|\\."
)
_ESCAPES_KEPT, _LONGEST_KEPT, _PIECE = 10_000, 60, 1 << 18
"""Escapes that are remembered, of how many bytes each at most; and bytes that are folded at a time."""
_END = b"\0"
"""Between events: no JSON has it."""


class Haystack:
    """A history's text as it is compared, and where each event begins in it.

    Two texts that differ only in case are the same one then, `Straße` and `STRASSE` too, and escapes are none.
    """

    def __init__(self, events: Iterable[msgspec.Raw]) -> None:
        self._text = bytearray()
        self._starts = array("Q", [0])
        escapes = _Escapes()
        for raw in in_slices(events):
            self._text += _folded(said(raw), escapes) + _END
            self._starts.append(len(self._text))

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self._text) + 8 * len(self._starts)

    def find(self, query: str) -> set[int]:
        """The numbers, from 0, of the events with this text in a value or in a key of somebody's own. In any case."""
        return {number for needle, anywhere in _needles(query) for number in self._find(needle, anywhere=anywhere)}

    def _find(self, needle: bytes, *, anywhere: bool) -> Iterator[int]:
        place = self._text.find(needle)
        while place >= 0:
            after = 0 if anywhere else self._end_of_temporal_s(place, needle)
            if not after:
                number = bisect_right(self._starts, place) - 1
                yield number
                after = self._starts[number + 1]
            place = self._text.find(needle, after)

    def _end_of_temporal_s(self, place: int, needle: bytes) -> int:
        """If it stands in one of the keys that all histories have, where that ends."""
        end = _TO_END_OF_KEY.match(self._text, place + len(needle))
        if not end:
            return 0
        key = bytes(self._text[self._text.rfind(b'"', 0, place) + 1 : end.end()])
        return end.end() if key in _KEYS or key.endswith(_ATTRIBUTES) else 0


class _Escapes(dict[bytes, bytes]):
    """JSON's escapes, as what they stand for is compared; those that JSON needs stay."""

    def __missing__(self, escape: bytes) -> bytes:
        is_needed = len(escape) == 2 and escape != rb"\/"
        made = escape if is_needed else json.loads(b'"' + escape + b'"').casefold().encode(errors="replace")
        if len(self) < _ESCAPES_KEPT and len(escape) <= _LONGEST_KEPT:
            self[escape] = made
        return made


def _folded(event: bytes, escapes: _Escapes) -> bytes:
    if rb"\u" in event or rb"\/" in event:
        event = _ESCAPE.sub(lambda found: escapes[found[0]], event)
    if event.isascii():
        return event.lower()
    # A piece at a time, for none takes long then.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = (event[start : start + _PIECE] for start in range(0, len(event), _PIECE))
    folded = b"".join(decoder.decode(piece).casefold().encode() for piece in pieces)
    return folded + decoder.decode(b"", final=True).encode()


def _needles(query: str) -> set[tuple[bytes, bool]]:
    """How the query may stand in JSON, and whether it is more than a part of one text."""
    folded = query.casefold()
    found = {(json.dumps(folded, ensure_ascii=False)[1:-1].encode(errors="replace"), False)}
    if '"' in query:
        # A piece of JSON, as the API may write it and as a page shows it.
        found |= {(words.encode(errors="replace"), True) for words in (folded, _BETWEEN.sub(r"\1", folded))}
    return found
