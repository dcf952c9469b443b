"""``python -m tests.storm.judge``: compares our rows with the simulated provider's own book; JSON in, JSON out."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from balances.models import Hold  # noqa: E402 - models exist only now
from gateway.products.models import Product  # noqa: E402
from gateway.providers.models import PayoutPause  # noqa: E402
from gateway.webhooks.models import Event  # noqa: E402
from tests.money import invariants  # noqa: E402
from withdrawals.models import Withdrawal, WithdrawalMove  # noqa: E402
from withdrawals.states import FINAL, IN_DOUBT, WithdrawalStatus  # noqa: E402


class Book:
    """The provider's book: what it took, and how often it paid it."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self.taken: dict[str, Any] = {one["withdrawal_id"]: one for one in plain["withdrawals"]}
        self.paid: Counter[str] = Counter()
        for entry in plain["entries"]:
            sign = {"withdrawal_paid": 1, "withdrawal_returned": -1}.get(entry["movement"], 0)
            self.paid[entry["order_id"]] += sign


def violations(question: dict[str, Any]) -> Iterator[str]:
    """A sentence for everything that must not be."""
    book = Book(question["book"])
    mine = list(
        Withdrawal.objects.filter(reference__startswith=f"{question['name']}-")
        .defer("body", "recipient")
        .order_by("pk")
    )
    yield from _lost(question, mine)
    yield from _against_the_book(book, mine)
    yield from _left(mine, all_final=question["all_final"])
    yield from _failed_by_time(mine)
    yield from _holds(mine)
    yield from _sequences(mine)
    yield from _sums(question)


def _lost(question: dict[str, Any], mine: list[Withdrawal]) -> Iterator[str]:
    found = Counter(one.reference for one in mine)
    for reference, said in question["refused"].items():
        yield f"{reference} was never accepted: {said}"
    for reference, withdrawal_id in question["ids"].items():
        if found[reference] != 1:
            yield f"{reference} was answered with 201 as {withdrawal_id} and is there {found[reference]} times"
    known = {one.public_id for one in mine}
    yield from (f"{lost} was answered with 201 and is gone" for lost in set(question["ids"].values()) - known)


def _against_the_book(book: Book, mine: list[Withdrawal]) -> Iterator[str]:
    for one in mine:
        times = book.paid[one.public_id]
        if times > 1:
            yield f"{one.public_id} was paid {times} times"
        if one.status in FINAL and (one.status == WithdrawalStatus.PAID) != (times == 1):
            yield f"{one.public_id} is {one.status} and the provider paid it {times} times"
        taken = book.taken.get(one.public_id)
        if one.status == WithdrawalStatus.FAILED and taken is not None:
            yield f"{one.public_id} has failed and the provider took it"
        if times and taken is not None and Decimal(taken["paid"]) != one.amount:
            yield f"{one.public_id} is of {one.amount} and the provider paid {taken['paid']}"
    strangers = {name for name, times in book.paid.items() if times and name.startswith("wd_")}
    everybody = {one.public_id for one in Withdrawal.objects.only("pk")}
    yield from (f"{name} was paid and is not ours" for name in strangers - everybody)


def _left(mine: list[Withdrawal], *, all_final: bool) -> Iterator[str]:
    for one in mine:
        # Where nobody has shown that an id is never paid twice, what is in doubt is left to people.
        if one.status not in FINAL and (all_final or one.status not in IN_DOUBT):
            yield f"{one.public_id} is still {one.status} ({one.contradiction or one.last_answer})"


def _failed_by_time(mine: list[Withdrawal]) -> Iterator[str]:
    ended = WithdrawalMove.objects.filter(subject__in=mine, to_status__in=FINAL, cause="clock")
    yield from (f"{move.subject_id} became {move.to_status} by time alone" for move in ended)


def _holds(mine: list[Withdrawal]) -> Iterator[str]:
    held = set(Hold.objects.filter(pk__in=[one.pk for one in mine], status="open").values_list("pk", flat=True))
    for one in mine:
        if (one.pk in held) == (one.status in FINAL):
            yield f"{one.public_id} is {one.status} and its hold is {'open' if one.pk in held else 'closed'}"


def _sequences(mine: list[Withdrawal]) -> Iterator[str]:
    moves: dict[Any, list[tuple[int, str]]] = {}
    for subject, sequence, status in (
        WithdrawalMove.objects.filter(subject__in=mine)
        .order_by("subject", "sequence")
        .values_list("subject", "sequence", "to_status")
    ):
        moves.setdefault(subject, []).append((sequence, status))
    events: dict[str, list[tuple[int, str]]] = {}
    for public_id, sequence, kind in Event.objects.filter(subject__in=[one.public_id for one in mine]).values_list(
        "subject", "sequence", "type"
    ):
        events.setdefault(public_id, []).append((sequence, kind))
    for one in mine:
        history = moves.get(one.pk, [])
        if [sequence for sequence, _ in history] != list(range(1, one.sequence + 1)):
            yield f"{one.public_id}: its history has a gap: {history}"
        # Sending is over in a minute and is nobody's news.
        news = [(sequence, f"withdrawal.{status}") for sequence, status in history if status != "sending"]
        if sorted(events.get(one.public_id, [])) != news:
            yield f"{one.public_id}: its news {events.get(one.public_id)} are not its history {news}"


def _sums(question: dict[str, Any]) -> Iterator[str]:
    product = Product.objects.get(name="Demo product")
    for check in (
        invariants.check_sums_are_zero,
        lambda: invariants.check_balances_are_their_entries(product),
        lambda: invariants.check_holds(product),
        lambda: invariants.check_withdrawals_have_one_posting(product),
    ):
        try:
            check()
        except AssertionError as broken:
            yield f"the ledger: {broken}"
    for pause in PayoutPause.objects.filter(ended_at__isnull=True):
        yield f"payouts of {pause.scope} {pause.key} were stopped: {pause.reason}"
    if not question["ids"]:
        yield "nothing was ordered"


def main() -> None:
    """Answer the question on standard input."""
    question = json.load(sys.stdin)
    sys.stdout.write(json.dumps(list(violations(question))) + "\n")


if __name__ == "__main__":
    main()
