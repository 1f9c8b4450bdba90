"""The history page beside Temporal's own UI: the same executions of one engine, nothing in the browser's cache."""

import socket
import statistics
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser

from tests.benchmarks import loading
from tests.benchmarks.browser import chromium, sign_in
from tests.sandbox import running
from tests.sandbox.api import Api
from tests.servers import Console, console

ACCOUNTS = {"100": 19, "1,000": 215}
"""Of a reconciliation, so that it has about this many events: with their workflow tasks five each."""
LOADS = 5
_OURS, _THEIRS = ".history-rows > .row", "[data-testid=event-summary-row]"


def against(folder: Path) -> dict[str, Any]:
    """When the first row is there, and what it took, in both."""
    ui_port = _free_port()
    with (
        running.running("--empty", "--ui-port", str(ui_port)) as sandbox,
        console(folder, sandbox.url, DEMO="0") as served,
        chromium() as browser,
    ):
        theirs = f"http://127.0.0.1:{ui_port}"
        found: dict[str, Any] = {}
        for size, accounts in ACCOUNTS.items():
            name, run_id = _finished(sandbox.url, theirs, accounts)
            address = f"{theirs}/namespaces/default/workflows/{name}/{run_id}/history"
            loads: dict[str, list[dict[str, float]]] = {"ours": [], "Temporal’s UI": []}
            # In turns, so that both meet the same machine.
            for _ in range(LOADS):
                loads["Temporal’s UI"].append(_load(browser, address, _THEIRS))
                loads["ours"].append(_load(browser, f"/executions/{name}/history/", _OURS, served))
            medians = {whose: _medians(figures) for whose, figures in loads.items()}
            found |= {f"{size} events, {whose}": figures for whose, figures in medians.items()}
            first = [medians[whose]["first row, ms"] for whose in ("ours", "Temporal’s UI")]
            found[f"first row at {size} events, to Temporal’s UI"] = round(first[0] / first[1], 3)
        return found


def _medians(loads: list[dict[str, float]]) -> dict[str, float]:
    return {figure: round(statistics.median(load[figure] for load in loads), 1) for figure in loads[0]}


def _finished(api_url: str, ui: str, accounts: int) -> tuple[str, str]:
    """An execution that is over: its id, and the engine's own id of its run."""
    api = Api(api_url)
    name = api.start("nightly-reconciliation", {"night": "2026-01-31", "batches": 1, "accounts": accounts})
    api.wait_for(name, "COMPLETED")
    described = httpx.get(f"{ui}/api/v1/namespaces/default/workflows/{name}", trust_env=False).json()
    return name, described["workflowExecutionInfo"]["execution"]["runId"]


def _load(browser: Browser, address: str, row: str, served: Console | None = None) -> dict[str, float]:
    """One look, with nothing in the browser's cache."""
    context = browser.new_context(base_url=served.url if served else None, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    if served:
        sign_in(page)
        context.new_cdp_session(page).send("Network.clearBrowserCache")
    loading.watch(page, row)
    first = loading.first_row(page, address, 1)
    found = {"first row, ms": first, **loading.taken(page)}
    page.wait_for_load_state("networkidle")
    found |= {"rows above the fold": loading.above_the_fold(page, row), **loading.weight(page)}
    context.close()
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
