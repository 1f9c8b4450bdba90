"""The Workflows API is away for a while, and comes back."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests import faulty
from tests.benchmarks import canned
from tests.benchmarks.pages import ADDRESSES, set_up
from tests.relay.sse_upstream import Execution
from tests.servers import Console, console, sent_cookie


async def _watch(
    served: Console, cookie: str, states: list[tuple[float, str]], ids: list[str], came: asyncio.Event
) -> None:
    headers = {"Cookie": cookie, "Origin": served.url}
    address = f"ws{served.url[4:]}/ws/executions/{canned.EXECUTION}/logs/"
    async with connect(address, additional_headers=headers, proxy=None, max_size=None) as opened:
        async for message in opened:
            said = json.loads(message)
            if said["type"] == "state":
                states.append((time.monotonic(), said["state"]))
                if said["state"] == "ended":
                    return
            elif said["type"] == "items":
                ids += [item["id"] for item in said["items"]]
                came.set()
                await opened.send(json.dumps({"ack": ids[-1]}))


async def _away(folder: Path, seconds: float) -> dict[str, Any]:
    upstream = faulty.Faulty()
    with console(folder, upstream.url) as served:
        set_up(upstream)
        execution = Execution(upstream, canned.EXECUTION)
        execution.add(10)
        client = served.sign_in("viewer")
        for address in ADDRESSES.values():
            client.get(address)
        states: list[tuple[float, str]] = []
        ids: list[str] = []
        came = asyncio.Event()
        watching = asyncio.create_task(_watch(served, sent_cookie(client), states, ids, came))
        await asyncio.wait({watching, asyncio.create_task(came.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert came.is_set(), watching.exception()
        upstream.stop()
        opened: dict[str, Any] = {}
        left = time.monotonic()
        for name, address in ADDRESSES.items():
            asked = time.monotonic()
            answer = await asyncio.to_thread(client.get, address)
            opened[name] = {"seconds": round(time.monotonic() - asked, 2), "status": answer.status_code}
        await asyncio.sleep(max(left + seconds - time.monotonic(), 0))
        back = faulty.Faulty(port=upstream.port)
        set_up(back)
        returned = time.monotonic()
        again = Execution(back, canned.EXECUTION)
        again.add(20)
        again.finish()
        async with asyncio.timeout(60):
            await watching
        back.stop()
    live_again = next(moment for moment, state in states if state == "live" and moment > returned)
    return {
        "seconds away": seconds,
        "pages": opened,
        "slowest page, seconds": max(one["seconds"] for one in opened.values()),
        "states of the stream": [state for _, state in states],
        "live again after seconds": round(live_again - returned, 1),
        "rows missing": len({str(number) for number in range(1, 21)} - set(ids)),
        "rows twice": len(ids) - len(set(ids)),
    }


def away(folder: Path, seconds: float) -> dict[str, Any]:
    return asyncio.run(_away(folder, seconds))
