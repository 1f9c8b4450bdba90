"""Data flows one way, and imports with it: read from the source of the whole project."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.servers import ROOT

LAYERS: dict[str, tuple[str, ...]] = {
    # Leaves: they need nothing else of ours.
    "executions.operations": (),
    "executions.ids": (),
    "executions.models": (),
    "executions.upstream": ("executions.ids",),
    "executions.migrations": (),
    "executions.templatetags": (),
    "console.sandbox": (),
    "console.children": (),
    "console.settings": (),
    "console.middleware": (),
    "console.admin": (),
    "console.static_files": (),
    # What stands on them, from the inside out.
    "executions.permissions": ("executions.operations",),
    "executions.services": (
        "executions.ids",
        "executions.models",
        "executions.operations",
        "executions.permissions",
        "executions.templatetags",
        "executions.upstream",
    ),
    "executions.relay": ("executions.upstream",),
    "executions.forms": ("executions.ids", "executions.services"),
    "executions.views": (
        "executions.forms",
        "executions.ids",
        "executions.operations",
        "executions.permissions",
        "executions.services",
        "executions.upstream.errors",
        "executions.upstream.types",
    ),
    "executions.streams": ("executions.ids", "executions.relay", "executions.services", "executions.upstream"),
    "executions.sockets": (),
    "executions.revocations": ("executions.sockets",),
    "executions.consumers": (
        "executions.ids",
        "executions.permissions",
        "executions.relay",
        "executions.services",
        "executions.sockets",
        "executions.streams",
    ),
    "executions.apps": ("executions.revocations",),
    "executions.admin": ("executions.models",),
    "executions.management": ("executions.services",),
    "executions.urls": ("executions.ids", "executions.views"),
    "executions.routing": ("executions.consumers", "executions.ids"),
    "console.urls": (),
    "console.frames": (),
    "console.paced": (),
    "console.asgi": ("console.frames", "console.paced", "executions.routing"),
    "console.management": ("console.children", "console.sandbox", "executions.permissions"),
}
"""Each module or package, and what of ours it may import besides itself."""
OTHERS: dict[str, tuple[str, ...]] = {
    "httpx": ("executions.upstream", "console.management"),
    "httpx_sse": ("executions.upstream",),
    "channels": ("executions.consumers", "executions.sockets", "console.asgi"),
    "stamina": ("executions.upstream",),
    "temporalio": ("console.sandbox",),
    "opentelemetry": ("console.sandbox",),
    "starlette": ("console.sandbox",),
    "uvicorn": ("console.sandbox",),
    "daphne": ("console.frames", "console.management", "console.paced"),
    "twisted": ("console.frames",),
}
"""Libraries that only these may import."""
WITHOUT_DJANGO = ("executions.upstream", "executions.relay", "executions.operations", "executions.permissions")


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {_name(path): path for folder in ("console", "executions") for path in sorted((ROOT / folder).rglob("*.py"))}


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@cache
def imports(source: str) -> set[str]:
    """The full names that a source imports: `from a.b import c` is `a.b.c`, which may be a module or not."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "Relative imports hide where they lead."
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _layer(module: str) -> str:
    found = [layer for layer in LAYERS if within(module, layer)]
    assert len(found) == 1, f"{module} stands in no layer"
    return found[0]


def strangers(module: str, source: str) -> set[str]:
    """What of ours the module imports although its layer must not."""
    layer = _layer(module)
    allowed = (layer, *LAYERS[layer])
    ours = {name for name in imports(source) if within(name, "executions") or within(name, "console")}
    return {name for name in ours if not any(within(name, one) for one in allowed)}


PACKAGES = {"executions", "console"}


@pytest.mark.parametrize("module", sorted(SOURCES.keys() - PACKAGES))
def test_a_module_imports_only_what_stands_below_it(module: str) -> None:
    assert strangers(module, SOURCES[module].read_text()) == set()


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_the_packages_themselves_are_empty(package: str) -> None:
    assert SOURCES[package].read_text().strip() == ""


def test_no_layer_is_made_up() -> None:
    assert [layer for layer in LAYERS if not any(within(module, layer) for module in SOURCES)] == []


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("executions.views.runs", "from executions.models import Batch", {"executions.models.Batch"}),
        ("executions.views.runs", "from executions import models", {"executions.models"}),
        (
            "executions.views.runs",
            "from executions.upstream.client import Client",
            {"executions.upstream.client.Client"},
        ),
        ("executions.views.runs", "def f():\n    import executions.relay.hub", {"executions.relay.hub"}),
        ("executions.services.api", "from executions.views import frame", {"executions.views.frame"}),
        ("executions.relay.hub", "from executions.services import text", {"executions.services.text"}),
        ("executions.upstream.client", "from executions.services import text", {"executions.services.text"}),
        ("console.sandbox.engine", "from executions.upstream import types", {"executions.upstream.types"}),
        ("executions.services.api", "from console.sandbox import promises", {"console.sandbox.promises"}),
        ("executions.operations", "from executions.views.runs import run_list", {"executions.views.runs.run_list"}),
        ("executions.views.runs", "from executions.services import runs\nimport json", set()),
    ],
)
def test_the_check_sees(module: str, source: str, found: set[str]) -> None:
    assert strangers(module, source) == found


@pytest.mark.parametrize("library", OTHERS)
def test_a_library_stays_where_it_belongs(library: str) -> None:
    users = {
        module for module, path in SOURCES.items() if any(within(one, library) for one in imports(path.read_text()))
    }
    assert users
    assert {module for module in users if not any(within(module, layer) for layer in OTHERS[library])} == set()


@pytest.mark.parametrize("layer", WITHOUT_DJANGO)
def test_what_knows_no_django(layer: str) -> None:
    for module, path in SOURCES.items():
        if within(module, layer):
            assert {
                name for name in imports(path.read_text()) if within(name, "django") or within(name, "channels")
            } == set()


def test_the_sandbox_shares_no_parsing_with_the_console() -> None:
    """So that mistakes cannot cancel out: all that it imports is its own, Python's, or a library."""
    for module, path in SOURCES.items():
        if within(module, "console.sandbox"):
            ours = {name for name in imports(path.read_text()) if name.partition(".")[0] in PACKAGES}
            assert {name for name in ours if not within(name, "console.sandbox")} == set()
            assert not {name for name in imports(path.read_text()) if within(name, "mistralai")}


def test_every_library_that_is_imported_is_declared() -> None:
    declared = (ROOT / "pyproject.toml").read_text().lower().replace("-", "_")
    names = {"dotenv": "python_dotenv", "dj_database_url": "dj_database_url", "csp": "django_csp"}
    names |= {"whitenoise": "whitenoise", "opentelemetry": "opentelemetry_sdk"}
    names |= {"asgiref": "django", "twisted": "daphne"}  # the latter stand on the former
    used = {name.partition(".")[0] for path in SOURCES.values() for name in imports(path.read_text())}
    unknown = used - set(sys.stdlib_module_names) - PACKAGES
    assert {name for name in unknown if f'"{names.get(name, name)}' not in declared} == set()
