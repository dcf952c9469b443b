"""What a customer is shown before paying: systems, media, details, savings, return addresses."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, Final

from gateway.sandbox import answers
from gateway.sandbox.answers import Answer
from gateway.sandbox.catalogue import SYSTEMS, Flow
from gateway.sandbox.deposits import check_currency
from gateway.sandbox.provider import Provider
from gateway.sandbox.received import Received
from gateway.sandbox.rows import HashedUrl
from gateway.sandbox.validation import CURRENCY_CHARS, Complaints

# transaction/create hands out this many different details in turn: asking twice gives another recipient.
DETAILS_IN_TURN: Final = 10

# C§1.7.
HASH_LIFE_SECONDS: Final = 24 * 60 * 60

# The made-up numbers begin here, so that all have four digits.
FIRST_DETAIL: Final = 1000


def available(provider: Provider, received: Received, base_url: str) -> Answer:
    """C§1.1: the systems that take deposits in any of the currencies asked for."""
    del provider  # the catalogue does not change
    complaints = Complaints(received.fields)
    complaints.text("label")
    asked = received.fields.get("currency_code")
    if not isinstance(asked, list) or not asked:
        complaints.add("currency_code", "The currency code must be an array.")
        asked = []
    if complaints:
        return answers.fail(complaints.messages)
    wallets = [
        {
            "type": system.wallet_type,
            "currency_code": system.currency_code,
            "order": order,
            "logo": f"{base_url}media/{system.wallet_type}.svg",
            "name": system.name,
            "is_manual": system.is_manual,
            "uploading_payment_bill": system.uploading_payment_bill,
        }
        for order, system in enumerate(SYSTEMS.values(), start=1)
        if system.flow is not Flow.NONE and system.currency_code in asked
    ]
    known = {system.currency_code for system in SYSTEMS.values()}
    currencies = [{"code": code, "symbol": code} for code in dict.fromkeys(asked) if code in known]
    return answers.ok(params={"currency_data": currencies, "wallets": wallets})


def images(provider: Provider, received: Received, base_url: str) -> Answer:
    """C§1.2: media hints."""
    del provider, received
    taking = [system.wallet_type for system in SYSTEMS.values() if system.flow in {Flow.ACTIVATION, Flow.MANUAL}]
    data = {name: {"id": number, "url": f"{base_url}media/{name}.gif"} for number, name in enumerate(taking, start=1)}
    return answers.success(data)


def create_transaction(provider: Provider, received: Received, wallet_type: str) -> Answer:
    """C§1.3: hand out made-up details of a recipient. Nothing binds them to an order."""
    complaints = Complaints(received.fields)
    complaints.text("label")
    system = SYSTEMS.get(wallet_type)
    if system is None or system.flow not in {Flow.ACTIVATION, Flow.MANUAL}:
        return answers.fail("Payment system not found")
    check_currency(complaints, system, "currency")
    if complaints:
        return answers.fail(complaints.messages)
    with provider.book.changing():
        provider.book.handed_out += 1
        number = FIRST_DETAIL + provider.book.handed_out % DETAILS_IN_TURN
    return answers.ok(
        params={name: None if text is None else text.format(number=number) for name, text in system.details.items()},
    )


def deposit_info(provider: Provider, received: Received) -> Answer:
    """C§1.6: a customer's savings."""
    complaints = Complaints(received.fields)
    label = complaints.text("label")
    wallet_type = complaints.text("wallet_type")
    currency_code = complaints.text("currency", CURRENCY_CHARS)
    system = SYSTEMS.get(wallet_type)
    if system is None:
        if wallet_type:
            complaints.add("wallet_type", "The selected wallet type is invalid.")
        return answers.fail(complaints.messages)
    if complaints:
        return answers.fail(complaints.messages)
    saved = sum((row.paid for row in provider.book.saved(label, wallet_type, currency_code)), Decimal(0))
    lacks = max(system.minimum_deposit - saved, Decimal(0)) if saved else Decimal(0)
    return answers.ok(stockpiling_sum=saved, lacks_sum=lacks, minimum_deposit=system.minimum_deposit)


def hash_urls(provider: Provider, received: Received) -> Answer:
    """C§1.7: hashes of the widget's return addresses, in ascending order and numbered anew; they live a day."""
    complaints = Complaints(received.fields)
    expires_at = provider.clock.now() + HASH_LIFE_SECONDS
    hashed: dict[str, list[HashedUrl]] = {}
    for field, answered in (
        ("success_urls", "success_url"),
        ("fail_urls", "fail_url"),
        ("pending_urls", "pending_url"),
    ):
        items = received.fields.get(field)
        if not isinstance(items, list) or not all(_is_ordered_url(item) for item in items):
            complaints.add(field, f"The {field.replace('_', ' ')} field is required.")
            continue
        ascending = sorted(items, key=lambda item: int(item["order"]))
        hashed[answered] = [
            HashedUrl(
                kind=answered,
                digest=hashlib.sha256(item["url"].encode()).hexdigest(),
                url=item["url"],
                expires_at=expires_at,
            )
            for item in ascending
        ]
    if complaints:
        return answers.fail(complaints.messages)
    for one in (one for of_kind in hashed.values() for one in of_kind):
        provider.book.put_hashed_url(one)
    return answers.ok(
        urls={
            kind: [{"order": position, "url": one.digest} for position, one in enumerate(of_kind, start=1)]
            for kind, of_kind in hashed.items()
        }
    )


def _is_ordered_url(item: Any) -> bool:
    if not isinstance(item, dict) or type(item.get("order")) is not int or not isinstance(item.get("url"), str):
        return False
    # A browser is sent there, so it has to be printable and a web address.
    url: str = item["url"]
    return url.isprintable() and url.startswith(("https://", "http://"))
