"""While the API is away: pages open soon, on what it said last, and say so; what is sent asks it first."""

from typing import Any

import pytest
from django.test import Client

from executions.models import ActionRequested
from executions.services import shared
from tests.executions import canned, pages
from tests.faulty import HANG, RESET, Faulty, reply

SOON, LATE = 0.1, 20.0
LIST = "/executions/"
PAGE = f"/executions/{canned.ID}/"
FACTS = f"{PAGE}?part=facts"
AWAY = {
    "no answer": ([RESET], 504, "The Workflows API does not answer"),
    "silent": ([HANG], 504, "The Workflows API does not answer"),
    "503": (reply({"detail": "down"}, 503), 502, "The Workflows API had an error of its own"),
    "slow down": (reply({}, 429, {"Retry-After": "60"}), 503, "The Workflows API is asking us to slow down"),
    "a proxy's page": (reply(b"<h1>Bad gateway</h1>", 200), 502, "The Workflows API answered with something we cannot"),
}
TABS = ["", "history/", "trace/", "logs/", "events/", "actions/"]
FORMS = ["signal/", "query/", "update/", "reset/", "cancel/", "terminate/"]
PARTS = {"history/", "trace/", "logs/", "events/"}
each_way = pytest.mark.parametrize("how", AWAY)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`patience(0.1)`: so long pages wait from now on."""

    def wait(seconds: float) -> None:
        for name in ("PATIENCE", "SPACING"):
            monkeypatch.setattr(shared, name, seconds)

    return wait


@pytest.fixture
def away(upstream: Faulty, admin: Client, patience: Any) -> Any:
    """`away("no answer")`: what there was has been seen, and from now on the API is away."""

    def begin(how: str) -> tuple[int, str]:
        answer, status, title = AWAY[how]
        assert admin.get(PAGE).status_code == admin.get(LIST).status_code == 200
        upstream.on(answer)
        patience(SOON if how == "silent" else LATE)
        upstream.requests.clear()
        return status, title

    return begin


def _as_of(response: Any) -> str:
    found = pages.text(response).partition("As of ")[2]
    return found.partition("; this page")[0].partition(". ")[2]


@each_way
@pytest.mark.parametrize("address", [LIST, *(PAGE + name for name in (*TABS, *FORMS))])
def test_a_page_stands_on_what_was_known(admin: Client, upstream: Faulty, away: Any, how: str, address: str) -> None:
    status, title = away(how)
    response = admin.get(address)
    part = address.removeprefix(PAGE) in PARTS
    assert response.status_code == (status if part else 200)
    assert _as_of(response).startswith(title)
    assert "invoice-pipeline" in pages.text(response)
    assert "Running" in pages.text(response)
    assert "Status now" not in pages.text(response)
    assert ("Status then" in pages.text(response)) == (address.removeprefix(PAGE) in FORMS)
    # One question, whatever the page is made of: the rest would have to be waited for, too.
    assert len(upstream.requests) <= 1


@pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
def test_the_overview_does_not_ask_for_what_cannot_come(
    admin: Client, upstream: Faulty, away: Any, status: str
) -> None:
    canned.healthy(upstream, status=status)

    def parts() -> list[str]:
        tags = [tag for _, tag in pages.parse(admin.get(PAGE)).tags]
        return [tag["hx-get"] for tag in tags if "load" in tag.get("hx-trigger", "").replace(",", " ").split()]

    of_the_page = [f"{PAGE}?part={part}&run={canned.RUN}" for part in ("runs", "payloads")]
    assert parts() == [f"{PAGE}why/", f"{PAGE}strip/", *of_the_page]
    away("no answer")
    assert parts() == []


@each_way
@pytest.mark.parametrize("address", [f"/executions/other/{name}" for name in ("", "history/", "signal/")])
def test_without_anything_known_the_page_is_the_problem(
    admin: Client, upstream: Faulty, settings: Any, how: str, address: str
) -> None:
    answer, status, title = AWAY[how]
    upstream.on(answer)
    settings.UPSTREAM_TIMEOUT_SECONDS = SOON if how == "silent" else LATE
    response = admin.get(address)
    assert response.status_code == status
    assert pages.problem(response).startswith(title)
    # The page tries again by itself.
    assert [tag for _, tag in pages.parse(response).tags if "data-retry" in tag] != []


def test_what_is_not_there_is_not_tried_again(admin: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "Unknown"}, 404), path=canned.path())
    response = admin.get(PAGE)
    assert response.status_code == 404
    assert [tag for _, tag in pages.parse(response).tags if "data-retry" in tag] == []


@each_way
@pytest.mark.parametrize("address", [LIST, FACTS])
def test_a_refresh_leaves_what_is_there_and_says_why(admin: Client, away: Any, how: str, address: str) -> None:
    before = pages.refresh(admin.get(address.partition("?")[0]), "facts" if address == FACTS else "part")
    status, title = away(how)
    response = admin.get(address, headers=before)
    assert response.status_code == status
    assert pages.problem(response).startswith(title)
    assert "<html" not in response.content.decode()


@each_way
@pytest.mark.parametrize(
    "part", ["signal/?name=approve#call", "signal/#now", "query/#now", "reset/?event_id=4#points", "cancel/#now"]
)
def test_a_part_of_a_form_stays_as_it_is(admin: Client, away: Any, how: str, part: str) -> None:
    status, title = away(how)
    address, _, target = part.partition("#")
    response = admin.get(PAGE + address, headers={"HX-Request": "true", "HX-Target": target})
    assert response.status_code == status
    assert pages.problem(response).startswith(title)


@pytest.mark.parametrize("address", [LIST, FACTS])
def test_a_page_that_is_old_says_so_until_the_api_is_back(
    admin: Client, upstream: Faulty, away: Any, patience: Any, address: str
) -> None:
    place = "facts" if address == FACTS else "part"
    away("no answer")
    old = pages.refresh(admin.get(address.partition("?")[0]), place)
    assert admin.get(address, headers=old).status_code == 504
    canned.healthy(upstream)
    patience(LATE)
    back = admin.get(address, headers=old)
    assert (back.status_code, _as_of(back)) == (200, "")
    assert admin.get(address, headers=pages.refresh(back, place)).status_code == 204


class TestSlow:
    """The API takes longer than a page waits that could show what was known."""

    @pytest.fixture(autouse=True)
    def _slow(self, upstream: Faulty, patience: Any) -> None:
        patience(SOON / 2)
        canned.healthy(upstream, slow=2 * SOON)

    @pytest.mark.parametrize("address", [LIST, *(PAGE + name for name in TABS)])
    def test_a_page_opens_all_the_same(self, admin: Client, address: str) -> None:
        response = admin.get(address)
        assert (response.status_code, _as_of(response)) == (200, "")
        assert pages.text(response).count("invoice-pipeline")

    @pytest.mark.parametrize("tab", TABS[:-1])
    def test_one_that_stands_on_what_was_known_loads_the_rest(self, admin: Client, tab: str) -> None:
        admin.get(PAGE)
        page = admin.get(PAGE + tab)
        assert _as_of(page).startswith("The Workflows API does not answer")
        found = pages.poller(page, "part")
        assert (found["hx-trigger"].split(",")[0], found["hx-get"]) == ("load", PAGE + tab)
        part = admin.get(PAGE + tab, headers={"HX-Request": "true", "HX-Target": "part"})
        assert part.status_code == 200
        tags = [tag for _, tag in pages.parse(part).tags]
        assert [tag for tag in tags if tag.get("hx-target") == "#part" and "load" in tag["hx-trigger"]] == []
        if not tab:
            (runs,) = [tag for tag in tags if tag.get("id", "").startswith("runs-")]
            assert admin.get(runs["hx-get"], headers={"HX-Request": "true"}).status_code == 200

    @pytest.mark.parametrize("address", ["history/?download=decoded", "trace/?view=otel&download=1", "?part=watch"])
    def test_a_file_and_whoever_watches_wait(self, admin: Client, address: str) -> None:
        admin.get(PAGE)
        response = admin.get(PAGE + address)
        assert (response.status_code, response["Content-Type"]) == (200, "application/json")

    def test_it_is_not_loaded_again_and_again_if_the_api_is_silent(
        self, admin: Client, upstream: Faulty, settings: Any
    ) -> None:
        settings.UPSTREAM_TIMEOUT_SECONDS = 1
        canned.healthy(upstream)
        admin.get(PAGE)
        upstream.on([HANG])
        assert pages.poller(admin.get(f"{PAGE}logs/"), "part")["hx-trigger"].startswith("load")
        part = admin.get(f"{PAGE}logs/", headers={"HX-Request": "true", "HX-Target": "part"})
        assert (part.status_code, pages.poller(part, "part")["hx-trigger"][:9]) == (504, "every 10s")


def test_what_came_late_is_shown_though_the_api_is_away_again(admin: Client, upstream: Faulty, away: Any) -> None:
    before = pages.refresh(admin.get(PAGE), "facts")
    canned.healthy(upstream, status="COMPLETED")
    away("no answer")
    response = admin.get(FACTS, headers=before)
    assert (response.status_code, pages.text(response).split()[0]) == (200, "Completed")
    assert _as_of(response).startswith("The Workflows API does not answer")


def test_a_part_asks_again_by_itself_but_never_for_a_download(admin: Client, away: Any) -> None:
    away("no answer")
    assert "every 10s" in admin.get(f"{PAGE}history/").content.decode()
    for download in ("history/?download=decoded", "trace/?view=otel&download=1"):
        tags = [tag for _, tag in pages.parse(admin.get(PAGE + download)).tags]
        assert [tag for tag in tags if tag.get("hx-target") == "#part"] == []


@pytest.mark.parametrize("how", ["no answer", "503"])
def test_nothing_is_sent_on_what_was_known(admin: Client, upstream: Faulty, away: Any, how: str) -> None:
    away(how)
    form = pages.open_form(admin, f"{PAGE}cancel/", reason="stuck")
    response = admin.post(f"{PAGE}cancel/", form)
    assert pages.problem(response) == "Nothing was sent"
    assert canned.sent(upstream) == []
    assert ActionRequested.objects.count() == 0


def test_a_form_from_then_is_checked_against_what_is_now(
    admin: Client, upstream: Faulty, away: Any, patience: Any
) -> None:
    away("no answer")
    form = pages.open_form(admin, f"{PAGE}cancel/", reason="stuck")
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
    patience(LATE)
    assert admin.post(f"{PAGE}cancel/", form).status_code == 409
    assert canned.sent(upstream) == []
