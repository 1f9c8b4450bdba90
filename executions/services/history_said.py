"""What a search of a history looks at: an event without what is the engine's alone.

Left out are its own numbers and times, and who its workers are: else `12` finds nearly every event. A payload may have
keys of the same names, so an event is opened as far as the engine's own keys go, and no further.
"""

import msgspec

_OF_AN_EVENT = ("eventId", "eventTime", "version", "taskId", "workerMayIgnore")
_OF_ATTRIBUTES = (
    *("workflowTaskCompletedEventId", "scheduledEventId", "startedEventId", "initiatedEventId"),
    *("externalInitiatedEventId", "acceptedRequestSequencingEventId", "acceptedEventId", "parentInitiatedEventId"),
    *("acceptedRequestMessageId", "rejectedRequestMessageId", "rejectedRequestSequencingEventId", "requestId"),
    *("identity", "attempt", "binaryChecksum", "namespaceId", "parentWorkflowNamespaceId", "forkEventVersion"),
    *("sdkMetadata", "meteringMetadata", "historySizeBytes", "suggestContinueAsNew", "workerVersion"),
)
"""Ids of activities, timers, updates, executions and runs stay: those are looked for."""
_INFOS = ("activityFailureInfo", "childWorkflowExecutionFailureInfo")
_DEEPEST = 20
"""Failures in a failure that are opened."""
_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def said(event: msgspec.Raw) -> bytes:
    """An event's JSON without the engine's own; as it is, where it cannot be read."""
    try:
        found = _without(event, _OF_AN_EVENT)
        for key, value in found.items():
            if key.endswith("EventAttributes"):
                found[key] = msgspec.Raw(msgspec.json.encode(_attributes(value)))
        return msgspec.json.encode(found)
    except _UNREADABLE:
        return bytes(event)


def _without(raw: msgspec.Raw, keys: tuple[str, ...]) -> dict[str, msgspec.Raw]:
    found = _objects.decode(raw)
    for key in keys:
        found.pop(key, None)
    return found


def _attributes(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    found = _without(raw, _OF_ATTRIBUTES)
    for key in ("failure", "lastFailure"):
        if key in found:
            found[key] = _failure(found[key], _DEEPEST)
    return found


def _failure(raw: msgspec.Raw, depth: int) -> msgspec.Raw:
    """A failure says of the activity or the child that it is about what that one's events do."""
    try:
        found = _objects.decode(raw)
        for key in _INFOS:
            if key in found:
                found[key] = msgspec.Raw(msgspec.json.encode(_without(found[key], _OF_ATTRIBUTES)))
    except _UNREADABLE:
        return raw
    if "cause" in found and depth:
        found["cause"] = _failure(found["cause"], depth - 1)
    return msgspec.Raw(msgspec.json.encode(found))
