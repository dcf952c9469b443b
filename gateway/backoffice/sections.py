"""The sections of the evidence about an order: tables of journals, letters and calls, each as far as it may be seen."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from balances.models import Journal
from gateway.backoffice import answers
from gateway.encryption import readable_or
from gateway.money import format_amount
from gateway.providers.models import ProviderCall
from postbacks.models import LetterItem

#: Most rows of one section: an order has a handful of each, and a flood of letters is no evidence.
ROWS_MAX: Final = 20
#: Titles that several pages have.
LETTERS: Final = "The provider's letters"
CALLS: Final = "Calls to the provider"


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
Part = tuple[str, type[Model], Callable[[str], Section]]


def as_far_as_seen(request: HttpRequest, title: str, model: type[Model], make: Callable[[str], Section]) -> Section:
    """The section for whoever may see its model's rows, and for others a sentence, without looking any up."""
    seen_in = admin.site.get_model_admin(model)
    if seen_in.has_view_permission(request):
        return make(title)
    sentence = f"You may not see this: it takes the permission to view {seen_in.opts.verbose_name_plural}."
    return Section(title=title, columns=(), rows=(), nothing=sentence)


def link(page: str, key: object, text: object) -> str:
    """To the page of a row."""
    return format_html('<a class="underline" href="{}">{}</a>', reverse(f"admin:{page}_change", args=[key]), text)


def journals(title: str, kinds: Iterable[str], reference: str) -> Section:
    """What was posted for an order, leg by leg."""
    posted = Journal.objects.filter(kind__in=kinds, reference=reference).select_related("instruction")
    rows = [
        (
            link("balances_journal", one.pk, one.kind),
            entry.account.kind,
            format_amount(entry.amount, entry.currency) if entry.amount > 0 else "",
            format_amount(-entry.amount, entry.currency) if entry.amount < 0 else "",
            entry.currency,
            one.cause.replace("_", " ")
            if one.instruction is None
            else link("balances_instruction", one.instruction.pk, one.instruction.public_id),
            one.created_at,
        )
        for one in posted.order_by("created_at", "id").prefetch_related("entries__account")
        for entry in sorted(one.entries.all(), key=lambda entry: -entry.amount)
    ]
    columns = ("journal", "account", "debit", "credit", "currency", "cause", "posted")
    return Section(title=title, columns=columns, rows=rows, nothing="Nothing was posted.")


def letters(title: str, about: Q) -> Section:
    """The items of the provider's letters that the filter finds, latest first."""
    items = LetterItem.objects.filter(about).order_by("-id")[:ROWS_MAX]
    return Section(
        title=title,
        columns=("letter", "order", "transaction id", "amount", "status", "note", "came"),
        rows=[
            (
                link("postbacks_letter", one.letter_id, f"item {one.position}"),
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


def calls(title: str, names: Collection[str], *, rows_max: int = ROWS_MAX) -> Section:
    """Every call that was about one of the ids, alone or among others, latest first.

    Answers are shown as far as they are about these ids; digests are of the whole request and answer.
    """
    about = Q(subject__in=sorted(names)) | Q(also_about__overlap=sorted(names))
    return Section(
        title=title,
        columns=(
            *("call", "outcome", "HTTP", "note", "request, SHA-256", "answer, SHA-256"),
            *("answer, as far as it is about this", "started"),
        ),
        rows=[
            (
                link("providers_providercall", one.pk, one.operation),
                _outcome(one),
                one.http_status or "-",
                one.note or "-",
                _body_digest(one),
                one.response_digest or "-",
                answers.shown(readable_or(one, "response", None), names),
                one.started_at,
            )
            for one in ProviderCall.objects.filter(about).order_by("-started_at")[:rows_max]
        ],
        nothing="The provider was not called about it.",
    )


def _outcome(call: ProviderCall) -> str:
    if call.sent is None:
        return "none: we died meanwhile"
    return call.outcome if call.sent else f"{call.outcome}: no byte left"


def _body_digest(call: ProviderCall) -> str:
    """Of the bytes that were sent, where they were frozen before."""
    request = readable_or(call, "request", None)
    return str(request.get("body_digest", "-")) if isinstance(request, dict) else "-"
