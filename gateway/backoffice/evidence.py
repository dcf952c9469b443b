"""Everything that is known about money that waits, for one page: each section is a table."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from balances.kinds import JournalKind
from balances.models import Journal
from gateway import ids
from gateway.backoffice import answers
from gateway.encryption import readable_or
from gateway.money import format_amount
from gateway.providers import calls
from gateway.providers.models import ProviderCall
from payments.models import Confirmation, Deposit, Receipt
from postbacks.models import LetterItem
from withdrawals.models import Withdrawal

J = JournalKind

#: What is ever posted with a receipt's id for its reference.
_KINDS: Final = (
    J.RECEIPT_CREDITED,
    J.RECEIPT_SUSPENDED,
    J.SUSPENSE_CREDITED,
    J.SUSPENSE_RETURNED,
    J.SUSPENSE_WRITTEN_OFF,
    J.RECEIPT_REVERSED,
    J.SAVINGS_RELEASED,
)
#: Most rows of one section: a receipt has a handful of each, and a flood of letters is no evidence.
_ROWS_MAX: Final = 20
#: A question about many orders is kept by the first of them. What was read from it was written within the lease of
#: whoever asked, so those of so long before are looked through.
_ASKED_BEFORE: Final = timedelta(seconds=calls.LEASE_SECONDS)
#: Most of these: a busy account asks about once a second.
_LOOKED_THROUGH_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of evidence: ``rows`` of cells that fit ``columns``; ``nothing`` is said where there are none.

    It is of one model, and whoever may not see that model's rows is told so in its place.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    nothing: str


#: A section that may be shown: its title, whose rows it shows, and how it is made.
_Part = tuple[str, type[Model], Callable[[str], Section]]
_LETTERS: Final = "The provider's letters"
_CALLS: Final = "Calls to the provider"


def of_receipt(receipt: Receipt, request: HttpRequest) -> list[Section]:
    """The evidence about a receipt, as far as whoever asks may see it. The number of queries is fixed."""
    deposit = _deposit(receipt.deposit_id)
    confirmations = _confirmations(deposit)
    names = _names(deposit, confirmations) | ({receipt.custom_id} - {""})
    subjects = names | ({receipt.transaction_id[:40]} - {""})
    parts: list[_Part] = [
        ("Deposit and customer", Deposit, lambda title: _about_deposit(title, deposit)),
        ("What the customer said", Confirmation, lambda title: _about_confirmations(title, confirmations)),
        ("Journals", Journal, lambda title: _journals(title, receipt)),
        ("Other receipts of the same transaction id", Receipt, lambda title: _receipts(title, _same_money(receipt))),
        (_LETTERS, LetterItem, lambda title: _letters(title, names, receipt)),
        (_CALLS, ProviderCall, lambda title: _calls(title, receipt.account_id, subjects, receipt.received_at)),
    ]
    return [_as_far_as_seen(request, *part) for part in parts]


def of_deposit(deposit: Deposit, request: HttpRequest) -> list[Section]:
    """The evidence about a deposit whose money, if any came, is no receipt yet."""
    confirmations = _confirmations(deposit)
    names = _names(deposit, confirmations)
    parts: list[_Part] = [
        ("What the customer said", Confirmation, lambda title: _about_confirmations(title, confirmations)),
        ("Receipts", Receipt, lambda title: _receipts(title, deposit.receipts.order_by("id"))),
        ("Refunds", Withdrawal, lambda title: _refunds(title, deposit)),
        (_LETTERS, LetterItem, lambda title: _letters(title, names, None)),
        (_CALLS, ProviderCall, lambda title: _calls(title, deposit.account_id, names, deposit.updated_at)),
    ]
    return [_as_far_as_seen(request, *part) for part in parts]


def _as_far_as_seen(request: HttpRequest, title: str, model: type[Model], make: Callable[[str], Section]) -> Section:
    """The section for whoever may see its model's rows, and for others a sentence, without looking any up."""
    seen_in = admin.site.get_model_admin(model)
    if seen_in.has_view_permission(request):
        return make(title)
    sentence = f"You may not see this: it takes the permission to view {seen_in.opts.verbose_name_plural}."
    return Section(title=title, columns=(), rows=(), nothing=sentence)


def _link(page: str, key: object, text: object) -> str:
    return format_html('<a class="underline" href="{}">{}</a>', reverse(f"admin:{page}_change", args=[key]), text)


def _deposit(deposit_id: Any) -> Deposit | None:
    rows = Deposit.objects.select_related("customer", "product").defer("details", "shown")
    return rows.filter(pk=deposit_id).first()


def _confirmations(deposit: Deposit | None) -> list[Confirmation]:
    return [] if deposit is None else list(deposit.confirmations.order_by("-id")[:_ROWS_MAX])


def _names(deposit: Deposit | None, confirmations: Iterable[Confirmation]) -> set[str]:
    own = set() if deposit is None else {deposit.public_id}
    return own | {one.public_id for one in confirmations}


def _about_deposit(title: str, deposit: Deposit | None) -> Section:
    rows = []
    if deposit is not None:
        arrived = "-" if deposit.received_amount is None else format_amount(deposit.received_amount, deposit.currency)
        rows = [
            (
                _link("payments_deposit", deposit.pk, deposit.public_id),
                f"{deposit.status}: {deposit.get_status_display()}",
                f"{format_amount(deposit.amount, deposit.currency)} {deposit.currency}",
                arrived,
                deposit.get_amount_check_display() or "-",
                "yes" if deposit.late else "no",
                deposit.product,
                deposit.customer.external_id,
                deposit.reference,
                deposit.created_at,
            )
        ]
    columns = (
        *("deposit", "status", "expected", "received", "check", "late"),
        *("product", "customer", "product's reference", "created"),
    )
    return Section(title=title, columns=columns, rows=rows, nothing="No deposit is known for it.")


def _about_confirmations(title: str, confirmations: Iterable[Confirmation]) -> Section:
    return Section(
        title=title,
        columns=("confirmation", "reference", "amount", "status", "provider's word", "contested", "sent"),
        rows=[
            (
                _link("payments_confirmation", one.pk, one.public_id),
                one.provider_reference,
                "-" if one.amount is None else f"{one.amount.normalize():f}",
                f"{one.status}: {one.get_status_display()}",
                one.provider_word or "-",
                "yes" if one.is_contested else "no",
                one.sent_at or "-",
            )
            for one in confirmations
        ],
        nothing="No customer confirmed it.",
    )


def _journals(title: str, receipt: Receipt) -> Section:
    posted = Journal.objects.filter(kind__in=_KINDS, reference=receipt.public_id).select_related("instruction")
    rows = [
        (
            _link("balances_journal", one.pk, one.kind),
            entry.account.kind,
            format_amount(entry.amount, entry.currency) if entry.amount > 0 else "",
            format_amount(-entry.amount, entry.currency) if entry.amount < 0 else "",
            entry.currency,
            one.cause.replace("_", " ")
            if one.instruction is None
            else _link("balances_instruction", one.instruction.pk, one.instruction.public_id),
            one.created_at,
        )
        for one in posted.order_by("created_at", "id").prefetch_related("entries__account")
        for entry in sorted(one.entries.all(), key=lambda entry: -entry.amount)
    ]
    columns = ("journal", "account", "debit", "credit", "currency", "cause", "posted")
    return Section(title=title, columns=columns, rows=rows, nothing="Nothing was posted.")


def _same_money(receipt: Receipt) -> "QuerySet[Receipt]":
    # However its letters are spelled; the index by upper letters serves it.
    same = Receipt.objects.filter(transaction_id__iexact=receipt.transaction_id).exclude(pk=receipt.pk).order_by("id")
    return same if receipt.transaction_id else Receipt.objects.none()


def _receipts(title: str, receipts: "QuerySet[Receipt]") -> Section:
    return Section(
        title=title,
        columns=("receipt", "status", "amount", "system", "transaction id", "what speaks against it", "received"),
        rows=[
            (
                _link("payments_receipt", one.pk, one.public_id),
                f"{one.status}: {one.get_status_display()}",
                f"{format_amount(one.amount, one.currency)} {one.currency}",
                one.wallet_type,
                one.transaction_id or "-",
                one.contradiction or "-",
                one.received_at,
            )
            for one in receipts[:_ROWS_MAX]
        ],
        nothing="There are none.",
    )


def _refunds(title: str, deposit: Deposit) -> Section:
    rows = Withdrawal.objects.filter(refund_of=deposit.pk).defer("recipient", "body").order_by("-id")
    return Section(
        title=title,
        columns=("withdrawal", "status", "amount", "reference", "made"),
        rows=[
            (
                _link("withdrawals_withdrawal", row.pk, row.public_id),
                f"{row.status}: {row.get_status_display()}",
                f"{format_amount(row.amount, row.currency)} {row.currency}",
                row.reference,
                row.created_at,
            )
            for row in rows[:_ROWS_MAX]
        ],
        nothing="None of its money was sent back.",
    )


def _letters(title: str, names: Iterable[str], receipt: Receipt | None) -> Section:
    # By what the index knows: the order that a letter names, or the one that it names wrongly, if any.
    about = Q(order_id__in=sorted(names))
    if receipt is not None and receipt.transaction_id:
        about |= Q(order_id=receipt.custom_id, transaction_id=receipt.transaction_id)
    items = LetterItem.objects.filter(about).order_by("-id")[:_ROWS_MAX]
    return Section(
        title=title,
        columns=("letter", "order", "transaction id", "amount", "status", "note", "came"),
        rows=[
            (
                _link("postbacks_letter", one.letter_id, f"item {one.position}"),
                one.order_id or "-",
                one.transaction_id or "-",
                "-" if one.amount is None else f"{format_amount(one.amount, one.currency)} {one.currency}",
                f"{one.status}: {one.get_status_display()}",
                one.note or "-",
                one.created_at,
            )
            for one in items
        ],
        nothing="No letter came.",
    )


def _calls(title: str, account_id: Any, names: set[str], until: datetime) -> Section:
    # The index of what is still to be redacted serves it; what is redacted has no answer to look at any more. Without
    # the answers, which are long: only those that are shown are read.
    together = ProviderCall.objects.filter(
        account=account_id,
        operation="pullpostbacks",
        redacted_at=None,
        started_at__range=(until - _ASKED_BEFORE, until),
    ).order_by("-started_at")
    asked = [one.pk for one in together.defer("response")[:_LOOKED_THROUGH_MAX] if names & _asked(one)]
    found = ProviderCall.objects.filter(Q(subject__in=sorted(names)) | Q(pk__in=asked)).order_by("-started_at")
    return Section(
        title=title,
        columns=("call", "outcome", "HTTP", "note", "answer, as far as it is about this", "started"),
        rows=[
            (
                _link("providers_providercall", one.pk, one.operation),
                one.outcome or "-",
                one.http_status or "-",
                one.note or "-",
                answers.shown(readable_or(one, "response", None), names),
                one.started_at,
            )
            for one in found[:_ROWS_MAX]
        ],
        nothing="The provider was not called about it.",
    )


def _asked(call: ProviderCall) -> set[str]:
    """The ids that a pull asked about."""
    request = readable_or(call, "request", None)
    asked = request.get("ids") if isinstance(request, dict) else None
    return {one for one in asked if isinstance(one, str)} if isinstance(asked, list) else set()


def known(receipt: Receipt) -> dict[str, str]:
    """What the form of a decision about a receipt begins with: itself, and its deposit where it has one."""
    own = {"receipt": receipt.public_id}
    if receipt.deposit_id is not None:
        own["deposit"] = ids.encode(ids.DEPOSIT, receipt.deposit_id)
    return own
