"""What two persons are shown before money moves, and the digest by which both mean the same."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from balances.accounts import AccountKey
from balances.instruction_models import Instruction
from balances.kinds import JournalKind
from balances.models import Entry
from balances.verbs import Plan
from gateway.in_words import in_words
from gateway.money import format_amount, grouped
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount

#: Of a leg, where its amount stands.
_SIDES: Final = ("debit", "credit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be posted.

    Attributes:
        content: ``{"mode", "notes": [sentence], "journals": [{"kind", "legs": [leg]}]}`` with a leg of ``account``,
            ``debit``, ``credit`` and ``currency``, all texts; the form in which instructions keep it.
        digest: of this content, the verb and its parameters, in hexadecimal SHA-256.
    """

    content: dict[str, Any]
    digest: str

    @property
    def shown_journals(self) -> list[dict[str, Any]]:
        """The journals as pages show them, with amounts in groups of three digits; the digest is of the plain ones."""
        return [
            {**journal, "legs": [{**leg, **{side: _grouped(leg, side) for side in _SIDES}} for leg in journal["legs"]]}
            for journal in self.content["journals"]
        ]


def _grouped(leg: Mapping[str, str], side: str) -> str:
    return grouped(Decimal(leg[side]), leg["currency"]) if leg[side] else ""


def preview(verb: str, parameters: Mapping[str, str], plan: Plan) -> Preview:
    """What people are shown of a plan."""
    names = _Names()
    content = {
        "mode": plan.mode,
        "notes": list(plan.notes),
        "journals": [
            {
                "kind": one.kind.value,
                "legs": [_leg(names.of(leg.account), leg.amount, leg.account.currency) for leg in one.legs],
            }
            for one in plan.journals
        ],
    }
    meant = json.dumps([verb, dict(parameters), content], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Preview(content=content, digest=hashlib.sha256(meant.encode()).hexdigest())


def _leg(account: str, amount: Decimal, currency: str) -> dict[str, str]:
    text = format_amount(abs(amount), currency)
    is_debit = amount > 0
    return {
        "account": account,
        "debit": text if is_debit else "",
        "credit": "" if is_debit else text,
        "currency": currency,
    }


class _Names:
    """Accounts as people call them, each owner looked up once."""

    def __init__(self) -> None:
        self._known: dict[uuid.UUID, str] = {}

    def of(self, key: AccountKey) -> str:
        owners = []
        if key.product is not None:
            owners.append(self._look_up(Product, key.product))
        if key.provider_account is not None:
            owners.append(self._look_up(ProviderAccount, key.provider_account))
        if key.payment_system:
            owners.append(key.payment_system)
        kind = in_words(key.kind.value)
        return f"{kind} of {', '.join(owners)}" if owners else kind

    def _look_up(self, model: Any, pk: uuid.UUID) -> str:
        if pk not in self._known:
            self._known[pk] = model.objects.values_list("name", flat=True).get(pk=pk)
        return self._known[pk]


def sums(plan: Plan) -> list[tuple[str, uuid.UUID, Decimal]]:
    """What a plan would post: kind, account and amount of each leg, in an order of their own."""
    return sorted((one.kind.value, leg.account.id, leg.amount) for one in plan.journals for leg in one.legs)


def posted_sums(instruction: Instruction) -> list[tuple[str, uuid.UUID, Decimal]]:
    """What was posted for an instruction, in the same form, without what products repaid from it."""
    legs: Iterable[tuple[str, uuid.UUID, Decimal]] = (
        Entry.objects.filter(journal__instruction=instruction)
        .exclude(journal__kind=JournalKind.RECEIVABLE_REPAID)
        .values_list("journal__kind", "account", "amount")
    )
    return sorted(legs)
