"""Fixtures: a signed-in browser of each role, and the console on an upstream that the test tells what to say."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina
from django.contrib.auth.models import Group, User
from django.test import Client

from executions.permissions import ROLES
from executions.services import api as client_module
from executions.services import batch_threads, reads
from executions.services.batch_runner import Runner
from tests.executions import canned
from tests.faulty import Faulty

SignIn = Callable[[str], Client]


@pytest.fixture(autouse=True)
def batches_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is worked through where it is started: no other thread could see a test's transaction."""

    def begin(batch_id: Any, runner: Any, user_id: Any) -> None:
        Runner(batch_id, runner, user_id).run()
        batch_threads.forget(runner)

    monkeypatch.setattr(batch_threads, "begin", begin)


@pytest.fixture
def users(db: None) -> dict[str, User]:
    """A user for each group, one in none, and a superuser; their names are their roles."""
    found = {name: User.objects.create(username=name) for name in (*ROLES, "nobody")}
    for name in ROLES:
        found[name].groups.set([Group.objects.get(name=name)])
    found["superuser"] = User.objects.create(username="superuser", is_staff=True, is_superuser=True)
    return found


@pytest.fixture
def sign_in(users: dict[str, User]) -> SignIn:
    """`sign_in("operator")`: a browser of that user; "anonymous" for one that is not signed in."""

    def make(name: str) -> Client:
        browser = Client()
        if name != "anonymous":
            browser.force_login(users[name])
        return browser

    return make


@pytest.fixture
def upstream(faulty: Faulty, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """The API that the console asks: healthy, as far as one execution goes.

    To be quick reads are not repeated, and to see every change at once they are not shared.
    """
    monkeypatch.setattr(reads, "AGE", 0.0)
    monkeypatch.setattr(reads, "LIST_AGE", 0.0)
    settings.MISTRAL_SERVER_URL = faulty.url
    client_module.client.cache_clear()
    canned.healthy(faulty)
    with stamina.set_testing(True, attempts=1):
        yield faulty
    client_module.client().close()
    client_module.client.cache_clear()


@pytest.fixture
def operator(sign_in: SignIn, upstream: Faulty) -> Client:
    return sign_in("operator")


@pytest.fixture
def admin(sign_in: SignIn, upstream: Faulty) -> Client:
    return sign_in("admin")
