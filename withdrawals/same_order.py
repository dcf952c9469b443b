"""Does an answer of the provider speak of the order that was asked for?"""

import re
from decimal import Decimal

from gateway import ids
from gateway.paykassma.messages import PostbackItem
from withdrawals.frozen_requests import frozen_request
from withdrawals.models import Withdrawal


def names_no_other(withdrawal: Withdrawal, item: PostbackItem) -> bool:
    """Whether the id inside of an answer is the withdrawal's own, or left out."""
    return item.withdrawal_id in {"", withdrawal.public_id}


def another_of_ours(withdrawal: Withdrawal, item: PostbackItem) -> str | None:
    """The id inside of an answer, where it is one of our other withdrawals. Samples have foreign ones."""
    inner = ids.decode(ids.WITHDRAWAL, item.withdrawal_id) if item.withdrawal_id else None
    if inner is None or inner == withdrawal.pk or not Withdrawal.objects.filter(pk=inner).exists():
        return None
    return ids.encode(ids.WITHDRAWAL, inner)


def answer_differs_in(withdrawal: Withdrawal, item: PostbackItem) -> list[str]:
    """Names of what the provider says differently from the frozen request. What it leaves out differs in nothing."""
    request = frozen_request(withdrawal)
    pairs = {
        "account_number": (request.get("account_number", ""), item.account_number),
        "account_name": (request.get("account_name", ""), item.account_name),
        "account_email": (request.get("account_email", ""), item.account_email),
        "bank_code": (request.get("bank_details", {}).get("bank_code", ""), item.bank_code),
        "branch_code": (request.get("bank_details", {}).get("branch_code", ""), item.branch_code),
    }
    found = [name for name, (ours, theirs) in pairs.items() if ours and theirs and not fits_mask(ours, theirs)]
    if item.amount != Decimal(request["amount"]):
        found.append("amount")
    if item.currency != request["currency_code"]:
        found.append("currency")
    if item.wallet_type != request["payment_system"]:
        found.append("payment_system")
    if item.label and item.label != request["label"]:
        found.append("label")
    return found


def fits_mask(ours: str, theirs: str) -> bool:
    """True where the provider's text is ours, with stars standing for any characters (``63*****8``).

    Case and blanks do not count: names come back as banks write them.
    """
    text = _folded(ours)
    head, *rest = re.split(r"\*+", _folded(theirs))
    if not rest:
        return text == head
    *middle, tail = rest
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    text = text[len(head) : len(text) - len(tail)]
    for part in middle:
        # The leftmost place leaves the most for the rest, so one pass is enough; a regular expression would try
        # every way to spread the stars, and a long mask would hold a worker for hours.
        _, found, text = text.partition(part)
        if not found:
            return False
    return True


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()
