"""Browser tests: Debian's Chromium on the real demo, started with the command that a visitor uses."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mistralai.client import Mistral
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests import faulty
from tests.chromium import LAUNCH
from tests.executions import canned
from tests.faulty import Faulty
from tests.sandbox.api import Api
from tests.servers import PASSWORD, ROOT, Console, console

SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_ADDRESSES = re.compile(r"Executions Console\s+(http://\S+).*The sandbox's API\s+(http://\S+)", re.DOTALL)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, **LAUNCH}


WORKABLE = """() => !window.htmx || "ready" in document.documentElement.dataset"""


@pytest.fixture(scope="session", autouse=True)
def _whole_pages() -> Iterator[None]:
    """A page's behaviours come after its first paint: a hand is slower, a test has to wait."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("goto", "reload", "go_back", "wait_for_url"):
            patch.setattr(Page, name, _then_workable(getattr(Page, name)))
        yield


def _then_workable(went: Callable[..., Any]) -> Callable[..., Any]:
    def go(page: Page, *args: Any, **options: Any) -> Any:
        answer = went(page, *args, **options)
        if options.get("wait_until") not in {"commit", "domcontentloaded"}:
            page.wait_for_function(WORKABLE)
        return answer

    return go


START_SECONDS = 60


@pytest.fixture(scope="session")
def demo_addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A running demo: the addresses of its console and of its sandbox's API."""
    log = tmp_path_factory.mktemp("demo") / "demo.log"
    # A visitor's environment: not the settings that these tests run under.
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "console.settings"}
    with log.open("wb") as said:
        process = subprocess.Popen([sys.executable, "manage.py", "demo"], cwd=ROOT, env=env, stdout=said, stderr=said)
    deadline = time.monotonic() + START_SECONDS
    while not (found := _ADDRESSES.search(log.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"The demo did not start:\n{log.read_text()}")
        time.sleep(0.1)
    yield found[1], found[2]
    process.send_signal(signal.SIGINT)
    process.wait(20)
    # What went wrong on the server without a reader noticing.
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def demo(demo_addresses: tuple[str, str]) -> str:
    """The address of a running demo."""
    return demo_addresses[0]


@pytest.fixture(scope="session")
def demo_api(demo_addresses: tuple[str, str]) -> Api:
    """The API of the demo's sandbox, to start executions of a test's own."""
    return Api(demo_addresses[1])


@pytest.fixture(scope="session")
def engine(demo_addresses: tuple[str, str]) -> Mistral:
    """The vendor's own client on the demo's sandbox, to see what the engine made of it."""
    return Mistral(api_key="test-key", server_url=demo_addresses[1], timeout_ms=60_000)


@pytest.fixture(scope="session")
def states(demo: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each role's cookies, from signing in once."""
    found = {}
    for role in ("viewer", "operator", "admin"):
        context = browser.new_context(base_url=demo)
        sign_in(context.new_page(), role)
        found[role] = tmp_path_factory.mktemp("states") / f"{role}.json"
        context.storage_state(path=found[role])
        context.close()
    return found


def sign_in(page: Page, name: str = "viewer", to: str = "/executions/") -> Page:
    """Through the form, to a page of the site. The audit asks the API for nothing."""
    page.goto(f"/accounts/login/?next={to}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{to}")
    return page


@pytest.fixture(scope="module")
def api() -> Iterator[Faulty]:
    """An API that answers as the test tells it, with one execution that is well."""
    with faulty.running() as server:
        canned.healthy(server)
        yield server


@pytest.fixture(scope="module")
def served(api: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console on that API. It keeps answers for a second: a history that changes needs a run of its own."""
    with console(tmp_path_factory.mktemp("console"), api.url) as made:
        yield made
        assert "Traceback" not in made.log, made.log


@pytest.fixture(scope="module")
def scripts(demo: str, browser: Browser) -> Iterator[Page]:
    """A page of the console, on which a test imports the modules that it looks at."""
    page = browser.new_context(base_url=demo).new_page()
    page.goto("/accounts/login/")
    yield page
    page.context.close()


SignedIn = Callable[..., Page]

HARMLESS = ("the server responded with a status of 4", "htmx:afterRequest,", "htmx:sendAbort,")
"""Errors in the browser's console that are none: the status of a page that is an error on purpose, and htmx saying
that a request was given up because the page went away or a newer request took its place. (One that failed says
"htmx:sendError".)"""


def is_complaint(message: ConsoleMessage) -> bool:
    return message.type == "error" and not any(words in message.text for words in HARMLESS)


@pytest.fixture
def signed_in(demo: str, browser: Browser, states: dict[str, Path]) -> Iterator[SignedIn]:
    """`signed_in("operator")`: a page of that user. What the browser complains of fails the test."""
    contexts, complaints = [], []

    def make(role: str = "operator", **options: Any) -> Page:
        context = browser.new_context(
            base_url=demo, storage_state=states[role], viewport=options.pop("viewport", DESKTOP), **options
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def input_json(page: Page) -> Any:
    """The JSON of a form as it would be sent."""
    return json.loads(page.get_by_label("Input (JSON)").input_value())


SEEDED = "inv-"
"""How the ids of the demo's own invoices begin: whole runs, which no test resets."""
LONG_EXPORT = "export-payments"
"""An export of the demo that goes on for half an hour, and that nobody cancels."""


def open_first(page: Page, workflow: str, status: str = "RUNNING", search: str = "") -> str:
    """Open the newest run of a workflow in this status, waiting for one; its execution id."""
    page.goto(f"/executions/?workflow={workflow}&status={status}&q={search}")
    link = page.locator(".run-list td.id a").first
    link.wait_for(timeout=60_000)
    execution_id = link.inner_text()
    link.click()
    page.wait_for_url(f"**/executions/{execution_id}/*")
    return execution_id
