"""`manage.py run` on wrong settings: one sentence with the remedy, and no traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from daphne.cli import CommandLineInterface

from console.management.commands.run import Command
from tests.servers import ROOT, console


def _run(folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "DEMO": "1",
        "SECRET_KEY": "only-for-tests",
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        **settings,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "run"], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def test_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _run(tmp_path, PORT=str(port), PUBLIC_URL=f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Port {port} on 127.0.0.1 cannot be used (Address already in use). "
        "Stop what listens there, or set PORT to another one.\n"
    )


@pytest.mark.parametrize("address", ["sqlite:////proc/console.sqlite3", "sqlite:////no/such/folder/console.sqlite3"])
@pytest.mark.slow
def test_database_that_cannot_be_written(tmp_path: Path, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = _run(tmp_path, PORT=str(port), DATABASE_URL=address)
    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: The database {address.removeprefix('sqlite:///')} cannot be used: "
        "unable to open database file. Make it writable, or set DATABASE_URL to another.\n"
    )


def test_no_secret_key(tmp_path: Path) -> None:
    done = _run(tmp_path, SECRET_KEY="")
    assert done.returncode == 1
    assert done.stderr == "SECRET_KEY is not set; put a long random text into the environment or into .env.\n"


@pytest.mark.slow
def test_without_a_key_pages_say_what_to_set(tmp_path: Path) -> None:
    with console(tmp_path, "http://127.0.0.1:9", MISTRAL_API_KEY="") as served:
        answer = served.sign_in("viewer").get("/executions/")
    assert answer.status_code == 503
    assert "The console has no API key" in answer.text
    assert "Set MISTRAL_API_KEY in the environment or in .env, then restart the console." in answer.text


@pytest.mark.slow
def test_wrong_address_says_what_to_check(tmp_path: Path) -> None:
    """Somebody else's web server: it answers, but not as the API does."""
    with console(tmp_path / "a", "http://127.0.0.1:9") as other, console(tmp_path / "b", other.url) as served:
        answer = served.sign_in("viewer").get("/executions/")
        assert httpx.get(f"{served.url}/readyz", trust_env=False).status_code == 200
    assert answer.status_code == 502
    assert "Check that MISTRAL_SERVER_URL is the API’s address and not another server’s." in answer.text


def test_the_socket_is_closed_by_daphne_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed once more at the end, its number is another file's by then: the database's, in the middle of a write."""
    monkeypatch.setattr("console.management.commands.run.migrate", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as given:
        number = os.dup(given.fileno())
    opened: list[int] = []

    def serve(_: CommandLineInterface, arguments: list[str]) -> None:
        os.close(int(arguments[arguments.index("--fd") + 1]))
        other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)
        os.dup2(other, number)
        opened.append(number)

    monkeypatch.setattr(CommandLineInterface, "run", serve)
    Command().handle(host="127.0.0.1", fd=number, lifeline=False)
    assert opened == [number]
    assert os.write(number, b"still open") == 10
    os.close(number)
