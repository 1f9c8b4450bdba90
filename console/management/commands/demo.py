"""`manage.py demo`: the console on a local sandbox, with three users; one Ctrl-C ends all of it."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.children import die_with_parent, listen
from console.management.commands.run import migrate
from executions.permissions import ROLES

PASSWORD = "demo"  # noqa: S105  (the demo listens on this machine only, and is thrown away)
PREFERRED_PORT = 8000
START_SECONDS = 60
STOP_SECONDS = 8


class Command(BaseCommand):
    help = "Serve the console on a local sandbox. Needs no API key; everything is thrown away at the end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help=f"the console's port; {PREFERRED_PORT} or a free one without it")
        parser.add_argument("--empty", action="store_true", help="start no executions")
        parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this ends")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["with_parent"]:
            die_with_parent(signal.SIGTERM)
        if "DEMO_FOLDER" not in os.environ:
            start_again()
        folder = Path(os.environ["DEMO_FOLDER"])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop)
        children: list[subprocess.Popen[bytes]] = []
        try:
            self._serve(children, options)
        except _Stopped:
            pass
        finally:
            stop(children)
            shutil.rmtree(folder, ignore_errors=True)

    def _serve(self, children: list[subprocess.Popen[bytes]], options: dict[str, Any]) -> None:
        api, console = listen("127.0.0.1", 0), console_socket(options["port"])
        address = f"http://127.0.0.1:{console.getsockname()[1]}"
        children.append(spawn(["sandbox", *(["--empty"] if options["empty"] else [])], api, {}))
        migrate()
        make_users()
        settings = {
            "MISTRAL_API_KEY": "sandbox",
            "MISTRAL_SERVER_URL": f"http://127.0.0.1:{api.getsockname()[1]}",
            "PUBLIC_URL": f"{address},{address.replace('127.0.0.1', 'localhost')}",
        }
        children.append(spawn(["run"], console, settings))
        for listening in (api, console):
            listening.close()
        wait_until_ready(f"{address}/readyz", children)
        wait_until_ready(f"{settings['MISTRAL_SERVER_URL']}/", children)
        self.stdout.write(f"\n  Executions Console   {address}\n")
        self.stdout.write(f"  Sign in as           {', '.join(ROLES)}\n  Password             {PASSWORD}\n")
        self.stdout.write(f"  The sandbox's API    {settings['MISTRAL_SERVER_URL']}\n\n  Ctrl-C stops everything.\n\n")
        self.stdout.flush()
        while all(child.poll() is None for child in children):
            time.sleep(0.1)
        raise CommandError("One of the demo's processes has ended, so the others were stopped, too.")


class _Stopped(BaseException):
    """A signal asked us to stop."""


def _stop(number: int, frame: object) -> None:
    for again in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)
    raise _Stopped


def start_again() -> None:
    """Run this very command with the demo's settings: the environment is read once, at the start."""
    folder = tempfile.mkdtemp(prefix="executions-console-demo-")
    demo = {
        "DEMO": "1",
        "DEMO_FOLDER": folder,
        "SECRET_KEY": secrets.token_urlsafe(40),
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "REDIS_URL": "",
        "TRUSTED_PROXIES": "",
    }
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **demo})  # noqa: S606  (no shell is meant)


def console_socket(port: int | None) -> socket.socket:
    """The port asked for; without one, the usual if it is free, else any."""
    try:
        return listen("127.0.0.1", port or PREFERRED_PORT)
    except OSError as error:
        if port:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). Leave --port out for a free one."
            ) from None
        return listen("127.0.0.1", 0)


def make_users() -> None:
    """One user for each group, named after it; the admin also sees Django's own admin."""
    for role in ROLES:
        user = User.objects.create_user(role, password=PASSWORD)
        user.groups.set([Group.objects.get(name=role)])
        user.is_staff = user.is_superuser = role == "admin"
        user.save()


def spawn(command: list[str], listening: socket.socket, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    """One of the demo's processes, on an open socket, in a session of its own: Ctrl-C reaches only us."""
    fd = listening.fileno()
    return subprocess.Popen(
        [sys.executable, sys.argv[0], *command, "--fd", str(fd), "--lifeline"],
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[fd],
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509  (one thread so far)
    )


def wait_until_ready(address: str, children: "list[subprocess.Popen[bytes]]") -> None:
    """Until something answers there; CommandError if a process ends first, or nothing does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(child.poll() is None for child in children):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(address, trust_env=False)
            return
        time.sleep(0.05)
    raise CommandError("The demo could not start: one of its processes ended or does not answer.")


def stop(children: "list[subprocess.Popen[bytes]]") -> None:
    """End them all, with force where asking does not help."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
