"""The console as a real process: Daphne, a database of its own, three users, an upstream of the test's choice."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from console.children import listen

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "demo"
START_SECONDS = 40
_MAKE_USERS = "from console.management.commands.demo import make_users; make_users()"


@dataclass
class Console:
    """A console that is running, or can be started again on the same port and database."""

    folder: Path
    upstream: str
    extra: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    port: int = 0
    states: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "console.log").read_text()

    @property
    def env(self) -> dict[str, str]:
        settings = {
            "DEMO": "1",
            "SECRET_KEY": "only-for-tests-" + "y" * 40,
            "DATABASE_URL": f"sqlite:///{self.folder}/console.sqlite3",
            "MISTRAL_API_KEY": "test-key",
            "MISTRAL_SERVER_URL": self.upstream,
            "PUBLIC_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "console.settings",
        }
        return {**os.environ, **settings, **self.extra}

    def manage(self, *command: str) -> str:
        """Run `manage.py` with this console's settings; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Serve, and wait until ready."""
        listening = listen("127.0.0.1", self.port)
        self.port = listening.getsockname()[1]
        fd = listening.fileno()
        with (self.folder / "console.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", "--fd", str(fd), "--lifeline"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[fd],
            )
        listening.close()
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"The console does not start:\n{self.log}")

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def sign_in(self, name: str) -> httpx.Client:
        """An HTTP client that is signed in as this user; it follows no redirects."""
        client = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        client.get("/accounts/login/")
        token = sent_cookie(client, "csrftoken").partition("=")[2]
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = client.post("/accounts/login/", data=form)
        assert answer.status_code == 302, answer.text
        return client

    def state(self, name: str = "viewer") -> Any:
        """What a browser of this user has, as Playwright takes it; signed in once, without the form's pages."""
        if name not in self.states:
            with contextlib.closing(self.sign_in(name)) as client:
                place = {"domain": "127.0.0.1", "path": "/", "expires": -1, "sameSite": "Lax"}
                said = {"httpOnly": False, "secure": False}
                kept = [{"name": one.name, "value": one.value, **place, **said} for one in client.cookies.jar]
            self.states[name] = {"cookies": kept, "origins": []}
        return self.states[name]


def sent_cookie(client: httpx.Client, name: str = "sessionid") -> str:
    """A client's cookie as a header says it; its name ends with the console's port."""
    return next(f"{one.name}={one.value}" for one in client.cookies.jar if one.name.startswith(name))


@contextlib.contextmanager
def console(folder: Path, upstream: str, **extra: str) -> Iterator[Console]:
    """A console on an upstream, with the demo's three users, stopped at the end. `extra` goes into its environment."""
    folder.mkdir(exist_ok=True)
    made = Console(folder, upstream, extra)
    made.start()
    try:
        made.manage("shell", "-c", _MAKE_USERS)
        yield made
    finally:
        made.stop()
