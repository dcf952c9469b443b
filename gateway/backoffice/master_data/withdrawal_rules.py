"""What counts for withdrawals: slabs of approval, limits, duplicate windows and caps."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from gateway.backoffice.master_data.rules import (
    EXAMPLE,
    Rule,
    Section,
    counting_and_former,
    form,
    plain,
    rows_of,
    told_former,
)
from gateway.money import shown_amount
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
from withdrawals.states import ApproverRole

_WHOSE: Final = {ApproverRole.APPROVER: "of an approver", ApproverRole.FINANCE_LEAD: "of a finance lead"}


def slabs_section(mode: str, product: Product | None) -> Section:
    """Whose approvals a withdrawal takes."""
    rules = [
        Rule(
            about=f"{counting.product}, {counting.currency}",
            says=tuple(_said_of_slabs(counting)),
            row=counting,
            former=told_former(former, lambda row: row.slabs),
            change=form(
                SLABS_VERB,
                product=counting.product_id,
                mode=mode,
                currency=counting.currency,
                slabs=counting.slabs,
            ),
        )
        for counting, former in counting_and_former(rows_of(SlabSet, mode, product, "product"))
    ]
    otherwise = "takes an approver" if mode == Mode.LIVE else "takes nobody's approval"
    return Section(
        title="Slabs of approval",
        sentence="From which amount on a withdrawal takes whose approvals. Where nothing was agreed for a product and "
        f"a currency, every withdrawal {otherwise}. A new set counts for what is made from then on.",
        model=SlabSet,
        rules=tuple(rules),
        new=form(SLABS_VERB, mode=mode, product=product and product.pk),
    )


def _said_of_slabs(row: SlabSet) -> Iterator[str]:
    agreed = slabs.read(row.slabs, row.currency)
    for one, following in zip(agreed, (*agreed[1:], None), strict=True):
        # An amount in the middle of the slab; of the last one, which has no end, twice its beginning.
        end = 3 * (one.beginning or EXAMPLE) if following is None else following.beginning
        example = shown_amount(((one.beginning + end) / 2).quantize(Decimal(1)), row.currency)
        roles = " and ".join(_WHOSE[role] for role in one.roles)
        whose = f"the approval {roles}" if roles else "nobody's approval"
        yield f"From {shown_amount(one.beginning, row.currency)} on: a withdrawal of {example} would need {whose}."


def limits_section(mode: str, product: Product | None) -> Section:
    """What products may ask for in a time."""
    rows = rows_of(WithdrawalLimit, mode, product, "product", "payment_system", also_all=True)
    rules = [
        Rule(
            about=f"{counting.about}, {counting.currency}, in {counting.within}",
            says=_said_of_limit(counting),
            row=counting,
            former=told_former(former, lambda row: f"{row.most}, beyond it: {OnExcess(row.on_excess).label}"),
            change=form(
                LIMIT_VERB,
                mode=mode,
                currency=counting.currency,
                product=counting.product_id,
                per=counting.per,
                payment_system=counting.payment_system_id,
                period=counting.period,
                on_excess=counting.on_excess,
                maximum_amount=plain(counting.maximum_amount, counting.currency),
                maximum_count=counting.maximum_count,
            ),
            has_ended=counting.maximum_amount is None and counting.maximum_count is None,
        )
        for counting, former in counting_and_former(rows)
    ]
    return Section(
        title="Limits of withdrawals",
        sentence="How much, and how often, may be asked for in a time that looks back from each order. All limits that "
        "apply have to be kept. A new version counts from the next order on, with what was asked for before it.",
        model=WithdrawalLimit,
        rules=tuple(rules),
        new=form(LIMIT_VERB, mode=mode, product=product and product.pk),
    )


def _said_of_limit(row: WithdrawalLimit) -> tuple[str, ...]:
    if row.maximum_amount is None and row.maximum_count is None:
        return ("It ended: nothing is counted.",)
    beyond = "is refused" if row.on_excess == OnExcess.REFUSE else "is made and waits for a person"
    said = [f"At most {row.most}; what goes beyond it {beyond}."]
    if row.maximum_amount is not None:
        said.append(
            f"So once {shown_amount(row.maximum_amount, row.currency)} were asked for, the next withdrawal {beyond}."
        )
    return tuple(said)


def windows_section(mode: str, product: Product | None) -> Section:
    """For how long a withdrawal looks like a mistake."""
    rules = [
        Rule(
            about=str(counting.product),
            says=(_said_of_window(counting.minutes),),
            row=counting,
            former=told_former(former, lambda row: f"{row.minutes} minutes"),
            change=form(WINDOW_VERB, mode=mode, product=counting.product_id, minutes=counting.minutes),
        )
        for counting, former in counting_and_former(rows_of(DuplicateWindow, mode, product, "product"))
    ]
    return Section(
        title="Duplicate windows",
        sentence=f"How long the same withdrawal looks like a mistake. Where nothing was agreed for a product it is "
        f"{DUPLICATE_WINDOW_MINUTES} minutes.",
        model=DuplicateWindow,
        rules=tuple(rules),
        new=form(WINDOW_VERB, mode=mode, product=product and product.pk, minutes=DUPLICATE_WINDOW_MINUTES),
    )


def _said_of_window(minutes: int) -> str:
    if not minutes:
        return "Nothing is ever taken for a duplicate."
    return f"The same amount to the same account again within {minutes} minutes waits for a person."


def caps_section(mode: str, product: Product | None) -> Section:
    """What may leave in a day."""
    rows = rows_of(OutflowCap, mode, product, "product", "account", also_all=True)
    rules = [
        Rule(
            about=f"{counting.product or counting.account}, {counting.currency}",
            says=(_said_of_cap(counting),),
            row=counting,
            former=told_former(former, _said_of_cap),
            change=form(
                OUTFLOW_VERB,
                mode=mode,
                currency=counting.currency,
                product=counting.product_id,
                provider_account=counting.account_id,
                maximum=plain(counting.maximum, counting.currency),
            ),
            has_ended=counting.maximum is None,
        )
        for counting, former in counting_and_former(rows)
    ]
    return Section(
        title="Caps on what leaves in a day",
        sentence="The most that is sent in 24 hours for a product or through a provider account. A limit stops one "
        "order; a cap stops all payouts of its product or account until a person resumes them.",
        model=OutflowCap,
        rules=tuple(rules),
        new=form(OUTFLOW_VERB, mode=mode, product=product and product.pk),
    )


def _said_of_cap(row: OutflowCap) -> str:
    if row.maximum is None:
        return "It ended: whatever is approved leaves."
    return f"Once {shown_amount(row.maximum, row.currency)} left in 24 hours, its payouts pause."
