"""What can be asked: letters once more, the outcome of many orders, balances (C§1.10 - C§1.12)."""

from __future__ import annotations

from typing import Any

from gateway.sandbox import answers
from gateway.sandbox.answers import Answer
from gateway.sandbox.faults import Fault
from gateway.sandbox.letters import pulled
from gateway.sandbox.provider import Provider
from gateway.sandbox.received import Received
from gateway.sandbox.rows import Kind, Letter, OrderRef
from gateway.sandbox.validation import Complaints


def read_postback(provider: Provider, received: Received) -> Answer:
    """C§1.10: one letter, without its signature."""
    complaints = Complaints(received.fields)
    kind = _kind(complaints)
    if kind is None:
        return answers.fail(complaints.messages)
    if kind is Kind.WITHDRAWAL:
        withdrawal_id = complaints.text("withdrawal_id")
        if complaints:
            return answers.fail(complaints.messages)
        found = _of_order(provider, OrderRef(kind=kind, order_id=withdrawal_id))
    else:
        transaction_id = complaints.text("transaction_id", is_required=False)
        custom_id = complaints.text("custom_id", is_required=False)
        if not (transaction_id or custom_id):
            complaints.add("transaction_id", "The transaction id field is required when custom id is not present.")
        if complaints:
            return answers.fail(complaints.messages)
        if custom_id:
            found = _of_order(provider, OrderRef(kind=kind, order_id=custom_id))
        else:
            found = provider.book.pulled_by_transaction(transaction_id) or answers.POSTBACK_NOT_FOUND
    return answers.fail(found) if isinstance(found, str) else answers.ok(postback=_shown(found))


def pull_postbacks(provider: Provider, received: Received) -> Answer:
    """C§1.12: many orders at once, in the order they were asked for."""
    complaints = Complaints(received.fields)
    kind = _kind(complaints)
    if kind is None:
        return answers.fail(complaints.messages)
    field = "plugin_custom_order_id" if kind is Kind.DEPOSIT else "withdrawal_id"
    ids = received.fields.get(field)
    if not isinstance(ids, list) or not ids:
        spoken = field.replace("_", " ")
        return answers.fail({field: [f"The {spoken} field is required when type is {kind.value}."]})
    rows: list[dict[str, Any]] = []
    for order_id in map(str, ids):
        found = _of_order(provider, OrderRef(kind=kind, order_id=order_id))
        outcome = {"message": found} if isinstance(found, str) else {"postback": _shown(found)}
        rows.append({field: order_id, **outcome})
    name = "transactions" if kind is Kind.DEPOSIT else "withdrawals"
    return answers.success({name: rows}, total=len(rows))


def accounts_balance(provider: Provider, received: Received) -> Answer:
    """C§1.11: the change of each balance since the sandbox began; it may be negative."""
    del received
    rows = [
        {"wallet_type": wallet_type, "currency_code": currency_code, "amount": amount}
        for (wallet_type, currency_code), amount in sorted(provider.book.balances().items())
    ]
    return answers.success({"balances": rows})


def _kind(complaints: Complaints) -> Kind | None:
    name = complaints.text("type")
    if name in set(Kind):
        return Kind(name)
    if name:
        complaints.add("type", "The selected type is invalid.")
    return None


def _of_order(provider: Provider, ref: OrderRef) -> Letter | str:
    """The letter about an order, or the words that there is none."""
    storm = provider.weather.storm
    if storm is not None and ref.kind is Kind.WITHDRAWAL and storm.denies(ref.order_id):
        return answers.WITHDRAWAL_NOT_FOUND
    letter = provider.book.pulled_by_order(ref)
    if letter is not None:
        return letter
    if ref.kind is Kind.DEPOSIT:
        return answers.POSTBACK_NOT_FOUND
    order = provider.book.withdrawals.get(ref.order_id)
    # "Not found" may also be a lie for a while (9025): it is never proof.
    is_denied = order is None or order.fault is Fault.DENIED
    return answers.WITHDRAWAL_NOT_FOUND if is_denied else answers.POSTBACK_NOT_FOUND


def _shown(letter: Letter) -> dict[str, Any]:
    return pulled(letter.body, is_masked=letter.masked)
