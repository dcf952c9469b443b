"""django-ledger (GPL-3.0, called and never copied): `commit_txs` of a ledger, which verifies and posts the entry.

It adds balances up when they are asked for and has no limit to enforce.
"""

from benchmarks.ledger.sides import AMOUNT, Transfer
from benchmarks.ledger.sides.django_project import migrate, set_up

set_up("django_ledger", DJANGO_LEDGER_USE_DEPRECATED_BEHAVIOR=False)

from django.contrib.auth import get_user_model  # noqa: E402 - models exist only now
from django_ledger.io import ASSET_CA_CASH, CREDIT, DEBIT, LIABILITY_CL_ACC_PAYABLE  # noqa: E402
from django_ledger.io.io_core import get_localtime  # noqa: E402
from django_ledger.models import AccountModel, EntityModel, LedgerModel  # noqa: E402


def prepare(accounts: int) -> None:
    """An entity with a chart of accounts and a ledger.

    The first account of a kind is made as the documentation says, the others beside it in one statement: one by one
    they take minutes.
    """
    migrate()
    admin = get_user_model().objects.create_user("benchmark")
    entity = EntityModel.create_entity(name="Benchmark", use_accrual_method=True, admin=admin, fy_start_month=1)
    chart = entity.create_chart_of_accounts(assign_as_default=True, commit=True)
    for prefix, role, side in (("1", ASSET_CA_CASH, DEBIT), ("2", LIABILITY_CL_ACC_PAYABLE, CREDIT)):
        first = chart.create_account(code=f"{prefix}00000", role=role, name=prefix, balance_type=side, active=True)
        parent, step = first.get_parent(), len(first.path) - AccountModel.steplen
        AccountModel.objects.bulk_create(
            AccountModel(
                code=f"{prefix}{number:05}",
                name=f"{prefix} {number}",
                role=role,
                balance_type=side,
                active=True,
                coa_model=chart,
                path=first.path[:step] + AccountModel._int2str(number + 1).zfill(AccountModel.steplen),  # noqa: SLF001
                depth=first.depth,
            )
            for number in range(1, accounts)
        )
        AccountModel.objects.filter(pk=parent.pk).update(numchild=accounts)
    entity.create_ledger(name="Benchmark", posted=True)
    # The first entry makes the row that numbers them. Several processes that make it at once do not recover.
    transfers(accounts)(0, 0)


def transfers(accounts: int) -> Transfer:
    """Journal entries between accounts that are read once."""
    ledger = LedgerModel.objects.select_related("entity").get()
    debited = list(AccountModel.objects.filter(role=ASSET_CA_CASH).order_by("code"))
    credited = list(AccountModel.objects.filter(role=LIABILITY_CL_ACC_PAYABLE).order_by("code"))

    def transfer(left: int, right: int) -> None:
        ledger.commit_txs(
            je_timestamp=get_localtime(),
            je_txs=[
                {"account": debited[left], "amount": AMOUNT, "tx_type": DEBIT, "description": "transfer"},
                {"account": credited[right], "amount": AMOUNT, "tx_type": CREDIT, "description": "transfer"},
            ],
            je_posted=True,
        )

    return transfer
