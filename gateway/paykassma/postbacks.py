"""The provider's word on money that moved: a postback and its items (C§2.1).

Only `additional_data` is signed. Money, ids and status are read from its items; the envelope around them may
only agree, which `Postback.disagreements` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from gateway.paykassma.wire_values import (
    read_amount,
    read_currency,
    read_id,
    read_integer,
    read_items,
    read_object,
    read_text,
)

# The envelope's amount is rounded to a whole number at times (13629 over an item of 13628.5, C§5 row 10).
AMOUNT_TOLERANCE: Final = Decimal(1)

INGOING: Final = "ingoing"
OUTGOING: Final = "outgoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableItem:
    """What cannot be read as money: kept for a person, never guessed at.

    Attributes:
        reason: name of the field that is wrong, or `not_an_object`.
        raw: what was there instead.
    """

    reason: str
    raw: Any = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostbackItem:
    """One transaction of a postback, from the signed part of it.

    Ids are "" where the provider sends "", null or nothing.

    Attributes:
        amount: in `currency`, exactly as sent.
        label: our id of the customer. It stands in the envelope: in a letter it is unsigned.
        custom_id: `plugin_custom_order_id`, our own id of a deposit.
        withdrawal_status: 1 paid, 5 rejected, any other is not final (C§2.1); None for a deposit.
        stockpiling_id: shared by items that were saved up together; identifies nothing by itself.
        activated_datetime: as sent, in the account's time zone.
        exchanger_identifier: the payer's wallet or account.
    """

    amount: Decimal
    currency: str
    label: str
    wallet_type: str
    transaction_id: str
    custom_id: str
    withdrawal_id: str
    withdrawal_status: int | None
    stockpiling_id: str
    transaction_type: int | None
    activated_datetime: str
    exchanger_identifier: str = field(repr=False)
    comment: str = field(repr=False)
    account_number: str = field(repr=False)
    account_name: str = field(repr=False)
    account_email: str = field(repr=False)
    bank_code: str = field(repr=False)
    branch_code: str = field(repr=False)

    @property
    def is_withdrawal(self) -> bool:
        """Whether it is money out."""
        return bool(self.withdrawal_id) or self.withdrawal_status is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Postback:
    """A postback; everything but `items` is unsigned, and None (of the label: "") where it was not sent.

    Its `converted_amount` is not read: it informs nobody, for the provider's own samples do not add up (C§2.1).

    Attributes:
        malformed: names of envelope fields that were sent but cannot be read.
    """

    items: tuple[PostbackItem | UnusableItem, ...]
    wallet_type: str | None
    amount: Decimal | None
    currency: str | None
    label: str
    direction: str | None
    created_datetime: str | None
    malformed: tuple[str, ...]

    def disagreements(self) -> tuple[str, ...]:
        """Name the fields of the envelope that contradict the items, in the envelope's order.

        A field that is absent contradicts nothing; one that cannot be read does.
        """
        items = [item for item in self.items if isinstance(item, PostbackItem)]
        contradicted = {
            "wallet_type": self.wallet_type is not None and any(item.wallet_type != self.wallet_type for item in items),
            "amount": len(items) == len(self.items) and self._amount_differs(items),
            "currency_code": self.currency is not None and any(item.currency != self.currency for item in items),
            "direction": self.direction is not None
            and any(item.is_withdrawal != (self.direction == OUTGOING) for item in items),
        }
        contradicted["direction"] |= self.direction not in {None, INGOING, OUTGOING}
        return tuple(name for name, is_so in contradicted.items() if is_so or name in self.malformed)

    def _amount_differs(self, items: list[PostbackItem]) -> bool:
        # Without a currency of its own the envelope can only mean the one that all of its items share.
        currencies = {self.currency} if self.currency else {item.currency for item in items}
        counted = [item.amount for item in items if item.currency in currencies]
        if self.amount is None or not counted or len(currencies) > 1:
            return False
        return abs(self.amount - sum(counted)) > AMOUNT_TOLERANCE


def parse_postback(body: Any) -> Postback | UnusableItem:
    """Read a postback, whether it came as a letter or out of a pull.

    Args:
        body: from `php_json.parse`; of a letter, `VerifiedLetter.body`. A list of one object counts
            as that object (C§1.12).

    Returns:
        The postback, its bad items in place as `UnusableItem`; or why it is none at all. Never raises.
    """
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        return UnusableItem(reason="not_an_object", raw=body)
    envelope = {
        "wallet_type": _absent_or(read_id, body, "wallet_type"),
        "amount": _absent_or(read_amount, body, "amount"),
        "currency_code": _absent_or(read_currency, body, "currency_code"),
        "label": _absent_or(read_id, body, "label"),
        "direction": _absent_or(read_id, body, "direction"),
        "created_datetime": _absent_or(read_id, body, "created_datetime"),
    }
    return Postback(
        items=tuple(
            parse_item(item, label=envelope["label"] or "") for item in read_items(body.get("additional_data"))
        ),
        malformed=tuple(name for name, value in envelope.items() if value is None and body.get(name) is not None),
        wallet_type=envelope["wallet_type"],
        amount=envelope["amount"],
        currency=envelope["currency_code"],
        label=envelope["label"] or "",
        direction=envelope["direction"],
        created_datetime=envelope["created_datetime"],
    )


def _absent_or(reader: Any, body: Mapping[str, Any], name: str) -> Any:
    return None if body.get(name) is None else reader(body[name])


def parse_item(raw: Any, *, label: str) -> PostbackItem | UnusableItem:
    """Read one item of `additional_data`: strict about money, ids and status, tolerant of everything else."""
    if not isinstance(raw, dict):
        return UnusableItem(reason="not_an_object", raw=raw)
    amount = read_amount(raw.get("amount"))
    if amount is None:
        return UnusableItem(reason="amount", raw=raw)
    currency = read_currency(raw.get("currency_code"))
    if currency is None:
        return UnusableItem(reason="currency_code", raw=raw)
    ids: dict[str, str] = {}
    for name in (
        "wallet_type",
        "transaction_id",
        "plugin_custom_order_id",
        "withdrawal_id",
        "stockpiling_id",
    ):
        identifier = read_id(raw.get(name))
        if identifier is None or (name == "wallet_type" and not identifier):
            return UnusableItem(reason=name, raw=raw)
        # The same payment with and without a blank is one payment (C§0: no spaces at the ends).
        ids[name] = identifier.strip()
    status = read_integer(raw.get("withdrawal_status"))
    if status is None and raw.get("withdrawal_status") is not None and raw["withdrawal_status"] != "":
        return UnusableItem(reason="withdrawal_status", raw=raw)
    kind = raw.get("transaction_type")
    if not isinstance(kind, str | None):
        return UnusableItem(reason="transaction_type", raw=raw)
    bank_details = read_object(raw.get("bank_details"))
    return PostbackItem(
        amount=amount,
        currency=currency,
        label=label,
        wallet_type=ids["wallet_type"],
        transaction_id=ids["transaction_id"],
        custom_id=ids["plugin_custom_order_id"],
        withdrawal_id=ids["withdrawal_id"],
        withdrawal_status=status,
        stockpiling_id=ids["stockpiling_id"],
        # Only 0 and null are known (C§2.1), and nothing is decided by it: a word would be one more that is not known.
        transaction_type=read_integer(kind),
        activated_datetime=read_text(raw.get("activated_datetime")),
        exchanger_identifier=read_text(raw.get("exchanger_identifier")),
        comment=read_text(raw.get("comment")),
        account_number=read_text(raw.get("account_number")),
        account_name=read_text(raw.get("account_name")),
        account_email=read_text(raw.get("account_email")),
        bank_code=read_text(bank_details.get("bank_code")),
        branch_code=read_text(bank_details.get("branch_code")),
    )
