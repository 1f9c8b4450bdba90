"""Batches on the real thing: many chunks, and a process that is killed, stopped and started again in the middle."""

import asyncio
import csv
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest

from tests.executions import canned, pages
from tests.executions.test_serving import PATIENCE, awaited, rows
from tests.faulty import HANG, Faulty, Request, Step, reply, running
from tests.servers import Console, console

CANCEL = f"{canned.EXECUTIONS}/cancel"
pytestmark = pytest.mark.slow  # a batch of many chunks takes its time

TIMEOUT = "2"
"""Seconds after which the console gives up a call."""


@pytest.fixture(scope="module")
def api() -> Iterator[Faulty]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def module_console(api: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("batches"), api.url, UPSTREAM_TIMEOUT_SECONDS=TIMEOUT) as made:
        yield made


@pytest.fixture
def serving(module_console: Console, api: Faulty) -> Iterator[Console]:
    """The console, which runs again afterwards."""
    api.requests.clear()
    canned.healthy(api)
    yield module_console
    assert module_console.process
    if module_console.process.poll() is not None:
        module_console.start()


@pytest.fixture
def admin(serving: Console) -> Iterator[httpx.Client]:
    browser = serving.sign_in("admin")
    yield browser
    browser.close()


def succeeded(request: Request) -> list[Step]:
    return reply({"results": {one: {"status": "success"} for one in request.json["execution_ids"]}})


def many(count: int, name: str = "e") -> list[str]:
    return [f"{name}-{number:05}" for number in range(count)]


def sent(api: Faulty) -> list[list[str]]:
    """The ids of each call, in the order in which they came."""
    return [one.json["execution_ids"] for one in api.requests if one.method == "POST"]


class Batch:
    """A batch, as an operator has it before them."""

    def __init__(self, serving: Console, browser: httpx.Client, ids: Sequence[str]) -> None:
        self.serving, self.browser, self.count = serving, browser, len(ids)
        fields = pages.parse(browser.get("/executions/").text).fields
        form = {"operation": "cancel", "id": list(ids), "csrfmiddlewaretoken": fields["csrfmiddlewaretoken"]}
        answer = browser.post("/batches/", data=form)
        assert answer.status_code == 303, answer.text
        self.address = answer.headers["Location"]

    def form(self, **fields: str) -> dict[str, str]:
        found = pages.parse(self.browser.get(self.address).text).fields
        known = {name: found[name] for name in ("token", "csrfmiddlewaretoken") if name in found}
        return {**known, "confirm": str(self.count), **fields}

    def act(self, act: str, **fields: str) -> None:
        answer = self.browser.post(f"{self.address}{act}/", data=self.form(**fields))
        assert (answer.status_code, answer.headers["Location"]) == (303, self.address), answer.text

    @property
    def key(self) -> str:
        return self.address.split("/")[2].replace("-", "")

    @property
    def state(self) -> str:
        return str(rows(self.serving, f"SELECT state FROM executions_batch WHERE id = '{self.key}'")[0][0])

    def becomes(self, state: str) -> None:
        awaited(lambda: self.state == state)

    @property
    def counts(self) -> dict[str, int]:
        found = f"SELECT state, count(*) FROM executions_batchitem WHERE batch_id = '{self.key}' GROUP BY state"
        return dict(rows(self.serving, found))

    @property
    def recorded(self) -> dict[str, int]:
        """The outcomes in the audit; None for actions without one."""
        found = (
            "SELECT result, count(*) FROM executions_actionrequested r LEFT JOIN executions_actionoutcome o"
            f" ON o.action_id = r.id WHERE r.batch_id = '{self.key}' GROUP BY result"
        )
        return dict(rows(self.serving, found))

    @property
    def shown(self) -> str:
        return pages.text(self.browser.get(self.address).text)


def test_started_a_hundred_times_at_once_it_starts_once(serving: Console, admin: httpx.Client, api: Faulty) -> None:
    api.on(succeeded, method="POST")
    batch = Batch(serving, admin, many(3))
    form = batch.form(reason="stuck")

    async def start_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(
            base_url=serving.url, cookies=dict(admin.cookies), timeout=PATIENCE, trust_env=False
        ) as browser:
            return await asyncio.gather(*(browser.post(f"{batch.address}start/", data=form) for _ in range(100)))

    answers = asyncio.run(start_all())
    assert {(one.status_code, one.headers["Location"]) for one in answers} == {(303, batch.address)}
    batch.becomes("done")
    assert (sent(api), batch.counts, batch.recorded) == ([many(3)], {"done": 3}, {"done": 3})


def test_it_goes_on_when_the_browser_leaves_and_is_paused_from_elsewhere(
    serving: Console, admin: httpx.Client, api: Faulty
) -> None:
    gates = [api.gate(), api.gate()]
    api.on(*(lambda request, gate=gate: [gate, *succeeded(request)] for gate in gates), method="POST")
    batch = Batch(serving, admin, many(250))
    batch.act("start", reason="stuck")
    admin.close()
    awaited(lambda: len(sent(api)) == 1)
    # Committed before the answer: who, what and why, and how far it is.
    assert (batch.counts, batch.recorded) == ({"sent": 100, "waiting": 150}, {None: 100})
    batch.browser = serving.sign_in("admin")
    assert "0 of 250 have an answer sending 1 to 100" in batch.shown
    gates[0].set()
    awaited(lambda: len(sent(api)) == 2)
    batch.act("pause")
    assert "Pausing: the last call is under way 100 of 250 have an answer sending 101 to 200" in batch.shown
    gates[1].set()
    awaited(lambda: batch.counts == {"done": 200, "waiting": 50})
    assert (batch.state, len(sent(api)), batch.recorded) == ("paused", 2, {"done": 200})
    batch.act("start")
    batch.becomes("done")
    assert sent(api) == [many(250)[:100], many(250)[100:200], many(250)[200:]]
    batch.browser.close()


@pytest.mark.parametrize("step", ["waits for an answer", "was asked to slow down"])
def test_killed_in_the_middle_it_is_paused(serving: Console, admin: httpx.Client, api: Faulty, step: str) -> None:
    """SIGKILL: what was sent is unknown or known, what was not sent is not, and nothing goes on by itself."""
    slowed = step == "was asked to slow down"
    gate = api.gate()
    first = reply(status=429, headers={"Retry-After": "600"}) if slowed else [gate, *reply()]
    api.on(first, succeeded, method="POST")
    batch = Batch(serving, admin, many(150))
    batch.act("start", reason="stuck")
    awaited(lambda: batch.counts == {"refused" if slowed else "sent": 100, "waiting": 50})
    awaited(lambda: len(sent(api)) == 1)
    serving.kill()
    gate.set()
    serving.start()
    result = "refused" if slowed else "unknown"
    assert "Paused 100 of 150 have an answer" in batch.shown
    assert "The console stopped while this batch was running." in batch.shown
    assert (batch.counts, batch.state) == ({result: 100, "waiting": 50}, "paused")
    assert batch.recorded == ({"refused": 100} if slowed else {None: 100})
    assert len(sent(api)) == 1
    batch.act("start")
    batch.becomes("done")
    assert (batch.counts, sent(api)) == ({result: 100, "done": 50}, [many(150)[:100], many(150)[100:]])
    refused = "Try the 100 refused again" in batch.shown
    assert refused == slowed


def test_told_to_stop_it_finishes_its_chunk(serving: Console, admin: httpx.Client, api: Faulty) -> None:
    gate = api.gate()
    api.on(lambda request: [gate, *succeeded(request)], method="POST")
    batch = Batch(serving, admin, many(250))
    batch.act("start", reason="stuck")
    awaited(lambda: len(sent(api)) == 1)
    assert serving.process
    serving.process.terminate()
    threading.Timer(0.5, gate.set).start()
    serving.process.wait(PATIENCE)
    assert (batch.state, batch.counts, batch.recorded) == ("paused", {"done": 100, "waiting": 150}, {"done": 100})
    serving.start()
    assert "The console was stopped, and finished the chunk that was under way." in batch.shown
    assert len(sent(api)) == 1


def test_told_to_stop_it_waits_for_nobody_s_patience(serving: Console, admin: httpx.Client, api: Faulty) -> None:
    """An API that asked to slow down does not keep the process."""
    api.on(reply(status=429, headers={"Retry-After": "600"}), method="POST")
    batch = Batch(serving, admin, many(150))
    batch.act("start", reason="stuck")
    awaited(lambda: batch.counts == {"refused": 100, "waiting": 50})
    assert serving.process
    serving.process.terminate()
    serving.process.wait(PATIENCE)
    assert (batch.state, len(sent(api))) == ("paused", 1)


def test_a_running_batch_lets_others_write(serving: Console, admin: httpx.Client, api: Faulty) -> None:
    """Not even in the middle of a call is the database held."""
    gate = api.gate()
    api.on(lambda request: [gate, *succeeded(request)], method="POST")
    batch = Batch(serving, admin, many(2))
    batch.act("start", reason="stuck")
    awaited(lambda: len(sent(api)) == 1)
    other = Batch(serving, admin, ["f"])
    assert (other.state, batch.state) == ("frozen", "running")
    gate.set()
    batch.becomes("done")


def test_two_and_a_half_thousand_with_everything_that_goes_wrong(
    serving: Console, admin: httpx.Client, api: Faulty
) -> None:
    """Refusals one by one, a 429, a hang, a 503, a short answer and a crash: totals add up, and nothing goes twice."""
    ids = many(2_500)
    chunks = [ids[start : start + 100] for start in range(0, 2_500, 100)]
    crash = api.gate()

    def usual(request: Request) -> list[Step]:
        over = {"status": "failure", "error": "Workflow execution already completed"}
        wanted = request.json["execution_ids"]
        return reply({"results": {one: over if one.endswith("7") else {"status": "success"} for one in wanted}})

    odd: dict[int, Callable[[Request], list[Step]]] = {
        3: lambda request: reply({"detail": "slow down"}, 429, {"Retry-After": "1"}),
        7: lambda request: [HANG],
        11: lambda request: [crash, *succeeded(request)],
        15: lambda request: reply({"detail": "An error occurred", "code": "WF_1103"}, 503),
        # It says nothing about the second half.
        19: lambda request: reply({"results": {one: {"status": "success"} for one in chunks[19][:50]}}),
    }

    def answer(request: Request) -> list[Step]:
        wanted = request.json["execution_ids"]
        return odd.get(chunks.index(wanted), usual)(request) if wanted in chunks else succeeded(request)

    api.on(answer, method="POST")
    batch = Batch(serving, admin, ids)
    batch.act("start", reason="the rule changed")
    batch.becomes("paused")
    # Slowed down once, refused ten in each of the others, and then no answer.
    assert batch.counts == {"done": 540, "refused": 160, "unknown": 100, "waiting": 1_700}
    assert "did not answer within 2 seconds" in batch.shown

    batch.act("start")
    awaited(lambda: len(sent(api)) == 12)
    serving.kill()
    crash.set()
    serving.start()
    assert "Paused 1,200 of 2,500 have an answer" in batch.shown
    assert (len(sent(api)), batch.counts["unknown"], batch.counts["waiting"]) == (12, 200, 1_300)

    batch.act("start")
    batch.becomes("paused")
    assert "(WF_1103)" in batch.shown
    batch.act("start")
    batch.becomes("done")
    # 20 chunks with ten refusals in each, one refused as a whole, three unknown as a whole and one by half.
    known = {"done": 20 * 90 + 50, "refused": 20 * 10 + 100, "unknown": 3 * 100 + 50}
    assert (batch.counts, sum(known.values())) == (known, 2_500)
    assert sent(api) == chunks
    # A crash left its chunk without an outcome, which is unknown as well.
    assert batch.recorded == {"done": 1_850, "refused": 300, "unknown": 250, None: 100}

    sheet = io.StringIO(admin.get(f"{batch.address}results.csv").content.decode("utf-8-sig"))
    table = list(csv.DictReader(sheet))
    assert Counter(row["Result"] for row in table) == known
    assert [row["Execution"] for row in table] == ids
    assert {row["Why"] for row in table if row["Execution"] in chunks[11]} == {
        "The answer was not recorded: the console stopped, or its database failed."
    }

    refused = [row["Execution"] for row in table if row["Result"] == "refused"]
    batch.act("retry")
    awaited(lambda: batch.counts == {"done": 2_150, "unknown": 350})
    assert [one for chunk in sent(api)[25:] for one in chunk] == refused
    assert batch.recorded == {"done": 2_150, "refused": 300, "unknown": 250, None: 100}


def test_the_log_has_nothing_that_went_wrong_unseen(serving: Console) -> None:
    assert "test-key" not in serving.log
    assert "Traceback" not in serving.log
