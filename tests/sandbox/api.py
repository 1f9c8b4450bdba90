"""The sandbox's API as tests use it to bring about a situation, and to look at what the engine made of it."""

import time
from typing import Any
from urllib.parse import quote

import httpx

WAIT_SECONDS = 40


class Api:
    """Plain HTTP: neither of the clients that are under test."""

    def __init__(self, url: str) -> None:
        headers = {"Authorization": "Bearer test-key"}
        self.http = httpx.Client(base_url=f"{url}/v1/workflows", headers=headers, trust_env=False, timeout=60)

    def start(self, workflow: str, given: dict[str, Any], execution_id: str | None = None) -> str:
        """Start an execution. Returns its id."""
        answer = self.http.post(f"/{workflow}/execute", json={"execution_id": execution_id, "input": given})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["execution_id"])

    def start_review(self, **given: Any) -> str:
        """Start a review, and wait until it waits for a decision."""
        execution_id = self.start("kyc-review", {"case": "case-1", **given})
        self.wait_for_event(execution_id, "EVENT_TYPE_TIMER_STARTED")
        return execution_id

    def get(self, execution_id: str, rest: str = "", **query: Any) -> Any:
        answer = self.http.get(f"/executions/{quote(execution_id, safe='')}{rest}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, execution_id: str, rest: str, body: Any = None) -> httpx.Response:
        return self.http.post(f"/executions/{quote(execution_id, safe='')}{rest}", json=body)

    def wait_for(self, execution_id: str, status: str) -> dict[str, Any]:
        """Wait until the execution has this status. Returns the execution."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (found := self.get(execution_id))["status"] != status:
            assert time.monotonic() < deadline, f"{execution_id} is {found['status']}, not {status}"
            time.sleep(0.05)
        return dict(found)

    def settled_runs(self, root: str, number: int) -> list[dict[str, Any]]:
        """A root and all below it, once the engine's list has them all as closed: it lags a little."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            found = self.http.get("/runs", params={"root_execution_id": root}).json()["executions"]
            if len(found) == number and "RUNNING" not in {run["status"] for run in found}:
                return list(found)
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def history(self, execution_id: str) -> list[dict[str, Any]]:
        """The history's events, payloads decoded."""
        return list(self.get(execution_id, "/history", decode_payloads="true")["events"])

    def wait_for_event(self, execution_id: str, kind: str) -> dict[str, Any]:
        """Wait for an event in the history."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            for event in self.history(execution_id):
                if event["eventType"] == kind:
                    return event
            assert time.monotonic() < deadline, f"{execution_id} has no {kind}"
            time.sleep(0.05)

    def log_bodies(self, execution_id: str) -> list[str]:
        return [record["body"] for record in self.get(execution_id, "/logs", limit=100)["results"]]

    def wait_for_log(self, execution_id: str, body: str) -> None:
        """Wait until a line is in the logs."""
        deadline = time.monotonic() + WAIT_SECONDS
        while body not in (found := self.log_bodies(execution_id)):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def point_before(self, execution_id: str, activity: str) -> int:
        """The reset point just before an activity was scheduled."""
        points, found = [], None
        for event in self.history(execution_id):
            if event["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED":
                points.append(int(event["eventId"]))
            scheduled = event.get("activityTaskScheduledEventAttributes")
            if scheduled and scheduled["activityType"]["name"] == activity:
                found = points[-1]
        assert found, f"{execution_id} never scheduled {activity}"
        return found
