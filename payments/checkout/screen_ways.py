"""The ways to pay, as the templates are handed them: the list, and all that one of them needs."""

import math
from typing import Any

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateway.providers import media_files
from gateway.providers.models import Flow, MediaKind, PaymentSystem, QrKind
from payments.checkout import labels, locales, upi
from payments.checkout.offers import Offer
from payments.checkout.readers import Reader
from payments.checkout.standing import Attempt, Standing
from payments.shapes import next_action


def offer_rows(offered: list[Offer], standing: Standing, reader: Reader) -> list[dict[str, Any]]:
    """The ways to pay, as the list shows them."""
    logos = media_files.addresses_of([one.logo for one in offered if one.logo], MediaKind.LOGO)
    currency = standing.session.currency
    return [
        {
            "code": one.system.code,
            "name": one.system.name,
            "logo": logos[one.logo].address if one.logo in logos else None,
            "fits": one.fits,
            "takes": _takes(one.system, currency, reader.language),
            "limits": _limits(one, currency, reader.language),
            "link": reader.links.details(one.system.code, seen=len(standing.attempts))
            if one.fits and one.system.detail_fields
            else None,
        }
        for one in offered
    ]


def paying(attempt: Attempt, standing: Standing, reader: Reader) -> dict[str, Any]:
    """What is needed to pay: details with steps, the address of a page, or that of a window."""
    deposit = attempt.deposit
    action = next_action(deposit)
    match action["type"]:
        case "redirect":
            return {"redirect": action["url"]}
        case "widget":
            return {"window": action}
        case "show_details":
            return {
                "details": labels.rows(action["details"]),
                "steps": _steps(attempt, action["details"], reader.language),
                "plain_amount": locales.plain_amount(deposit.amount, deposit.currency),
                "time_left": _time_left(attempt, standing, reader),
                "upi": _upi(attempt, action["details"], reader.look.name),
                "media": _media(action["media"] or []),
            }
    return {}


def _steps(attempt: Attempt, details: list[dict[str, str]], language: str) -> list[str]:
    deposit, system = attempt.deposit, attempt.deposit.payment_system
    words = {
        "system": system.name,
        "amount": locales.amount(deposit.amount, deposit.currency, language),
        "pressed": labels.pressed(details),
        "reference": labels.reference_label(system),
    }
    if words["pressed"]:
        opened = _('Open your %(system)s app and choose "%(pressed)s".') % words
    elif system.qr == QrKind.UPI:
        opened = _("Open your UPI app.")
    elif system.is_manual:
        opened = _("Open the app of your bank or wallet.")
    else:
        opened = _("Open your %(system)s app.") % words
    return [
        opened,
        _("Send exactly %(amount)s in one payment, using the details shown here.") % words,
        _('Come back to this page and enter the "%(reference)s" of the payment.') % words,
    ]


def _time_left(attempt: Attempt, standing: Standing, reader: Reader) -> dict[str, Any] | None:
    ends = [one for one in (attempt.deposit.deadline_at, standing.session.expires_at) if one is not None]
    if not ends:
        return None
    seconds = max(0, math.floor((min(ends) - reader.now).total_seconds()))
    return {
        "seconds": seconds,
        "until": min(ends).isoformat(timespec="seconds"),
        "moment": locales.moment(min(ends), reader.language, attempt.deposit.currency),
        "words": locales.duration(seconds, reader.language, attempt.deposit.currency),
    }


def _upi(attempt: Attempt, details: list[dict[str, str]], payee: str) -> dict[str, Any] | None:
    deposit = attempt.deposit
    if deposit.payment_system.qr != QrKind.UPI or deposit.currency != upi.CURRENCY:
        return None
    address = next((one["value"] for one in details if upi.is_address(one["value"])), None)
    if address is None:
        return None
    link = upi.pay_link(address, payee=payee, amount=deposit.amount)
    return {"link": link, "qr": mark_safe(upi.qr_code(link))}  # noqa: S308 - drawn by segno, numbers alone


def _media(hints: list[dict[str, str]]) -> list[dict[str, Any]]:
    found = media_files.addresses_of([one["url"] for one in hints], MediaKind.HINT)
    return [{"url": one.address, "is_film": one.kind == media_files.MediaShape.FILM} for one in found.values()]


def _takes(system: PaymentSystem, currency: str, language: str) -> str:
    """How long it takes until the money is seen, or what has to be done."""
    if system.usual_minutes:
        return ngettext("usually %(minutes)s minute", "usually %(minutes)s minutes", system.usual_minutes) % {
            "minutes": locales.number(system.usual_minutes, language, currency)
        }
    match system.flow:
        case Flow.REDIRECT:
            return _("on its own page")
        case Flow.PUSH:
            return _("approve on your phone")
        case _:
            return _("pay in your app, then enter the reference")


def _limits(one: Offer, currency: str, language: str) -> str:
    words = {
        "least": "" if one.minimum is None else locales.amount(one.minimum, currency, language),
        "most": "" if one.maximum is None else locales.amount(one.maximum, currency, language),
    }
    if words["least"] and words["most"]:
        return _("from %(least)s to %(most)s") % words
    if words["least"]:
        return _("from %(least)s") % words
    return _("up to %(most)s") % words if words["most"] else ""
