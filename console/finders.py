"""All style sheets as one file, so that a page waits for one answer before it is drawn, not for eleven."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "css/console.css"
"""What templates link to. It is made of `static/css/`, the scales first: the others are in no order."""
FIRST = ("tokens.css", "base.css", "pages.css")


def whole_style_sheet(folder: Path) -> str:
    """The style sheets of a folder behind each other, each with its name above it."""
    names = [*FIRST, *sorted(path.name for path in folder.glob("*.css") if path.name not in FIRST)]
    return "\n".join(f"/* {name} */\n{(folder / name).read_text()}" for name in names)


class StyleSheetFinder(BaseFinder):
    """Stands next to Django's finders of static files: `collectstatic` and WhiteNoise see a file like any other."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        # Made anew by every process; it goes with the process.
        self._folder = TemporaryDirectory(prefix="console-styles-")
        self._storage = FileSystemStorage(self._folder.name)
        super().__init__(*args, **kwargs)

    def _write(self) -> Path:
        made = Path(self._folder.name, NAME)
        made.parent.mkdir(exist_ok=True)
        made.write_text(whole_style_sheet(settings.BASE_DIR / "static" / "css"))
        return made

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path != NAME:
            return []
        found = str(self._write())
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        self._write()
        yield NAME, self._storage
