"""Answers of an upstream that costs nothing, so that what is measured is the console."""

import json
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


def log_record(number: int, body: str = "") -> dict[str, object]:
    return {
        "timestamp": (START + timedelta(milliseconds=number)).isoformat(),
        "severity_text": "INFO",
        "body": body or f"line {number} of a page that was read",
        "log_attributes": {"activity_type": "read_document"},
    }
