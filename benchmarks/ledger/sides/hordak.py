"""django-hordak (MIT): `Account.transfer_to`, as its documentation shows it, with its triggers.

It adds balances up when they are asked for and has no limit to enforce.
"""

from benchmarks.ledger.sides import AMOUNT, CURRENCY, Transfer
from benchmarks.ledger.sides.django_project import migrate, set_up

set_up("mptt", "hordak", DEFAULT_CURRENCY=CURRENCY, CURRENCIES=[CURRENCY])

from hordak.models import Account, AccountType  # noqa: E402 - models exist only now
from moneyed import Money  # noqa: E402


def prepare(accounts: int) -> None:
    """Every account is a tree of its own, as `mptt` would number them one by one."""
    migrate()
    kinds = [AccountType.asset] * accounts + [AccountType.liability] * accounts
    Account.objects.bulk_create(
        Account(name=f"{kind.label} {place}", type=kind, currencies=[CURRENCY], tree_id=place, lft=1, rght=2, level=0)
        for place, kind in enumerate(kinds, 1)
    )


def transfers(accounts: int) -> Transfer:
    """Credits and debits between accounts that are read once."""
    rows = list(Account.objects.order_by("tree_id"))
    debited, credited = rows[:accounts], rows[accounts:]

    def transfer(left: int, right: int) -> None:
        credited[right].transfer_to(debited[left], Money(AMOUNT, CURRENCY))

    return transfer
