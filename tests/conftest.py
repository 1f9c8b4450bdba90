"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest

from tests import faulty as upstream
from tests.sandbox import running


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
