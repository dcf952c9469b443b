"""The customer's way back to the product, with a signed result.

The result is signed as Standard Webhooks are, with the session's own secret, which the product got with the session:
``checkout_id``, ``checkout_timestamp`` and ``checkout_signature`` are the three headers of the standard as query
parameters, and ``checkout_result`` is the payload. It tells the product which page to show; what it may serve on is the
webhook, or the deposit when asked for.
"""

import json
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.utils import timezone
from standardwebhooks import Webhook

from gateway import ids
from gateway.encryption import readable_or
from gateway.money import format_amount
from payments.checkout.shapes import session_status
from payments.checkout.standing import Standing
from payments.states import DepositStatus

#: What comes with the customer. A product's own address has none of these: of two, programs read the first or the last.
PARAMETERS: Final = ("checkout_result", "checkout_id", "checkout_timestamp", "checkout_signature")
#: In which of the product's pages a customer arrives, by what is known of the deposit.
_KINDS: Final = {
    DepositStatus.CREDITED: "success",
    DepositStatus.CREATED: "pending",
    DepositStatus.AWAITING_PAYMENT: "pending",
    DepositStatus.VERIFYING: "pending",
    DepositStatus.ACCUMULATING: "pending",
    DepositStatus.IN_REVIEW: "pending",
    DepositStatus.FAILED: "failure",
    DepositStatus.EXPIRED: "failure",
    DepositStatus.CANCELLED: "failure",
    DepositStatus.REVERSED: "failure",
}


def kind_of(standing: Standing) -> str:
    """``success``, ``pending`` or ``failure``. Never ``failure`` while money may be under way."""
    if standing.shown is None or standing.current is None:
        # Begun elsewhere it may be paid there.
        return "pending" if standing.is_elsewhere else "failure"
    found = _KINDS[DepositStatus(standing.current.deposit.status)]
    # A reference is still looked for where its attempt has ended, too.
    return "pending" if found == "failure" and standing.shown.open_confirmation is not None else found


def address(standing: Standing) -> str | None:
    """The product's own page for how it stands, without the result; None where it named none."""
    found: str | None = standing.session.return_urls.get(kind_of(standing))
    return found


def way_back(standing: Standing) -> str | None:
    """The same, with the result, signed now: receivers refuse one that is more than five minutes off."""
    base = address(standing)
    secret = readable_or(standing.session, "return_secret", None)
    if base is None or secret is None:
        return None
    at = timezone.now()
    result = json.dumps(_result(standing), separators=(",", ":"))
    message_id = ids.new_hex()
    signature = Webhook(secret).sign(message_id, at, result)
    told = zip(PARAMETERS, (result, message_id, str(int(at.timestamp())), signature), strict=True)
    parts = urlsplit(base)
    # The product's own parameters come first, untouched.
    query = "&".join(filter(None, [parts.query, urlencode(list(told))]))
    return urlunsplit(parts._replace(query=query))


def _result(standing: Standing) -> dict[str, str | None]:
    session, deposit = standing.session, None if standing.current is None else standing.current.deposit
    received = None if deposit is None else deposit.received_amount
    return {
        "checkout_session": session.public_id,
        "reference": session.reference,
        "status": session_status(standing),
        "amount": format_amount(session.amount, session.currency),
        "currency": session.currency,
        "mode": session.mode,
        "deposit": None if deposit is None else deposit.public_id,
        "deposit_status": None if deposit is None else deposit.status,
        "received_amount": None if received is None else format_amount(received, session.currency),
        "amount_check": None if deposit is None else deposit.amount_check or None,
    }
