"""The forms by which people ask for money to be moved, and say why they decide as they do."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from balances import verb_fields
from balances.instruction_models import DOCUMENT_MAX_LENGTH, REASON_MAX_LENGTH, REASON_MIN_LENGTH
from balances.verb_fields import TEXT_MAX_LENGTH, Field, Refused
from balances.verbs import Verb

_PLAIN: Final = "It is kept plain: no account numbers, no names of customers."


class VerbForm(forms.Form):
    """What a verb has to be told. Valid, it has the texts as ``parameters``."""

    #: Apart from the fields of the other form, whatever a verb calls its own.
    prefix = "verb"

    def __init__(self, verb: Verb, data: Any = None, *, initial: Mapping[str, str] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self._verb = verb
        self.parameters: dict[str, str] = {}
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
        return self.cleaned_data


def _form_field(one: Field) -> forms.Field:
    common: dict[str, Any] = {"label": one.label, "help_text": one.help, "required": one.is_required}
    if one.choices is None:
        return forms.CharField(max_length=TEXT_MAX_LENGTH, widget=UnfoldAdminTextInputWidget(), **common)
    return forms.ChoiceField(choices=[("", "-"), *one.choices()], widget=UnfoldAdminSelectWidget(), **common)


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


class DecisionForm(forms.Form):
    """Why it is rejected or withdrawn."""

    reason = forms.CharField(
        min_length=REASON_MIN_LENGTH,
        max_length=REASON_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"Why, in your words. {_PLAIN}",
    )
