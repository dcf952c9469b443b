"""The forms of the payment pages, as the templates are handed them: fields, what was entered, and what is wrong."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from gateway.money import exponent
from gateway.providers.models import PaymentSystem, ReferenceKind, ScreenshotWish
from payments.checkout import labels, locales, refusals
from payments.checkout.paying import Mistake
from payments.checkout.readers import Reader
from payments.checkout.standing import Attempt


def detail_form(
    system: PaymentSystem, *, values: Mapping[str, str] | None = None, mistakes: Mapping[str, Mistake] | None = None
) -> dict[str, Any]:
    """The fields that a system asks for, with what was entered and why it was not taken."""
    values, mistakes = values or {}, mistakes or {}
    fields = [
        {
            "id": f"detail-{field['name']}",
            "name": f"detail-{field['name']}",
            "label": labels.field_title(field),
            "example": field["example"],
            "is_required": field["required"],
            "value": values.get(field["name"], ""),
            # Nearly all are numbers of telephones; where letters may stand, the keyboard has them, too.
            "input_mode": "tel" if field["example"].isdigit() else "text",
            "autocomplete": "tel" if field["example"].isdigit() else "off",
            "error": _sentence(mistakes, field["name"], example=field["example"]),
        }
        for field in system.detail_fields
    ]
    title = _("Pay with %(system)s") % {"system": system.name}
    return {"system": system, "title": title, "fields": fields, "errors": _summary(fields)}


def confirm_form(
    attempt: Attempt,
    reader: Reader,
    *,
    values: Mapping[str, str] | None = None,
    mistakes: Mapping[str, Mistake] | None = None,
) -> dict[str, Any]:
    """The form of the reference, with what was entered and why it was not taken."""
    deposit, system = attempt.deposit, attempt.deposit.payment_system
    values, mistakes = values or {}, mistakes or {}
    plain = locales.plain_amount(deposit.amount, deposit.currency)
    megabytes = locales.number(settings.SCREENSHOT_MAX_BYTES // 1024**2, reader.language, deposit.currency)
    fields: dict[str, dict[str, Any]] = {
        "reference": {
            "id": "reference",
            "label": labels.reference_label(system),
            "format": labels.reference_format(system, reader.language, deposit.currency),
            "example": system.reference_example,
            "value": values.get("reference", ""),
            "lengths": labels.reference_lengths(system),
            "input_mode": "numeric" if system.reference_kind == ReferenceKind.DIGITS else "text",
            "capitals": "characters" if system.reference_kind == ReferenceKind.CODE else "off",
            "error": _sentence(mistakes, "reference", example=system.reference_example),
        }
    }
    if system.wants_amount:
        fields["amount"] = {
            "id": "amount",
            "label": _("Amount you paid"),
            "value": values.get("amount", plain),
            "input_mode": "decimal" if exponent(deposit.currency) else "numeric",
            "error": _sentence(mistakes, "amount", example=plain),
        }
    if system.screenshot != ScreenshotWish.NEVER:
        fields["screenshot"] = {
            "id": "screenshot",
            "label": _("Screenshot of the payment"),
            "is_required": system.screenshot == ScreenshotWish.REQUIRED,
            "megabytes": megabytes,
            "bytes": settings.SCREENSHOT_MAX_BYTES,
            "too_large": refusals.of_field("screenshot", Mistake.TOO_LARGE, megabytes=megabytes),
            "error": _sentence(mistakes, "screenshot", megabytes=megabytes),
        }
    return {
        **fields,
        "id": uuid.uuid4(),
        "action": reader.links.attempt(attempt.number),
        "errors": _summary(fields.values()),
    }


def _sentence(mistakes: Mapping[str, Mistake], field: str, *, example: str = "", megabytes: str = "") -> str:
    if field not in mistakes:
        return ""
    return refusals.of_field(field, mistakes[field], example=example, megabytes=megabytes)


def _summary(fields: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The errors of a form, for the list above it."""
    return [{"id": one["id"], "label": one["label"], "sentence": one["error"]} for one in fields if one["error"]]
