"""What the pages ask for: filters from the address, and what an operator fills in."""

import re
from typing import Any

from django import forms

from executions.services import actions, audit, inputs, statuses
from executions.services.text import is_printable, parse_iso


class TimeField(forms.CharField):
    """A moment in ISO format; one without a zone is UTC. Kept as text, which is how the API takes it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, help_text="2026-01-31T14:05", **kwargs)

    def clean(self, value: Any) -> str:
        source = super().clean(value)
        if not source:
            return ""
        moment = parse_iso(source)
        if moment is None:
            raise forms.ValidationError("Not a time. Write it like 2026-01-31T14:05.")
        return moment.isoformat()


class ReasonField(forms.CharField):
    """Why somebody does something: text that teammates read, on several lines perhaps."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=actions.REASON_LIMIT, **kwargs)

    def to_python(self, value: Any) -> str:
        # Browsers write a line feed in a form's value as two characters.
        return (super().to_python(value) or "").replace("\r\n", "\n")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if not is_printable(value):
            raise forms.ValidationError("A reason has no control characters: type it anew.")


class RunFilters(forms.Form):
    status = forms.MultipleChoiceField(
        required=False,
        choices=[(one.value, one.word) for one in statuses.ALL],
        error_messages={"invalid_choice": "%(value)s is no status."},
    )
    workflow = forms.CharField(required=False, max_length=500)
    q = forms.CharField(required=False, max_length=500, label="Search")
    deployment = forms.CharField(required=False, max_length=500)
    user = forms.CharField(required=False, max_length=500)
    tag = forms.CharField(required=False, max_length=500)
    search_key = forms.RegexField(
        "^[^:]+:.+$",
        required=False,
        max_length=500,
        help_text="key:value",
        error_messages={"invalid": "Write it as key:value."},
    )
    root = forms.CharField(required=False, max_length=1000, label="Root execution")
    started_after = TimeField()
    started_before = TimeField()
    ended_after = TimeField()
    ended_before = TimeField()
    sort = forms.ChoiceField(
        required=False,
        choices=[(name, name) for name in ("", "start_time", "end_time")],
        error_messages={"invalid_choice": "%(value)s is not start_time or end_time."},
    )
    order = forms.ChoiceField(
        required=False,
        choices=[(name, name) for name in ("", "asc", "desc")],
        error_messages={"invalid_choice": "%(value)s is not asc or desc."},
    )
    page = forms.CharField(required=False, max_length=2_000)

    def filters(self) -> dict[str, Any]:
        """The filters that are well formed; the form's errors say which are not."""
        self.is_valid()
        found = dict(self.cleaned_data)
        for name in ("tag", "search_key"):
            if found.get(name):
                found[name] = [found[name]]
        return found

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """The filters that start out folded away."""
        names = ("deployment", "user", "tag", "search_key", "root")
        times = ("started_after", "started_before", "ended_after", "ended_before")
        return [self[name] for name in names + times]

    @property
    def more_in_use(self) -> bool:
        return any(self.data.get(field.name) for field in self.more_fields)


class AuditFilters(forms.Form):
    """What the audit shows; an empty field lets everything through."""

    user = forms.CharField(required=False, max_length=150, help_text="a part of the name")
    operation = forms.ChoiceField(
        required=False,
        choices=[("", "any"), *audit.RECORDED],
        error_messages={"invalid_choice": "%(value)s is nothing that the audit records."},
    )
    execution = forms.CharField(required=False, max_length=1000, strip=False, help_text="a part of its id")
    outcome = forms.ChoiceField(
        required=False,
        choices=[("", "any"), *audit.RESULT_WORDS],
        error_messages={"invalid_choice": "%(value)s is no outcome."},
    )
    after = TimeField()
    before = TimeField()
    batch = forms.UUIDField(required=False, error_messages={"invalid": "This is no batch."})

    def filters(self) -> dict[str, Any]:
        """The filters that are well formed; the form's errors say which are not."""
        self.is_valid()
        found = dict(self.cleaned_data)
        return found | {name: parse_iso(found[name]) for name in ("after", "before") if found.get(name)}


class ReasonForm(forms.Form):
    reason = ReasonField(
        label="Reason",
        help_text="Kept with your name in the audit, and shown to your teammates.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why: your teammates will want to know."},
    )


class TerminateForm(ReasonForm):
    confirm = forms.CharField(max_length=50, label="Confirm", strip=False, required=False)

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["confirm"].help_text = "Type the last 6 characters of the id, so that you end the right one."
        self.fields["confirm"].widget.attrs.update({"autocomplete": "off", "spellcheck": "false"})

    def clean_confirm(self) -> str:
        value: str = self.cleaned_data["confirm"]
        # A browser's field holds no line feeds, and people copy spaces: other characters have to be the same.
        if value != self.expected and (not value or value.split() != self.expected.split()):
            raise forms.ValidationError("These are not the last 6 characters of the id.")
        return value


class CallForm(forms.Form):
    """A signal, query or update: a name, and an input as JSON text."""

    name = forms.CharField(max_length=inputs.NAME_LIMIT, error_messages={"required": "Give the name."})
    input = forms.CharField(required=False, strip=False, label="Input (JSON)", widget=forms.Textarea())
    reason = ReasonField(required=False, label="Reason (optional)")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not is_printable(name):
            raise forms.ValidationError("A name has no control characters: type it anew.")
        return name

    def clean_input(self) -> dict[str, Any] | None:
        try:
            return inputs.read_input(self.cleaned_data["input"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class QueryForm(CallForm):
    reason = None  # type: ignore[assignment]  # a query changes nothing: it needs no reason


class ResetForm(ReasonForm):
    field_order = ("event_id", "exclude_signals", "exclude_updates", "reason")

    event_id = forms.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        label="Reset to event",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Choose the point.",
            "invalid": "An event id is a whole number.",
            "min_value": "An event id is 1 or more.",
            "max_value": "An event id is not as large as that.",
        },
    )
    exclude_signals = forms.BooleanField(required=False, label="Leave out signals received after the point")
    exclude_updates = forms.BooleanField(required=False, label="Leave out updates received after the point")


class BatchForm(ReasonForm):
    """Starting a batch; `expected` is the count to type where the batch destroys."""

    confirm = forms.CharField(max_length=10, required=False, label="How many?")

    def __init__(self, *args: Any, expected: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        if expected is None:
            del self.fields["confirm"]
        else:
            self.fields["confirm"].help_text = "Type how many executions this is about."
            self.fields["confirm"].widget.attrs.update({"autocomplete": "off", "inputmode": "numeric"})

    def clean_confirm(self) -> str:
        value: str = self.cleaned_data["confirm"]
        # People copy the comma that the page shows.
        if re.sub(r"[,\s]", "", value) != str(self.expected):
            raise forms.ValidationError("This is not the number of executions in the batch.")
        return value
