"""What counts of fees: the provider's and a product's, each with what it takes of an example."""

import itertools

from django.utils import timezone

from balances import fees
from balances.kinds import FEE_VERB, FeeKind
from balances.models import Fee
from gateway.backoffice import readable
from gateway.backoffice.master_data.rules import EXAMPLE, Rule, Section, form, plain, rows_of, told_former
from gateway.money import shown_amount
from gateway.products.models import Product


def fees_section(mode: str, product: Product | None) -> Section:
    """What the provider takes, and what products pay."""
    found = rows_of(Fee, mode, product, "product", "provider_account", "payment_system", also_all=True)
    rows = list(found.order_by("-valid_from"))
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
                about=f"{_whose(last)}, {last.direction}, {last.currency}, {last.payment_system or 'any system'}",
                says=_said_of_fee(counting) if counting else ("Nothing yet: it begins later.",),
                row=counting,
                former=told_former((one for one in of_one if one is not counting), _said_of_other_fee),
                change=form(
                    FEE_VERB,
                    fee_kind=last.kind,
                    direction=last.direction,
                    mode=mode,
                    currency=last.currency,
                    percent=f"{last.percent.normalize():f}",
                    fixed=plain(last.fixed, last.currency) if last.fixed else "0",
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
        new=form(FEE_VERB, mode=mode, product=product and product.pk, fee_kind=product and FeeKind.PRODUCT.value),
    )


def _whose(row: Fee) -> str:
    if row.kind == FeeKind.PRODUCT:
        return f"{row.product or 'any product'} pays"
    return f"{row.provider_account or 'any account'} takes of us"


def _said_of_fee(row: Fee) -> tuple[str, ...]:
    price = f"{row.percent.normalize():f} % and {shown_amount(row.fixed, row.currency)}"
    taken = shown_amount(fees.amount_of(row, EXAMPLE), row.currency)
    return (
        f"{price}, since {readable.moment(row.valid_from)}.",
        f"Of {shown_amount(EXAMPLE, row.currency)} that is {taken}.",
    )


def _said_of_other_fee(row: Fee) -> str:
    fixed = shown_amount(row.fixed, row.currency)
    return f"{row.percent.normalize():f} % and {fixed} from {readable.moment(row.valid_from)}"
