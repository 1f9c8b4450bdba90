"""The templates' source: nothing in them that the content policy forbids, and nothing marked as safe."""

import re

import pytest

from tests.servers import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FORBIDDEN = {
    "inline script": r"<script(?![^>]*\bsrc=)",
    "inline style": r"<style\b",
    "style attribute": r"\sstyle\s*=",
    "event handler": r"\son[a-z]+\s*=",
    "script address": r"javascript:",
    "script in htmx": r"\shx-on|hx-vals=['\"]js:|\shx-vars",
    "unescaped": r"\|\s*safe\b|autoescape\s+off|mark_safe",
    "another site": r"(?:src|href|action)=[\"']?(?:https?:)?//",
}


def test_there_are_templates() -> None:
    assert len(TEMPLATES) > 20


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_template_has(kind: str) -> None:
    assert [str(one) for one in TEMPLATES if re.search(FORBIDDEN[kind], one.read_text(), re.IGNORECASE)] == []


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_the_search_finds_what_it_looks_for(kind: str) -> None:
    bad = {
        "inline script": "<script>alert(1)</script>",
        "inline style": "<style>a {}</style>",
        "style attribute": '<p style="color: red">',
        "event handler": '<p onclick="x()">',
        "script address": '<a href="javascript:x()">',
        "script in htmx": '<p hx-on:click="x()">',
        "unescaped": "{{ value|safe }}",
        "another site": '<script src="//cdn.example/x.js">',
    }
    assert re.search(FORBIDDEN[kind], bad[kind])


def test_python_makes_no_html_by_hand() -> None:
    """`format_html` escapes what it puts in; a text put together before it does not."""
    sources = [path for folder in ("console", "executions") for path in (ROOT / folder).rglob("*.py")]
    by_hand = re.compile(r"mark_safe|SafeString\(|format_html\(\s*f[\"']")
    assert [str(path) for path in sources if by_hand.search(path.read_text())] == []


def test_every_form_that_acts_has_the_csrf_token() -> None:
    for template in TEMPLATES:
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text(), re.DOTALL)
        assert all("{% csrf_token %}" in form for form in forms), template
