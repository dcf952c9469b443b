"""The pages of the work queues: all of them at a glance, each by itself, and what helps people decide about one row."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse

from balances import doors
from balances.instruction_models import Instruction
from balances.instruction_rights import PROPOSE
from gateway import ids
from gateway.backoffice import readable
from gateway.backoffice.queues import candidates, catalogue, funds, handling, how_much_waits, reading
from gateway.backoffice.queues.acts import ACTS
from gateway.backoffice.queues.catalogue import Queue
from gateway.backoffice.queues.reading import Row
from gateway.in_words import in_words
from gateway.people import person_of
from gateway.products.models import Product
from gateway.providers.models import PaymentSystem
from gateway.shown_mode import choices, of_row, shown_mode
from payments.confirming import CONFIRM_FOR_CUSTOMER
from payments.models import Receipt
from payments.states import SUSPENDED
from payments.verbs import open_to
from payments.waiting import why
from withdrawals import approval_pages, pending

_TEMPLATES: Final = "admin/queues"
#: The pages of what may wait, by the prefix of its id.
_PAGES: Final = {
    ids.RECEIPT: "admin:payments_receipt_change",
    ids.DEPOSIT: "admin:payments_deposit_change",
    ids.CONFIRMATION: "admin:payments_confirmation_change",
    ids.WITHDRAWAL: "admin:withdrawals_withdrawal_change",
}


def home(request: HttpRequest) -> HttpResponse:
    """Every queue that this person may see: how much waits, since when, and how much money it is."""
    mode = shown_mode(request)
    found = how_much_waits.summaries(mode, person_of(request))
    if not found:
        raise PermissionDenied
    context = context_of(request, "Work queues") | {"summaries": found, "modes": choices(request)}
    return TemplateResponse(request, f"{_TEMPLATES}/home.html", context)


def queue(request: HttpRequest, name: str) -> HttpResponse:
    """One queue, oldest first; of approvals also the decision about all that are ticked."""
    shown = found_queue(request, name)
    if name == "approvals":
        return _approvals(request, shown)
    if request.method == "POST":
        return HttpResponseNotAllowed(["GET", "HEAD"])
    context = _page(request, shown)
    after = request.GET.get("after", "")
    page = reading.page(shown, context["mode"], context["wanted"], after, limit=reading.PAGE_ROWS)
    context |= _next(context, page.after) | {
        "rows": _rows(request, shown, page.rows),
        "shortages": funds.shortages(context["mode"]) if name == "funds" else [],
    }
    return TemplateResponse(request, f"{_TEMPLATES}/queue.html", context)


def _approvals(request: HttpRequest, shown: Queue) -> HttpResponse:
    context = _page(request, shown)
    if request.method == "POST":
        return approval_pages.decide_many(request, context)
    waiting = reading.of_source(shown, context["mode"], context["wanted"], request.GET.get("after", ""))
    rows = pending.shown(waiting[: reading.PAGE_ROWS + 1], person_of(request))
    after = str(rows[reading.PAGE_ROWS - 1].withdrawal.pk) if len(rows) > reading.PAGE_ROWS else ""
    rows = rows[: reading.PAGE_ROWS]
    context |= _next(context, after) | {
        "rows": rows,
        "may_approve": any(not row.approve for row in rows),
        "may_reject": any(not row.reject for row in rows),
    }
    return TemplateResponse(request, f"{_TEMPLATES}/approvals.html", context)


def suspense(request: HttpRequest, receipt_id: Any) -> HttpResponse:
    """Money in suspense with the deposits that it may have been paid for."""
    shown = found_queue(request, "suspense")
    receipt = Receipt.objects.select_related("account", "deposit").filter(pk=receipt_id).first()
    if receipt is None:
        raise Http404
    by = person_of(request)
    verbs = open_to(receipt) if receipt.status in SUSPENDED else ()
    told = {"receipt": receipt.public_id}
    attach = next((one for one in verbs if one.name == "receipt_attached"), None)
    found = candidates.for_receipt(receipt) if attach is not None and by.has_perm("payments.view_deposit") else []
    context = context_of(request, f"Whose is {receipt.public_id}?") | {
        "queue": shown,
        "receipt": receipt,
        **of_row(receipt.account.mode),
        "why": why(receipt),
        "facts": candidates.facts(receipt),
        "doors": doors.of("receipt", told, verbs, by),
        "may_see_deposits": by.has_perm("payments.view_deposit"),
        "candidates": [
            {
                "candidate": one,
                "page": reverse("admin:payments_deposit_change", args=[one.deposit.pk]),
                "door": doors.form_of(attach, told | {"deposit": one.deposit.public_id})
                if attach is not None and by.has_perm(PROPOSE)
                else "",
            }
            for one in found
        ],
        "page": reverse("admin:payments_receipt_change", args=[receipt.pk]),
    }
    return TemplateResponse(request, f"{_TEMPLATES}/suspense.html", context)


def found_queue(request: HttpRequest, name: str) -> Queue:
    """The queue of this name.

    Raises:
        Http404: there is none.
        PermissionDenied: this person may not see it.
    """
    found = catalogue.named(name)
    if found is None:
        raise Http404
    if not found.may_look(person_of(request)):
        raise PermissionDenied
    return found


def context_of(request: HttpRequest, title: str) -> dict[str, Any]:
    """What every page here has."""
    return {**admin.site.each_context(request), "title": title, "mode": shown_mode(request)}


def form_id_of(request: HttpRequest) -> uuid.UUID:
    """The id that a form was shown with: sent twice, it does once what it does.

    Raises:
        Http404: it was sent without one, which no page of ours does.
    """
    try:
        return uuid.UUID(request.POST.get("form_id", ""))
    except ValueError:
        raise Http404 from None


def page_of(public_id: str) -> str:
    """Where everything is known about an order of ours; "" where the text names none."""
    prefix = public_id.partition("_")[0]
    pk = ids.decode(prefix, public_id) if prefix in _PAGES else None
    return "" if pk is None else reverse(_PAGES[prefix], args=[pk])


def _page(request: HttpRequest, shown: Queue) -> dict[str, Any]:
    filters = shown.filters()
    wanted = {name: request.GET.get(name, "") for name in filters}
    return context_of(request, shown.title) | {
        "queue": shown,
        "wanted": wanted,
        "is_narrowed": any(wanted.values()),
        "modes": choices(request, "after"),
        "choices": _choices(filters, wanted),
        "is_later": bool(request.GET.get("after")),
    }


def _choices(names: Collection[str], wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """What rows may be narrowed down to. Two queries."""
    systems = dict(PaymentSystem.objects.order_by("code").values_list("code", "currencies"))
    products = Product.objects.order_by("name").values_list("pk", "name")
    currencies = sorted(set().union(*systems.values()))
    known: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "product": ("Product", [(str(pk), title) for pk, title in products] if "product" in names else []),
        "system": ("Payment system", [(code, code) for code in systems]),
        "currency": ("Currency", [(code, code) for code in currencies]),
    }
    return [{"name": one, "label": known[one][0], "rows": known[one][1], "chosen": wanted[one]} for one in names]


def _next(context: dict[str, Any], after: str) -> dict[str, Any]:
    narrowed = {name: text for name, text in context["wanted"].items() if text}
    return {
        "first": f"?{urlencode(narrowed)}",
        "next": f"?{urlencode(narrowed | {'after': after})}" if after else "",
    }


def _rows(request: HttpRequest, shown: Queue, rows: Iterable[Row]) -> list[dict[str, Any]]:
    rows, by = list(rows), person_of(request)
    may_ask = by.has_perm(PROPOSE)
    acts = [one for one in ACTS.get(shown.name, ()) if by.has_perm(one.permission)]
    asked = _asked({row.entry.asked_for for row in rows} - {""})
    done = handling.latest_of([row.thing.pk for row in rows if isinstance(row.thing.pk, uuid.UUID)])
    return [
        {
            "entry": row.entry,
            **_heading(shown, row),
            "done": handling.sentence(done[row.thing.pk]) if row.thing.pk in done else "",
            "order": row.entry.order if row.entry.order != row.entry.public_id else "",
            "order_page": page_of(row.entry.order),
            "asked": asked.get(row.entry.asked_for),
            "look": _look(shown, row, may_confirm=by.has_perm(CONFIRM_FOR_CUSTOMER)),
            "doors": _doors(row) if may_ask else [],
            "acts": [
                {"title": one.title, "address": reverse("work:act", args=[shown.name, one.name, row.entry.pk])}
                for one in acts
                if one.is_open(row.thing)
            ],
        }
        for row in rows
    ]


def _doors(row: Row) -> list[dict[str, str]]:
    told = row.source.told(row.thing)
    return [
        {"title": one.wish, "sentence": one.sentence, "address": doors.form_of(one, told)}
        for one in row.source.verbs(row.thing)
    ]


def _heading(shown: Queue, row: Row) -> dict[str, str]:
    """By what a row is called, where everything is known about it, and what else it names."""
    if shown.name != "unconfirmed":
        return {"name": row.entry.public_id, "page": page_of(row.entry.public_id)}
    return {
        "name": f"Letter of {readable.moment(row.entry.since)}",
        "page": reverse("admin:postbacks_letter_change", args=[row.thing.letter_id]),
        "transaction": row.thing.transaction_id,
    }


def _look(shown: Queue, row: Row, *, may_confirm: bool) -> dict[str, str] | None:
    """The page that helps to decide about one row, where there is one."""
    if shown.name == "suspense":
        return {"title": "Whose is it?", "address": reverse("work:suspense", args=[row.thing.pk])}
    if shown.name == "screenshots":
        return {"title": "Look at it", "address": reverse("work:screenshot", args=[row.thing.pk])}
    if (
        may_confirm
        and (deposit := ids.decode(ids.DEPOSIT, row.entry.order)) is not None
        and shown.name == "differences"
    ):
        return {"title": "Confirm for the customer", "address": reverse("work:confirm", args=[deposit])}
    return None


def _asked(names: set[str]) -> dict[str, dict[str, Any]]:
    """By the TypeID of an instruction that waits, who asked for what, and where."""
    keys = [key for one in names if (key := ids.decode(ids.INSTRUCTION, one)) is not None]
    found = Instruction.objects.filter(pk__in=keys).select_related("requested_by").defer("secrets", "preview")
    return (
        {
            one.public_id: {
                "page": reverse("admin:balances_instruction_change", args=[one.pk]),
                "id": one.public_id,
                "verb": in_words(one.verb),
                "by": one.requested_by.get_username(),
                "reason": one.reason,
            }
            for one in found
        }
        if keys
        else {}
    )
