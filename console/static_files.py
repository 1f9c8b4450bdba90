"""The style sheets as one file, and names with a digest for all that browsers keep."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

NAME = "css/console.css"
"""What templates link to: a page waits for one answer before it is drawn, not for eleven."""
FIRST = ("tokens.css", "base.css", "pages.css")


def whole_style_sheet(folder: Path) -> str:
    """The style sheets of a folder behind each other: the scales first, the others are in no order."""
    names = [*FIRST, *sorted(path.name for path in folder.glob("*.css") if path.name not in FIRST)]
    return "\n".join(f"/* {name} */\n{(folder / name).read_text(encoding='utf-8')}" for name in names)


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
        content = whole_style_sheet(settings.BASE_DIR / "static" / "css")
        # Put in its place when it is whole: somebody may be reading the one before it.
        with NamedTemporaryFile("w", encoding="utf-8", dir=self._folder.name, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        return Path(file.name).replace(made)

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


# The stubs know neither this (Django has it since 4.2) nor WhiteNoise's classes.
_, _IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Modules that modules import have a digest in their names too: a browser asks for each once, not at every page.

    Only the console's own modules: other apps' scripts name files in their comments that they do not bring.
    """

    support_js_module_import_aggregation = True
    # A module's digest depends on those of what it imports: as many rounds as the longest chain, and some to spare.
    max_post_process_passes = 30
    _js_module_import_aggregation_patterns = ("js/*.js", _IMPORTS)
