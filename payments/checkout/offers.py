"""By which payment systems a session may be paid."""

from dataclasses import dataclass
from decimal import Decimal

from gateway.providers.actions import account_for, observe_for_customer
from gateway.providers.models import Flow, PaymentSystem, ProviderAccount, SystemObservation
from payments.models import CheckoutSession
from payments.order_limits import least_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A payment system as it is offered to a customer.

    Attributes:
        system: its row.
        minimum: the least it takes; None: not known.
        maximum: the most it takes; None: not known.
        fits: whether it takes this session's amount.
        logo: the provider's address of its logo; "" where it has none. Customers get our copy of it.
    """

    system: PaymentSystem
    minimum: Decimal | None
    maximum: Decimal | None
    fits: bool
    logo: str = ""


def offered(session: CheckoutSession) -> list[Offer]:
    """Every system that the session may be paid by, as the provider offers them to its customer now.

    Those that take the amount come first, in the provider's order. May ask the provider (it is remembered for a
    minute): no transaction may be open. Where it cannot be asked, those are offered that it ever offered here, and
    the whole catalogue where it never did.

    Raises:
        Problem: 409 where no account serves the mode.
    """
    account = account_for(session.mode)
    systems = [one for one in takers(session) if _takes_fraction(account, session)]
    said = None
    if systems:
        said = observe_for_customer(account, currencies=[session.currency], label=session.customer.label)
    seen = SystemObservation.objects.filter(account=account, currency=session.currency)
    known = {code: (logo, position) for code, logo, position in seen.values_list("code", "logo", "position")}
    if said is not None:
        systems = [one for one in systems if (one.code, session.currency) in said]
    else:
        # Of the rest of the catalogue nobody knows that this account has it: a choice that may lead nowhere.
        systems = [one for one in systems if one.code in known] or systems
    offers = [_offer(one, session, known.get(one.code, ("", None))[0]) for one in systems]
    last = len(known) + 1_000
    return sorted(offers, key=lambda one: (not one.fits, known.get(one.system.code, ("", last))[1], one.system.name))


def takers(session: CheckoutSession) -> list[PaymentSystem]:
    """The systems of the catalogue that take deposits of the session's currency, and that it allows."""
    rows = PaymentSystem.objects.filter(is_enabled=True, currencies__contains=[session.currency])
    rows = rows.exclude(flow=Flow.NONE)
    if session.payment_systems:
        rows = rows.filter(code__in=session.payment_systems)
    return list(rows)


def takes(system: PaymentSystem, session: CheckoutSession) -> bool:
    """Whether a system takes the session's amount."""
    return _offer(system, session, "").fits


def _offer(system: PaymentSystem, session: CheckoutSession, logo: str) -> Offer:
    minimum = least_of(system, takes_savings=session.product.takes_savings)
    maximum = system.deposit_maximum
    fits = (minimum is None or session.amount >= minimum) and (maximum is None or session.amount <= maximum)
    return Offer(system=system, minimum=minimum, maximum=maximum, fits=fits, logo=logo)


def _takes_fraction(account: ProviderAccount, session: CheckoutSession) -> bool:
    """The provider's payment window takes whole units alone (C§1.8)."""
    return not account.prefers_widget or session.amount == session.amount.to_integral_value()
