"""`manage.py sandbox`: the Workflows API on this machine, on a real Temporal server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Serve a local stand-in for the Workflows API, with some executions to look at."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="the port to listen on; a free one without it")
        parser.add_argument("--fd", type=int, help="an open listening socket, instead of a port")
        parser.add_argument("--ui-port", type=int, help="a port for Temporal's own UI on the same executions")
        parser.add_argument("--lifeline", action="store_true", help="stop at the end of standard input")
        parser.add_argument("--empty", action="store_true", help="start no executions")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from console.sandbox import engine, serve
        except ModuleNotFoundError as error:
            raise CommandError(f"{error}. Install the extra: pip install -e '.[sandbox]'") from None
        try:
            serve.run(
                port=options["port"],
                fd=options["fd"],
                ui_port=options["ui_port"],
                lifeline=options["lifeline"],
                seeded=not options["empty"],
            )
        except engine.SandboxError as error:
            raise CommandError(str(error)) from None
