"""Reading our pages as a browser does: forms with their hidden fields, links, and what is said where."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "input" and found.get("type") == "hidden":
            self.fields[found.get("name", "")] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(response: HttpResponse | str) -> _Page:
    page = _Page()
    page.feed(response if isinstance(response, str) else response.content.decode())
    return page


def text(response: HttpResponse | str) -> str:
    """What a reader sees, its white space folded."""
    return " ".join(" ".join(parse(response).text).split())


def links(response: HttpResponse | str) -> list[str]:
    return parse(response).links


def token(response: HttpResponse) -> str:
    """The one-use token of the page's form."""
    return parse(response).fields["token"]


def problem(response: HttpResponse) -> str:
    """The title of the problem that a page or a fragment shows."""
    found = re.search(r'class="problem"[^>]*>\s*<h2>(.*?)</h2>', response.content.decode(), re.DOTALL)
    assert found, response.content.decode()
    return unescape(" ".join(re.sub("<[^>]+>", "", found[1]).split()))


def problem_text(response: HttpResponse) -> str:
    """All that the problem says."""
    found = re.search(r'<(section|div) class="problem"[^>]*>(.*?)</\1>', response.content.decode(), re.DOTALL)
    assert found, response.content.decode()
    return text(found[2])


def poller(response: HttpResponse, place: str) -> dict[str, str]:
    """What refreshes itself: the element with this id, or the one that refreshes the element with this id."""
    found = [tag for _, tag in parse(response).tags if "data-poll" in tag]
    return next(tag for tag in found if tag.get("id") == place or tag.get("hx-target") == f"#{place}")


def refresh(response: HttpResponse, place: str) -> dict[str, str]:
    """The headers with which a browser refreshes it."""
    found = poller(response, place)
    return {"HX-Request": "true", "HX-Target": place, "X-Was": found.get("data-was", "")}


def open_form(browser: Client, address: str, **fields: Any) -> dict[str, Any]:
    """What a browser would send from the form at an address."""
    page = browser.get(address)
    assert page.status_code == 200, page.content.decode()
    return {"token": token(page), **fields}
