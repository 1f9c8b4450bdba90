"""A research agent: plans, reads each source in a child workflow, writes a summary, and goes on as new."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from temporalio import activity, workflow

from console.sandbox.workflows.custom_task import CustomTask
from console.sandbox.workflows.declare import Declaration


class Research(msgspec.Struct, forbid_unknown_fields=True):
    question: str
    sources: int = 3
    rounds: int = 1
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
    async with CustomTask("llm_call", {"model": "sandbox-large", "text": ""}) as task:
        for word in f"On the question “{question}” {len(notes)} sources agree in the main.".split():
            await asyncio.sleep(0.06)
            task.append("text", word + " ")
    return str(task.state["text"]).strip()


ACTIVITIES = [read_source, summarise]
_LIMIT: dict[str, Any] = {"start_to_close_timeout": timedelta(seconds=30)}


@workflow.defn(name="source-reader")
class SourceReader:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> str:
        return await workflow.execute_activity(read_source, given["source"], **_LIMIT)


@workflow.defn(name="research-agent")
class ResearchAgent:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        research = msgspec.convert(given, Research)
        workflow.logger.info("reading %d sources", research.sources)
        reads = [
            workflow.execute_child_workflow(
                SourceReader.run, {"source": f"source-{number}"}, id=f"{workflow.info().workflow_id}-{workflow.uuid4()}"
            )
            for number in range(1, research.sources + 1)
        ]
        notes = await asyncio.gather(*reads)
        summary = await workflow.execute_activity(summarise, args=[research.question, notes], **_LIMIT)
        if research.rounds > 1:
            workflow.continue_as_new({**given, "rounds": research.rounds - 1})
        return {"question": research.question, "summary": summary}


DECLARATION = Declaration(
    "research-agent",
    ResearchAgent,
    "Research agent",
    "Reads sources in child workflows and sums them up.",
    Research,
    ["agents"],
)
READER = Declaration("source-reader", SourceReader, "Source reader", "Reads one source for the research agent.", Source)
