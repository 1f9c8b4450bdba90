"""`manage.py run`: bring the database up to date, then serve HTTP and websockets with Daphne."""

import socket
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as AnyDatabaseError

from console.children import hold_lifeline, listen


class Command(BaseCommand):
    help = "Migrate, collect the static files, and serve the console."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 for all")
        parser.add_argument("--fd", type=int, help="an open listening socket, instead of the setting PORT")
        parser.add_argument("--lifeline", action="store_true", help="stop at the end of standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["lifeline"]:
            hold_lifeline()
        listening = socket.socket(fileno=options["fd"]) if options["fd"] is not None else self._listen(options["host"])
        migrate()
        if not settings.DEMO:
            call_command("collectstatic", interactive=False, verbosity=0)
            self._say()
        from daphne.cli import CommandLineInterface

        # Daphne's options are its public interface. A page may stay open for longer than the day that is its limit.
        # It closes the socket that it is given: closed once more, by us at the end, its number may be another file's by
        # then, such as the database's, while the last write is still being saved.
        serving = ["--fd", str(listening.detach()), "--no-server-name", "--websocket_timeout", "-1"]
        CommandLineInterface().run([*serving, "console.asgi:application"])

    def _listen(self, host: str) -> socket.socket:
        try:
            return listen(host, settings.PORT)
        except OSError as error:
            raise CommandError(
                f"Port {settings.PORT} on {host} cannot be used ({error.strerror}). Stop what listens there, "
                "or set PORT to another one."
            ) from None

    def _say(self) -> None:
        if not settings.MISTRAL_API_KEY:
            self.stderr.write("MISTRAL_API_KEY is not set: pages will say so until you set it and start again.")
        self.stdout.write(
            f"Executions Console: {', '.join(settings.PUBLIC_ORIGINS)}  (API: {settings.MISTRAL_SERVER_URL})"
        )
        self.stdout.flush()


def migrate() -> None:
    """Bring the database up to date; one sentence if it cannot be used."""
    database = settings.DATABASES["default"]
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except (AnyDatabaseError, OSError) as error:
        words = str(error).strip().splitlines()[0]
        raise CommandError(
            f"The database {database['NAME']} cannot be used: {words}. "
            "Make it writable, or set DATABASE_URL to another."
        ) from None
