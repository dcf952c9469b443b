"""The provider's typed messages: those of the single calls here, the larger ones from their own files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.paykassma.postbacks import Postback, PostbackItem, UnusableItem, parse_postback
from gateway.paykassma.pulls import (
    FOUND_TWICE,
    UNKNOWN_MESSAGE,
    Kind,
    PullEntry,
    PullState,
    parse_pull,
    parse_read_postback,
)
from gateway.paykassma.wire_values import (
    read_amount,
    read_currency,
    read_id,
    read_integer,
    read_items,
    read_object,
    read_text,
)
from gateway.paykassma.withdrawals import WithdrawalOrder, freeze_withdrawal, sign_again, unsignable_fields

__all__ = [
    "FOUND_TWICE",
    "UNKNOWN_MESSAGE",
    "AvailableSystem",
    "Balance",
    "Kind",
    "Postback",
    "PostbackItem",
    "PullEntry",
    "PullState",
    "RedirectHashes",
    "Savings",
    "Screenshot",
    "UnusableItem",
    "WithdrawalOrder",
    "freeze_withdrawal",
    "parse_available",
    "parse_balances",
    "parse_details",
    "parse_media_hints",
    "parse_postback",
    "parse_pull",
    "parse_push_message",
    "parse_read_postback",
    "parse_redirect_hashes",
    "parse_redirect_url",
    "parse_savings",
    "sign_again",
    "unsignable_fields",
]

# What browsers and databases take without question; a payment page's address is a few hundred characters.
URL_MAX_CHARS: Final = 2000

# Where payment/create may hide the address of the payment page (C§1.5), in order of preference: the names, and the
# objects that other calls answer in (C§0).
REDIRECT_URL_NAMES: Final = ("url", "redirect_url", "payment_url")
_REDIRECT_URL_PLACES: Final = ("data", "params")

# The one flag of C§1.3; PHP writes true as 1 or "1" where a column was not cast, and nobody pays to a flag.
_DETAILS_FLAG: Final = "is_check_amount"
# What operators copy along with an account number and nobody sees: marks of direction and blanks without width. Not
# the joiners, without which Bengali and Persian names fall apart.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

_HASH = re.compile(r"[0-9A-Za-z]{64}")
_NO_URL_CHARACTER = re.compile(r"[\x00-\x20\x7f\ud800-\udfff<>\"\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableSystem:
    """A payment system that the provider offers in one currency (C§1.1).

    Attributes:
        order: position in the provider's own list; 0 where it gives none.
        logo: http(s) address, or "".
        is_manual: which activation serves it; None where the provider does not say (its older answers).
        uploading_payment_bill: presumably: a screenshot is expected; None as above.
    """

    wallet_type: str
    currency: str
    name: str
    logo: str
    order: int
    is_manual: bool | None
    uploading_payment_bill: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screenshot:
    """A picture of the payment, to be uploaded (C§1.4b).

    Attributes:
        filename: ours, never the customer's.
        content_type: for example image/jpeg.
    """

    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the provider holds of one payment system (C§1.11); may be negative, and has no fixed decimals."""

    wallet_type: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """Sums below a system's minimum, not yet credited (C§1.6)."""

    stockpiling_sum: Decimal
    lacks_sum: Decimal
    minimum_deposit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectHashes:
    """Hashes of redirect addresses, valid for a day, in the order of the addresses sent (C§1.7)."""

    success: tuple[str, ...]
    fail: tuple[str, ...]
    pending: tuple[str, ...]


def parse_available(payload: Any) -> tuple[AvailableSystem, ...]:
    """Read the list of systems; entries without a system or a currency are left out."""
    found: list[AvailableSystem] = []
    for raw in read_items(_member(payload, "params").get("wallets")):
        entry = read_object(raw)
        wallet_type, currency = read_id(entry.get("type")), read_currency(entry.get("currency_code"))
        if wallet_type and currency:
            found.append(
                AvailableSystem(
                    wallet_type=wallet_type,
                    currency=currency,
                    name=read_text(entry.get("name")),
                    logo=_web_address(entry.get("logo")) or "",
                    order=read_integer(entry.get("order")) or 0,
                    is_manual=_flag(entry.get("is_manual")),
                    uploading_payment_bill=_flag(entry.get("uploading_payment_bill")),
                )
            )
    return tuple(found)


def _flag(value: Any) -> bool | None:
    # PHP writes true as 1 or "1" where a column was not cast.
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def parse_details(payload: Any) -> tuple[tuple[str, str], ...]:
    """Read what to show the customer who pays by hand (C§1.3).

    Returns:
        Labels, which differ per system and may be words for people, with their values, in the provider's
        order; numbers as they were written. Flags and nulls are left out. Each value is one line without unseen
        signs: customers copy it into the app they pay with.
    """
    return tuple(_details(_member(payload, "params")))


def _details(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if isinstance(value, dict):
            yield from _details(value)
            continue
        if name == _DETAILS_FLAG:
            continue
        for text in read_items(value) if isinstance(value, list) else [value]:
            if isinstance(text, str) and (line := _one_line(text)):
                yield _one_line(name), line


def _one_line(text: str) -> str:
    return read_text(" ".join(_UNSEEN.sub("", text).split()))


def parse_redirect_url(payload: Any, *, sent: Collection[str] = ()) -> str | None:
    """Find the address of the payment page (C§1.5).

    Args:
        payload: of the answer.
        sent: the addresses that we sent. An answer that repeats its request names them by the same names, and a
            customer led to one would be back before having paid.

    Returns:
        None where there is none fit for a browser.
    """
    places = [*(_member(payload, place) for place in _REDIRECT_URL_PLACES), read_object(payload)]
    found = (_web_address(place.get(name)) for place in places for name in REDIRECT_URL_NAMES)
    return next((url for url in found if url is not None and url not in sent), None)


def parse_push_message(payload: Any) -> str:
    """Find the words for a customer who has to approve on the phone (C§1.5); "" where there are none."""
    message = _member(payload, "data").get("message") or read_object(payload).get("message")
    return _one_line(read_text(message))


def parse_balances(payload: Any) -> tuple[Balance | UnusableItem, ...]:
    """Read the provider's balances (C§1.11)."""
    found: list[Balance | UnusableItem] = []
    for raw in read_items(_member(payload, "data").get("balances")):
        entry = read_object(raw)
        wallet_type, currency = read_id(entry.get("wallet_type")), read_currency(entry.get("currency_code"))
        amount = read_amount(entry.get("amount"))
        if wallet_type and currency and amount is not None:
            found.append(Balance(wallet_type=wallet_type, currency=currency, amount=amount))
        else:
            found.append(UnusableItem(reason="balance", raw=raw))
    return tuple(found)


def parse_savings(payload: Any) -> Savings | UnusableItem:
    """Read a customer's savings (C§1.6). What cannot be read is not reported, which is not zero."""
    entry = read_object(payload)
    saved = read_amount(entry.get("stockpiling_sum"))
    lacking = read_amount(entry.get("lacks_sum"))
    minimum = read_amount(entry.get("minimum_deposit"))
    if saved is None or lacking is None or minimum is None:
        return UnusableItem(reason="savings", raw=payload)
    return Savings(stockpiling_sum=saved, lacks_sum=lacking, minimum_deposit=minimum)


def parse_media_hints(payload: Any) -> dict[str, str]:
    """Read the pictures and films that show how to pay, by payment system (C§1.2)."""
    addresses = {name: _web_address(read_object(hint).get("url")) for name, hint in _member(payload, "data").items()}
    return {name: address for name, address in addresses.items() if address is not None}


def parse_redirect_hashes(payload: Any) -> RedirectHashes | UnusableItem:
    """Read the hashes of redirect addresses (C§1.7), by position: the provider renumbers them."""
    urls = _member(payload, "urls")
    hashes: dict[str, tuple[str, ...]] = {}
    for name in ("success_url", "fail_url", "pending_url"):
        entries = sorted(map(read_object, read_items(urls.get(name))), key=_position)
        hashes[name] = tuple(read_text(entry.get("url")) for entry in entries)
        if not all(map(_HASH.fullmatch, hashes[name])):
            return UnusableItem(reason=name, raw=payload)
    return RedirectHashes(success=hashes["success_url"], fail=hashes["fail_url"], pending=hashes["pending_url"])


def _position(entry: dict[str, Any]) -> int:
    return read_integer(entry.get("order")) or 0


def _member(payload: Any, name: str) -> dict[str, Any]:
    """Give an object inside an answer; PHP may have put it into a list, or written an empty list (C§1.12)."""
    member = read_object(payload).get(name)
    return read_object(member[0] if isinstance(member, list) and len(member) == 1 else member)


def _web_address(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    value = value.replace(" ", "%20")  # names of files have blanks, and browsers write them so
    if len(value) > URL_MAX_CHARS or _NO_URL_CHARACTER.search(value):
        return None
    try:
        parts = urlsplit(value)
        return str(value) if parts.scheme.lower() in {"http", "https"} and parts.hostname else None
    except ValueError:
        return None
