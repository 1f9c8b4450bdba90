"""Evidence as a zip: what is in it, what its manifest says of it, and what happens where a part fails."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from temporalio.client import WorkflowHistory

from executions.operations import BY_SLUG
from executions.services import api, evidence, evidence_parts, runs
from executions.services.evidence import Evidence
from executions.services.evidence_parts import PARTS
from executions.upstream.types import Execution
from tests.executions import canned
from tests.executions.conftest import SignIn
from tests.executions.recorded import row
from tests.faulty import Faulty, Request, reply
from tests.sandbox.api import Api

pytestmark = pytest.mark.django_db
NAMES = ["README.txt", *(part.name for part in PARTS), "manifest.json"]
EVERYTHING = frozenset(BY_SLUG)
LOGS, HISTORY = canned.path(rest="/logs"), f"{canned.RUNS}/{canned.RUN}/history"


def collected(may: frozenset[str] = EVERYTHING, run_id: str = canned.RUN) -> dict[str, bytes]:
    """The files of the evidence of the canned execution."""
    run = runs.run(Execution(execution_id=canned.ID, run_id=run_id, workflow_name="invoice-pipeline", status="RUNNING"))
    return unpacked(b"".join(Evidence(run, username="ana", may=may).stream()))


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def manifest(files: dict[str, bytes]) -> dict[str, Any]:
    """The manifest; of each file in it, size and digest are right."""
    found: dict[str, Any] = json.loads(files["manifest.json"])
    listed = {one["name"]: one for one in found["files"]}
    assert list(listed) == NAMES[:-1]
    assert {name for name, one in listed.items() if one["in_this_zip"]} == set(files) - {"manifest.json"}
    for name, content in files.items():
        if name != "manifest.json":
            assert (listed[name]["size"], listed[name]["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    return found | {"files": listed}


def lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def test_all_of_it(upstream: Faulty) -> None:
    row(reason="the supplier called", input='{"ok": true}', name="approve", answer='{"n": 1}')
    files = collected()
    # The manifest comes last: only then is it known what the others are.
    assert list(files) == NAMES
    found = manifest(files)
    about = {name: found[name] for name in ("product", "collected_by", "execution_id", "run_id", "workflow", "status")}
    assert about == {
        "product": "Executions Console",
        "collected_by": "ana",
        "execution_id": canned.ID,
        "run_id": canned.RUN,
        "workflow": "invoice-pipeline",
        "status": "RUNNING",
    }
    assert (found["api"], found["complete"], found["was_running"]) == (upstream.url, True, True)
    assert found["version"] == evidence.version() != "unknown"
    assert found["began"] <= found["ended"]
    assert json.loads(files["execution.json"]) == canned.execution()
    assert json.loads(files["history.json"]) == json.loads(files["history-decoded.json"]) == canned.HISTORY
    assert lines(files["logs.jsonl"]) == [canned.LOG]
    assert lines(files["events.jsonl"]) == [canned.EVENT]
    (action,) = json.loads(files["actions.json"])
    assert (action["username"], action["reason"], action["input"]) == ("ana", "the supplier called", '{"ok": true}')
    assert (action["outcome"]["result"], action["outcome"]["answer"]) == ("done", '{"n": 1}')


def test_how_each_was_got(upstream: Faulty) -> None:
    found = manifest(collected())["files"]
    assert {name: one["how"] for name, one in found.items()} == {
        "README.txt": ["written by the console"],
        "execution.json": [f"GET {canned.RUNS}/{canned.RUN}"],
        "history.json": [f"GET {HISTORY}?decode_payloads=false"],
        "history-decoded.json": [f"GET {HISTORY}?decode_payloads=true"],
        "trace-otel.json": [f"GET {canned.path(rest='/trace/otel')}"],
        "trace-summary.json": [f"GET {canned.path(rest='/trace/summary')}"],
        "trace-events.json": [f"GET {canned.path(rest='/trace/events')}?include_internal_events=true"],
        "logs.jsonl": [f"GET {LOGS}?run_id={canned.RUN}&order=desc&limit=100"],
        "events.jsonl": [
            f"GET {canned.EVENTS}?workflow_exec_id={canned.ID}&limit=1000",
        ],
        "actions.json": ["the console’s own audit"],
    }
    # They are the very requests, nothing else was sent, and each once.
    sent = [f"GET {one.target}" for one in upstream.requests]
    assert sent == [how for one in found.values() for how in one["how"] if how.startswith("GET")]


def test_where_the_api_names_no_runs(upstream: Faulty) -> None:
    found = manifest(collected(run_id=""))
    assert found["files"]["history.json"]["how"] == [f"GET {canned.path(rest='/history')}?decode_payloads=false"]
    assert (found["run_id"], found["complete"]) == ("", True)


def test_what_came_is_kept_as_it_came(upstream: Faulty) -> None:
    odd = b'{"of":\n  "another shape", "number": 1.50, "eventId": "\\u00e9"}'
    for rest in ("/trace/otel", "/trace/summary", "/trace/events"):
        upstream.on(reply(odd), method="GET", path=canned.path(rest=rest))
    upstream.on(reply(odd), method="GET", path=HISTORY)
    files = collected()
    names = ("history.json", "history-decoded.json", "trace-otel.json", "trace-summary.json", "trace-events.json")
    assert {files[name] for name in names} == {odd}
    assert manifest(files)["complete"]


FAILING: dict[str, tuple[str, str]] = {
    "execution.json": (f"{canned.RUNS}/{canned.RUN}", "execution.json"),
    "history": (HISTORY, "history.json history-decoded.json"),
    "trace-otel": (canned.path(rest="/trace/otel"), "trace-otel.json"),
    "trace-summary": (canned.path(rest="/trace/summary"), "trace-summary.json"),
    "trace-events": (canned.path(rest="/trace/events"), "trace-events.json"),
    "logs": (LOGS, "logs.jsonl"),
    "events": (canned.EVENTS, "events.jsonl"),
}
ANSWERS = {
    "refused": (reply({"detail": "no such thing", "code": "WF_1100"}, 404), "no such thing (WF_1100)"),
    "broken": (reply({"detail": "An error occurred"}, 500), "An error occurred"),
    "no JSON": (reply(b"<html>"), "not JSON"),
    "cut short": (reply(b'{"events": [', missing=9), "cut short"),
}


@pytest.mark.parametrize("part", FAILING)
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_part_that_fails_breaks_no_other(upstream: Faulty, part: str, kind: str) -> None:
    path, names = FAILING[part]
    answer, words = ANSWERS[kind]
    upstream.on(answer, method="GET", path=path)
    files = collected()
    assert list(files) == [name for name in NAMES if name not in names.split()]
    found = manifest(files)
    assert not found["complete"]
    failed = {name: one for name, one in found["files"].items() if not one["complete"]}
    assert list(failed) == names.split()
    for one in failed.values():
        assert ("sha256" in one, "size" in one) == (False, False)
        assert words in one["problem"] or (kind == "no JSON" and "documented shape" in one["problem"])


def test_an_error_of_our_own_breaks_no_other_part(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(evidence_parts.audit, "of_execution", broken)
    found = manifest(collected())
    assert "RuntimeError" in found["files"]["actions.json"]["problem"]
    assert "secret" not in json.dumps(found)
    assert [name for name, one in found["files"].items() if not one["complete"]] == ["actions.json"]


@pytest.mark.parametrize("missing", ["history", "trace-otel", "trace-summary", "trace-events", "logs", "event-stream"])
def test_each_part_is_for_those_who_may_read_it(upstream: Faulty, missing: str) -> None:
    files = collected(may=EVERYTHING - {missing})
    names = [part.name for part in PARTS if part.operation == missing]
    found = manifest(files)
    problems = {name: one.get("problem") for name, one in found["files"].items() if not one["in_this_zip"]}
    assert problems == dict.fromkeys(names, "Who collected this may not read it.")
    assert not found["complete"]
    # Not asked for either.
    assert len(upstream.requests) == len(PARTS) - 1 - len(names)


def _paged(upstream: Faulty, total: int, *, of: str = "results", fails_at: int = 0, loops: bool = False) -> None:
    """Pages of records, the newest first: each names its number and its second."""

    def answer(request: Request) -> Any:
        query = dict(request.query)
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        if fails_at and start >= fails_at:
            return reply({"detail": "An error occurred"}, 500)
        numbers = range(start, min(start + limit, total))
        made = [
            {"n": total - n, "timestamp": f"2026-01-31T14:{(total - n) // 60:02}:{(total - n) % 60:02}Z"}
            for n in numbers
        ]
        going_on = start if loops else start + limit
        return reply({of: made, "next_cursor": str(going_on) if start + limit < total else None})

    upstream.on(answer, method="GET", path=LOGS if of == "results" else canned.EVENTS)


def test_all_pages_of_the_logs_oldest_first(upstream: Faulty) -> None:
    _paged(upstream, 250)
    files = collected()
    assert [one["n"] for one in lines(files["logs.jsonl"])] == list(range(1, 251))
    found = manifest(files)["files"]["logs.jsonl"]
    assert (found["records"], found["complete"]) == (250, True)
    assert (found["first"], found["last"]) == ("2026-01-31T14:00:01+00:00", "2026-01-31T14:04:10+00:00")


@pytest.mark.parametrize("of", ["results", "events"])
def test_long_lists_are_bounded_and_say_so(upstream: Faulty, monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    name, most = ("logs.jsonl", "LOG_LINES") if of == "results" else ("events.jsonl", "EVENTS")
    monkeypatch.setattr(evidence_parts, most, 2_000)
    _paged(upstream, 3_500, of=of)
    files = collected()
    numbers = [one["n"] for one in lines(files[name])]
    # Of log lines the newest are kept; the API gives events only from the first on.
    assert numbers == (list(range(1_501, 3_501)) if of == "results" else list(range(3_500, 1_500, -1)))
    found = manifest(files)
    assert (found["files"][name]["records"], found["files"][name]["complete"], found["complete"]) == (
        2_000,
        False,
        False,
    )
    assert found["files"][name]["detail"] == "There are more: this is what 2,000 lines or 64 MB hold."


def test_their_bytes_are_bounded_too(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_parts, "LINES_BYTES", 1_000)
    _paged(upstream, 300)
    assert manifest(collected())["files"]["logs.jsonl"]["records"] == 100


def test_pages_before_one_that_fails_are_kept(upstream: Faulty) -> None:
    _paged(upstream, 300, fails_at=200)
    files = collected()
    assert len(lines(files["logs.jsonl"])) == 200
    found = manifest(files)["files"]["logs.jsonl"]
    assert (found["in_this_zip"], found["complete"], found["problem"]) == (True, False, "An error occurred")


def test_a_cursor_that_goes_round_ends(upstream: Faulty) -> None:
    _paged(upstream, 300, loops=True)
    found = manifest(collected())["files"]["logs.jsonl"]
    assert (found["complete"], found["detail"]) == (False, "The API gave the same page again.")


@pytest.mark.parametrize("record", [b'{\n "a":\n 1}', b'"text"', b"[1,\n2]", b"null", b'{"timestamp": {"x": "\\n"}}'])
def test_each_record_is_one_line_whatever_it_is(upstream: Faulty, record: bytes) -> None:
    upstream.on(reply(b'{"results": [' + record + b", " + record + b"]}"), method="GET", path=LOGS)
    assert lines(collected()["logs.jsonl"]) == [json.loads(record)] * 2


def test_nothing_written_is_an_empty_file(upstream: Faulty) -> None:
    upstream.on(reply({"results": []}), method="GET", path=LOGS)
    files = collected()
    assert files["logs.jsonl"] == b""
    assert json.loads(files["actions.json"]) == []
    found = manifest(files)
    assert (found["files"]["logs.jsonl"]["records"], found["complete"]) == (0, True)


def test_many_actions_are_bounded_and_in_their_order(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_parts, "ACTIONS", 5)
    monkeypatch.setattr(evidence_parts, "ACTION_PAGE", 2)
    for number in range(7):
        row(result=None, reason=str(number), age=100 - number)
    row(execution_id="another")
    files = collected()
    assert [one["reason"] for one in json.loads(files["actions.json"])] == ["2", "3", "4", "5", "6"]
    found = manifest(files)["files"]["actions.json"]
    assert (found["records"], found["complete"], found["detail"]) == (
        5,
        False,
        "There are more: these are the newest 5.",
    )


def test_what_has_not_begun_in_time_is_left_out(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SECONDS", -1.0)
    files = collected()
    assert list(files) == ["manifest.json"]
    assert {"no time left" in one["problem"] for one in manifest(files)["files"].values()} == {True}
    assert upstream.requests == []


def test_every_slot_is_given_back(upstream: Faulty) -> None:
    upstream.on(reply(status=500), method="GET", path=LOGS)
    for _ in range(3):
        collected()
    # Somebody leaves in the middle.
    run = runs.run(Execution(execution_id=canned.ID, run_id=canned.RUN))
    for _ in range(3):
        made = Evidence(run, username="ana", may=EVERYTHING).stream()
        # The README, and the beginning of the execution.
        assert b"execution.json" in next(made) + next(made)
        assert evidence._slots._value == evidence.AT_ONCE - 1
        made.close()
    assert evidence._slots._value == evidence.AT_ONCE


def test_one_part_at_a_time_is_in_memory(upstream: Faulty) -> None:
    """The zip leaves piece by piece, and a part is asked for only when the one before it has been sent."""
    large = reply({"events": [{"text": "x" * 3_000_000}]})
    upstream.on(large, method="GET", path=HISTORY)
    run = runs.run(Execution(execution_id=canned.ID, run_id=canned.RUN))
    seen = []
    for piece in Evidence(run, username="ana", may=EVERYTHING).stream():
        seen.append((len(upstream.requests), len(piece)))
    # README, then the execution: the history has not been asked for when they leave.
    assert [requests for requests, _ in seen][:2] == [0, 1]
    assert max(size for _, size in seen) < 2 * evidence_parts.PIECE


def test_the_readme_s_way_to_check_them_works(upstream: Faulty, tmp_path: Path) -> None:
    files = collected()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    said = files["README.txt"].decode()
    assert [name for name in NAMES if name not in said] == ["README.txt"]
    (line,) = (line.strip() for line in said.splitlines() if "hashlib" in line)

    def check() -> list[str]:
        command = line.replace("python3", sys.executable, 1)
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert check() == [f"right {name}" for name in NAMES[:-1]]
    (tmp_path / "logs.jsonl").write_bytes(b"{}\n")
    assert [one for one in check() if "WRONG" in one] == ["WRONG logs.jsonl"]


@pytest.fixture
def on_sandbox(sandbox: str, settings: Any) -> Iterator[Api]:
    settings.MISTRAL_SERVER_URL = sandbox
    api.client.cache_clear()
    yield Api(sandbox)
    api.client().close()
    api.client.cache_clear()


def test_a_real_execution(on_sandbox: Api, sign_in: SignIn) -> None:
    """By the engine's own word: its replayer's parser takes the history, and nothing is missing."""
    execution_id = on_sandbox.start("invoice-pipeline", {"document": "scan-1.pdf", "amount": 10})
    done = on_sandbox.wait_for(execution_id, "COMPLETED")
    browser: Client = sign_in("viewer")
    files = unpacked(browser.get(f"/executions/{execution_id}/evidence/").getvalue())
    found = manifest(files)
    assert {name: one.get("problem", "") for name, one in found["files"].items()} == dict.fromkeys(NAMES[:-1], "")
    assert (found["complete"], found["was_running"], found["run_id"]) == (True, False, done["run_id"])
    assert json.loads(files["execution.json"])["result"] == done["result"]
    replayed = WorkflowHistory.from_json(execution_id, files["history.json"].decode())
    assert [event.event_id for event in replayed.events] == list(range(1, len(replayed.events) + 1))
    decoded = json.loads(files["history-decoded.json"])["events"]
    assert decoded == on_sandbox.history(execution_id)
    assert len(decoded) == len(replayed.events)
    assert {one["body"] for one in lines(files["logs.jsonl"])} >= set(on_sandbox.log_bodies(execution_id))
    kinds = [one["event_type"] for one in lines(files["events.jsonl"])]
    assert (kinds[0], kinds[-1]) == ("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_COMPLETED")
    assert json.loads(files["trace-summary.json"])["span_tree"]["name"]
