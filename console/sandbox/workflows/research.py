"""A research agent: reads each source in a child workflow, writes a summary, and may go on as new for more rounds."""

import asyncio
import itertools
import random
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from temporalio import activity, workflow

from console.sandbox.workflows.custom_task import CustomTask
from console.sandbox.workflows.declare import Activities, Declaration


class Research(msgspec.Struct, forbid_unknown_fields=True):
    question: str
    sources: Annotated[int, Meta(ge=1, le=10)] = 3
    rounds: Annotated[int, Meta(ge=1, le=20)] = 1
    """More than one: the agent goes on as new for each."""
    words: Annotated[int, Meta(ge=10, le=20_000)] = 20
    """About how many words the summary has."""


TOKEN_SECONDS = 0.045
"""From one piece of the model's answer to the next, on average."""
FINDINGS = (
    "the figures of the last quarter hold, with one exception that is explained in a footnote",
    "two of the numbers were corrected after publication, and the correction changes the order",
    "the method is described well enough to repeat it, and the sample is large enough to trust it",
    "the conclusion goes further than the data, which only cover the second half of the year",
    "an older report says the opposite, but it counts differently: per order and not per item",
)


class Source(msgspec.Struct, forbid_unknown_fields=True):
    source: str


@activity.defn
async def read_source(source: str) -> str:
    activity.logger.info("reading %s", source)
    await asyncio.sleep(0.6)
    return f"What {source} says."


def answer_to(question: str, notes: list[str], words: int) -> str:
    """What the language model will say: a first sentence, then as many findings as fit."""
    answer = f"On the question “{question}” {len(notes)} sources agree in the main."
    for number in itertools.count():
        finding = FINDINGS[number % len(FINDINGS)]
        if len(answer.split()) + len(finding.split()) > words:
            break
        answer += f"\n\n{number + 1}. Source {number % len(notes) + 1}: {finding}."
    return answer


def pieces(text: str) -> list[str]:
    """The text as a model gives it: a few characters at a time, that make the same text again."""
    found = []
    for word in text.split(" "):
        found += [word[start : start + 7] for start in range(0, len(word), 7)]
        found[-1] += " "
    found[-1] = found[-1][:-1]
    return found


async def _read_notes(notes: list[str]) -> None:
    async with CustomTask("reading", {"completed": 0, "total": len(notes)}) as task:
        for number in range(1, len(notes) + 1):
            await asyncio.sleep(0.15)
            task.replace("completed", number)


async def _look_up(question: str) -> None:
    arguments = {"query": question, "most": 5, "since": "2026-01-01"}
    async with CustomTask("tool_call", {"tool": "search_archive", "arguments": arguments}) as task:
        await asyncio.sleep(0.2)
        task.add("result", {"hits": 3, "best": {"title": "Quarterly report", "score": 0.92}})
    async with CustomTask("tool_call", {"tool": "customer_records"}, sealed=True) as task:
        await asyncio.sleep(0.1)
        task.add("result", {"customer": "customer-108"})


@activity.defn
async def summarise(question: str, notes: list[str], words: int) -> str:
    """Read the notes, look something up, then ask a language model and show its answer as it comes."""
    await asyncio.gather(_read_notes(notes), _look_up(question))
    answer = answer_to(question, notes, words)
    async with CustomTask("llm_call", {"model": "sandbox-large", "text": "", "progress": 0}) as task:
        parts = pieces(answer)
        for place, part in enumerate(parts, 1):
            await asyncio.sleep(TOKEN_SECONDS * random.uniform(0.3, 1.7))
            task.append("text", part)
            if place % 10 == 0 or place == len(parts):
                task.replace("progress", round(place / len(parts), 2))
    return answer


ACTIVITIES: Activities = [read_source, summarise]
LIMITS: dict[str, Any] = {"start_to_close_timeout": timedelta(seconds=30)}
WRITING: dict[str, Any] = {"start_to_close_timeout": timedelta(minutes=30)}


@workflow.defn(name="source-reader")
class SourceReader:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> str:
        source = msgspec.convert(given, Source)
        return await workflow.execute_activity(read_source, source.source, **LIMITS)


@workflow.defn(name="research-agent")
class ResearchAgent:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        research = msgspec.convert(given, Research)
        workflow.logger.info("reading %d sources", research.sources)
        names = [f"source-{number}" for number in range(1, research.sources + 1)]
        notes = await asyncio.gather(*[self._read(name) for name in names])
        about = [research.question, notes, research.words]
        summary = await workflow.execute_activity(summarise, args=about, **WRITING)
        if research.rounds > 1:
            workflow.logger.info("%d more rounds to go", research.rounds - 1)
            workflow.continue_as_new({**given, "rounds": research.rounds - 1})
        return {"question": research.question, "summary": summary}

    async def _read(self, source: str) -> str:
        # A new id each time: after a reset, children of the first run may still be there.
        child = f"{workflow.info().workflow_id}-{source}-{workflow.uuid4().hex[:6]}"
        return await workflow.execute_child_workflow(
            SourceReader.run, {"source": source}, id=child, memo=workflow.memo()
        )


DECLARATION = Declaration(
    "research-agent",
    ResearchAgent,
    "Research agent",
    "Reads sources in child workflows and sums them up.",
    Research,
    ["agents"],
)
READER = Declaration(
    "source-reader",
    SourceReader,
    "Source reader",
    "Reads one source for the research agent.",
    Source,
    internal=True,
)
