"""The least that a deposit may be: of its system, unless the product lets the provider save smaller sums up."""

from decimal import Decimal

from gateway.providers.models import PaymentSystem


def least_of(system: PaymentSystem, *, takes_savings: bool) -> Decimal | None:
    """The system's minimum; None where there is none, or where what is below it may wait in savings."""
    return None if system.saves_up and takes_savings else system.deposit_minimum
