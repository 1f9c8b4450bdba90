"""A long export that writes a line every second, and takes ten seconds to clean up when it is canceled."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from temporalio import activity, workflow

from console.sandbox.workflows.declare import Declaration, Handler

CLEAN_UP_SECONDS = 10


class Export(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    chunks: int = 1800


@activity.defn
async def export_chunk(table: str, number: int) -> int:
    activity.logger.info("table %s: chunk %d written, 500 rows", table, number)
    return 500


@activity.defn
async def remove_partial_file(table: str) -> None:
    for step in range(1, CLEAN_UP_SECONDS + 1):
        activity.logger.info("clean-up of %s: step %d of %d", table, step, CLEAN_UP_SECONDS)
        await asyncio.sleep(1)


ACTIVITIES = [export_chunk, remove_partial_file]


@workflow.defn(name="table-export")
class TableExport:
    def __init__(self) -> None:
        self.done = 0

    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        export = msgspec.convert(given, Export)
        limit = timedelta(seconds=30)
        try:
            while self.done < export.chunks:
                await workflow.execute_activity(
                    export_chunk, args=[export.table, self.done + 1], start_to_close_timeout=limit
                )
                self.done += 1
                await asyncio.sleep(1)
        except asyncio.CancelledError:
            workflow.logger.warning("canceled after %d chunks: cleaning up", self.done)
            await asyncio.shield(
                workflow.execute_activity(remove_partial_file, export.table, start_to_close_timeout=limit)
            )
            raise
        return {"table": export.table, "chunks": self.done}

    @workflow.query
    def progress(self) -> dict[str, int]:
        return {"chunks": self.done}


DECLARATION = Declaration(
    "table-export",
    TableExport,
    "Table export",
    "Writes a table in chunks; cleans up for ten seconds when canceled.",
    Export,
    ["data"],
    queries=[Handler("progress", "Chunks written so far.")],
)
