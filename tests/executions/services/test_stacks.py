"""Stack traces: the frames of libraries apart from the workflow's own."""

import time

import pytest

from executions.services import stacks


def frame(path: str, name: str = "go", code: str = "go()") -> str:
    return f'  File "{path}", line 7, in {name}\n    {code}\n    ^^^^\n'


ENGINE = "/app/.venv/lib/python3.11/site-packages/temporalio/worker/_activity.py"
LOOP = "/usr/lib/python3.12/asyncio/tasks.py"
POOL = "/usr/lib/python3.12/concurrent/futures/thread.py"
OWN = "/app/invoices/activities.py"


def test_libraries_are_folded_where_they_stand() -> None:
    trace = frame(ENGINE) + "\n" + frame(LOOP) + frame(POOL) + "\n" + frame(OWN, "validate") + frame(ENGINE)
    library, own, last = stacks.parts(trace)
    assert [one.frames for one in (library, own, last)] == [3, 0, 1]
    assert own.words == frame(OWN, "validate").strip("\n")
    assert library.words == "\n".join(frame(path).strip("\n") for path in (ENGINE, LOOP, POOL))


def test_a_very_long_trace_takes_no_longer_a_frame() -> None:
    trace = frame(OWN) + frame(ENGINE) * 30_000
    before = time.process_time()
    own, library = stacks.parts(trace)
    # Each frame put to all those before it took some 2 s.
    assert time.process_time() - before < 1
    assert (own.frames, library.frames) == (0, 30_000)


def test_what_stands_between_frames_stays() -> None:
    between = (
        "\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n"
    )
    found = stacks.parts(frame(ENGINE) + frame(OWN) + between + frame(ENGINE) + frame(OWN))
    assert [one.frames for one in found] == [1, 0, 1, 0]
    assert "direct cause" in found[1].words
    assert "Traceback" in found[1].words


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Python311\Lib\site-packages\httpx\_client.py",
        "/opt/dist-packages/httpx/_client.py",
        "/opt/site-packages/httpx/_client.py",
        "/src/temporalio/worker/_activity.py",
        "<frozen importlib._bootstrap>",
        LOOP,
        POOL,
    ],
)
def test_what_is_a_library(path: str) -> None:
    assert [one.frames for one in stacks.parts(frame(path) + frame(OWN))] == [1, 0]


@pytest.mark.parametrize("path", ["/app/asyncio_jobs/run.py", "/app/lib/pythonic.py", "/home/concurrent/app.py"])
def test_what_is_none(path: str) -> None:
    assert [one.frames for one in stacks.parts(frame(ENGINE) + frame(path))] == [1, 0]


@pytest.mark.parametrize(
    "trace",
    [
        "",
        "at extract",
        frame(OWN) * 2,
        frame(ENGINE) * 2,
        "    at Object.run (/app/node_modules/x.js:1:2)\n" * 3,
        "\n\n",
    ],
)
def test_nothing_is_folded_where_nothing_is_or_nothing_would_stay(trace: str) -> None:
    assert stacks.parts(trace) == []
