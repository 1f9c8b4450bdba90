"""A long export, a chunk every second, that takes its time to clean up when it is canceled."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from temporalio import activity, workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from console.sandbox.workflows.declare import Activities, Declaration, Handler

ROWS = 500
"""In a chunk."""


class Export(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    chunks: Annotated[int, Meta(ge=1, le=5_000)] = 1800
    clean_up_seconds: Annotated[int, Meta(ge=0, le=60)] = 10


class Speed(msgspec.Struct, forbid_unknown_fields=True):
    rows_per_second: Annotated[float, Meta(gt=0)] = float(ROWS)


@activity.defn
async def export_chunk(table: str, number: int) -> int:
    await asyncio.sleep(0.5)
    activity.heartbeat(ROWS // 2)
    await asyncio.sleep(0.5)
    activity.logger.info("table %s: chunk %d written, %d rows", table, number, ROWS)
    return ROWS


@activity.defn
async def remove_partial_file(table: str, seconds: int) -> None:
    for step in range(1, seconds + 1):
        activity.logger.info("clean-up of %s: step %d of %d", table, step, seconds)
        activity.heartbeat(step)
        await asyncio.sleep(1)


ACTIVITIES: Activities = [export_chunk, remove_partial_file]
LIMITS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": timedelta(seconds=20),
}


@workflow.defn(name="table-export")
class TableExport:
    def __init__(self) -> None:
        self.chunks = 0
        self.rows = 0
        self.rows_wanted = 0

    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        export = msgspec.convert(given, Export)
        self.rows_wanted = export.chunks * ROWS
        try:
            while self.chunks < export.chunks:
                self.rows += await workflow.execute_activity(
                    export_chunk, args=[export.table, self.chunks + 1], **LIMITS
                )
                self.chunks += 1
        except (asyncio.CancelledError, ActivityError) as error:
            # A cancel that meets a running activity arrives as that activity's error.
            if is_cancelled_exception(error):
                workflow.logger.warning("canceled after %d chunks: cleaning up", self.chunks)
                await workflow.execute_activity(
                    remove_partial_file, args=[export.table, export.clean_up_seconds], **LIMITS
                )
            raise
        return {"table": export.table, "chunks": self.chunks, "rows": self.rows}

    @workflow.query
    def progress(self) -> dict[str, int]:
        return {"chunks": self.chunks, "rows": self.rows, "rows_wanted": self.rows_wanted}

    @workflow.query
    def seconds_left(self, given: dict[str, Any]) -> float:
        speed = msgspec.convert(given, Speed)
        return round((self.rows_wanted - self.rows) / speed.rows_per_second, 1)


DECLARATION = Declaration(
    "table-export",
    TableExport,
    "Table export",
    "Writes a table in chunks; cleans up when canceled.",
    Export,
    ["data"],
    queries=[
        Handler("progress", "What has been written so far."),
        Handler("seconds_left", "How long it will take at a given speed.", Speed),
    ],
)
