"""The provider's payment window for one deposit (C§1.8), with the product's ways back where they can be had."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateway.paykassma.widget import widget_address
from gateway.providers.models import RedirectKind
from gateway.providers.redirect_hashes import WayBack, hashes_of
from payments.models import Deposit

#: A deposit waits a day for its payment, and a hash lives a day: one made in the last hour leads back nearly as long.
_LEFT_AT_LEAST: Final = timedelta(hours=23)
#: In a worker, but with the customer waiting on the page.
_READ_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where the customer pays.

    Attributes:
        url: to be shown in a frame.
        note: for the history: whether the ways back are in it.
    """

    url: str
    note: str


def compose(deposit: Deposit) -> Window:
    """Write the address of a deposit's window. May call the provider for hashes: no transaction may be open.

    Without its hashes a window still takes the money, and only the way back is missing; so it is opened without
    them rather than late, while a customer waits, or never.
    """
    ways = [WayBack(kind=kind, url=url) for kind in RedirectKind if (url := deposit.return_urls.get(kind.value))]
    hashed = hashes_of(deposit.account, deposit.product, ways, at_least=_LEFT_AT_LEAST, read_seconds=_READ_SECONDS)
    found = {way.kind: row.hash for way, row in hashed.rows.items()}
    url = widget_address(
        deposit.account.widget_url,
        label=deposit.customer.label,
        currency=deposit.currency,
        language=deposit.language,
        wallet_type=deposit.payment_system_id,
        custom_transaction_id=deposit.public_id,
        amount=deposit.amount,
        success_hash=found.get(RedirectKind.SUCCESS, ""),
        fail_hash=found.get(RedirectKind.FAILURE, ""),
        pending_hash=found.get(RedirectKind.PENDING, ""),
    )
    if hashed.trouble is None:
        return Window(url=url, note="payment window")
    missing = ", ".join(way.kind.value for way in ways if way.kind not in found)
    return Window(url=url, note=f"payment window without a way back for {missing}: hashes {hashed.trouble}")
