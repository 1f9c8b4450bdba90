"""A research agent: reads each source in a child workflow, writes a summary, and may go on as new for more rounds."""

import asyncio
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


class Source(msgspec.Struct, forbid_unknown_fields=True):
    source: str


@activity.defn
async def read_source(source: str) -> str:
    activity.logger.info("reading %s", source)
    await asyncio.sleep(0.6)
    return f"What {source} says."


@activity.defn
async def summarise(question: str, notes: list[str]) -> str:
    """Ask a language model, and show its answer word by word."""
    answer = f"On the question “{question}” {len(notes)} sources agree in the main."
    async with CustomTask("llm_call", {"model": "sandbox-large", "text": ""}) as task:
        for word in answer.split():
            await asyncio.sleep(0.06)
            task.append("text", word + " ")
    return answer


ACTIVITIES: Activities = [read_source, summarise]
LIMITS: dict[str, Any] = {"start_to_close_timeout": timedelta(seconds=30)}


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
        summary = await workflow.execute_activity(summarise, args=[research.question, notes], **LIMITS)
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
