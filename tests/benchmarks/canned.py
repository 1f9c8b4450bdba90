"""Answers of an upstream that costs nothing, so that what is measured is the console."""

import json
import random
from datetime import UTC, datetime, timedelta

EXECUTION = "inv-1"
RUN = "0b5d2a34-6a4f-4f0e-9a53-0c8b8f2f5b11"
START = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


def execution(number: int = 1, status: str = "RUNNING") -> dict[str, object]:
    return {
        "execution_id": f"inv-{number}",
        "workflow_name": "invoice-pipeline",
        "run_id": RUN,
        "status": status,
        "start_time": START.isoformat(),
        "end_time": None,
    }


def history(events: int) -> bytes:
    """A history of activities in Temporal's JSON."""
    found = [
        {
            "eventId": str(number),
            "eventTime": (START + timedelta(milliseconds=number)).isoformat(),
            "eventType": "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED",
            "activityTaskScheduledEventAttributes": {
                "activityType": {"name": "read_document"},
                "input": {"payloads": [{"document": f"doc-{number}", "text": "x" * 400}]},
            },
        }
        for number in range(1, events + 1)
    ]
    return json.dumps({"events": found}).encode()


def long_history(events: int) -> bytes:
    """A history as the engine writes it, of activities and the workflow tasks between them: 1 KB an event."""
    order = random.Random(1)
    found: list[dict[str, object]] = []

    def add(kind: str, **attributes: object) -> str:
        number = str(len(found) + 1)
        words = kind.split("_")
        key = words[0].lower() + "".join(word.capitalize() for word in words[1:]) + "EventAttributes"
        moment = START + timedelta(milliseconds=50 * len(found))
        time = moment.isoformat(timespec="microseconds").replace("+00:00", "000Z")
        about = {
            "eventId": number,
            "eventTime": time,
            "eventType": f"EVENT_TYPE_{kind}",
            "taskId": str(10**6 + len(found)),
        }
        found.append({**about, key: attributes})
        return number

    add("WORKFLOW_EXECUTION_STARTED", workflowType={"name": "bulk-import"}, input={"payloads": [{"documents": events}]})
    while len(found) < events - 6:
        lines = [
            {"text": f"position {line} of the invoice", "amount": line * 12.5, "vat": 19, "booked": True}
            for line in range(order.randrange(2, 50))
        ]
        document = {"document": f"doc-{len(found)}", "lines": lines}
        scheduled = add(
            "ACTIVITY_TASK_SCHEDULED",
            activityId=str(len(found)),
            activityType={"name": order.choice(("read_document", "extract_fields", "book"))},
            taskQueue={"name": "imports", "kind": "TASK_QUEUE_KIND_NORMAL"},
            input={"payloads": [document]},
            startToCloseTimeout="60s",
            retryPolicy={"initialInterval": "1s", "backoffCoefficient": 2, "maximumInterval": "100s"},
        )
        started = add("ACTIVITY_TASK_STARTED", scheduledEventId=scheduled, identity="worker", attempt=1)
        points = {"scheduledEventId": scheduled, "startedEventId": started}
        if order.random() < 0.02:
            info = {"type": "RateLimited", "nonRetryable": False}
            failure = {"message": "429 rate limited", "stackTrace": "at book\nat run", "applicationFailureInfo": info}
            add("ACTIVITY_TASK_FAILED", **points, failure=failure)
        else:
            words = [f"word {word}" for word in range(order.randrange(10, 130))]
            result = {"payloads": [{"pages": 3, "words": words}]}
            add("ACTIVITY_TASK_COMPLETED", **points, result=result)
        scheduled = add("WORKFLOW_TASK_SCHEDULED", taskQueue={"name": "imports"}, attempt=1)
        started = add("WORKFLOW_TASK_STARTED", scheduledEventId=scheduled, identity="worker")
        add("WORKFLOW_TASK_COMPLETED", scheduledEventId=scheduled, startedEventId=started, identity="worker")
    while len(found) < events - 1:
        add("MARKER_RECORDED", markerName="version")
    add("WORKFLOW_EXECUTION_COMPLETED", result={"payloads": [{"imported": events}]})
    return json.dumps({"events": found}).encode()


def log_record(number: int, body: str = "") -> dict[str, object]:
    return {
        "timestamp": (START + timedelta(milliseconds=number)).isoformat(),
        "severity_text": "INFO",
        "body": body or f"line {number} of a page that was read",
        "log_attributes": {"activity_type": "read_document"},
    }
