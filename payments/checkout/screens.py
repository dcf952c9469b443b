"""What the templates of the payment pages are handed: everything in words, nothing left to compute."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from gateway.money import format_amount
from gateway.status_tones import Tone
from payments.checkout import locales, told
from payments.checkout.offers import Offer
from payments.checkout.page_links import files
from payments.checkout.readers import LANGUAGES, Reader
from payments.checkout.returning import address
from payments.checkout.screen_forms import confirm_form
from payments.checkout.screen_ways import offer_rows, paying
from payments.checkout.standing import Attempt, Standing
from payments.checkout.told import Told, Way
from payments.states import DepositStatus

#: What is over within seconds or minutes, so that whoever sees it may wait for it.
_QUICK: Final = frozenset({"opening", "opening_long", "checking", "asking", "returned"})
#: Of the tag by which a page knows whether there is news: 64 bits, compared with itself a few hundred times.
_TAG_CHARS: Final = 16


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
        "layout": "columns",
        "session": session,
        "merchant": reader.look.name,
        "logo": reader.look.logo_url and {"url": reader.look.logo_url, "size": reader.look.logo_size},
        "brand_sheet": reader.look.stylesheet_url,
        "support": support and {"link": support, "words": support.removeprefix("mailto:").removeprefix("https://")},
        "is_test": session.mode == "test",
        "amount": locales.amount(session.amount, session.currency, reader.language),
        "digits": locales.digits(reader.language, session.currency),
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
        "mark": _mark(said),
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
    if said.code == "saved_up":
        shown["saved"] = _saved(attempt)
    if Way.CONFIRM in said.ways or form is not None:
        shown["form"] = form or confirm_form(attempt, reader)
        shown["form_first"] = Way.PAY not in said.ways or bool(attempt.confirmations) or form is not None
    elif Way.CONFIRM_LINK in said.ways:
        shown["reference_link"] = {"address": links.attempt(attempt.number), "words": _reference_words(attempt)}
    if Way.PAY in said.ways:
        shown |= paying(attempt, standing, reader)
        if "window" in shown:
            shown["layout"] = "wide"
    elif Way.PAY_LINK in said.ways:
        shown["pay_link"] = paying(attempt, standing, reader)["redirect"]
    return shown


def tag(said: Told, attempt: Attempt | None, language: str) -> str:
    """What differs whenever the page would say something else."""
    about = None if attempt is None else (attempt.number, attempt.deposit.shown_at)
    return hashlib.sha256(repr((said, sorted(said.ways), about, language)).encode()).hexdigest()[:_TAG_CHARS]


def _mark(said: Told) -> str:
    """The sign beside the title, one of `pay/mark.html`, for who reads little; "" where there is something to do."""
    if said.tone != Tone.PLAIN:
        return said.tone.value
    if said.code == "pay_on_phone":
        return "phone"
    return "clock" if said.polls and not said.ways & {Way.PAY, Way.CHOOSE} else ""


def _saved(attempt: Attempt) -> dict[str, str] | None:
    """How much is saved of how much, to be drawn; None where that is not known. The sentences say it, too."""
    savings = attempt.deposit.savings if attempt.deposit.savings_id is not None else None
    if savings is None or not savings.is_reported:
        return None
    return {
        "saved": format_amount(savings.saved, savings.currency),
        "minimum": format_amount(savings.minimum, savings.currency),
    }


def _reference_words(attempt: Attempt) -> str:
    if not attempt.confirmations:
        return _("Already paid? Enter the reference")
    if attempt.deposit.status == DepositStatus.VERIFYING:
        return _("Was the reference wrong? Enter another one")
    return _("Enter another reference")
