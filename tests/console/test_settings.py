"""The settings: the one reader of the environment, which says in a sentence what is wrong, and what follows from it."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.servers import ROOT

NAMES = (
    *("MISTRAL_API_KEY", "MISTRAL_SERVER_URL", "PORT", "PUBLIC_URL", "TRUSTED_PROXIES", "SECRET_KEY", "DEBUG"),
    *("DATABASE_URL", "REDIS_URL", "UPSTREAM_TIMEOUT_SECONDS", "DEMO"),
)
SQLITE = "django.db.backends.sqlite3"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours in the environment but what a test puts there, and no `.env` file."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setattr("dotenv.load_dotenv", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["manage.py", "check"])


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    """The settings that this environment makes."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "console" / "settings.py"))


WRONG = [
    ("PORT", "abc", "PORT is 'abc'; set it to a whole number from 1 to 65535."),
    ("PORT", "0", "PORT is '0'; set it to a whole number from 1 to 65535."),
    ("PORT", "65536", "PORT is '65536'; set it to a whole number from 1 to 65535."),
    ("PORT", "-1", "PORT is '-1'; set it to a whole number from 1 to 65535."),
    ("PORT", "٣", "PORT is '٣'; set it to a whole number from 1 to 65535."),
    ("UPSTREAM_TIMEOUT_SECONDS", "0", "UPSTREAM_TIMEOUT_SECONDS is '0'; set it to a whole number from 1 to 600."),
    ("UPSTREAM_TIMEOUT_SECONDS", "1.5", "UPSTREAM_TIMEOUT_SECONDS is '1.5'; set it to a whole number from 1 to 600."),
    ("DEBUG", "maybe", "DEBUG is 'maybe'; set it to 1 or 0."),
    ("SECRET_KEY", " ", "SECRET_KEY is not set; put a long random text into the environment or into .env."),
    ("TRUSTED_PROXIES", "proxy", "TRUSTED_PROXIES: 'proxy' does not appear to be an IPv4 or IPv6 network; list"),
    ("TRUSTED_PROXIES", "10.0.0.1,10.0.0.1/8", "TRUSTED_PROXIES: 10.0.0.1/8 has host bits set; list"),
    ("MISTRAL_SERVER_URL", "api.mistral.ai", "set it to the API's address, such as https://api.mistral.ai."),
    ("MISTRAL_SERVER_URL", "ftp://api.mistral.ai", "set it to the API's address, such as https://api.mistral.ai."),
    ("MISTRAL_SERVER_URL", "https://api.mistral.ai?a=1", "set it to the API's address"),
    ("MISTRAL_SERVER_URL", "https://api.mistral.ai:abc", "which is not an address"),
    ("MISTRAL_SERVER_URL", "http://[", "which is not an address"),
    ("MISTRAL_SERVER_URL", "https://ana:hidden@api.mistral.ai", "MISTRAL_SERVER_URL has an “@”; set it to"),
    ("MISTRAL_API_KEY", "hidden hidden", "MISTRAL_API_KEY has characters that no key has"),
    ("MISTRAL_API_KEY", "hidden\nhidden", "MISTRAL_API_KEY has characters that no key has"),
    ("MISTRAL_API_KEY", "hiddén", "MISTRAL_API_KEY has characters that no key has"),
    ("PUBLIC_URL", "console.example.com", "set it to where browsers reach the console, such as"),
    ("PUBLIC_URL", "ws://console.example.com", "set it to where browsers reach the console, such as"),
    ("PUBLIC_URL", "https://console.example.com/here", "set it to where browsers reach the console, such as"),
    ("PUBLIC_URL", "https://ana@console.example.com", "set it to where browsers reach the console, such as"),
    ("PUBLIC_URL", "https://a.example?x", "set it to where browsers reach the console, such as"),
    ("PUBLIC_URL", "https://a.example:99999", "which is not an address"),
    ("PUBLIC_URL", ",", "PUBLIC_URL names no address; set it to where browsers reach the console."),
    ("PUBLIC_URL", "https://a.example,http://b.example", "PUBLIC_URL mixes http:// and https://; use one of them"),
    ("DATABASE_URL", "console.sqlite3", "DATABASE_URL is no address of a SQLite or PostgreSQL database; write it like"),
    ("DATABASE_URL", "mysql://ana:hidden@h/x", "DATABASE_URL is no address of a SQLite or PostgreSQL database"),
    ("DATABASE_URL", "postgres://ana:hidden@h:x/y", "DATABASE_URL is no address of a SQLite or PostgreSQL database"),
    ("REDIS_URL", "hidden:6379", "REDIS_URL is no address of a Redis server; write it like redis://host:6379/0."),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_value_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as stopped:
        read(monkeypatch, **{name: value})
    said = str(stopped.value)
    assert words in said
    assert name in said
    assert said.endswith(".")
    assert "\n" not in said
    assert "hidden" not in said


def test_the_sentence_is_all_that_a_person_sees() -> None:
    wrong = {**os.environ, "SECRET_KEY": "x", "PORT": "abc", "DJANGO_SETTINGS_MODULE": "console.settings"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=wrong, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "PORT is 'abc'; set it to a whole number from 1 to 65535.\n"


@pytest.mark.parametrize("command", ["check", "migrate", "run", "shell"])
def test_without_a_secret_key_nothing_starts(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setattr("sys.argv", ["manage.py", command])
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        read(monkeypatch)


@pytest.mark.parametrize("command", ["demo", "sandbox", "makemigrations", "collectstatic"])
def test_first_steps_need_no_secret_key(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setattr("sys.argv", ["manage.py", command])
    keys = {read(monkeypatch)["SECRET_KEY"] for _ in range(2)}
    assert len(keys) == 2
    assert min(map(len, keys)) >= 50


def test_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch)
    assert (found["DEBUG"], found["PORT"], found["MISTRAL_API_KEY"], found["REDIS_URL"]) == (False, 8000, "", "")
    assert (found["MISTRAL_SERVER_URL"], found["UPSTREAM_TIMEOUT_SECONDS"]) == ("https://api.mistral.ai", 30)
    assert found["PUBLIC_ORIGINS"] == ["http://127.0.0.1:8000", "http://localhost:8000"]
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost"]
    assert (found["TRUSTED_PROXIES"], found["SECURE_PROXY_SSL_HEADER"]) == ([], None)
    assert Path(found["DATABASES"]["default"]["NAME"]).name == "console.sqlite3"
    assert read(monkeypatch, PORT="8123")["PUBLIC_ORIGINS"] == ["http://127.0.0.1:8123", "http://localhost:8123"]


@pytest.mark.parametrize(
    ("value", "origins", "hosts"),
    [
        ("https://console.example.com", ["https://console.example.com"], ["console.example.com"]),
        (" https://a.example:443/ , https://b.example:8443", ["https://a.example", "https://b.example:8443"], None),
        ("http://[::1]:8000", ["http://[::1]:8000"], ["::1"]),
        ("https://Console.Example.com", ["https://console.example.com"], ["console.example.com"]),
    ],
)
def test_public_addresses(
    monkeypatch: pytest.MonkeyPatch, value: str, origins: list[str], hosts: list[str] | None
) -> None:
    found = read(monkeypatch, PUBLIC_URL=value)
    assert found["PUBLIC_ORIGINS"] == found["CSRF_TRUSTED_ORIGINS"] == origins
    assert found["ALLOWED_HOSTS"] == (hosts or ["a.example", "b.example"])
    sockets = [f"ws{origin.removeprefix('http')}" for origin in origins]
    assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["connect-src"][1:] == sockets


@pytest.mark.parametrize(
    ("address", "on"), [("https://console.example.com", True), ("http://console.example.com", False)]
)
def test_https_turns_on_what_belongs_to_it(monkeypatch: pytest.MonkeyPatch, address: str, on: bool) -> None:
    found = read(monkeypatch, PUBLIC_URL=address)
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    assert [found[name] for name in names] == [on] * 3
    assert (found["SECURE_HSTS_SECONDS"] >= 31_536_000) == on


@pytest.mark.parametrize(
    ("address", "ending"),
    [("http://127.0.0.1:8001,http://localhost:8001", "_8001"), ("https://console.example.com", "")],
)
def test_two_consoles_on_one_host_keep_their_own_sessions(
    monkeypatch: pytest.MonkeyPatch, address: str, ending: str
) -> None:
    found = read(monkeypatch, PUBLIC_URL=address)
    assert found["SESSION_COOKIE_NAME"] == f"sessionid{ending}"
    assert found["CSRF_COOKIE_NAME"] == f"csrftoken{ending}"


def test_a_trusted_proxy_makes_its_header_count(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, TRUSTED_PROXIES="10.0.0.0/8, ::1")
    assert [str(network) for network in found["TRUSTED_PROXIES"]] == ["10.0.0.0/8", "::1/128"]
    assert found["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_sqlite_lets_writers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, DATABASE_URL="sqlite:////tmp/x.sqlite3")["DATABASES"]["default"]
    assert (found["ENGINE"], found["NAME"]) == (SQLITE, "/tmp/x.sqlite3")
    assert (found["OPTIONS"]["transaction_mode"], found["OPTIONS"]["timeout"]) == ("IMMEDIATE", 20)
    assert "journal_mode=WAL" in found["OPTIONS"]["init_command"]


def test_production_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, DATABASE_URL="postgres://ana:x@db:5432/console", REDIS_URL="rediss://r:6379/0")
    database = found["DATABASES"]["default"]
    assert (database["ENGINE"], database["HOST"], database["CONN_MAX_AGE"]) == (
        "django.db.backends.postgresql",
        "db",
        0,
    )
    assert found["CHANNEL_LAYERS"]["default"]["CONFIG"] == {"hosts": ["rediss://r:6379/0"]}
    assert found["CACHES"]["default"]["LOCATION"] == "rediss://r:6379/0"


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("console", "executions")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|os\.getenv", path.read_text())
    }
    # The demo makes the environment of the processes that it starts.
    assert readers - {"console/management/commands/demo.py"} == {"console/settings.py"}
