"""Money that names no order of ours: asked about by its transaction id, one by one (C§1.10), and never in a hurry.

Orders are asked about many at a time, however many letters name them. For strays the provider has no such call, so a
flood of well-signed letters (a leaked key) would become a flood of calls. No customer waits for a stray: an order of
ours is asked about by its own id and ladder in any case. So an account has a budget of questions, and what exceeds it
stays due, oldest first.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db import models, transaction
from django.utils import timezone

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Outcome
from gateway.paykassma.messages import Postback, parse_read_postback
from gateway.providers import calls
from gateway.providers.models import ProviderAccount
from gateway.providers.pace import take_place
from payments import asking as deposits
from postbacks.models import LetterItem

#: Strays claimed together.
_BATCH: Final = 25
#: One question a second and account in the long run: a thousand strays are through in a quarter of an hour, and the
#: provider hardly notices.
SECONDS_PER_QUESTION: Final = 1
#: Questions that may be asked at once after a quiet minute: a real letter never waits behind an empty queue.
BURST_QUESTIONS: Final = 60


def claim(due: "models.QuerySet[LetterItem]", account: ProviderAccount) -> Iterator[list[LetterItem]]:
    """Claim due strays, a batch at a time, for as long as there are some and the account's budget lasts."""
    until = time.monotonic() + due_work.WORK_SECONDS
    while time.monotonic() < until and (wanted := due.filter(next_at__lte=timezone.now())[:_BATCH].count()):
        granted = _reserve(account, wanted)
        if not granted:
            return
        claimed = due_work.claim(due, limit=granted, lease_seconds=calls.LEASE_SECONDS)
        if not claimed:
            return  # another worker has them, and it is not worth spending the budget on looking again
        yield claimed


@transaction.atomic(durable=True)
def _reserve(account: ProviderAccount, wanted: int) -> int:
    # Every question costs a second of a clock that may run ahead of ours by the burst and no further: one column
    # holds the whole budget, and two workers cannot both spend the same second.
    locked: ProviderAccount = due_work.lock(ProviderAccount.objects.all(), account.pk)
    now = timezone.now()
    spent_until = max(now, locked.strays_asked_until or now)
    room = BURST_QUESTIONS - (spent_until - now) / timedelta(seconds=SECONDS_PER_QUESTION)
    granted = max(0, min(wanted, int(room)))
    if granted:
        locked.strays_asked_until = spent_until + timedelta(seconds=SECONDS_PER_QUESTION) * granted
        locked.save(update_fields=["strays_asked_until"])
    return granted


def ask(account: ProviderAccount, items: list[LetterItem]) -> list[LetterItem]:
    """Ask about each; where the provider has it, it is a receipt, if in suspense. Gives those that were held back."""
    for position, item in enumerate(items):
        if not take_place(account):
            return items[position:]
        if not _ask(account, item):
            break  # a provider that is down is down for the other strays, too
    return []


def _ask(account: ProviderAccount, item: LetterItem) -> bool:
    answer = calls.call(
        account,
        "postback",
        lambda client: client.postback(kind="deposit", transaction_id=item.transaction_id),
        subject=item.transaction_id[:40],
        request={"type": "deposit", "transaction_id": item.transaction_id},
        has_place=True,
    )
    if answer.outcome is not Outcome.ACCEPTED:
        return answer.outcome is Outcome.REFUSED  # "Postback not found" is an answer
    postback = parse_read_postback(answer.payload)
    if isinstance(postback, Postback):
        cause = Cause(kind=CauseKind.PULL, id=str(item.letter_id))
        deposits.record_postback(account, postback, asked_for="", cause=cause)
    return True
