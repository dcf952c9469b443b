"""What two persons agreed on and what of it counts now: fees, slabs, limits, duplicate windows and caps.

Every rule is told with an example, who agreed to it and why, and with the versions that counted before it.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse
from django.utils import timezone

from balances import fees
from balances.kinds import FEE_VERB, FeeKind
from balances.models import Fee
from gateway.backoffice import readable
from gateway.money import format_amount
from gateway.products.models import Mode, Product
from withdrawals import slabs
from withdrawals.models import (
    DUPLICATE_WINDOW_MINUTES,
    LIMIT_VERB,
    OUTFLOW_VERB,
    SLABS_VERB,
    WINDOW_VERB,
    DuplicateWindow,
    OnExcess,
    OutflowCap,
    SlabSet,
    WithdrawalLimit,
)
from withdrawals.models.agreed import Agreed
from withdrawals.states import ApproverRole

#: Of which people are shown a fee, here as where they agree to it.
_EXAMPLE: Final = Decimal(1000)
_WHOSE: Final = {ApproverRole.APPROVER: "of an approver", ApproverRole.FINANCE_LEAD: "of a finance lead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule and what it means.

    Attributes:
        about: whose it is, and of what.
        says: what it says, a sentence each; the examples among them.
        row: the version that counts; None where nothing was agreed and this is what counts then.
        former: the versions before it and, of fees, those to come; each in a sentence.
        change: address of the form by which one person asks for another version, filled in with this one.
        has_ended: whether this version says that the rule is gone.
    """

    about: str
    says: tuple[str, ...]
    row: Any
    former: tuple[tuple[str, Any], ...]
    change: str
    has_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All rules of one kind.

    Attributes:
        title: of the kind.
        sentence: what such a rule does.
        model: of its rows.
        rules: those there are.
        new: address of the form that asks for one more.
    """

    title: str
    sentence: str
    model: type[models.Model]
    rules: tuple[Rule, ...]
    new: str


#: Whose rows count, in the order of their sections.
MODELS: Final = (SlabSet, WithdrawalLimit, DuplicateWindow, OutflowCap, Fee)


def sections(mode: str, product: Product | None, models: Iterable[type[models.Model]]) -> list[Section]:
    """What counts in a mode of some `MODELS`, for one product (with what counts for every product) or for all."""
    makers = {SlabSet: _slabs, WithdrawalLimit: _limits, DuplicateWindow: _windows, OutflowCap: _caps, Fee: _fees}
    return [makers[one](mode, product) for one in models]


def _form(verb: str, **told: Any) -> str:
    known = {name: value for name, value in told.items() if value not in {None, ""}}
    return f"{reverse('admin:balances_instruction_propose_verb', args=[verb])}?{urlencode(known)}"


def _versions(rows: "Iterable[Agreed]") -> Iterator[tuple[Any, list[Any]]]:
    """The version that counts of each rule, and those before it."""

    def key(row: Agreed) -> tuple[str, ...]:
        return tuple(str(getattr(row, f"{name}_id", getattr(row, name, ""))) for name in row.KEY)

    for _, versions in itertools.groupby(sorted(rows, key=lambda row: (key(row), -row.version)), key=key):
        counting, *former = versions
        yield counting, former


def _former(rows: Iterable[Any], says: Callable[[Any], str]) -> tuple[tuple[str, Any], ...]:
    return tuple((says(row), row) for row in rows)


def _of(model: type[Any], mode: str, product: Product | None, *related: str, also_all: bool = False) -> Any:
    rows = model.objects.filter(mode=mode).select_related("created_by", *related)
    if product is None:
        return rows
    mine = models.Q(product=product)
    return rows.filter(mine | models.Q(product=None) if also_all else mine)


def _slabs(mode: str, product: Product | None) -> Section:
    rules = [
        Rule(
            about=f"{counting.product}, {counting.currency}",
            says=tuple(_said_of_slabs(counting)),
            row=counting,
            former=_former(former, lambda row: row.slabs),
            change=_form(
                SLABS_VERB,
                product=counting.product_id,
                mode=mode,
                currency=counting.currency,
                slabs=counting.slabs,
            ),
        )
        for counting, former in _versions(_of(SlabSet, mode, product, "product"))
    ]
    otherwise = "takes an approver" if mode == Mode.LIVE else "takes nobody's approval"
    return Section(
        title="Slabs of approval",
        sentence="From which amount on a withdrawal takes whose approvals. Where nothing was agreed for a product and "
        f"a currency, every withdrawal {otherwise}. A new set counts for what is made from then on.",
        model=SlabSet,
        rules=tuple(rules),
        new=_form(SLABS_VERB, mode=mode, product=product and product.pk),
    )


def _said_of_slabs(row: SlabSet) -> Iterator[str]:
    agreed = slabs.read(row.slabs, row.currency)
    for one, following in zip(agreed, (*agreed[1:], None), strict=True):
        # An amount in the middle of the slab; of the last one, which has no end, twice its beginning.
        end = 3 * (one.beginning or _EXAMPLE) if following is None else following.beginning
        example = readable.amount(((one.beginning + end) / 2).quantize(Decimal(1)), row.currency)
        roles = " and ".join(_WHOSE[role] for role in one.roles)
        whose = f"the approval {roles}" if roles else "nobody's approval"
        yield f"From {readable.amount(one.beginning, row.currency)} on: a withdrawal of {example} would need {whose}."


def _limits(mode: str, product: Product | None) -> Section:
    rows = _of(WithdrawalLimit, mode, product, "product", "payment_system", also_all=True)
    rules = [
        Rule(
            about=f"{counting.about}, {counting.currency}, in {counting.within}",
            says=_said_of_limit(counting),
            row=counting,
            former=_former(former, lambda row: f"{row.most}, beyond it: {OnExcess(row.on_excess).label}"),
            change=_form(
                LIMIT_VERB,
                mode=mode,
                currency=counting.currency,
                product=counting.product_id,
                per=counting.per,
                payment_system=counting.payment_system_id,
                period=counting.period,
                on_excess=counting.on_excess,
                maximum_amount=_plain(counting.maximum_amount, counting.currency),
                maximum_count=counting.maximum_count,
            ),
            has_ended=counting.maximum_amount is None and counting.maximum_count is None,
        )
        for counting, former in _versions(rows)
    ]
    return Section(
        title="Limits of withdrawals",
        sentence="How much, and how often, may be asked for in a time that looks back from each order. All limits that "
        "apply have to be kept. A new version counts from the next order on, with what was asked for before it.",
        model=WithdrawalLimit,
        rules=tuple(rules),
        new=_form(LIMIT_VERB, mode=mode, product=product and product.pk),
    )


def _said_of_limit(row: WithdrawalLimit) -> tuple[str, ...]:
    if row.maximum_amount is None and row.maximum_count is None:
        return ("It ended: nothing is counted.",)
    beyond = "is refused" if row.on_excess == OnExcess.REFUSE else "is made and waits for a person"
    said = [f"At most {row.most}; what goes beyond it {beyond}."]
    if row.maximum_amount is not None:
        said.append(
            f"So once {readable.amount(row.maximum_amount, row.currency)} were asked for, the next withdrawal {beyond}."
        )
    return tuple(said)


def _windows(mode: str, product: Product | None) -> Section:
    rules = [
        Rule(
            about=str(counting.product),
            says=(_said_of_window(counting.minutes),),
            row=counting,
            former=_former(former, lambda row: f"{row.minutes} minutes"),
            change=_form(WINDOW_VERB, mode=mode, product=counting.product_id, minutes=counting.minutes),
        )
        for counting, former in _versions(_of(DuplicateWindow, mode, product, "product"))
    ]
    return Section(
        title="Duplicate windows",
        sentence=f"How long the same withdrawal looks like a mistake. Where nothing was agreed for a product it is "
        f"{DUPLICATE_WINDOW_MINUTES} minutes.",
        model=DuplicateWindow,
        rules=tuple(rules),
        new=_form(WINDOW_VERB, mode=mode, product=product and product.pk, minutes=DUPLICATE_WINDOW_MINUTES),
    )


def _said_of_window(minutes: int) -> str:
    if not minutes:
        return "Nothing is ever taken for a duplicate."
    return f"The same amount to the same account again within {minutes} minutes waits for a person."


def _caps(mode: str, product: Product | None) -> Section:
    rules = [
        Rule(
            about=f"{counting.product or counting.account}, {counting.currency}",
            says=(_said_of_cap(counting),),
            row=counting,
            former=_former(former, _said_of_cap),
            change=_form(
                OUTFLOW_VERB,
                mode=mode,
                currency=counting.currency,
                product=counting.product_id,
                provider_account=counting.account_id,
                maximum=_plain(counting.maximum, counting.currency),
            ),
            has_ended=counting.maximum is None,
        )
        for counting, former in _versions(_of(OutflowCap, mode, product, "product", "account", also_all=True))
    ]
    return Section(
        title="Caps on what leaves in a day",
        sentence="The most that is sent in 24 hours for a product or through a provider account. A limit stops one "
        "order; a cap stops all payouts of its product or account until a person resumes them.",
        model=OutflowCap,
        rules=tuple(rules),
        new=_form(OUTFLOW_VERB, mode=mode, product=product and product.pk),
    )


def _said_of_cap(row: OutflowCap) -> str:
    if row.maximum is None:
        return "It ended: whatever is approved leaves."
    return f"Once {readable.amount(row.maximum, row.currency)} left in 24 hours, its payouts pause."


def _fees(mode: str, product: Product | None) -> Section:
    rows = list(_of(Fee, mode, product, "product", "provider_account", also_all=True).order_by("-valid_from"))
    now = timezone.now()

    def key(row: Fee) -> tuple[str, ...]:
        owner = str(row.product_id or row.provider_account_id or "")
        return row.kind, row.direction, row.currency, owner, row.payment_system_id or ""

    rules = []
    for _, versions in itertools.groupby(sorted(rows, key=key), key=key):
        of_one = list(versions)
        counting = next((one for one in of_one if one.valid_from <= now), None)
        last = counting or of_one[0]
        rules.append(
            Rule(
                about=f"{_whose(last)}, {last.direction}, {last.currency}, {last.payment_system_id or 'any system'}",
                says=_said_of_fee(counting) if counting else ("Nothing yet: it begins later.",),
                row=counting,
                former=_former((one for one in of_one if one is not counting), _said_of_other_fee),
                change=_form(
                    FEE_VERB,
                    fee_kind=last.kind,
                    direction=last.direction,
                    mode=mode,
                    currency=last.currency,
                    percent=f"{last.percent.normalize():f}",
                    fixed=_plain(last.fixed, last.currency) if last.fixed else "0",
                    product=last.product_id,
                    provider_account=last.provider_account_id,
                    payment_system=last.payment_system_id,
                ),
            )
        )
    return Section(
        title="Fees",
        sentence="What the provider takes of us, and what a product pays, with each receipt or payout. Of the rows "
        "that fit, the narrowest counts: one of the very product or account, then one of the very payment system.",
        model=Fee,
        rules=tuple(rules),
        new=_form(FEE_VERB, mode=mode, product=product and product.pk, fee_kind=product and FeeKind.PRODUCT.value),
    )


def _whose(row: Fee) -> str:
    if row.kind == FeeKind.PRODUCT:
        return f"{row.product or 'any product'} pays"
    return f"{row.provider_account or 'any account'} takes of us"


def _said_of_fee(row: Fee) -> tuple[str, ...]:
    price = f"{row.percent.normalize():f} % and {readable.amount(row.fixed, row.currency)}"
    taken = readable.amount(fees.amount_of(row, _EXAMPLE), row.currency)
    return (
        f"{price}, since {row.valid_from:%Y-%m-%d %H:%M} UTC.",
        f"Of {readable.amount(_EXAMPLE, row.currency)} that is {taken}.",
    )


def _said_of_other_fee(row: Fee) -> str:
    fixed = readable.amount(row.fixed, row.currency)
    return f"{row.percent.normalize():f} % and {fixed} from {row.valid_from:%Y-%m-%d %H:%M} UTC"


def _plain(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else format_amount(amount, currency)
