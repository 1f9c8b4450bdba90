"""Pruning: the one way in which rows leave the audit, and what it leaves behind."""

import io
import os
import pwd
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.models import ActionOutcome, ActionRepeated, ActionRequested, AuditPruned
from executions.services import pruning
from tests.executions import pages
from tests.executions.conftest import SignIn
from tests.servers import ROOT

pytestmark = pytest.mark.django_db


def prune(*arguments: str) -> str:
    out = io.StringIO()
    call_command("prune_audit", *arguments, stdout=out)
    return out.getvalue()


def made(days: float, token: str = "") -> ActionRequested:
    """A query so many days old, asked once more, with its outcome."""
    row: ActionRequested = ActionRequested.objects.create(
        token=token or f"{days}", username="ana", operation="query", execution_id="e"
    )
    ActionOutcome.objects.create(action_id=row.id, result="done")
    ActionRepeated.objects.create(action_id=row.id)
    with connection.cursor() as cursor:
        moment = (timezone.now() - timedelta(days=days)).replace(tzinfo=None)
        cursor.execute("UPDATE executions_actionrequested SET at = %s WHERE token = %s", [moment, row.token])
    return row


def left() -> tuple[list[Any], list[Any], list[Any]]:
    return (
        sorted(ActionRequested.objects.values_list("id", flat=True)),
        sorted(ActionOutcome.objects.values_list("action_id", flat=True)),
        sorted(ActionRepeated.objects.values_list("action_id", flat=True)),
    )


def test_old_rows_go_with_their_outcomes_and_repeats_and_that_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    made(366), made(365.01)
    young = [made(364.99).id, made(0).id]
    said = prune("--older-than", "365d")
    assert left() == (sorted(young),) * 3
    record = AuditPruned.objects.get()
    assert (record.count, record.username) == (2, "root")
    assert timezone.now() - timedelta(days=365, minutes=1) < record.older_than < timezone.now() - timedelta(days=365)
    assert said == (
        f"2 actions from before {record.older_than:%Y-%m-%d %H:%M} UTC, with their outcomes, were removed.\n"
    )


def test_a_dry_run_changes_nothing() -> None:
    made(366), made(1)
    before = left()
    assert prune("--older-than", "365d", "--dry-run").startswith("1 actions from before ")
    assert (left(), AuditPruned.objects.count()) == (before, 0)


def test_where_nothing_is_old_nothing_is_recorded() -> None:
    made(1)
    assert prune("--older-than", "365d").startswith("There are no actions from before ")
    assert (len(left()[0]), AuditPruned.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    "age", ["", "abc", "365", "-5d", "1.5d", "1e3d", "d", "1 d", "5w", "٣d", "5d5", "NaNd", "9999999d", "1d;--"]
)
def test_an_age_that_is_none_is_refused(age: str) -> None:
    made(500)
    with pytest.raises(CommandError) as refused:
        prune(f"--older-than={age}")
    assert str(refused.value) == f"“{age}” is no age: write it in whole days, such as --older-than=365d."
    assert (len(left()[0]), AuditPruned.objects.count()) == (1, 0)


@pytest.mark.parametrize("age", ["0d", "00d", "36501d", "999999d"])
def test_an_age_that_makes_no_sense_is_refused(age: str) -> None:
    """Nor may today's rows go: they are what a form that is sent a second time is known by."""
    made(0.9)
    with pytest.raises(CommandError) as refused:
        prune("--older-than", age)
    assert str(refused.value) == "--older-than has to be from 1d to 36500d: today’s rows are still in use."
    assert (len(left()[0]), AuditPruned.objects.count()) == (1, 0)


def test_without_an_age_it_does_nothing() -> None:
    with pytest.raises(CommandError, match="--older-than"):
        prune()


def test_it_goes_in_pieces_and_each_records_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 3)
    for number in range(7):
        made(400 + number)
    with CaptureQueriesContext(connection) as queries:
        assert prune("--older-than", "365d", "--verbosity", "2").splitlines()[:3] == [
            "3 so far",
            "6 so far",
            "7 so far",
        ]
    assert sorted(AuditPruned.objects.values_list("count", flat=True)) == [1, 3, 3]
    # Each piece is a transaction, so that writes come through between them.
    assert sum("SAVEPOINT" in one["sql"] and "RELEASE" not in one["sql"] for one in queries) >= 3
    # Readers see one removal.
    (shown,) = pruning.prunings()
    assert shown.count == 7


def test_a_piece_that_fails_removes_nothing_and_records_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made(400)
    before = left()

    def broken(**_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AuditPruned.objects, "create", broken)
    with pytest.raises(ZeroDivisionError):
        prune("--older-than", "365d")
    assert left() == before


@pytest.mark.parametrize(("name", "told"), [("admin", True), ("operator", False), ("viewer", False)])
def test_administrators_are_told_in_the_audit(sign_in: SignIn, name: str, told: bool) -> None:
    AuditPruned.objects.create(username="root", older_than=timezone.now() - timedelta(days=365), count=1)
    AuditPruned.objects.create(username="<b>cron</b>", older_than=timezone.now() - timedelta(days=300), count=5)
    browser: Client = sign_in(name)
    page = browser.get("/audit/")
    assert ("Removed from the audit" in pages.text(page)) == told
    assert ("5 actions from before" in pages.text(page)) == told
    assert ("by the system account <b>cron</b>" in pages.text(page)) == told


def test_the_record_of_a_removal_outlives_the_next() -> None:
    made(400)
    prune("--older-than", "365d")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE executions_auditpruned SET at = '2001-01-01'")
    made(401, "again")
    prune("--older-than", "365d")
    assert AuditPruned.objects.count() == 2


def test_the_record_names_the_account_and_not_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    made(400)
    prune("--older-than", "365d")
    assert AuditPruned.objects.get().username == pwd.getpwuid(os.getuid()).pw_name


def test_an_account_without_a_name_is_named_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> str:
        raise KeyError("uid")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    made(400)
    prune("--older-than", "365d")
    assert AuditPruned.objects.get().username.startswith("uid ")


@pytest.mark.parametrize(
    ("database", "words"),
    [
        (None, "There is no database {}. Run this where the console runs, with the same settings."),
        (b"", "The database {} is not up to date. Start the console once, or run `manage.py migrate`."),
        (b"x" * 4096, "The database {} cannot be used: file is not a database."),
    ],
)
@pytest.mark.slow
def test_without_an_audit_it_says_so_in_a_sentence(tmp_path: Path, database: bytes | None, words: str) -> None:
    """Nor does it leave a file behind."""
    file = tmp_path / "console.sqlite3"
    if database is not None:
        file.write_bytes(database)
    settings = {"DJANGO_SETTINGS_MODULE": "console.settings", "SECRET_KEY": "x", "DATABASE_URL": f"sqlite:///{file}"}
    done = subprocess.run(
        [sys.executable, "manage.py", "prune_audit", "--older-than=365d", "--dry-run"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, f"CommandError: {words.format(file)}\n")
    assert file.exists() == (database is not None)
