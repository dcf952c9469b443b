"""The form in which a person edits a payment system."""

import json
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from gateway.providers.field_rules import detail_rows, recipient_rows
from gateway.providers.models import PaymentSystem
from gateway.providers.system_rules import objections

#: Twenty fields with everything that may be said of them are some 10,000 characters.
JSON_MAX_CHARS: Final = 20_000


class _Readable(json.JSONEncoder):
    """As a person reads it: one member a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2})


class ShortJSONField(forms.JSONField):
    """JSON of a size and depth that a person writes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "encoder": _Readable})

    def to_python(self, value: Any) -> Any:
        """What was written, parsed."""
        if isinstance(value, str) and len(value) > JSON_MAX_CHARS:
            raise ValidationError(f"At most {JSON_MAX_CHARS} characters.")
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError("This is nested too deeply.") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What is shown again beside its objection."""
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)


class PaymentSystemForm(forms.ModelForm):  # type: ignore[type-arg]
    """The columns of a system that are asked for, all by default; saved only where its rules have no objection."""

    class Meta:
        model = PaymentSystem
        fields = "__all__"  # noqa: DJ007 - a column that nobody could edit would be a mistake of ours, not a secret
        field_classes = dict.fromkeys(
            ("detail_fields", "recipient_fields", "constants", "return_url_keys"), ShortJSONField
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            # Django would compare with what the browser says the value was, and note changes that nobody made.
            field.show_hidden_initial = False

    def clean(self) -> dict[str, Any]:
        """The row as it would be, against the rules of ``system_rules.py``."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        kept = {field.attname: getattr(self.instance, field.attname) for field in self.instance._meta.concrete_fields}  # noqa: SLF001 - Django's documented way to its fields
        system = PaymentSystem(**{**kept, **cleaned})
        for column, sentence in objections(system):
            self.add_error(column if column in self.fields else None, sentence)
        if not self.errors:
            # What was left out is written out, so that nobody who reads a row has to know its defaults.
            complete = {
                "detail_fields": detail_rows(system.detail_fields),
                "recipient_fields": recipient_rows(system.recipient_fields),
            }
            cleaned |= {name: rows for name, rows in complete.items() if name in cleaned}
        return cleaned
