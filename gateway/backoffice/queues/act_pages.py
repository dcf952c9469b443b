"""The page on which one person does something with one row of a queue: what it will do, why, and what came of it."""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from balances.forms import ReasonForm
from balances.verb_fields import Refused
from gateway import ids
from gateway.backoffice import readable
from gateway.backoffice.queues.acts import ACTS, Act
from gateway.backoffice.queues.catalogue import Queue
from gateway.backoffice.queues.pages import context_of, form_id_of, found_queue, page_of
from gateway.backoffice.queues.rows import shown_screenshots, why_screenshot
from gateway.in_words import in_words
from gateway.money import shown_amount
from gateway.people import person_of
from gateway.shown_mode import of_row
from payments.models import Screenshot

_TEMPLATES: Final = "admin/queues"


def act(request: HttpRequest, name: str, act_name: str, key: str) -> HttpResponse:
    """What will be done, with a form for the reason; sent, it is done, and the queue says what came of it."""
    queue, chosen, thing = _found(request, name, act_name, key)
    if request.method != "POST":
        if obstacle := chosen.obstacle(thing):
            messages.warning(request, f"Not done: {obstacle}")
            return _back(queue, chosen, thing)
        return _asked(request, queue, chosen, thing, form=ReasonForm(), form_id=ids.new_id())
    form, form_id = ReasonForm(request.POST), form_id_of(request)
    if not form.is_valid():
        return _asked(request, queue, chosen, thing, form=form, form_id=form_id)
    try:
        said = chosen.do(thing.pk, person_of(request), form.cleaned_data["reason"], form_id)
    except Refused as error:
        if error.field == "reason":
            form.add_error("reason", str(error))
            return _asked(request, queue, chosen, thing, form=form, form_id=form_id)
        messages.error(request, f"Not done: {error}")
    else:
        messages.success(request, said)
    return _back(queue, chosen, thing)


def _back(queue: Queue, chosen: Act, thing: Any) -> HttpResponseRedirect:
    """To the queue in the mode of the row, whatever was shown last."""
    return HttpResponseRedirect(f"{queue.address}?mode={chosen.mode(thing)}")


def _found(request: HttpRequest, name: str, act_name: str, key: str) -> tuple[Queue, Act, Any]:
    queue = found_queue(request, name)
    chosen = next((one for one in ACTS.get(name, ()) if one.name == act_name), None)
    if chosen is None:
        raise Http404
    if not request.user.has_perm(chosen.permission):
        raise PermissionDenied
    try:
        thing = chosen.load(key)
    except (ValidationError, ValueError):
        thing = None
    if thing is None:
        raise Http404
    return queue, chosen, thing


def _asked(
    request: HttpRequest, queue: Queue, chosen: Act, thing: Any, *, form: ReasonForm, form_id: uuid.UUID
) -> HttpResponse:
    public_id = str(getattr(thing, "public_id", thing))
    context = context_of(request, chosen.title) | {
        "queue": queue,
        "name": public_id,
        "page": page_of(public_id),
        **of_row(chosen.mode(thing)),
        "sentences": chosen.foresee(thing),
        "form": form,
        "form_id": form_id,
        "button": chosen.title,
    }
    return TemplateResponse(request, f"{_TEMPLATES}/act.html", context)


def screenshot(request: HttpRequest, key: int) -> HttpResponse:
    """A suspicious picture beside what was said with it, and its twin; each look at a picture is written down."""
    queue = found_queue(request, "screenshots")
    rows = Screenshot.objects.filter(pk=key)
    found = [row for row, _ in shown_screenshots(rows)]
    if not found:
        raise Http404
    known = Screenshot.objects.select_related(
        "confirmation__deposit__customer", "confirmation__deposit__product"
    ).defer("picture", "confirmation__deposit__details", "confirmation__deposit__shown")
    one = known.get(pk=key)
    twin = known.filter(pk=one.duplicate_of_id).first() if one.duplicate_of_id else None
    context = context_of(request, "Is the picture this customer's own?") | {
        "queue": queue,
        "why": why_screenshot(one),
        **of_row(one.confirmation.deposit.mode),
        "pictures": [_picture(title, row) for title, row in (("This one", one), ("Its twin", twin)) if row is not None],
        "may_see": request.user.has_perm("payments.see_picture"),
        "acts": [
            {"title": chosen.title, "address": reverse("work:act", args=[queue.name, chosen.name, key])}
            for chosen in ACTS[queue.name]
            if request.user.has_perm(chosen.permission) and not chosen.obstacle(one)
        ],
        "ended": ACTS[queue.name][0].obstacle(one),
    }
    return TemplateResponse(request, f"{_TEMPLATES}/screenshot.html", context)


def _picture(title: str, row: Screenshot) -> dict[str, Any]:
    confirmation = row.confirmation
    deposit = confirmation.deposit
    amount = "-" if confirmation.amount is None else shown_amount(confirmation.amount, deposit.currency)
    return {
        "title": title,
        "address": reverse("admin:payments_screenshot_picture", args=[row.pk]),
        "alt": f"Screenshot of {confirmation.public_id}",
        "facts": [
            ("Confirmation", confirmation.public_id, page_of(confirmation.public_id)),
            ("Deposit", f"{deposit.public_id}: {in_words(deposit.status)}", page_of(deposit.public_id)),
            ("Reference", confirmation.provider_reference, ""),
            ("Amount that the customer named", amount, ""),
            ("Amount of the deposit", shown_amount(deposit.amount, deposit.currency), ""),
            ("Product and its customer", f"{deposit.product}: {deposit.customer.external_id}", ""),
            ("Sent", readable.moment(row.created_at), ""),
            ("Provider's word", confirmation.provider_word or "-", ""),
        ],
    }
