"""What the templates of the payment pages are handed: everything in words, nothing left to compute."""

import hashlib
import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateway.money import exponent
from gateway.products.branding import Look
from gateway.providers import media_files
from gateway.providers.models import Flow, MediaKind, PaymentSystem, QrKind, ReferenceKind, ScreenshotWish
from payments.checkout import labels, locales, refusals, told, upi
from payments.checkout.offers import Offer
from payments.checkout.page_links import Links, files
from payments.checkout.paying import Mistake
from payments.checkout.returning import address
from payments.checkout.standing import Attempt, Standing
from payments.checkout.told import Told, Way
from payments.shapes import next_action
from payments.states import DepositStatus

#: The languages of the pages, each by its own name.
LANGUAGES: Final[dict[str, str]] = dict(settings.LANGUAGES)
#: What is over within seconds or minutes, so that whoever sees it may wait for it.
_QUICK: Final = frozenset({"opening", "opening_long", "checking", "asking"})
#: Of the tag by which a page knows whether there is news: 64 bits, compared with itself a few hundred times.
_TAG_CHARS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks at the page.

    Attributes:
        language: of the page.
        links: where it leads to.
        look: of the product.
        now: what time it is.
    """

    language: str
    links: Links
    look: Look
    now: datetime


def frame(standing: Standing, reader: Reader, here: Mapping[str, str]) -> dict[str, Any]:
    """What every page of a session shows above and below.

    Args:
        standing: the session.
        reader: who looks.
        here: the address of this page in each language.
    """
    session = standing.session
    support = reader.look.support_address
    return {
        **bare_frame(reader.language),
        "session": session,
        "merchant": reader.look.name,
        "logo": reader.look.logo_url and {"url": reader.look.logo_url, "size": reader.look.logo_size},
        "brand_sheet": reader.look.stylesheet_url,
        "support": support and {"link": support, "words": support.removeprefix("mailto:").removeprefix("https://")},
        "is_test": session.mode == "test",
        "amount": locales.amount(session.amount, session.currency, reader.language),
        "links": reader.links,
        "seen": len(standing.attempts),
        "languages": [
            {
                "code": code,
                "name": name,
                "link": here[code],
                "direction": locales.direction(code),
                "is_current": code == reader.language,
            }
            for code, name in LANGUAGES.items()
        ],
    }


def bare_frame(language: str) -> dict[str, Any]:
    """The same for pages of no session."""
    return {"files": files(), "language": language, "direction": locales.direction(language)}


def state(
    standing: Standing,
    attempt: Attempt | None,
    said: Told,
    reader: Reader,
    *,
    offered: list[Offer] | None = None,
    form: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The middle of a page: what has happened, and what can be done.

    Args:
        standing: the session.
        attempt: which the page is about; None before there is one.
        said: what it says.
        reader: who looks.
        offered: the ways to pay, where they are to be shown.
        form: of the reference, where it was sent and not taken.
    """
    links = reader.links
    shown: dict[str, Any] = {
        "told": said,
        "tag": tag(said, attempt, reader.language),
        "is_quick": said.code in _QUICK,
        "refreshes": said.polls and Way.CONFIRM not in said.ways,
        "again_link": links.page if said.polls and Way.CONFIRM in said.ways else None,
        "offers": None if offered is None else offer_rows(offered, standing, reader),
        "change_link": links.change if Way.CHANGE in said.ways else None,
        "earlier": [
            {"system": one.deposit.payment_system.name, "link": links.attempt(one.number)}
            for one in standing.attempts
            if one is not attempt and told.may_confirm(one, reader.now)
        ],
        "back": links.back if address(standing) else None,
    }
    if attempt is None:
        return shown
    shown["system"] = attempt.deposit.payment_system
    if Way.CONFIRM in said.ways or form is not None:
        shown["form"] = form or confirm_form(attempt, reader)
        shown["form_first"] = Way.PAY not in said.ways or bool(attempt.confirmations) or form is not None
    elif Way.CONFIRM_LINK in said.ways:
        shown["reference_link"] = {"address": links.attempt(attempt.number), "words": _reference_words(attempt)}
    if Way.PAY in said.ways:
        shown |= _paying(attempt, standing, reader)
    return shown


def tag(said: Told, attempt: Attempt | None, language: str) -> str:
    """What differs whenever the page would say something else."""
    about = None if attempt is None else (attempt.number, attempt.deposit.shown_at)
    return hashlib.sha256(repr((said, sorted(said.ways), about, language)).encode()).hexdigest()[:_TAG_CHARS]


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


def _paying(attempt: Attempt, standing: Standing, reader: Reader) -> dict[str, Any]:
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


def _reference_words(attempt: Attempt) -> str:
    if not attempt.confirmations:
        return _("Already paid? Enter the reference")
    if attempt.deposit.status == DepositStatus.VERIFYING:
        return _("Was the reference wrong? Enter another one")
    return _("Enter another reference")


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
        _("Send exactly %(amount)s, in one payment, to what is written here.") % words,
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
        "words": locales.duration(seconds, reader.language, attempt.deposit.currency),
        "zero": locales.number(0, reader.language, attempt.deposit.currency),
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


def _sentence(mistakes: Mapping[str, Mistake], field: str, *, example: str = "", megabytes: str = "") -> str:
    if field not in mistakes:
        return ""
    return refusals.of_field(field, mistakes[field], example=example, megabytes=megabytes)


def _summary(fields: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The errors of a form, for the list above it."""
    return [{"id": one["id"], "label": one["label"], "sentence": one["error"]} for one in fields if one["error"]]
