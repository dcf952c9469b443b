"""The forms by which people ask for money to be moved, and say why they decide as they do."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from balances import verb_fields, verb_secrets
from balances.instruction_models import DOCUMENT_MAX_LENGTH, REASON_MAX_LENGTH, REASON_MIN_LENGTH
from balances.verb_fields import Field, Refused
from balances.verbs import Verb

#: What may be longer has room for more than a line: that is JSON.
_LINE_MAX_LENGTH: Final = 200

_PLAIN: Final = "It is kept plain: no account numbers, no names of customers."


class VerbForm(forms.Form):
    """What a verb has to be told. Valid, it has the texts as ``parameters``, and what of them may be ``shown``."""

    #: Apart from the fields of the other form, whatever a verb calls its own.
    prefix = "verb"

    def __init__(self, verb: Verb, data: Any = None, *, initial: Mapping[str, str] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self._verb = verb
        self.parameters: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        for one in verb.fields:
            self.fields[one.name] = _form_field(one)

    def clean(self) -> dict[str, Any]:
        """Each text read by the verb's own field; what it refuses stands beside it."""
        given = {name: text for name, text in self.cleaned_data.items() if text}
        try:
            verb_fields.read(self._verb.fields, given)
        except Refused as error:
            if not self.errors:
                self.add_error(error.field or None, str(error))
        self.parameters = given
        self.shown, _ = verb_secrets.parted(self._verb.fields, given)
        return self.cleaned_data

    def carried(self) -> list[forms.BoundField]:
        """What the page of confirmation carries on."""
        return [self[one.name] for one in self._verb.fields if not one.is_secret]

    def typed_again(self) -> list[forms.BoundField]:
        """What no page carries: a secret that was given is given once more, and has to be the same."""
        return [self[one.name] for one in self._verb.fields if one.is_secret and one.name in self.parameters]


def _form_field(one: Field) -> forms.Field:
    common: dict[str, Any] = {"label": one.label, "help_text": one.help, "required": one.is_required}
    if one.choices is None:
        return forms.CharField(max_length=one.max_length, widget=_widget(one), **common)
    return forms.ChoiceField(choices=[("", "-"), *one.choices()], widget=UnfoldAdminSelectWidget(), **common)


def _widget(one: Field) -> Any:  # the library is untyped
    if one.is_secret:
        return UnfoldAdminPasswordWidget({"autocomplete": "off"})
    return UnfoldAdminTextareaWidget({"rows": 6}) if one.max_length > _LINE_MAX_LENGTH else UnfoldAdminTextInputWidget()


class PaperForm(forms.Form):
    """Why, and the paper behind it."""

    reason = forms.CharField(
        min_length=REASON_MIN_LENGTH,
        max_length=REASON_MAX_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=f"Why, in your words. {_PLAIN}",
    )
    document = forms.CharField(
        max_length=DOCUMENT_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"The paper behind it, for example a bank statement and its line. {_PLAIN}",
    )

    def __init__(self, verb: Verb, data: Any = None) -> None:
        super().__init__(data)
        self.fields["document"].required = verb.needs_document


class ReasonForm(forms.Form):
    """Why somebody does or decides it."""

    reason = forms.CharField(
        min_length=REASON_MIN_LENGTH,
        max_length=REASON_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"Why, in your words. {_PLAIN}",
    )
