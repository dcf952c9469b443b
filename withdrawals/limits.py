"""What a product may send out, and what looks like the same withdrawal twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Count, QuerySet, Sum

from gateway import turns
from gateway.api.order_fields import check_limits
from gateway.api.problems import Problem, reference_taken
from gateway.money import format_amount
from gateway.providers.models import PaymentSystem
from withdrawals import rules
from withdrawals.models import OnExcess, Per, Period, Withdrawal, WithdrawalLimit
from withdrawals.states import UNPAID, HoldReason

#: What an answer calls the things that a limit counts together.
_WORDS: Final = {
    Per.PRODUCT: "in all",
    Per.CUSTOMER: "for this customer",
    Per.RECIPIENT: "to this recipient",
    Per.PAYMENT_SYSTEM: "through this payment system",
}
_BLOCKED: Final = "Nothing is paid to this recipient."


def check_amount(system: PaymentSystem, currency: str, amount: Decimal) -> None:
    """The least and the most that a payment system pays at once.

    Raises:
        ValidationError: at ``amount``.
    """
    check_limits(amount, currency, minimum=system.withdrawal_minimum, maximum=system.withdrawal_maximum)


def reasons_to_hold(withdrawal: Withdrawal) -> list[HoldReason]:
    """Why a person has to look at a withdrawal that is about to be made. Called in its transaction, before its insert.

    Raises:
        Problem: 422 where it may not be made at all; 409 where it was made already.
        ValidationError: its payment system pays no such amount.
    """
    check_amount(withdrawal.payment_system, withdrawal.currency, withdrawal.amount)
    hashes = withdrawal.account_hashes
    found = rules.of(withdrawal, hashes)
    if found.is_blocked:
        raise _refusal(withdrawal, code="recipient_blocked", detail=_BLOCKED, pointer="/recipient")
    # Counted before the turn, two that fit alone would both be made. Without rules nobody waits for anybody. It comes
    # before the locks of the ledger's accounts, so one transaction opens one withdrawal.
    turns.take(_things(withdrawal, hashes, found))
    reasons = []
    for limit in found.limits:
        left = _left(limit, withdrawal, hashes)
        if left is None:
            continue
        if limit.on_excess == OnExcess.REFUSE:
            raise _refusal(withdrawal, code="limit_exceeded", detail=_exceeded(limit, left), pointer="/amount")
        reasons.append(HoldReason.LIMIT_EXCEEDED)
    if found.duplicate_minutes and _is_there_already(withdrawal, hashes, found.duplicate_minutes):
        reasons.append(HoldReason.DUPLICATE_LIKELY)
    return sorted(set(reasons))


def _things(withdrawal: Withdrawal, hashes: list[str], found: rules.Rules) -> list[str]:
    """Whatever is counted together, by a name. Limits of the same thing over other periods share its turn."""
    whose = f"{withdrawal.product_id}/{withdrawal.mode}/{withdrawal.currency}"
    things: list[str] = []
    for per in {limit.per for limit in found.limits}:
        match per:
            case Per.PRODUCT:
                things.append(f"limit/{whose}")
            case Per.CUSTOMER:
                things.append(f"limit/{whose}/customer/{withdrawal.customer_id}")
            case Per.PAYMENT_SYSTEM:
                things.append(f"limit/{whose}/system/{withdrawal.payment_system_id}")
            case Per.RECIPIENT:
                # Under every key: while keys are rotated, two processes may write under different ones.
                things += [f"limit/{whose}/recipient/{one}" for one in hashes]
    if found.duplicate_minutes:
        things += [f"duplicate/{whose}/{withdrawal.amount.normalize():f}/{one}" for one in hashes]
    return things


def _asked_for(withdrawal: Withdrawal) -> "QuerySet[Withdrawal]":
    """What the product asked for in the mode and the currency of this one."""
    return Withdrawal.objects.filter(product=withdrawal.product_id, mode=withdrawal.mode, currency=withdrawal.currency)


def _counted(rows: "QuerySet[Withdrawal]", withdrawal: Withdrawal, window: timedelta) -> "QuerySet[Withdrawal]":
    """Of these the ones in the window before this one, unless they ended unpaid."""
    return rows.filter(created_at__gt=withdrawal.created_at - window).exclude(status__in=UNPAID)


def counted_together(limit: WithdrawalLimit, withdrawal: Withdrawal, hashes: list[str]) -> "QuerySet[Withdrawal]":
    """Earlier withdrawals that a limit counts together with this one, whose recipient's accounts have these hashes."""
    rows = _counted(_asked_for(withdrawal), withdrawal, Period(limit.period).length)
    match limit.per:
        case Per.CUSTOMER:
            return rows.filter(customer=withdrawal.customer_id)
        case Per.RECIPIENT:
            return rows.filter(recipient_hashes__overlap=hashes)
        case Per.PAYMENT_SYSTEM:
            return rows.filter(payment_system=withdrawal.payment_system_id)
        case _:
            return rows


def _left(limit: WithdrawalLimit, withdrawal: Withdrawal, hashes: list[str]) -> tuple[Decimal, int] | None:
    """How much and how many would still have fitted, where this one does not fit; None where it does."""
    so_far = counted_together(limit, withdrawal, hashes).aggregate(total=Sum("amount"), number=Count("pk"))
    total, number = so_far["total"] or Decimal(0), so_far["number"]
    too_much = limit.maximum_amount is not None and total + withdrawal.amount > limit.maximum_amount
    too_many = limit.maximum_count is not None and number + 1 > limit.maximum_count
    if not too_much and not too_many:
        return None
    # A limit may have been lowered below what was sent already.
    return max((limit.maximum_amount or Decimal(0)) - total, Decimal(0)), max((limit.maximum_count or 0) - number, 0)


def _exceeded(limit: WithdrawalLimit, left: tuple[Decimal, int]) -> str:
    amount, number = left
    rest = []
    if limit.maximum_amount is not None:
        rest.append(f"{format_amount(amount, limit.currency)} {limit.currency}")
    if limit.maximum_count is not None:
        rest.append(str(number))
    return f"At most {limit.most} {_WORDS[Per(limit.per)]} in {limit.within}; left: {' and '.join(rest)}."


def _refusal(withdrawal: Withdrawal, *, code: str, detail: str, pointer: str) -> Problem:
    # Who asks again for what was made already, perhaps because the answer was lost, is told so: from any other refusal
    # they would conclude that it was not made.
    same = Withdrawal.of_reference(withdrawal.product, withdrawal.mode, withdrawal.reference).first()
    if same is not None:
        return reference_taken(same.public_id)
    return Problem(status=422, code=code, detail=detail, pointer=pointer)


def duplicates_of(withdrawal: Withdrawal, hashes: list[str], minutes: int) -> "QuerySet[Withdrawal]":
    """Earlier withdrawals of the same amount to the same account that count."""
    return _counted(same_payments(withdrawal, hashes), withdrawal, timedelta(minutes=minutes))


def same_payments(withdrawal: Withdrawal, hashes: list[str]) -> "QuerySet[Withdrawal]":
    """Withdrawals of the same amount to the same account, this one among them, whenever and whatever became of them."""
    return _asked_for(withdrawal).filter(recipient_hashes__overlap=hashes, amount=withdrawal.amount)


def _is_there_already(withdrawal: Withdrawal, hashes: list[str], minutes: int) -> bool:
    return duplicates_of(withdrawal, hashes, minutes).exists()
