"""Fixtures for all tests."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from hypothesis import settings

from tests import faulty as upstream
from tests.sandbox import running

# How long an example takes says more about the machine than about the code.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("quick")


@pytest.fixture(scope="session", autouse=True)
def _groups_come_back() -> Iterator[None]:
    """A test with real transactions empties the database when it ends, of what migrations made as well."""

    def make_groups(**_: Any) -> None:
        importlib.import_module("executions.migrations.0002_groups").make_groups(apps, None)

    post_migrate.connect(make_groups)
    yield
    post_migrate.disconnect(make_groups)


@pytest.fixture
def faulty() -> Iterator[upstream.Faulty]:
    """An upstream that answers, fails and hangs as the test tells it."""
    with upstream.running() as server:
        yield server


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The address of a sandbox without executions, a real process that all tests share."""
    with running.running("--empty") as found:
        yield found.url
