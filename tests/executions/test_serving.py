"""What only the real thing shows: Daphne, a database file, many requests at once, browsers that leave, and crashes."""

import asyncio
import contextlib
import http.client
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urlencode

import httpx
import pytest

from executions import ids
from tests.executions import canned, pages
from tests.faulty import Faulty, Request, reply, running
from tests.servers import Console, console

PATIENCE = 20.0
WRITES = {
    "signal": {"name": "approve", "input": '{"by": "ana"}'},
    "update": {"name": "set_priority"},
    "cancel": {"reason": "stuck"},
    "terminate": {"reason": "stuck", "confirm": canned.ID[-6:]},
    "reset": {"reason": "stuck", "event_id": "4"},
    "batch-cancel": {"reason": "stuck"},
    "batch-terminate": {"reason": "stuck", "confirm": "2"},
}
PAGE = f"/executions/{canned.ID}/"


@pytest.fixture(scope="module")
def api() -> Iterator[Faulty]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def serving(api: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("serving"), api.url) as made:
        yield made


@pytest.fixture(scope="module")
def admin(serving: Console) -> Iterator[httpx.Client]:
    browser = serving.sign_in("admin")
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def healthy(api: Faulty) -> None:
    api.requests.clear()
    canned.healthy(api)


def awaited(found: Callable[[], Any]) -> Any:
    """What `found` returns, once that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline, "It did not come about."
        time.sleep(0.02)
    return value


class Form:
    """A form that is filled in, to be sent in whatever way."""

    def __init__(self, browser: httpx.Client, operation: str, **fields: str) -> None:
        self.cookies = dict(browser.cookies)
        address = self._frozen(browser, operation) if operation.startswith("batch") else f"{PAGE}{operation}/"
        page = browser.get(address)
        assert page.status_code == 200, page.text
        self.address = f"{address}start/" if operation.startswith("batch") else address
        found = pages.parse(page.text).fields
        self.fields = {name: found[name] for name in ("token", "csrfmiddlewaretoken")} | fields

    def _frozen(self, browser: httpx.Client, operation: str) -> str:
        token = pages.parse(browser.get("/executions/").text).fields["csrfmiddlewaretoken"]
        chosen = {"operation": operation.removeprefix("batch-"), "id": [canned.ID, "b"], "csrfmiddlewaretoken": token}
        return str(browser.post("/batches/", data=chosen).headers["Location"])

    def begin(self, serving: Console) -> http.client.HTTPConnection:
        """Send it, and do not wait."""
        sending = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=PATIENCE)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        sending.request("POST", self.address, urlencode(self.fields), headers)
        return sending


def rows(serving: Console, query: str) -> list[tuple[Any, ...]]:
    """What is committed: read past the console, from the file."""
    with contextlib.closing(sqlite3.connect(serving.folder / "console.sqlite3")) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_a_form_sent_a_hundred_times_at_once_acts_once(serving: Console, admin: httpx.Client, api: Faulty) -> None:
    gate = api.gate()
    api.on([gate, *reply(status=204)], method="POST", path=canned.path(rest="/cancel"))
    form = Form(admin, "cancel", reason="stuck")

    async def send_all() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            base_url=serving.url, cookies=form.cookies, limits=limits, timeout=PATIENCE, trust_env=False
        ) as browser:
            sent = [asyncio.create_task(browser.post(form.address, data=form.fields)) for _ in range(100)]
            # One of them waits for the API; the others have their answer meanwhile.
            for answered, answer in enumerate(asyncio.as_completed(sent), start=1):
                await answer
                if answered == len(sent) - 1:
                    gate.set()
            return [await one for one in sent]

    answers = asyncio.run(send_all())
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert canned.sent(api) == [(canned.path(rest="/cancel"), None)]
    recorded = rows(serving, "SELECT id FROM executions_actionrequested WHERE operation = 'cancel'")
    assert len(recorded) == 1
    assert rows(serving, "SELECT result FROM executions_actionoutcome") == [("done",)]


@pytest.mark.parametrize("operation", WRITES)
def test_a_browser_that_leaves_cuts_nothing(serving: Console, admin: httpx.Client, api: Faulty, operation: str) -> None:
    gate = api.gate()
    results = {one: {"status": "success"} for one in (canned.ID, "b")}

    def slow(request: Request) -> Any:
        return [gate, *reply({"results": results, "result": 1, "message": "m"})]

    api.on(slow, method="POST")
    before = rows(serving, "SELECT count(*) FROM executions_actionoutcome")[0][0]
    known = rows(serving, "SELECT count(*) FROM executions_actionrequested")[0][0]
    sending = Form(admin, operation, **WRITES[operation]).begin(serving)
    awaited(lambda: canned.sent(api))
    # Recorded before it was sent, and for everybody to see.
    count = 2 if operation.startswith("batch") else 1
    assert rows(serving, "SELECT count(*) FROM executions_actionrequested") == [(known + count,)]
    assert rows(serving, "SELECT count(*) FROM executions_actionoutcome") == [(before,)]
    sending.close()
    # Others are served meanwhile.
    assert admin.get("/healthz").text == "alive\n"
    assert "in progress" in pages.text(admin.get(f"{PAGE}actions/").text)
    gate.set()
    awaited(lambda: rows(serving, "SELECT count(*) FROM executions_actionoutcome")[0][0] == before + count)
    latest = rows(serving, "SELECT result FROM executions_actionoutcome ORDER BY at DESC LIMIT 1")
    assert latest == [("done",)]
    assert len(canned.sent(api)) == 1


def test_the_log_names_neither_the_key_nor_what_went_wrong_unseen(serving: Console) -> None:
    """Not even of browsers that left."""
    assert "test-key" not in serving.log
    assert "Traceback" not in serving.log


@pytest.fixture
def crashing(serving: Console) -> Iterator[Console]:
    """The console, which runs again afterwards."""
    yield serving
    assert serving.process
    if serving.process.poll() is not None:
        serving.start()


@pytest.mark.slow
def test_a_crash_between_request_and_answer_leaves_unknown(crashing: Console, admin: httpx.Client, api: Faulty) -> None:
    """SIGKILL with every kind of write on its way: each is recorded, shown as unknown, and never sent again."""
    gate = api.gate()
    api.on(lambda request: [gate, *reply()], method="POST")
    known = rows(crashing, "SELECT id FROM executions_actionrequested")
    waiting = [Form(admin, operation, **fields).begin(crashing) for operation, fields in WRITES.items()]
    awaited(lambda: len(canned.sent(api)) == len(WRITES))
    crashing.kill()
    gate.set()
    for sending in waiting:
        sending.close()
    left = rows(crashing, "SELECT operation FROM executions_actionrequested ORDER BY at")[len(known) :]
    # A batch is of two executions.
    assert sorted(row[0] for row in left) == sorted([*WRITES, "batch-cancel", "batch-terminate"])
    crashing.start()
    shown = pages.text(admin.get("/audit/?outcome=unknown").text)
    assert shown.count("It may or may not have happened: check before trying again.") == len(left)
    assert "No actions match" in pages.text(admin.get("/audit/?outcome=in+progress").text)
    assert len(canned.sent(api)) == len(WRITES)
    assert len(rows(crashing, "SELECT id FROM executions_actionrequested")) == len(known) + len(left)


@pytest.mark.slow
def test_a_crash_between_the_look_and_the_record_leaves_nothing(
    crashing: Console, admin: httpx.Client, api: Faulty
) -> None:
    """SIGKILL while each asks what the execution is now: nothing is recorded or sent, and the forms are still good."""
    single = {operation: fields for operation, fields in WRITES.items() if not operation.startswith("batch")}
    forms = [Form(admin, operation, **fields) for operation, fields in single.items()]
    known = rows(crashing, "SELECT count(*) FROM executions_actionrequested")
    api.requests.clear()
    gate = api.gate()
    api.on(lambda request: [gate, *reply(canned.execution())], method="GET", path=canned.path())
    waiting = [form.begin(crashing) for form in forms]
    awaited(lambda: [one.path for one in api.requests].count(canned.path()) == len(forms))
    crashing.kill()
    gate.set()
    for sending in waiting:
        sending.close()
    canned.healthy(api)
    crashing.start()
    assert rows(crashing, "SELECT count(*) FROM executions_actionrequested") == known
    assert canned.sent(api) == []
    assert forms[0].begin(crashing).getresponse().status == 303
    assert len(canned.sent(api)) == 1


def test_a_form_from_before_a_crash_sends_nothing_again(crashing: Console, admin: httpx.Client, api: Faulty) -> None:
    gate = api.gate()
    api.on([gate, *reply()], method="POST")
    form = Form(admin, "cancel", reason="stuck")
    sending = form.begin(crashing)
    awaited(lambda: canned.sent(api))
    crashing.kill()
    sending.close()
    gate.set()
    crashing.start()
    again = form.begin(crashing).getresponse()
    assert (again.status, len(canned.sent(api))) == (303, 1)
    assert str(again.headers["Location"]).startswith(f"{PAGE}actions/?action=")


@pytest.mark.slow
def test_a_stop_lets_a_write_finish(crashing: Console, admin: httpx.Client, api: Faulty) -> None:
    gate = api.gate()
    api.on([gate, *reply(status=204)], method="POST")
    sending = Form(admin, "cancel", reason="stopped").begin(crashing)
    awaited(lambda: canned.sent(api))
    assert crashing.process
    crashing.process.terminate()
    threading.Timer(0.5, gate.set).start()
    crashing.process.wait(PATIENCE)
    result = rows(
        crashing,
        "SELECT o.result FROM executions_actionrequested r JOIN executions_actionoutcome o"
        " ON o.action_id = r.id WHERE r.reason = 'stopped'",
    )
    sending.close()
    assert result == [("done",)]


ODD = [
    *("a/b", "%2F", "a%2Fb", "~", "~2F", "open", ".hidden", "...", " ", "a\nb", "😀", "<script>alert(1)</script>"),
    *("?a=b#c", "//evil.example", "\\", "+", "a;b=c", "\ufffd", "\u202e", "x" * 1000, "é" * 500),
]


def get(serving: Console, browser: httpx.Client, target: str) -> tuple[int, str]:
    """A GET of exactly this path: clients and libraries would fold its dots."""
    asking = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=PATIENCE)
    asking.putrequest("GET", target)
    asking.putheader("Cookie", "; ".join(f"{name}={value}" for name, value in browser.cookies.items()))
    asking.endheaders()
    answer = asking.getresponse()
    body = answer.read().decode()
    asking.close()
    return answer.status, body


@pytest.mark.parametrize("execution_id", ODD, ids=lambda one: ascii(one)[:30])
def test_every_id_survives_the_whole_way(serving: Console, admin: httpx.Client, api: Faulty, execution_id: str) -> None:
    """From the address to the API as one segment, and from the page's links back to the same execution."""
    canned.healthy(api, execution_id)
    address = f"/executions/{ids.to_path(execution_id)}/"
    status, body = get(serving, admin, address)
    assert status == 200
    asked = f"{canned.EXECUTIONS}/{quote(execution_id, safe='')}"
    assert [one.target for one in api.requests] == [asked]
    assert "<script>alert" not in body
    links = [link.partition("?")[0] for link in pages.links(body)]
    links = [link for link in links if link.startswith("/executions/") and link != "/executions/"]
    assert {f"{address}{tab}" for tab in ("", "history/", "logs/", "cancel/")} <= set(links)
    for link in set(links) - {address}:
        assert ids.from_path(unquote(link.split("/")[2])) == execution_id
    api.requests.clear()
    status, form = get(serving, admin, f"{address}cancel/")
    assert status == 200
    sent_to = [found["action"] for tag, found in pages.parse(form).tags if tag == "form" and "data-once" in found]
    assert sent_to == [f"{address}cancel/"]
    assert [one.target for one in api.requests] == [asked]


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (".", "cannot be “.” or “..”"),
        ("..", "cannot be “.” or “..”"),
        ("%2E%2E", "cannot be “.” or “..”"),
        ("~2E", "cannot be “.” or “..”"),
        ("~2E~2E", "cannot be “.” or “..”"),
        ("~2E.", "cannot be “.” or “..”"),
        ("a~", "has a “~” that does not stand for a character"),
        ("a~2f", "has a “~” that does not stand for a character"),
        ("a%00b", "null character"),
        ("~00", "null character"),
        ("x" * 1001, "has 1 to 1,000 bytes; this one has 1,001"),
        ("%C3%A9" * 500 + "x", "has 1 to 1,000 bytes; this one has 1,001"),
        ("%FF", "cannot be understood"),
        ("a%C3", "cannot be understood"),
        ("%ED%A0%80", "cannot be understood"),
    ],
)
def test_what_cannot_be_an_id_is_refused_and_nothing_is_sent(
    serving: Console, admin: httpx.Client, api: Faulty, segment: str, words: str
) -> None:
    for page in ("", "cancel/"):
        status, body = get(serving, admin, f"/executions/{segment}/{page}")
        assert status == 400
        assert words in pages.text(body)
    assert api.requests == []
