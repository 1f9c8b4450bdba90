"""Static files: one style sheet for a page, and names with a digest for all that browsers keep."""

import os
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import find
from django.core.management import call_command

from console.static_files import FIRST, NAME, whole_style_sheet

ROOT = Path(__file__).resolve().parent.parent.parent
_ADDRESS = re.compile(r"""(?:from|import)[\s(]*["']\./([^"']+)["']""")


def test_the_style_sheet_holds_every_sheet_once_the_scales_first() -> None:
    folder = ROOT / "static" / "css"
    names = re.findall(r"^/\* (\S+\.css) \*/$", whole_style_sheet(folder), re.MULTILINE)
    assert names[:3] == list(FIRST)
    assert sorted(names) == sorted(path.name for path in folder.glob("*.css"))


def test_it_is_found_like_any_static_file() -> None:
    assert Path(find(NAME)).read_text() == whole_style_sheet(ROOT / "static" / "css")
    assert find("css/none.css") is None


def test_who_reads_it_while_it_is_made_anew_reads_all_of_it() -> None:
    with Path(find(NAME)).open() as reading:
        begun = reading.read(10)
        again = Path(find(NAME))
        assert begun + reading.read() == again.read_text()
        # Another file in its place, not the same one written again.
        assert os.fstat(reading.fileno()).st_ino != again.stat().st_ino
    assert [path.name for path in again.parent.iterdir()] == [again.name]
    assert [path.name for path in again.parent.parent.iterdir()] == ["css"]


def test_collected_modules_import_each_other_by_names_with_a_digest(settings: Any, tmp_path: Path) -> None:
    """A name without one would be asked for again at every page, and may be older than the module that imports it."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "console.static_files.HashedStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    modules = [path for path in (tmp_path / "js").glob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)]
    imported = {name for path in modules for name in _ADDRESS.findall(path.read_text())}
    assert len(modules) == len(list((ROOT / "static" / "js").glob("*.js")))
    assert len(imported) > 50
    assert imported <= {path.name for path in modules}
    assert len(list((tmp_path / "css").glob("console.????????????.css"))) == 1
