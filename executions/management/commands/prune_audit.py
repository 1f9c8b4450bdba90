"""Remove old rows of the audit, and record that it was done. Nothing else can."""

import os
import pwd
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from executions.services import pruning

AT_LEAST = 1
"""Days. Forms of today must still be recognised, or an old one could act a second time."""
MOST = 365 * 100


class Command(BaseCommand):
    help = "Removes audit rows that are older than so many days, with their outcomes, and records that it did."

    def add_arguments(self, parser: CommandParser) -> None:
        words = "the age in days, such as --older-than=365d"
        parser.add_argument("--older-than", required=True, metavar="365d", help=words)
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, older_than: str, dry_run: bool, **options: Any) -> None:
        moment = timezone.now() - timedelta(days=_days(older_than))
        _check_database()
        words = f"actions from before {moment:%Y-%m-%d %H:%M} UTC, with their outcomes"
        if dry_run:
            self.stdout.write(f"{pruning.count(moment)} {words}, would be removed. Nothing was changed.")
            return
        gone = 0
        for gone in pruning.prune(moment, _account()):
            if options["verbosity"] > 1:
                self.stdout.write(f"{gone} so far")
        self.stdout.write(f"{gone} {words}, were removed." if gone else f"There are no {words}.")


def _check_database() -> None:
    """One sentence where there is no audit to prune; nothing is made."""
    name = connection.settings_dict["NAME"]
    # To connect would make the file.
    if connection.vendor == "sqlite" and connection.connection is None and not Path(name).is_file():
        raise CommandError(f"There is no database {name}. Run this where the console runs, with the same settings.")
    try:
        executor = MigrationExecutor(connection)
        ours = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "executions"]
        missing = executor.migration_plan(ours)
    except AnyDatabaseError as error:
        words = (str(error).strip().splitlines() or ["no answer"])[0]
        raise CommandError(f"The database {name} cannot be used: {words}.") from None
    if missing:
        raise CommandError(
            f"The database {name} is not up to date. Start the console once, or run `manage.py migrate`."
        )


def _days(age: str) -> int:
    found = re.fullmatch(r"([0-9]{1,6})d", age.strip())
    if not found:
        raise CommandError(f"“{age}” is no age: write it in whole days, such as --older-than=365d.")
    days = int(found[1])
    if not AT_LEAST <= days <= MOST:
        raise CommandError(f"--older-than has to be from {AT_LEAST}d to {MOST}d: today’s rows are still in use.")
    return days


def _account() -> str:
    # Not what the environment says: anybody may write that.
    try:
        return pwd.getpwuid(os.getuid()).pw_name[:150]
    except KeyError:
        return f"uid {os.getuid()}"
