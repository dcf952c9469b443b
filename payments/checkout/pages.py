"""The doors of the payment pages. Whoever has the address may pay, and nothing else proves anything here.

No cookie is read or set, so there is nothing that another site could make a browser send along
(docs/adr/payment-pages-need-no-csrf-token.md).
"""

import uuid
from dataclasses import replace
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string

from gateway.api.problems import Problem
from gateway.providers.models import PaymentSystem
from payments.checkout import locales, offers, paying, refusals, returning, screen_forms, screen_ways, screens, told
from payments.checkout.offers import Offer
from payments.checkout.page_doors import Visit, door, see_other
from payments.checkout.page_forms import NO_FILE_MAX_BYTES, WITH_FILE_MAX_BYTES, Form, read_form, small_number
from payments.checkout.paying import Mistake, Refusal
from payments.checkout.standing import Attempt, NextAttempt
from payments.checkout.told import Told, Way

#: What a refusal is in HTTP, where it is not simply in the way (409).
_STATUSES: Final = {Refusal.TOO_MANY: 429, Refusal.TOO_OFTEN: 429}


@door("GET", "POST")
def page(visit: Visit) -> HttpResponse:
    """What has become of the session, and what can be done.

    A payment system may send its customer back by a form. Nothing of it is read: the provider says what became of it.
    """
    if visit.request.method == "POST":
        return see_other(replace(visit.reader.links, came_back=True).page)
    return _page(visit)


@door("GET")
def live(visit: Visit) -> HttpResponse:
    """The middle of that page, or 304 where it would say the same."""
    attempt, said = _said(visit)
    tag = f'"{screens.tag(said, attempt, visit.reader.language)}"'
    if visit.request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    context = _middle(visit, attempt, said)
    answer = HttpResponse(_rendered("pay/state.html", visit, context), headers={"ETag": tag})
    if "window" in context:
        # Its page may show a frame of the provider's, and the one that asks may not.
        answer.headers["Load-Anew"] = "yes"
    return answer


@door("GET", "POST")
def choose(visit: Visit) -> HttpResponse:
    """Begin a payment through a system; where it wants to know something of the customer, ask for that first."""
    if visit.request.method != "POST":
        return see_other(visit.reader.links.page)
    form = read_form(visit.request, NO_FILE_MAX_BYTES)
    code, seen = form.text("system"), form.number("seen")
    if _is_stale(visit, seen):
        return see_other(visit.reader.links.page)
    entered = {name: locales.ascii_digits(text) for name, text in form.with_prefix("detail-").items()}
    system = _offered_system(visit, code)
    if system is not None and system.detail_fields and not entered:
        return see_other(visit.reader.links.details(code, seen=seen))
    try:
        paying.choose(visit.session.pk, system=code, details=entered, seen=seen)
    except paying.Invalid as invalid:
        if system is None:
            return _page(visit, notice=refusals.of_form(Refusal.NOT_OFFERED), status=409)
        return _detail_page(visit, system, values=entered, mistakes=invalid.mistakes)
    except paying.Refused as refused:
        visit = visit.again()
        # Where the page says it by itself, it need not be said above it.
        notice = "" if visit.standing.is_elsewhere else refusals.of_form(refused.refusal)
        return _page(visit, notice=notice, status=_STATUSES.get(refused.refusal, 409))
    return see_other(visit.reader.links.page)


@door("GET")
def details(visit: Visit) -> HttpResponse:
    """Ask for what a system wants to know of the customer, unless an attempt began after the list was shown."""
    is_stale = _is_stale(visit, small_number(visit.request.GET.get("seen", "")))
    if is_stale or visit.standing.next_attempt is NextAttempt.REFUSED:
        return see_other(visit.reader.links.page)
    system = _offered_system(visit, visit.request.GET.get("system", ""))
    if system is None or not system.detail_fields:
        return see_other(visit.reader.links.page)
    return _detail_page(visit, system)


@door("GET")
def change(visit: Visit) -> HttpResponse:
    """Say what another way to pay means while one is open, and offer it."""
    attempt, said = _said(visit)
    if attempt is None or Way.CHANGE not in said.ways:
        return see_other(visit.reader.links.page)
    offered = [one for one in _offered(visit) if one.system != attempt.deposit.payment_system]
    context = {
        "system": attempt.deposit.payment_system,
        "offers": screen_ways.offer_rows(offered, visit.standing, visit.reader),
    }
    return visit.respond(_rendered("pay/change.html", visit, context))


@door("GET")
def back(visit: Visit) -> HttpResponse:
    """Send the customer back to the product, with the result signed at this moment: a page may lie open for hours."""
    return see_other(returning.way_back(visit.standing) or visit.reader.links.page)


@door("GET", "POST")
def attempt(visit: Visit, number: int) -> HttpResponse:
    """One attempt, and the form in which its reference is entered."""
    found = next((one for one in visit.standing.attempts if one.number == number), None)
    if found is None:
        raise Http404
    is_sent, is_taken = visit.request.method == "POST", told.may_confirm(found, visit.reader.now)
    if not is_taken and not is_sent:
        return see_other(visit.reader.links.page)
    if not is_taken:
        return _page(visit, notice=refusals.of_form(Refusal.OVER), status=409)
    if is_sent:
        return _confirm(visit, found, read_form(visit.request, WITH_FILE_MAX_BYTES))
    return _confirm_page(visit, found)


def _confirm(visit: Visit, attempt: Attempt, form: Form) -> HttpResponse:
    entered = {"reference": form.text("reference"), "amount": form.text("amount")}
    try:
        paying.confirm(
            visit.session.pk,
            attempt=attempt.number,
            reference=locales.ascii_digits(entered["reference"]),
            amount=entered["amount"],
            screenshot=form.file("screenshot"),
            form_id=form.identifier("form") or uuid.uuid4(),
        )
    except paying.Invalid as invalid:
        return _confirm_page(visit, attempt, values=entered, mistakes=invalid.mistakes)
    except paying.Refused as refused:
        notice, status = refusals.of_form(refused.refusal), _STATUSES.get(refused.refusal, 409)
        if refused.refusal is Refusal.OVER:
            return _page(visit.again(), notice=notice, status=status)
        # What was typed stays, to be corrected or sent again.
        return _confirm_page(visit, attempt, values=entered, notice=notice, status=status)
    return see_other(visit.reader.links.page)


def _said(visit: Visit) -> tuple[Attempt | None, Told]:
    reader = visit.reader
    said = told.of(visit.standing, merchant=reader.look.name, now=reader.now, came_back=reader.links.came_back)
    return visit.standing.shown, said


def _middle(visit: Visit, attempt: Attempt | None, said: Told) -> dict[str, Any]:
    # Asked for last, and only where the list is shown: it may ask the provider.
    offered = _offered(visit) if Way.CHOOSE in said.ways else None
    return screens.state(visit.standing, attempt, said, visit.reader, offered=offered)


def _page(visit: Visit, *, notice: str = "", status: int = 200) -> HttpResponse:
    attempt, said = _said(visit)
    context = {**_middle(visit, attempt, said), "notice": notice}
    window = context.get("window")
    return visit.respond(
        _rendered("pay/page.html", visit, context), status=status, window=window["url"] if window else ""
    )


def _confirm_page(
    visit: Visit,
    attempt: Attempt,
    *,
    values: dict[str, str] | None = None,
    mistakes: dict[str, Mistake] | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    said = told.about(attempt, visit.standing, merchant=visit.reader.look.name, now=visit.reader.now)
    form = screen_forms.confirm_form(attempt, visit.reader, values=values, mistakes=mistakes)
    context = screens.state(visit.standing, attempt, said, visit.reader, form=form)
    # One thing at a time: what else could be done is on the page that this one leads back to.
    context |= {"notice": notice, "back": None, "change_link": None, "again_link": None, "earlier": []}
    return visit.respond(_rendered("pay/attempt.html", visit, context), status=422 if mistakes else status)


def _detail_page(
    visit: Visit,
    system: PaymentSystem,
    *,
    values: dict[str, str] | None = None,
    mistakes: dict[str, Mistake] | None = None,
) -> HttpResponse:
    context = screen_forms.detail_form(system, values=values, mistakes=mistakes)
    return visit.respond(_rendered("pay/details.html", visit, context), status=422 if mistakes else 200)


def _is_stale(visit: Visit, seen: int) -> bool:
    """Whether a list is older than the newest attempt, of which it says nothing: another tab, or the way back to it."""
    return seen != len(visit.standing.attempts)


def _offered(visit: Visit) -> list[Offer]:
    try:
        return offers.offered(visit.session)
    except Problem:  # no account serves the mode: nothing can be offered just now, and the page says so
        return []


def _offered_system(visit: Visit, code: str) -> PaymentSystem | None:
    """The system of this code, where the session may be paid by it."""
    return next((one.system for one in _offered(visit) if one.fits and one.system.code == code), None)


def _rendered(template: str, visit: Visit, context: dict[str, Any]) -> str:
    return render_to_string(template, {**screens.frame(visit.standing, visit.reader, visit.here()), **context})
