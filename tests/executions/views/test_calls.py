"""Signals, queries and updates: what the page offers, what is checked before anything is sent, and what comes back."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.services import inputs
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
CALLS = {"signal": "/signals", "update": "/updates", "query": "/queries"}
SENT = {"signal": 303, "update": 303, "query": 200}
each_call = pytest.mark.parametrize("operation", CALLS)
SCHEMA = {
    "type": "object",
    "properties": {
        "reviewer": {"type": "string", "description": "Who decides."},
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
        "note": {"type": "string", "default": "none"},
    },
    "required": ["reviewer"],
    "$defs": {"Item": {"type": "object", "properties": {"price": {"type": "number"}}}},
}
HANDLER = {"name": "decide", "description": "Decides the case.", "input_schema": SCHEMA}


def declare(upstream: Faulty, *handlers: Any) -> None:
    """The workflow declares these as signals, queries and updates alike."""
    definition = {kind: list(handlers) for kind in ("signals", "queries", "updates")}
    answer = {"workflow_registrations": [canned.REGISTRATION | {"definition": definition}]}
    upstream.on(reply(answer), path=canned.REGISTRATIONS)


def send(browser: Client, operation: str, query: str = "", **fields: Any) -> HttpResponse:
    form = pages.open_form(browser, f"{PAGE}{operation}/{query}", **{"name": "decide", **fields})
    return browser.post(f"{PAGE}{operation}/", form)


def ask(browser: Client, **fields: Any) -> HttpResponse:
    """As the page's script does: for the answer alone."""
    form = pages.open_form(browser, f"{PAGE}query/", **{"name": "decide", **fields})
    return browser.post(f"{PAGE}query/", form, headers={"HX-Request": "true", "HX-Target": "answer"})


def misfits(response: HttpResponse) -> list[tuple[str, str]]:
    """The places that the page marks, and what it says there."""
    return [
        (found["data-misfit"], found["data-words"]) for _, found in pages.parse(response).tags if "data-misfit" in found
    ]


def fields(response: HttpResponse) -> list[str]:
    return [json.loads(found["data-key"]) for _, found in pages.parse(response).tags if "data-node" in found]


@each_call
class TestForm:
    def test_the_names_have_addresses(self, operator: Client, upstream: Faulty, operation: str) -> None:
        declare(upstream, HANDLER, {"name": "a & b", "input_schema": {}})
        response = operator.get(f"{PAGE}{operation}/?run={canned.RUN}")
        assert [link for link in pages.links(response) if link.startswith("?")] == [
            f"?run={canned.RUN}&name=decide",
            f"?run={canned.RUN}&name=a+%26+b",
        ]
        assert fields(response) == []

    def test_a_name_in_the_address_brings_its_fields(self, operator: Client, upstream: Faulty, operation: str) -> None:
        declare(upstream, HANDLER)
        response = operator.get(f"{PAGE}{operation}/?name=decide")
        assert fields(response) == ["reviewer", "items", "", "price", "note"]
        shown = pages.text(response)
        assert "Decides the case." in shown
        assert "Who decides." in shown
        assert response.context["drawn"].start == '{\n  "note": "none"\n}'
        assert response.context["form"]["name"].value() == "decide"
        # Only the JSON is sent.
        names = {
            found.get("name") for tag, found in pages.parse(response).tags if tag in {"input", "textarea", "select"}
        }
        assert names - {None, "id", "csrfmiddlewaretoken", "token", "reason"} == {"name", "input"}

    def test_a_name_that_is_not_declared_can_be_typed(self, operator: Client, upstream: Faulty, operation: str) -> None:
        declare(upstream, HANDLER)
        assert "does not declare this name" in pages.text(operator.get(f"{PAGE}{operation}/?name=other"))
        assert send(operator, operation, name="other", input='{"a": 1}').status_code == SENT[operation]
        assert canned.sent(upstream) == [(canned.path(rest=CALLS[operation]), {"name": "other", "input": {"a": 1}})]

    @pytest.mark.parametrize(
        ("registrations", "words"),
        [
            (reply({"workflow_registrations": []}), "The workflow declares no"),
            (reply({}, 500), "What the workflow declares cannot be read: The Workflows API had an error of its own."),
            ([RESET], "What the workflow declares cannot be read: The Workflows API does not answer."),
            (reply({"workflow_registrations": [{"definition": 5}]}), "What the workflow declares cannot be read"),
        ],
    )
    def test_it_works_without_a_registration(
        self, operator: Client, upstream: Faulty, operation: str, registrations: Any, words: str
    ) -> None:
        upstream.on(registrations, path=canned.REGISTRATIONS)
        assert words in pages.text(operator.get(f"{PAGE}{operation}/"))
        assert send(operator, operation, input="").status_code == SENT[operation]
        assert canned.sent(upstream) == [(canned.path(rest=CALLS[operation]), {"name": "decide"})]


@each_call
class TestCheck:
    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ("", [("reviewer", "This is required.")]),
            ("{}", [("reviewer", "This is required.")]),
            ('{"reviewer": 5}', [("reviewer", "This has to be text.")]),
            (
                '{"reviewer": "a", "items": [{}, {"price": "1"}]}',
                [("items.1.price", "This has to be a number.")],
            ),
        ],
    )
    def test_what_does_not_fit_is_not_sent(
        self, operator: Client, upstream: Faulty, operation: str, given: str, found: list[tuple[str, str]]
    ) -> None:
        declare(upstream, HANDLER)
        response = send(operator, operation, input=given)
        assert response.status_code == 422
        assert misfits(response) == found
        assert "The input does not fit what the workflow declares for this name." in pages.text(response)
        # The form is as it was, and can be sent again.
        assert fields(response) == ["reviewer", "items", "", "price", "note"]
        assert response.context["form"]["input"].value() == given
        assert canned.sent(upstream) == []
        assert ActionRequested.objects.count() == 0

    def test_only_a_question_can_be_asked_again_unchecked(
        self, operator: Client, upstream: Faulty, operation: str
    ) -> None:
        declare(upstream, HANDLER)
        response = send(operator, operation, input='{"reviewer": 5}', again="yes")
        assert response.status_code == (200 if operation == "query" else 422)
        assert len(canned.sent(upstream)) == (operation == "query")

    @pytest.mark.parametrize(
        "given", [{"reviewer": "a"}, {"reviewer": "a", "not known": 10**30}, {"b64payload": "e30="}]
    )
    def test_what_fits_is_sent_as_it_is(
        self, operator: Client, upstream: Faulty, operation: str, given: dict[str, Any]
    ) -> None:
        declare(upstream, HANDLER)
        assert send(operator, operation, input=json.dumps(given)).status_code == SENT[operation]
        assert canned.sent(upstream) == [(canned.path(rest=CALLS[operation]), {"name": "decide", "input": given})]

    def test_an_empty_input_that_fits_is_not_sent(self, operator: Client, upstream: Faulty, operation: str) -> None:
        declare(upstream, HANDLER | {"input_schema": {"type": "object", "properties": {}}})
        assert send(operator, operation, input=" \n").status_code == SENT[operation]
        assert canned.sent(upstream) == [(canned.path(rest=CALLS[operation]), {"name": "decide"})]

    def test_what_the_api_finds_wrong_is_shown_there(self, operator: Client, upstream: Faulty, operation: str) -> None:
        declare(upstream, HANDLER)
        detail = [
            {"loc": ["body", "input", "items", 0, "price"], "msg": "Too much <b>"},
            {"loc": ["body", "input"], "msg": "Odd"},
            {"loc": ["body", "name"], "msg": "No such name"},
        ]
        upstream.on(reply({"detail": detail}, 422), method="POST", path=canned.path(rest=CALLS[operation]))
        response = send(operator, operation, input='{"reviewer": "a", "items": [{"price": 1}]}')
        assert response.status_code == 422
        assert misfits(response) == [("items.0.price", "Too much <b>"), ("", "Odd"), ("name", "No such name")]
        assert fields(response) == ["reviewer", "items", "", "price", "note"]
        assert len(canned.sent(upstream)) == 1

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": ""}, "Give the name."),
            ({"name": "  "}, "Give the name."),
            ({"name": "x" * 501}, "at most 500 characters"),
            ({"name": "a\x1b[31mb"}, "A name has no control characters: type it anew."),
            ({"name": "a\u202eb"}, "A name has no control characters: type it anew."),
            ({"name": "a\0b"}, "Null characters are not allowed."),
            ({"input": "{"}, "The input is not JSON: it ends too early at line 1, column 2."),
            ({"input": "[1]"}, 'The input is not a JSON object: write it as {"name": "value"}.'),
            ({"input": '{"a": NaN}'}, "NaN and Infinity are not JSON: found at line 1, column 7."),
            ({"input": '{"a": 1e999}'}, "The input has a number that is too large."),
            ({"input": '{"a": ' + "[" * 300 + "]" * 300 + "}"}, "The input is nested too deeply."),
            ({"input": '{"a": ' + "[" * 30_000 + "]" * 30_000 + "}"}, "The input is nested too deeply."),
            ({"input": '{"a": "' + "x" * 2_100_000 + '"}'}, "The input is larger than 2 MB: it has 2,100,009 bytes."),
            ({"input": '{"a": "\\ud800"}'}, "The input has half a character (a lone surrogate), which cannot be sent."),
        ],
    )
    def test_bad_input_is_told_and_not_sent(
        self, operator: Client, upstream: Faulty, operation: str, changes: dict[str, str], words: str
    ) -> None:
        declare(upstream, HANDLER)
        response = send(operator, operation, **{"input": '{"reviewer": "a"}', **changes})
        assert response.status_code == 422
        assert words in pages.text(response)
        for name, value in changes.items():
            assert response.context["form"][name].value() == value
        assert canned.sent(upstream) == []
        assert ActionRequested.objects.count() == 0

    def test_more_than_a_form_may_be_is_told(self, operator: Client, upstream: Faulty, operation: str) -> None:
        form = pages.open_form(operator, f"{PAGE}{operation}/", name="approve", input="x" * 9_000_000)
        form_type = "application/x-www-form-urlencoded"
        response = operator.post(f"{PAGE}{operation}/", urlencode(form), content_type=form_type)
        assert response.status_code == 400
        assert "An input has 2 MB at most" in pages.problem_text(response)
        assert canned.sent(upstream) == []


@pytest.mark.slow
@pytest.mark.parametrize("filling", ['\\"', "é"])
def test_two_megabytes_are_sent_however_a_browser_writes_them(operator: Client, upstream: Faulty, filling: str) -> None:
    count, rest = divmod(inputs.INPUT_LIMIT - len('{"a": ""}'), len(filling.encode()))
    source = f'{{"a": "{filling * count}{"x" * rest}"}}'
    form = pages.open_form(operator, f"{PAGE}signal/", name="approve", input=source)
    kind = "application/x-www-form-urlencoded"
    assert operator.post(f"{PAGE}signal/", urlencode(form), content_type=kind).status_code == 303
    ((_, body),) = canned.sent(upstream)
    assert body == {"name": "approve", "input": json.loads(source)}
    # One byte more is ours to refuse.
    form |= {"input": source + " "}
    response = operator.post(f"{PAGE}signal/", urlencode(form), content_type=kind)
    assert (response.status_code, len(canned.sent(upstream))) == (422, 1)
    assert response.context["form"].errors["input"] == ["The input is larger than 2 MB: it has 2,097,153 bytes."]


class TestSentBefore:
    def recent(self, response: HttpResponse) -> list[Any]:
        found = [found["value"] for _, found in pages.parse(response).tags if "data-recent" in found]
        return [json.loads(one) for one in found]

    def test_the_latest_different_ones_are_offered(self, operator: Client, upstream: Faulty) -> None:
        for number in (1, 2, 3, 4, 5, 6, 2, 6):
            assert send(operator, "signal", input=json.dumps({"n": number})).status_code == 303
        send(operator, "signal", input="")
        send(operator, "signal", name="other", input='{"of": "another name"}')
        send(operator, "update", input='{"of": "another operation"}')
        response = operator.get(f"{PAGE}signal/?name=decide")
        assert self.recent(response) == [{"n": number} for number in (6, 2, 5, 4, 3)]
        assert self.recent(operator.get(f"{PAGE}signal/")) == []

    def test_ones_own_and_those_on_this_execution(self, operator: Client, sign_in: SignIn, upstream: Faulty) -> None:
        canned.healthy(upstream, "b")
        send(operator, "signal", input='{"by": "operator"}')
        admin = sign_in("admin")
        assert self.recent(admin.get(f"{PAGE}signal/?name=decide")) == [{"by": "operator"}]
        assert self.recent(admin.get("/executions/b/signal/?name=decide")) == []
        assert self.recent(operator.get("/executions/b/signal/?name=decide")) == [{"by": "operator"}]

    def test_what_the_api_refused_is_no_example(self, operator: Client, upstream: Faulty) -> None:
        call = {"method": "POST", "path": canned.path(rest="/signals")}
        for number, answer in enumerate([reply({"detail": "no"}, 422), reply(status=500), reply(status=202)]):
            upstream.on(answer, **call)
            send(operator, "signal", input=json.dumps({"n": number}))
        assert self.recent(operator.get(f"{PAGE}signal/?name=decide")) == [{"n": 2}, {"n": 1}]


class TestQuery:
    address = f"{PAGE}query/"
    call = canned.path(rest="/queries")

    def test_it_answers_on_a_page_of_its_own(self, operator: Client, upstream: Faulty) -> None:
        response = send(operator, "query", input='{"a": 1}')
        assert response.status_code == 200
        assert response.context["answer"].shown == '{\n  "step": 3\n}'
        assert canned.sent(upstream) == [(self.call, {"name": "decide", "input": {"a": 1}})]

    def test_script_gets_the_answer_alone(self, operator: Client, upstream: Faulty) -> None:
        response = ask(operator)
        tags = pages.parse(response).tags
        assert [found.get("id") for tag, found in tags if tag == "section"] == ["answer"]
        assert "form" not in [tag for tag, _ in tags]
        assert pages.text(response).startswith("Answer to decide")
        assert len(canned.sent(upstream)) == 1

    def test_the_page_holds_all_of_a_long_answer(self, operator: Client, upstream: Faulty) -> None:
        value = {"text": "<&\u202e" * 100_000, "big": 10**30, "exact": "1.10"}
        raw = json.dumps({"query_name": "q", "result": value}, ensure_ascii=False).replace('"1.10"', "1.10")
        upstream.on(reply(raw.encode()), path=self.call)
        response = ask(operator)
        answer = response.context["answer"]
        assert len(answer.shown) == 20_001
        assert "Copy and Download give all of it" in pages.text(response)
        whole = pages.parse(response).text
        assert any(
            json.loads(one, parse_float=str) == value for one in whole if one.startswith("{") and one.endswith("}")
        )

    def test_null_is_an_answer(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply({"query_name": "q", "result": None}), path=self.call)
        assert send(operator, "query").context["answer"].shown == "null"

    def test_its_first_use_is_audited_and_repeats_are_counted(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status")
        for _ in range(3):
            response = operator.post(self.address, form)
            assert pages.token(response) == form["token"]
        row = ActionRequested.objects.get()
        assert (row.operation, row.name, row.username) == ("query", "get_status", "operator")
        assert [one.action_id for one in ActionRepeated.objects.all()] == [row.id, row.id]
        assert len(canned.sent(upstream)) == 3
        assert "and 2 more times" in pages.text(operator.get(f"{PAGE}actions/"))

    def test_a_repeat_asks_the_api_for_nothing_else(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status")
        alone = {"HX-Request": "true", "HX-Target": "answer"}
        operator.post(self.address, form, headers=alone)
        upstream.requests.clear()
        response = operator.post(self.address, form | {"again": "yes"}, headers=alone)
        assert response.context["answer"].shown == '{\n  "step": 3\n}'
        assert [(one.method, one.path) for one in upstream.requests] == [("POST", self.call)]
        assert (ActionRequested.objects.count(), ActionRepeated.objects.count()) == (1, 1)

    def test_another_question_from_the_same_form_is_a_first_use(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status")
        for changes in ({}, {"name": "get_secret"}, {"input": '{"of": 1}'}, {"name": "get_secret"}):
            operator.post(self.address, form | changes)
        assert [(one.name, len(one.body_digest)) for one in ActionRequested.objects.order_by("at")] == [
            ("get_status", 64),
            ("get_secret", 64),
            ("get_status", 64),
        ]
        assert ActionRepeated.objects.count() == 1

    @pytest.mark.parametrize("answer", [reply(status=503), reply({"detail": "slow down"}, 429)])
    def test_it_is_never_retried(self, operator: Client, upstream: Faulty, answer: Any) -> None:
        upstream.on(answer, reply({"result": 1}), path=self.call)
        assert send(operator, "query").status_code in {502, 503}
        assert len(canned.sent(upstream)) == 1

    @pytest.mark.parametrize("way", [lambda browser: send(browser, "query"), ask])
    def test_a_question_without_an_answer_leaves_nothing_in_doubt(
        self, operator: Client, upstream: Faulty, way: Any
    ) -> None:
        upstream.on(reply({"detail": "An error occurred", "code": "WF_1103"}, 500), path=self.call)
        response = way(operator)
        assert (response.status_code, pages.problem(response)) == (
            502,
            "The Workflows API had an error of its own WF_1103",
        )
        assert ActionOutcome.objects.get().result == "unknown"
        for shown in (pages.text(response), pages.text(operator.get(f"{PAGE}actions/"))):
            assert "may or may not have happened" not in shown

    def test_what_does_not_fit_is_told_in_the_answers_place(self, operator: Client, upstream: Faulty) -> None:
        declare(upstream, HANDLER)
        response = ask(operator, input='{"reviewer": 5}')
        assert (response.status_code, pages.problem(response)) == (422, "Nothing was asked")
        assert misfits(response) == [("reviewer", "This has to be text.")]
        response = ask(operator, name="", input="{")
        assert response.status_code == 422
        assert "Name: Give the name." in pages.problem_text(response)
        assert "it ends too early at line 1, column 2" in pages.problem_text(response)
        assert canned.sent(upstream) == []

    @pytest.mark.parametrize("alone", [{}, {"HX-Request": "true", "HX-Target": "answer"}])
    def test_a_form_that_is_too_old_asks_nothing(self, operator: Client, upstream: Faulty, alone: Any) -> None:
        form = {"name": "get_status", "input": '{"a": 1}', "token": "old"}
        response = operator.post(self.address, form, headers=alone)
        assert (response.status_code, pages.problem(response)) == (400, "This form is too old, or not yours")
        assert response.context["form"]["input"].value() == '{"a": 1}'
        assert canned.sent(upstream) == []

    def test_an_execution_that_is_not_there_is_not_asked(self, operator: Client, upstream: Faulty) -> None:
        form = pages.open_form(operator, self.address, name="get_status")
        upstream.on(reply({"detail": "no such execution"}, 404), method="GET", path=canned.path())
        assert operator.post(self.address, form).status_code == 404
        assert canned.sent(upstream) == []


@pytest.mark.parametrize(("operation", "says"), [("signal", True), ("update", True), ("query", False)])
def test_a_run_that_is_over_can_only_be_asked(operator: Client, upstream: Faulty, operation: str, says: bool) -> None:
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
    shown = pages.text(operator.get(f"{PAGE}{operation}/"))
    assert ("This run is over, so the API will refuse this." in shown) is says
    assert send(operator, operation, name="get_status").status_code == SENT[operation]


HOSTILE = "<script>alert(1)</script>{{ token }}{% now 'Y' %}\x1b[31m\u202e\"'&"


@each_call
class TestHostile:
    def test_what_a_workflow_declares_shows_as_text(self, operator: Client, upstream: Faulty, operation: str) -> None:
        inner = {"type": "string", "description": HOSTILE, "default": HOSTILE, "format": HOSTILE}
        schema = {
            "type": "object",
            "properties": {HOSTILE: inner, "e": {"enum": [HOSTILE]}, "__proto__": {"type": "array", "items": inner}},
        }
        declare(upstream, {"name": "a", "description": HOSTILE, "input_schema": schema}, {"name": HOSTILE})
        response = operator.get(f"{PAGE}{operation}/", {"name": "a"})
        page = pages.parse(response)
        # The scripts of our own, each by its address.
        assert all(found.get("src") for tag, found in page.tags if tag == "script")
        assert "\x1b" not in pages.text(response)
        assert "{{ token }}{% now 'Y' %}" in pages.text(response)
        assert fields(response) == [HOSTILE, "e", "__proto__", ""]
        assert json.loads(response.context["drawn"].start) == {HOSTILE: HOSTILE}
        # Not even in an attribute.
        assert not set("\x1b\u202e") & set(response.content.decode())

    def test_pages_stay_small(self, operator: Client, upstream: Faulty, operation: str) -> None:
        huge = "<" * 5_000_000
        schema = {"type": "object", "properties": {"a": {"type": "string", "description": huge}}}
        many = [{"name": f"n{number}", "description": huge[:1000], "input_schema": None} for number in range(5_000)]
        declare(
            upstream,
            {"name": "decide", "description": huge, "input_schema": schema},
            {"name": huge},
            {"name": ""},
            *many,
        )
        response = operator.get(f"{PAGE}{operation}/?name=decide")
        assert response.status_code == 200
        assert len(response.content) < 200_000
        assert "is too large to show as a form" in pages.text(response)
        assert len([link for link in pages.links(response) if "name=" in link]) == 50
        assert "and 4953 more that are not shown" in pages.text(response)

    def test_what_is_asked_of_odd_registrations(self, operator: Client, upstream: Faulty, operation: str) -> None:
        for odd in (
            [],
            "x",
            5,
            {"type": []},
            {"properties": []},
            {"$ref": "#"},
            {"properties": {"a": {"$ref": "#/properties/a"}}},
        ):
            declare(upstream, {"name": "decide", "input_schema": odd})
            assert operator.get(f"{PAGE}{operation}/?name=decide").status_code == 200
            assert send(operator, operation, input='{"a": 1}').status_code == SENT[operation]
