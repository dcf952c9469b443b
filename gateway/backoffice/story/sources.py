"""Where the parts of a story come from that are told of more than one kind of order; whose rows each of them shows."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Q, TextChoices
from django.http import HttpRequest

from balances.instruction_models import Instruction
from balances.models import Journal
from gateway.backoffice.models import Note
from gateway.backoffice.story import customers, money, moves, people, provider, webhooks
from gateway.backoffice.story.bounded import first_and_last
from gateway.backoffice.story.entries import Kind
from gateway.backoffice.story.seen import Source
from gateway.lifecycles import Move
from gateway.people import person_of
from gateway.providers.models import ProviderCall
from gateway.webhooks.models import Event
from payments.models import Confirmation, Deposit, Receipt, Screenshot
from postbacks.models import LetterItem


def life(move: type[Move], history: list[Any], statuses: type[TextChoices], also: tuple[str, ...]) -> Source:
    """How a thing moved."""
    return Source(kind=Kind.MOVE, model=move, make=lambda: moves.entries(history, statuses), also_seen_with=also)


def requests(
    order: Any,
    what: str,
    move: type[Move],
    touched: list[Any],
    also: tuple[str, ...],
    *,
    made: Mapping[Any, tuple[str, datetime]] = MappingProxyType({}),
) -> Source:
    """What the product asked for with its keys: of the order, and of what else was `made` for it."""
    everything = {order.pk: (what, order.created_at), **made}
    return Source(
        kind=Kind.REQUEST,
        model=move,
        make=lambda: moves.requests(order.product_id, order.mode, touched, made=everything),
        also_seen_with=also,
    )


def tried(deposit: Deposit) -> list[Confirmation]:
    """What customers said that they paid of a deposit, oldest first."""
    return first_and_last(Confirmation.objects.filter(deposit=deposit), "created_at", "id")


def claims(tried: list[Confirmation], tries: list[Any], currency: str) -> list[Source]:
    """What customers said that they paid."""
    return [
        Source(
            kind=Kind.CONFIRMATION,
            model=Confirmation,
            make=lambda: customers.confirmations(tried, tries, currency),
        ),
        Source(kind=Kind.SCREENSHOT, model=Screenshot, make=lambda: customers.screenshots(tried)),
    ]


def journals(posted: Q) -> Source:
    """What was posted."""
    return Source(kind=Kind.JOURNAL, model=Journal, make=lambda: money.journals(posted))


def instructions(told: dict[str, Collection[str]]) -> Source:
    """What two persons decided of these."""
    return Source(kind=Kind.INSTRUCTION, model=Instruction, make=lambda: people.instructions(told))


def notes(subjects: Collection[str], request: HttpRequest) -> Source:
    """What people wrote beside it."""
    return Source(kind=Kind.NOTE, model=Note, make=lambda: people.notes(subjects, person_of(request)))


def news(subjects: Collection[str], request: HttpRequest) -> Source:
    """What products were told."""
    return Source(kind=Kind.WEBHOOK, model=Event, make=lambda: webhooks.events(subjects, request))


def outside(names: Collection[str], came: Iterable[Receipt]) -> list[Source]:
    """What the provider was asked and wrote."""
    transactions = {one.transaction_id for one in came} - {""}
    # A call keeps the beginning of a long transaction id (`postbacks.strays`).
    asked_about = {*names, *(one.custom_id for one in came), *(one[:40] for one in transactions)} - {""}
    ordered = sorted({*names, *(one.custom_id for one in came)} - {""})
    letters = Q(order_id__in=ordered)
    if transactions:
        # Letters that name no order, by the index of those.
        letters |= Q(order_id="", transaction_id__in=sorted(transactions))
    return [
        Source(kind=Kind.LETTER, model=LetterItem, make=lambda: provider.letters(letters)),
        Source(kind=Kind.CALL, model=ProviderCall, make=lambda: provider.calls(asked_about)),
    ]
