import pytest

from tests.sandbox.api import Api


@pytest.fixture(scope="session")
def api(sandbox: str) -> Api:
    return Api(sandbox)
