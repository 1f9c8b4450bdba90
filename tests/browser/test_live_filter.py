"""Which live rows a filter lets through: those that the server would, whatever their case."""

import pytest
from playwright.sync_api import Page

from executions.services.wanted import matching

WANTS = """async ([query, words]) => {
  const { Filter } = await import("/static/js/live-filter.js");
  const filter = new Filter({ dataset: { liveText: query } });
  return words.map((one) => {
    const row = document.createElement("li");
    row.innerHTML = '<span data-find></span><time datetime="2026-01-31T14:05:00+00:00"></time>';
    row.firstChild.textContent = one;
    return filter.wants(row.outerHTML);
  });
}"""
WORDS = [
    "Hauptstraße 5",
    "HAUPTSTRASSE 5",
    "HAUPTSTRAẞE",
    "strasse",
    "ÄPFEL",
    "äpfel",
    "<B> & c",
    "İ",
    "plain",
    "3 K",
    "ﬁnal",
]


@pytest.mark.parametrize(
    "query", ["STRASSE", "straße", "STRAẞE", "äPFEL", "<b> &", "Plain", "3 k", "FINAL", "nothing", ""]
)
def test_as_the_server_lets_rows_through(scripts: Page, query: str) -> None:
    found = scripts.evaluate(WANTS, [query, WORDS])
    rows = matching(WORDS, [], query, kind=str, words=str)
    assert [one for one, wanted in zip(WORDS, found, strict=True) if wanted] == rows
