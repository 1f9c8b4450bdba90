"""Who may do what: every operation, for everybody, as offered, by GET and by POST."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from executions import urls
from executions.consumers import EventsConsumer, LogsConsumer
from executions.models import ActionRequested, Batch
from executions.operations import OPERATIONS
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import Faulty

READ = frozenset({"viewer", "operator", "admin", "superuser"})
OPERATE = READ - {"viewer"}
ADMINISTER = OPERATE - {"operator"}
EVERYBODY = ("anonymous", "nobody", *sorted(READ))
PAGE = f"/executions/{canned.ID}/"


@dataclass(frozen=True)
class Row:
    """Where an operation is met. `offered_at` is the page that leads there, `marker` what leads there from it."""

    who: frozenset[str]
    address: str
    marker: str
    offered_at: str = PAGE
    sends: dict[str, Any] = field(default_factory=dict)
    """What its form sends; empty for what is only read."""
    call: str = ""
    """The path of the API that its POST ends in."""


def _tab(name: str) -> Row:
    return Row(READ, f"{PAGE}{name}/", f'href="{PAGE}{name}/"')


def _action(who: frozenset[str], slug: str, call: str, **sends: Any) -> Row:
    return Row(who, f"{PAGE}{slug}/", f'href="{PAGE}{slug}/"', sends=sends, call=canned.path(canned.ID, call))


def _batch(verb: str) -> Row:
    sends = {"operation": verb, "id": canned.ID}
    call = f"{canned.EXECUTIONS}/{verb}"
    return Row(ADMINISTER, "/batches/", f'name="operation" value="{verb}"', "/executions/", sends, call)


ROWS = {
    "get": Row(READ, PAGE, f'href="{PAGE}"', "/executions/"),
    "history": _tab("history"),
    "signal": _action(OPERATE, "signal", "/signals", name="approve"),
    "query": _action(OPERATE, "query", "/queries", name="get_status"),
    "update": _action(OPERATE, "update", "/updates", name="set_priority"),
    "terminate": _action(ADMINISTER, "terminate", "/terminate", reason="stuck", confirm=canned.ID[-6:]),
    "batch-terminate": _batch("terminate"),
    "cancel": _action(OPERATE, "cancel", "/cancel", reason="stuck"),
    "batch-cancel": _batch("cancel"),
    "reset": _action(OPERATE, "reset", "/reset", reason="stuck", event_id="4"),
    "trace-info": _tab("trace"),
    "trace-otel": Row(READ, f"{PAGE}trace/?view=otel", 'href="?view=otel"', f"{PAGE}trace/"),
    "trace-summary": _tab("trace"),
    "trace-events": Row(READ, f"{PAGE}trace/?view=events", 'href="?view=events"', f"{PAGE}trace/"),
    "event-stream": _tab("events"),
    "logs": _tab("logs"),
    "log-stream": _tab("logs"),
}
CONSUMERS = {"event-stream": EventsConsumer, "log-stream": LogsConsumer}


def test_every_operation_has_a_row() -> None:
    assert list(ROWS) == [operation.slug for operation in OPERATIONS]
    assert len(ROWS) == 17
    assert {slug: consumer.operation for slug, consumer in CONSUMERS.items()} == {slug: slug for slug in CONSUMERS}
    assert {operation.slug for operation in OPERATIONS if operation.kind == "stream"} == set(CONSUMERS)


@pytest.fixture(params=EVERYBODY)
def who(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def visitor(who: str, sign_in: SignIn, upstream: Faulty) -> Client:
    return sign_in(who)


def _turned_away(who: str, response: HttpResponse) -> None:
    """Anonymous people are asked to sign in, and come back; others are told that they may not."""
    if who == "anonymous":
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=/")
    else:
        assert (response.status_code, pages.problem(response)) == (403, "You may not do this")


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ROWS)
def test_it_is_offered_to_those_who_may(who: str, visitor: Client, slug: str) -> None:
    row = ROWS[slug]
    response = visitor.get(row.offered_at)
    if who in READ:
        assert response.status_code == 200
        assert (row.marker in response.content.decode()) == (who in row.who)
    else:
        _turned_away(who, response)


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ROWS)
def test_its_page_is_for_those_who_may(who: str, visitor: Client, upstream: Faulty, slug: str) -> None:
    row = ROWS[slug]
    response = visitor.get(row.address)
    if who in row.who:
        assert response.status_code == 200
    else:
        _turned_away(who, response)
    if who not in READ:
        assert upstream.requests == []
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("slug", [slug for slug, row in ROWS.items() if row.sends])
def test_only_those_who_may_can_act(who: str, visitor: Client, sign_in: SignIn, upstream: Faulty, slug: str) -> None:
    row = ROWS[slug]
    if row.address == "/batches/":
        response = _start_batch(visitor, sign_in, row)
    else:
        # Somebody who may not act has no form: they send what an admin's form would.
        form = pages.open_form(visitor if who in row.who else sign_in("admin"), row.address, **row.sends)
        response = visitor.post(row.address, form)
    if who not in row.who:
        _turned_away(who, response)
        assert canned.sent(upstream) == []
        assert ActionRequested.objects.count() == 0
        return
    assert response.status_code == (200 if slug == "query" else 303)
    assert [path for path, _ in canned.sent(upstream)] == [row.call]
    recorded = ActionRequested.objects.get()
    assert (recorded.username, recorded.operation, recorded.execution_id) == (who, slug, canned.ID)


def _start_batch(visitor: Client, sign_in: SignIn, row: Row) -> HttpResponse:
    """Freeze and start a batch; somebody who may not freeze one tries to start an admin's."""
    frozen = visitor.post("/batches/", row.sends)
    if frozen.status_code != 303:
        assert Batch.objects.count() == 0
        frozen = sign_in("admin").post("/batches/", row.sends)
        form = pages.open_form(sign_in("admin"), frozen["Location"], reason="stuck", confirm="1")
    else:
        form = pages.open_form(visitor, frozen["Location"], reason="stuck", confirm="1")
    return visitor.post(f"{frozen['Location']}start/", form)


OTHER_PAGES = (
    *("/executions/", f"/executions/open/?id={canned.ID}", "/audit/", "/audit/?view=csv", f"{PAGE}actions/"),
    *(f"{PAGE}?part={part}&run={canned.RUN}" for part in ("facts", "runs")),
    *(f"{PAGE}compare/?run={canned.RUN}", f"{PAGE}history/?view=json", f"{PAGE}logs/rows/", f"{PAGE}events/rows/"),
    *(f"{PAGE}why/", f"{PAGE}strip/", f"{PAGE}evidence/", f"{PAGE}go/?to=history&event=5"),
)
"""What is read, and is no operation of its own."""
BATCH_PAGES = ("", "results.csv", "start/", "pause/", "stop/", "retry/")


def test_every_address_is_in_a_table() -> None:
    """A page that nobody has said who may see fails here."""
    addresses = [*OTHER_PAGES, *(row.address for row in ROWS.values())]
    named = {resolve(address.partition("?")[0]).url_name for address in addresses}
    named |= {resolve(f"/batches/{uuid.UUID(int=0)}/{rest}").url_name for rest in BATCH_PAGES}
    assert named == {found.name for found in _patterns(urls.urlpatterns)}


def _patterns(patterns: list[Any]) -> Iterator[Any]:
    for one in patterns:
        yield from _patterns(one.url_patterns) if hasattr(one, "url_patterns") else [one]


@pytest.mark.django_db
@pytest.mark.parametrize("call", [(method, rest) for rest in BATCH_PAGES for method in ("get", "post")], ids=" ".join)
def test_a_batch_is_for_those_who_may_make_one(
    who: str, visitor: Client, sign_in: SignIn, upstream: Faulty, call: tuple[str, str]
) -> None:
    method, rest = call
    frozen = sign_in("admin").post("/batches/", ROWS["batch-cancel"].sends)["Location"]
    response = getattr(visitor, method)(f"{frozen}{rest}", {"token": "x", "reason": "r"} if method == "post" else None)
    reads = rest in {"", "results.csv"}
    if who in ADMINISTER:
        # Without a form of theirs nothing is started; but they are not turned away.
        assert response.status_code in ({200} if reads and method == "get" else {303, 400, 405})
        assert (response.status_code == 405) == (reads != (method == "get"))
    elif response.status_code != 405:
        _turned_away(who, response)
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0
    stopped = who in ADMINISTER and (rest, method) == ("stop/", "post")
    assert Batch.objects.get().state == ("stopped" if stopped else "frozen")


@pytest.mark.django_db
@pytest.mark.parametrize("target", ["points", "rehearsal", "grown"])
def test_parts_of_the_reset_are_for_those_who_may(who: str, visitor: Client, upstream: Faulty, target: str) -> None:
    response = visitor.get(f"{PAGE}reset/?event_id=4", headers={"HX-Request": "true", "HX-Target": target})
    if who == "anonymous":
        assert (response.status_code, response["HX-Refresh"]) == (401, "true")
    else:
        assert response.status_code in ({200, 204} if who in OPERATE else {403})
    if who not in OPERATE:
        assert upstream.requests == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", OTHER_PAGES)
def test_the_other_pages_are_for_those_who_may_read(who: str, visitor: Client, upstream: Faulty, address: str) -> None:
    response = visitor.get(address)
    if who in READ:
        assert response.status_code == (302 if "open" in address or "/go/" in address else 200)
    else:
        _turned_away(who, response)
        assert upstream.requests == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", [*OTHER_PAGES, *sorted({row.address for row in ROWS.values() if not row.sends})])
def test_what_is_read_takes_no_post(who: str, visitor: Client, upstream: Faulty, address: str) -> None:
    response = visitor.post(address)
    # Who is not signed in is asked to, whatever it is.
    assert response.status_code == (302 if who == "anonymous" else 405)
    assert upstream.requests == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/executions/?status=RUNNING&q=a%20b", f"{PAGE}history/?event=5&run={canned.RUN}"])
def test_signing_in_leads_back(address: str, sign_in: SignIn, users: dict[str, Any], upstream: Faulty) -> None:
    users["viewer"].set_password("right")
    users["viewer"].save()
    visitor = sign_in("anonymous")
    asked = visitor.get(address)
    assert asked.status_code == 302
    form = visitor.get(asked["Location"])
    sent = {"username": "viewer", "password": "right", "next": pages.parse(form).fields["next"]}
    back = visitor.post(asked["Location"], sent)
    assert (back.status_code, back["Location"]) == (302, address)
    assert visitor.get(back["Location"]).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/executions/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(elsewhere: str, sign_in: SignIn, users: dict[str, Any]) -> None:
    users["viewer"].set_password("right")
    users["viewer"].save()
    sent = {"username": "viewer", "password": "right", "next": elsewhere}
    assert sign_in("anonymous").post("/accounts/login/", sent)["Location"] == "/executions/"


@pytest.mark.django_db
def test_a_fragment_signs_in_as_a_page(sign_in: SignIn, upstream: Faulty) -> None:
    response = sign_in("anonymous").get(PAGE, headers={"HX-Request": "true", "HX-Target": "part"})
    assert (response.status_code, response["HX-Refresh"], response.content) == (401, "true", b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "actors"), [("viewer", ["viewer"]), ("operator", ["operator"]), ("admin", ["admin", "operator", "viewer"])]
)
def test_the_audit_shows_admins_everything_and_others_their_own(
    name: str, actors: list[str], sign_in: SignIn, upstream: Faulty
) -> None:
    for number, actor in enumerate(("viewer", "operator", "admin")):
        ActionRequested.objects.create(token=str(number), username=actor, operation="cancel", execution_id=canned.ID)
    entries = sign_in(name).get("/audit/").context["entries"]
    assert [entry.action.username for entry in entries] == actors
    # On an execution's own page everybody sees everything.
    entries = sign_in(name).get(f"{PAGE}actions/").context["entries"]
    assert [entry.action.username for entry in entries] == ["admin", "operator", "viewer"]
