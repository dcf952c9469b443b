"""One search box for everything: whatever is called exactly so, by kind, as far as the person may see it."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from balances.instruction_models import Instruction
from balances.models import Journal
from gateway.exact_search import TERM_MAX_LENGTH
from gateway.in_words import in_words
from gateway.list_titles import list_title
from gateway.money import shown_amount
from gateway.products.models import Customer
from gateway.providers.models import ProviderCall
from gateway.readonly_admin import ReadOnlyAdmin
from gateway.webhooks.models import Event, WebhookEndpoint
from gateway.who_sees import may_see
from payments.models import Confirmation, Deposit, Receipt, Savings
from postbacks.models import LetterItem
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch

#: What is looked for, the orders first. Each costs two questions at most, however many rows there are.
KINDS: Final = (
    *(Deposit, Withdrawal, Receipt, Confirmation, WithdrawalBatch, BatchRow, Savings, Customer),
    *(Journal, Instruction, LetterItem, Event, WebhookEndpoint, ProviderCall),
)
#: Hits of a kind that are shown; its list shows the others.
SHOWN_AT_MOST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One row that is called so."""

    text: str
    page: str
    mode: str
    status: str
    amount: str
    at: Any


def find(request: HttpRequest) -> HttpResponse:
    """The page, with what was found of ``q``."""
    term = " ".join(request.GET.get("q", "").split())
    too_long = len(term) > TERM_MAX_LENGTH
    kinds = [] if not term or too_long else [found for model in KINDS if (found := _found(request, model, term))]
    context = {
        **admin.site.each_context(request),
        "title": "Find",
        "term": term,
        "too_long": too_long,
        "kinds": kinds,
    }
    return TemplateResponse(request, "admin/find.html", context)


def _found(request: HttpRequest, model: Any, term: str) -> dict[str, Any] | None:
    if not may_see(request, model):
        return None
    pages = admin.site.get_model_admin(model)
    assert isinstance(pages, ReadOnlyAdmin)
    rows = pages.called(pages.get_queryset(request), term)
    if related := pages.mode_lookup.rpartition("__")[0]:
        rows = rows.select_related(related)
    hits = [_hit(pages, row) for row in rows.order_by("-pk")[: SHOWN_AT_MOST + 1]]
    if not hits:
        return None
    name = f"admin:{pages.opts.app_label}_{pages.opts.model_name}_changelist"
    return {
        "name": list_title(pages.opts),
        "hits": hits[:SHOWN_AT_MOST],
        "all": f"{reverse(name)}?{urlencode({'q': term})}" if len(hits) > SHOWN_AT_MOST else "",
    }


def _hit(pages: ReadOnlyAdmin, row: Any) -> Hit:
    mode: Any = row
    for name in pages.mode_lookup.split("__"):
        mode = getattr(mode, name, "")
    amount, currency = getattr(row, "amount", None), getattr(row, "currency", "")
    return Hit(
        text=getattr(row, "public_id", "") or str(row),
        page=reverse(f"admin:{pages.opts.app_label}_{pages.opts.model_name}_change", args=[row.pk]),
        mode=mode or "",
        status=in_words(getattr(row, "status", "")),
        amount=shown_amount(amount, currency) if amount is not None and currency else "",
        at=next((at for one in ("created_at", "received_at", "started_at") if (at := getattr(row, one, None))), None),
    )
