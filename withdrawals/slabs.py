"""How many approvals of which role a withdrawal takes, by its amount.

Slabs in words, as people agree on them and as they are kept: from an amount on, whose approvals. Each ends where the
next one begins::

    0: none; 10000.00: approver; 100000.00: approver + finance_lead
"""

import itertools
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AbstractUser

from balances.verb_fields import Refused
from gateway import money, turns
from gateway.money import AmountError, format_amount
from gateway.products.models import Mode, Product
from withdrawals.models import SLABS_MAX_LENGTH, SlabSet, Withdrawal
from withdrawals.models.slabs import AND, NOBODY
from withdrawals.states import ApproverRole

#: Money that leaves takes a look of nobody, one or two; a third person would be waited for, not looked with.
APPROVALS_MAX: Final = 2
#: Whose slabs they are: the id of a product, a mode and a currency.
Owner = tuple[UUID, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """From an amount on, the roles whose approvals it takes: one for each, approvers first."""

    beginning: Decimal
    roles: tuple[ApproverRole, ...]

    @property
    def words(self) -> str:
        """The roles as they are kept."""
        return AND.join(self.roles) or NOBODY

    def is_weaker_than(self, other: "Slab") -> bool:
        """Whether it asks for fewer approvals, or for fewer of a finance lead."""
        lead = ApproverRole.FINANCE_LEAD
        return len(self.roles) < len(other.roles) or self.roles.count(lead) < other.roles.count(lead)


def read(text: str, currency: str) -> tuple[Slab, ...]:
    """The slabs of a text.

    Raises:
        Refused: with a sentence that says what would be right.
    """
    slabs = tuple(_slab(part, currency) for part in text.split(";"))
    if slabs[0].beginning != 0:
        raise _refused("The first slab begins at 0, or nothing would be said of small amounts.")
    for one, other in itertools.pairwise(slabs):
        if other.beginning <= one.beginning:
            raise _refused("Each slab begins at a higher amount than the one before it.")
        if other.roles == one.roles:
            amount = format_amount(other.beginning, currency)
            raise _refused(f"The slab from {amount} on says the same as the one before it; leave it out.")
    if len(written(slabs, currency)) > SLABS_MAX_LENGTH:
        raise _refused(f"At most {SLABS_MAX_LENGTH} characters, with all decimals written out.")
    return slabs


def written(slabs: Iterable[Slab], currency: str) -> str:
    """The one text of slabs."""
    return "; ".join(f"{format_amount(one.beginning, currency) if one.beginning else 0}: {one.words}" for one in slabs)


def _slab(text: str, currency: str) -> Slab:
    amount, colon, names = (part.strip() for part in text.partition(":"))
    if not colon:
        raise _refused("Write each slab as an amount, a colon and whose approvals, with a semicolon between two.")
    return Slab(beginning=_beginning(amount, currency), roles=_roles(names))


def _beginning(text: str, currency: str) -> Decimal:
    if re.fullmatch(r"0(\.0{1,4})?", text, re.ASCII):
        return Decimal(0)
    try:
        return money.parse_amount(text, currency)
    except AmountError as error:
        raise _refused(str(error)) from None


def _roles(text: str) -> tuple[ApproverRole, ...]:
    if text == NOBODY:
        return ()
    names = [name.strip() for name in text.split("+")]
    if not set(names) <= set(ApproverRole.values):
        raise _refused(f"Whose approvals: {NOBODY}, or {' or '.join(ApproverRole.values)}, or two of them with a +.")
    if len(names) > APPROVALS_MAX:
        raise _refused(f"A withdrawal takes at most {APPROVALS_MAX} approvals.")
    return tuple(ApproverRole(name) for name in sorted(names))


def _refused(sentence: str) -> Refused:
    return Refused(f"Slabs: {sentence}", field="slabs")


def latest(product: UUID, mode: str, currency: str) -> SlabSet | None:
    """The set that counts now; None where none was ever agreed."""
    rows = SlabSet.objects.filter(product=product, mode=mode, currency=currency)
    return rows.order_by("-version").first()


def needed(withdrawal: Withdrawal) -> list[ApproverRole]:
    """The roles whose approvals the withdrawal takes, one for each; none where it is sent at once.

    Called in its transaction: until that ends, no other live slabs are agreed for its money. Otherwise the database
    would look at other ones than this, and refuse what was right.
    """
    owner = (withdrawal.product_id, withdrawal.mode, withdrawal.currency)
    if withdrawal.mode == Mode.LIVE:
        hold_still(*owner, shared=True)
    roles = list(roles_for(withdrawal.amount, in_force(*owner)))
    # A person looks at what is held, however small it is.
    return roles or ([ApproverRole.APPROVER] if withdrawal.held_for else [])


def in_force(product: UUID, mode: str, currency: str) -> tuple[Slab, ...]:
    """The slabs that count now."""
    return _read(latest(product, mode, currency), mode, currency)


def in_force_together(owners: Collection[Owner]) -> dict[Owner, tuple[Slab, ...]]:
    """The same of several products, modes and currencies at once: one query."""
    rows = SlabSet.objects.filter(product__in={product for product, _, _ in owners})
    newest = rows.order_by("product_id", "mode", "currency", "-version").distinct("product_id", "mode", "currency")
    agreed = {(one.product_id, one.mode, one.currency): one for one in newest}
    return {owner: _read(agreed.get(owner), *owner[1:]) for owner in owners}


def _read(agreed: SlabSet | None, mode: str, currency: str) -> tuple[Slab, ...]:
    if agreed is not None:
        return read(agreed.slabs, currency)
    # Real money is looked at until it was agreed that it need not be.
    return (Slab(beginning=Decimal(0), roles=(ApproverRole.APPROVER,) if mode == Mode.LIVE else ()),)


def roles_for(amount: Decimal, slabs: Sequence[Slab]) -> tuple[ApproverRole, ...]:
    """Whose approvals an amount takes by these slabs."""
    return next(one.roles for one in reversed(slabs) if one.beginning <= amount)


def agree(
    product: Product, mode: str, currency: str, slabs: Iterable[Slab], *, reason: str, by: AbstractUser
) -> SlabSet:
    """Write down the set that counts from now on. Called in a transaction; in live mode, in that of its verb."""
    hold_still(product.pk, mode, currency)
    agreed = SlabSet(
        product=product,
        mode=mode,
        currency=currency,
        slabs=written(slabs, currency),
        reason=reason,
        created_by_id=by.pk,
    )
    agreed.follow()
    return agreed


def hold_still(product: UUID, mode: str, currency: str, *, shared: bool = False) -> None:
    """Until the transaction ends, nobody agrees on slabs of this money.

    Args:
        product: id.
        mode: ``live`` or ``test``.
        currency: ISO 4217 code.
        shared: others may look at them meanwhile.
    """
    turns.take([f"slabs/{product}/{mode}/{currency}"], shared=shared)
