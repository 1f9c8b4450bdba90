"""The generated form in the browser: its fields, the JSON beside it, and what is kept while its name changes."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import input_json
from tests.executions import canned
from tests.faulty import Faulty, reply
from tests.servers import Console

LONG = 30_000
RIGHT_END = "(found) => found.getBoundingClientRect().right"


SCHEMA = {
    "type": "object",
    "properties": {
        "word": {"type": "string", "default": "EUR"},
        "lines": {"type": "string"},
        "count": {"type": "integer"},
        "flag": {"type": "boolean"},
        "only": {"const": "fixed"},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "at": {"type": "string", "format": "date-time"},
        "address": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": "string", "default": "0"}},
            "required": ["city"],
        },
        "tags": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        "anything": {},
        "__proto__": {"type": "string"},
    },
    "required": ["only"],
}
EVEN = {"type": "object", "properties": {"even": {"type": "integer", "default": 2}}}


@pytest.fixture
def odd(browser: Browser, served: Console, api: Faulty) -> Iterator[tuple[Page, Faulty]]:
    """A page of a signal whose input is of every kind, and the API that it is sent to."""
    complaints: list[str] = []
    canned.healthy(api)
    handlers = [{"name": "odd", "input_schema": SCHEMA}, {"name": "even", "input_schema": EVEN}]
    declared = {"signals": handlers, "updates": handlers, "queries": handlers}
    found = {"workflow_registrations": [canned.REGISTRATION | {"definition": declared}]}
    api.on(reply(found), path=canned.REGISTRATIONS)
    api.requests.clear()
    context = browser.new_context(
        base_url=served.url, storage_state=served.state("admin"), timezone_id="America/New_York"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"/executions/{canned.ID}/signal/?name=odd")
    expect(page.get_by_label("word")).to_be_focused()
    yield page, api
    context.close()
    assert complaints == []


def test_fields_and_json_stay_in_step(odd: tuple[Page, Faulty]) -> None:
    page, server = odd
    editor, problem = page.get_by_label("Input (JSON)"), page.locator("[data-json-problem]")
    start = {"word": "EUR", "only": "fixed", "maybe": None}
    assert input_json(page) == start

    # From a field to the JSON, and absent again.
    def emptied(field: str, text: str, there: Any, gone: dict[str, Any]) -> None:
        page.get_by_label(field).fill(text)
        assert input_json(page) == start | {field: there}
        page.get_by_label(field).fill("")
        assert input_json(page) == gone

    emptied("count", "12345678901234567890", 12345678901234567890, start)
    emptied("count", "many", "many", start)
    emptied("maybe", "text", "text", start)
    emptied("at", "2026-01-31T10:00", "2026-01-31T15:00:00Z", start)
    emptied("anything", '{"a": [1]}', {"a": [1]}, start)
    emptied("__proto__", "text", "text", start)
    emptied("word", "USD", "USD", start | {"word": ""})
    page.get_by_label("flag").select_option("false")
    assert input_json(page)["flag"] is False
    page.get_by_label("flag").select_option("—")
    page.get_by_label("Give address").check()
    assert input_json(page)["address"] == {"zip": "0"}
    page.get_by_label("city").fill("Ulm")
    assert input_json(page)["address"] == {"zip": "0", "city": "Ulm"}
    page.get_by_label("Give address").uncheck()
    expect(page.get_by_label("city")).to_be_hidden()
    assert input_json(page) == start | {"word": ""}

    # Rows.
    for word in ("a", "b", "c"):
        page.get_by_role("button", name="Add to tags").click()
        page.keyboard.type(word)
    page.get_by_role("button", name="Move up item 3").click()
    expect(page.get_by_role("button", name="Move up item 2")).to_be_focused()
    page.get_by_role("button", name="Remove item 1").click()
    assert input_json(page)["tags"] == ["c", "b"]
    expect(page.get_by_role("button", name="Move up item 1")).to_be_disabled()
    page.get_by_role("button", name="Add to rows").click()
    page.get_by_role("button", name="Add to item 1").click()
    page.keyboard.type("7")
    assert input_json(page)["rows"] == [[7]]

    # From the JSON to the fields; numbers, and what the schema does not know, stay as they are written.
    editor.fill('{"lines": "a\\nb", "count": 12345678901234567891, "share": 1.10, "tags": ["x"], "own": {"z": 1e2}}')
    expect(page.get_by_label("lines")).to_have_value("a\nb")
    expect(page.get_by_label("count")).to_have_value("12345678901234567891")
    expect(page.get_by_role("button", name="Remove item 1")).to_have_count(1)
    expect(page.get_by_label("word")).to_have_value("")
    page.get_by_label("maybe").fill("y")
    expect(editor).to_have_value(
        re.compile(r'"count": 12345678901234567891,\n  "share": 1\.10,\n  "maybe": "y",\n  "tags".*"z": 1e2', re.S)
    )

    # What does not parse, or fit, is marked; the fields keep what they had.
    editor.fill('{"lines": "gone"')
    expect(problem).to_contain_text("This is not JSON")
    expect(editor).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("lines")).to_have_value("a\nb")
    editor.fill('{"lines": 5, "tags": {"a": 1}, "flag": "x", "only": "fixed"}')
    expect(problem).to_have_text("")
    expect(page.get_by_text("The JSON has something else here.")).to_have_count(3)
    expect(page.get_by_label("lines")).to_have_value("a\nb")
    page.get_by_role("button", name="Signal").click()
    expect(page.locator("[data-node-error]", has_text="This has to be text.")).to_have_count(1)
    assert canned.sent(server) == []

    # A part that is no JSON is not sent.
    page.get_by_label("anything").fill("{")
    page.get_by_role("button", name="Signal").click()
    expect(page.get_by_text("This is not JSON.")).to_be_visible()
    assert canned.sent(server) == []
    editor.fill('{"only": "fixed", "big": 12345678901234567891}')
    expect(page.get_by_label("anything")).to_have_value("")
    editor.press("Control+Enter")
    expect(page.locator("tr.selected")).to_contain_text("odd")
    assert canned.sent(server) == [
        (canned.path(rest="/signals"), {"name": "odd", "input": {"only": "fixed", "big": 12345678901234567891}})
    ]


def test_editing_a_field_changes_nothing_else(odd: tuple[Page, Faulty]) -> None:
    page, server = odd
    editor, problem = page.get_by_label("Input (JSON)"), page.locator("[data-json-problem]")
    # However the JSON came there: no event told of it.
    editor.evaluate('(found) => { found.value = \'{"own": 1.10, "tags": ["x"]}\'; }')
    page.get_by_label("count").fill("5")
    expect(editor).to_have_value('{\n  "own": 1.10,\n  "count": 5,\n  "tags": [\n    "x"\n  ]\n}')
    # What is typed into a field comes where the workflow declares it.
    page.get_by_label("word").fill("first")
    assert list(input_json(page)) == ["own", "word", "count", "tags"]

    # Over JSON that is broken no field writes.
    editor.fill('{"half": ')
    expect(problem).to_contain_text("The fields wait until it is mended.")
    assert page.locator("[data-fields]").evaluate("(found) => found.inert") is True
    editor.press("Control+Enter")
    expect(editor).to_be_focused()
    expect(editor).to_have_value('{"half": ')
    assert page.locator(".field-error:visible").count() == 1
    editor.fill('{"only": "fixed"}')
    expect(problem).to_have_text("")
    assert page.locator("[data-fields]").evaluate("(found) => found.inert") is False

    # A number is looked at while it is typed.
    count = page.locator("[data-node]", has=page.get_by_label("count")).locator("[data-node-error]")
    for typed, words in {
        "abc": "This is not a number: write it like 12 or 12.5.",
        "12,5": "This is not a number: write it like 12 or 12.5.",
        "NaN": "This is not a number: write it like 12 or 12.5.",
        "12.5": "This has to be a whole number.",
        "12.0": "",
    }.items():
        page.get_by_label("count").fill(typed)
        expect(count).to_have_text(words)
    # Enter sends only with Ctrl, from any field.
    for label in ("count", "Name", "flag", "Give address", "Reason (optional)"):
        page.get_by_label(label).press("Enter")
    assert canned.sent(server) == []
    page.get_by_label("Reason (optional)").press("Control+Enter")
    page.wait_for_url("**/actions/?action=*")
    assert [body["input"] for _, body in canned.sent(server)] == [{"count": 12.0, "only": "fixed"}]


def test_what_is_typed_stays_with_its_name(odd: tuple[Page, Faulty]) -> None:
    page, server = odd
    page.goto(f"/executions/{canned.ID}/signal/")
    editor, name = page.get_by_label("Input (JSON)"), page.get_by_label("Name")
    expect(name).to_be_focused()
    # What is typed before there is a name is of the first one.
    editor.fill('{"word": "typed"}')
    name.fill("odd")
    name.press("Enter")
    expect(page.get_by_label("word")).to_have_value("typed")
    expect(editor).to_have_value('{"word": "typed"}')

    page.get_by_role("link", name="even", exact=True).click()
    expect(page.get_by_label("even")).to_have_value("2")
    assert input_json(page) == {"even": 2}
    page.get_by_label("even").fill("4")
    name.fill("another")
    name.press("Tab")
    expect(page.get_by_label("even")).to_be_hidden()
    expect(editor).to_have_value("")
    editor.fill('{"of": "another"}')
    name.fill("odd")
    name.press("Tab")
    expect(page.get_by_label("word")).to_have_value("typed")
    assert input_json(page) == {"word": "typed"}
    page.get_by_role("link", name="even", exact=True).click()
    expect(page.get_by_label("even")).to_have_value("4")
    name.fill("another")
    name.press("Tab")
    expect(editor).to_have_value('{"of": "another"}')

    # Fields that cannot be loaded leave the form as it is.
    server.on(reply({}, 500), method="GET", path=canned.path())
    page.get_by_role("link", name="even", exact=True).click()
    expect(page.locator("[data-toast]")).to_have_text("The fields of this name could not be loaded")
    expect(editor).to_have_value('{"of": "another"}')


def test_what_is_typed_is_there_before_its_form_has_settled(odd: tuple[Page, Faulty]) -> None:
    page, _ = odd
    page.goto(f"/executions/{canned.ID}/signal/")
    page.evaluate("htmx.config.defaultSettleDelay = 60_000")
    page.get_by_label("Name").fill("odd")
    page.get_by_label("Input (JSON)").fill('{"word": "typed"}')
    expect(page.get_by_label("word")).to_have_value("typed")
    assert input_json(page) == {"word": "typed"}


def send(page: Page, operation: str) -> None:
    """Fill in an operation's form and send it."""
    page.goto(
        f"/executions/{canned.ID}/{operation}/?{'name=even' if operation in ('signal', 'update') else 'event_id=4'}"
    )
    page.get_by_label(re.compile("^Reason")).fill("typed")
    if operation in ("signal", "update"):
        page.get_by_label("Input (JSON)").fill('{"even": 40, "text": "' + 300 * "long " + '"}')
    if operation == "terminate":
        page.get_by_label("Confirm").fill(canned.ID[-6:])
    page.locator(".action .buttons button").click()
    page.wait_for_url("**/actions/?action=*")


@pytest.mark.slow
def test_going_back_to_a_form_restores_nothing(odd: tuple[Page, Faulty]) -> None:
    page, server = odd
    for number, operation in enumerate(["signal", "update", "reset", "cancel", "terminate"], start=1):
        send(page, operation)
        page.go_back()
        expect(page.locator(".just-sent")).to_contain_text(f"You sent the {operation}")
        expect(page.get_by_label(re.compile("^Reason"))).to_have_value("")
        if operation in ("signal", "update"):
            assert input_json(page) == {"even": 2}
            expect(page.get_by_label("even")).to_have_value("2")
        if operation == "terminate":
            expect(page.get_by_label("Confirm")).to_have_value("")
        assert len(canned.sent(server)) == number

    # With what was sent before, the form keeps within its card.
    page.goto(f"/executions/{canned.ID}/signal/?name=even")
    page.locator("[data-recent]").wait_for()
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        ends = [page.locator(one).evaluate(RIGHT_END) for one in ("#id_input", ".json-field", ".card.action")]
        assert ends == sorted(ends)
    page.get_by_label("even").fill("6")
    page.locator("[data-recent]").click()
    expect(page.get_by_label("even")).to_have_value("40")
    page.get_by_role("button", name="Undo").click()
    assert input_json(page) == {"even": 6}
    expect(page.get_by_label("even")).to_have_value("6")
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


def test_an_open_form_says_that_the_run_is_over(odd: tuple[Page, Faulty]) -> None:
    page, server = odd
    expect(page.locator("#now .status")).to_have_text("Running")
    page.get_by_label("word").fill("typed")
    canned.healthy(server, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
    expect(page.locator("#now .status")).to_have_text("Completed", timeout=LONG)
    expect(page.locator("#now .notice")).to_contain_text("This run is over")
    assert input_json(page)["word"] == "typed"
    expect(page.get_by_label("word")).to_be_focused()
