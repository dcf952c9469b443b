"""What the tests of checkout sessions play with."""

import secrets
import uuid
from typing import Any

from gateway import ids
from payments.checkout import paying
from payments.models import CheckoutSession, Deposit
from tests.conftest import Api
from tests.payments.stage import REFERENCE


def session_body(**changes: Any) -> dict[str, Any]:
    """A body that is accepted, each with a reference of its own; ``...`` leaves a field out."""
    body = {
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": f"order-{secrets.token_hex(6)}",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def begin_session(api: Api, **changes: Any) -> CheckoutSession:
    """Create a session through the API."""
    answer = api.post("checkout-sessions", session_body(**changes))
    assert answer.status_code == 201, answer.content
    return load_session(answer.json()["id"])


def load_session(public_id: str) -> CheckoutSession:
    """The session as it is now."""
    pk = ids.decode(ids.CHECKOUT_SESSION, public_id)
    assert pk is not None
    return CheckoutSession.objects.select_related("product", "customer").get(pk=pk)


def choose(session: CheckoutSession, system: str = "upi_l", *, seen: int = 0, **details: str) -> Deposit:
    """Choose as its customer; gives the attempt that stands now, whoever began it."""
    paying.choose(session.pk, system=system, details=details, seen=seen)
    return attempts(session)[-1]


def name_reference(session: CheckoutSession, reference: str = REFERENCE, **told: Any) -> None:
    """Name a reference as its customer, in a form of its own unless it says which; UPI wants the amount beside it."""
    told = {"attempt": 1, "amount": "1000.00", "form_id": uuid.uuid4(), **told}
    paying.confirm(session.pk, reference=reference, **told)


def attempts(session: CheckoutSession) -> list[Deposit]:
    """The deposits of a session, oldest first."""
    return list(session.deposits.select_related("customer", "payment_system").order_by("checkout_attempt"))
