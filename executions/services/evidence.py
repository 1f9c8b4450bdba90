"""Evidence of an execution: one zip of all that is known of it, with a manifest that says what each file is worth.

It is sent while it is made. Each part is read, packed and let go before the next one, so that no more than one answer
of the API is in memory as it came; whoever sends it sees to it that what is packed does not stay there either. The
manifest comes last, when all is known. A part that fails is noted there, and stops nothing.
"""

import hashlib
import importlib.metadata
import itertools
import logging
import re
import threading
import time
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.template.loader import render_to_string

from executions.services import api, runs
from executions.services.evidence_parts import PARTS, Note, Part, Subject, pieces
from executions.upstream import errors
from executions.upstream.received import Receiver

SECONDS = 120.0
"""For all parts together. What has not begun by then is left out, and the manifest says so."""
AT_ONCE = 2
"""Parts of one answer each that are read and packed at a time, for all users: it may be a history of 50 MB."""
README, MANIFEST = "README.txt", "manifest.json"
_slots = threading.BoundedSemaphore(AT_ONCE)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _File:
    """A file of the zip, as the manifest has it."""

    part: Part
    note: Note
    size: int | None = None
    """None while there is no such file."""
    digest: Any = field(default_factory=hashlib.sha256)

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {"name": self.part.name, "about": self.part.about, "of": self.part.of}
        if self.size is not None:
            found |= {"size": self.size, "sha256": self.digest.hexdigest()}
        note = self.note
        said = {"how": note.sources, "records": note.count, "first": note.first, "last": note.last}
        said |= {"detail": note.detail, "problem": note.problem}
        found |= {name: value for name, value in said.items() if value not in ("", [], None)}
        return found | {"in_this_zip": self.size is not None, "complete": self.is_complete}

    @property
    def is_complete(self) -> bool:
        return self.note.complete and not self.note.problem and self.size is not None


class _Written:
    """Where the zip is written to: what it has written is taken away, and it cannot go back."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._kept.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing behind it."""

    def taken(self) -> bytes:
        found, self._kept = b"".join(self._kept), []
        return found


class Evidence:
    """The zip of a run, for a user who may use the operations `may`."""

    def __init__(self, run: runs.Run, *, username: str, may: frozenset[str]) -> None:
        self._run, self._username, self._may = run, username, may
        self._receiver = Receiver(api.client())
        self._written = _Written()
        self._files: list[_File] = []

    @property
    def name(self) -> str:
        """What the download is called."""
        return (
            "-".join(filter(None, ("evidence", _plain(self._run.execution_id, 60), _plain(self._run.run_id, 8))))
            + ".zip"
        )

    def stream(self) -> Generator[bytes, None, None]:
        """The zip's bytes, as they come about."""
        began = datetime.now(UTC)
        subject = Subject(self._receiver, self._run.execution_id, self._run.run_id, deadline=time.monotonic() + SECONDS)
        with zipfile.ZipFile(self._written, "w", zipfile.ZIP_DEFLATED) as packed:  # type: ignore[call-overload]
            yield from self._add(packed, _readme(), subject)
            for part in PARTS:
                yield from self._add(packed, part, subject)
            manifest = msgspec.json.format(msgspec.json.encode(self._manifest(began)), indent=2)
            packed.writestr(_info(MANIFEST), manifest + b"\n")
        yield self._written.taken()

    def _add(self, packed: zipfile.ZipFile, part: Part, subject: Subject) -> Iterator[bytes]:
        found = _File(part, Note())
        self._files.append(found)
        if part.operation not in self._may:
            found.note.problem = "Who collected this may not read it."
            return
        if subject.is_late or (part.is_one and not _slots.acquire(timeout=subject.deadline - time.monotonic())):
            found.note.problem = f"There was no time left: all parts together may take {SECONDS:.0f} seconds."
            return
        try:
            yield from self._pack(packed, found, part.read(subject, found.note))
        except errors.UpstreamError as error:
            found.note.problem = str(error) + (f" ({error.code})" if error.code else "")
        except (Exception, errors.InvalidId) as error:
            # Whatever it is, the other parts are worth having.
            _log.exception("A part of an evidence failed: %s", part.name)
            found.note.problem = f"An error of the console’s own ({type(error).__name__}); its log has more."
        finally:
            if part.is_one:
                _slots.release()

    def _pack(self, packed: zipfile.ZipFile, found: _File, content: Iterator[bytes]) -> Iterator[bytes]:
        # What fails before its first byte leaves no empty file behind.
        first = next(content, b"")
        found.size = 0
        with packed.open(_info(found.part.name), "w") as file:
            for piece in itertools.chain([first], content):
                found.size += len(piece)
                found.digest.update(piece)
                file.write(piece)
                if ready := self._written.taken():
                    yield ready

    def _manifest(self, began: datetime) -> dict[str, Any]:
        run, client = self._run, settings.MISTRAL_SERVER_URL
        return {
            "product": "Executions Console",
            "version": version(),
            "collected_by": self._username,
            "began": began,
            "ended": datetime.now(UTC),
            "api": client,
            "execution_id": run.execution_id,
            "run_id": run.run_id,
            "workflow": run.workflow,
            "status": run.status.value,
            "was_running": run.is_running,
            "complete": all(file.is_complete for file in self._files),
            "files": [file.facts() for file in self._files],
        }


def _plain(value: str, limit: int) -> str:
    return re.sub(r"[^\w.-]+", "-", value, flags=re.ASCII).strip(".-")[:limit]


def version() -> str:
    try:
        return importlib.metadata.version("executions-console")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _info(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, date_time=datetime.now(UTC).timetuple()[:6])
    found.compress_type, found.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return found


def _readme() -> Part:
    content = render_to_string("executions/evidence.txt", {"parts": PARTS, "manifest": MANIFEST}).encode()

    def read(subject: Subject, note: Note) -> Iterator[bytes]:
        note.complete = True
        note.sources.append("written by the console")
        yield from pieces(content)

    return Part(README, "get", "zip", "What each file is, and how to check that nobody changed it.", read)
