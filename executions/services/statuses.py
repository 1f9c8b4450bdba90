"""Statuses of an execution, as people read them: a shape, a word and a colour each."""

from dataclasses import dataclass

from executions.services import text


@dataclass(frozen=True, slots=True)
class Status:
    value: str
    word: str
    tone: str
    """Names the colour and the shape in the style sheet."""
    over: bool


_KNOWN = {
    status.value: status
    for status in (
        Status("RUNNING", "Running", "running", False),
        Status("RETRYING_AFTER_ERROR", "Retrying after error", "retrying", False),
        Status("COMPLETED", "Completed", "completed", True),
        Status("FAILED", "Failed", "failed", True),
        Status("CANCELED", "Canceled", "canceled", True),
        Status("TERMINATED", "Terminated", "terminated", True),
        Status("TIMED_OUT", "Timed out", "timed-out", True),
        Status("CONTINUED_AS_NEW", "Continued as new", "continued", True),
    )
}
ALL = tuple(_KNOWN.values())


def status(value: str | None) -> Status:
    """The status of that name. One we do not know shows as it is, and counts as not over."""
    if not value:
        return Status("", "—", "unknown", False)
    return _KNOWN.get(value) or Status(value, text.clean(value, 40) or "—", "unknown", False)


def is_over(value: str | None) -> bool:
    """Whether nothing more will happen to a run with this status."""
    return status(value).over
