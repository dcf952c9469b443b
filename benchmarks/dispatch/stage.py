"""``python -m benchmarks.dispatch.stage``: the rows, and the rounds, in a process that has the service's Django.

Reads one JSON document a line from standard input and answers each with one on standard output: first the facts of the
simulated provider, then for each round how many withdrawals it has.
"""

import json
import os
import secrets
import sys
import time
from decimal import Decimal
from typing import Any, Final

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - models exist only now
from django.db import connection, transaction  # noqa: E402
from django.db.models import Max  # noqa: E402
from django.utils import timezone  # noqa: E402

from balances import trial_money  # noqa: E402
from benchmarks.dispatch.crew import Provider  # noqa: E402
from benchmarks.servers import cpu_seconds  # noqa: E402
from gateway import ids  # noqa: E402
from gateway.after_commit import ring  # noqa: E402
from gateway.celery import app  # noqa: E402
from gateway.lifecycles import Cause, CauseKind  # noqa: E402
from gateway.products.models import Mode, Product  # noqa: E402
from gateway.providers.models import (  # noqa: E402
    PauseScope,
    PaymentSystem,
    PayoutPauseKind,
    ProviderAccount,
)
from gateway.providers.pauses import pause_payouts, resume_payouts  # noqa: E402
from gateway.webhooks.actions import add_endpoint  # noqa: E402
from withdrawals.actions import NewWithdrawal, open_withdrawal  # noqa: E402
from withdrawals.models import Withdrawal, WithdrawalMove  # noqa: E402
from withdrawals.states import WithdrawalStatus  # noqa: E402

#: Of the product and of the account.
_NAME: Final = "Dispatch benchmark"
#: The account's pace must not be what is measured.
_CALLS_PER_MINUTE: Final = 10_000_000
_AMOUNT: Final = Decimal(100)
_RECIPIENT: Final = {"account_name": "Test Name", "bank_code": "MAHB0001821"}
#: Looked for the end so often: a question of a millisecond that takes nothing from what is measured.
_LOOK_SECONDS: Final = 0.1
#: A round that takes so long hangs.
_PATIENCE_SECONDS: Final = 300.0

assert app  # the doorbell needs its broker


def set_up(provider: Provider) -> Product:
    """The catalogue, a product with money and a webhook endpoint for everything, and the provider's account."""
    call_command("migrate", verbosity=0)
    call_command("seed", stdout=sys.stderr)
    product = Product.objects.create(name=_NAME)
    requester, approver = (
        User.objects.create(username=name, password="!", is_staff=True, is_superuser=True)  # noqa: S106 - nobody logs in
        for name in ("requester", "approver")
    )
    trial_money.fund(product, [Mode.TEST], requester=requester, approver=approver)
    add_endpoint(product=product, mode=Mode.TEST, url="https://shop.example/webhooks", event_types=[])
    # That of the doors, where they were measured before on this database: one account serves a mode.
    ProviderAccount.objects.filter(mode=Mode.TEST).update(is_active=False)
    ProviderAccount.objects.create(
        name=_NAME,
        mode=Mode.TEST,
        base_url=provider.url,
        api_secret=provider.api_secret,
        withdrawal_key=provider.withdrawal_key,
        postback_access_key=provider.postback_access_key,
        postback_private_key=provider.postback_private_key,
        postback_token=provider.postback_token,
        calls_per_minute=_CALLS_PER_MINUTE,
        calls_at_once=_CALLS_PER_MINUTE,
    )
    return product


def run_round(product: Product, count: int, families: dict[str, list[int]]) -> dict[str, Any]:
    """Make so many withdrawals while none may be sent, then let them go all at once and wait until each is paid.

    Args:
        product: whose they are.
        count: how many.
        families: processes whose processor time is counted, with their descendants, by name.
    """
    account = ProviderAccount.objects.get(name=_NAME)
    person = User.objects.get(username="approver")
    pause = pause_payouts(
        PauseScope.PROVIDER_ACCOUNT, account.pk, PayoutPauseKind.PERSON, "to be let go at once", person
    )
    system = PaymentSystem.objects.get(code="imps_ib")
    made = [_open(product, system) for _ in range(count)]
    before = {name: cpu_seconds(roots) for name, roots in families.items()}
    began_at, began = timezone.now(), time.monotonic()
    resume_payouts(pause.pk, "let go at once", person)
    ring("withdrawals.tasks.send_withdrawals", str(account.pk))
    mine = Withdrawal.objects.filter(pk__in=made)
    while mine.exclude(status=WithdrawalStatus.PAID).exists():
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise SystemExit(f"not settled: {_statuses(made)}")
        time.sleep(_LOOK_SECONDS)
    moves = WithdrawalMove.objects.filter(subject__in=made, to_status=WithdrawalStatus.PAID)
    last_at = moves.aggregate(last=Max("created_at"))["last"]
    return {
        "seconds": (last_at - began_at).total_seconds(),
        "cpu": {name: cpu_seconds(roots) - before[name] for name, roots in families.items()},
    }


def _open(product: Product, system: PaymentSystem) -> Any:
    wish = NewWithdrawal(
        payment_system=system,
        currency="INR",
        amount=_AMOUNT,
        customer=f"customer-{secrets.randbelow(100)}",
        reference=secrets.token_hex(12),
        # Each its own: the same amount to the same account within minutes waits for a person.
        recipient={**_RECIPIENT, "account_number": f"{secrets.randbelow(10**12):012}"},
        comment="payout",
    )
    with transaction.atomic():
        cause = Cause(kind=CauseKind.API_KEY, id="benchmark")
        return open_withdrawal(product, Mode.TEST, wish, cause, withdrawal_id=ids.new_id()).pk


def _statuses(made: list[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Withdrawal.objects.filter(pk__in=made).values_list("status", flat=True):
        found[status] = found.get(status, 0) + 1
    return found


def main() -> None:
    """Answer line by line."""
    product = set_up(Provider(**json.loads(sys.stdin.readline())))
    connection.close()
    _say({})
    for line in sys.stdin:
        job = json.loads(line)
        _say(run_round(product, job["withdrawals"], job["families"]))


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
