"""What the pictures show: a day of a shop that sells in two countries, and the two weeks before.

The orders are made through the API, the same each time. The weeks before are figures alone, as the service keeps them
of days that are over (`gateway.backoffice.models.DayFigure`): no order of today can have been made last week.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import httpx

from tests.browser.filling import pay_for_nobody
from tests.stories.conftest import Stack

#: (payment system, currency, amounts): the sandbox pays half of 9017.00, and too much for 9018.00.
_SALES: Final = (
    ("upi_l", "INR", "1499.00 640.50 2999.00 1250.00 780.00 4999.00 999.00 3350.00 1890.00 2100.00 560.00 1745.00"),
    ("upi_l", "INR", "899.00 2499.00 1320.00 610.00 7250.00 1180.00 940.00 2875.00 1999.00 9018.00 9017.00"),
    ("phone_pe", "INR", "450.00 1275.00 3600.00 820.00 1999.00 690.00"),
)
_CHECKOUTS: Final = "750.00 1200.00 2640.00 980.00 1850.00"
#: (amount, what for): ten thousand wait for one person, a hundred thousand for two; 9015 is more than the provider has.
_PAYOUTS: Final = (
    ("1218", "refund"),
    ("3480", "seller"),
    ("860", "refund"),
    ("5200", "seller"),
    ("9015", "seller"),
    ("12500", "seller"),
    ("18000", "seller"),
    ("100000", "stock"),
    ("12500", "seller"),
)
#: What a customer paid, and what they told us of it: two digits changed places.
_PAID, _TOLD = "528341907762", "528341907726"
_UNCLAIMED: Final = "2350.00"
_SETTLED: Final = {"credited", "in_review", "paid", "pending_approval", "waiting_funds"}


def open_shop(stack: Stack) -> None:
    """Sell, pay out, and wait until all of it is as it will stay."""
    _past(stack)
    made = [*_sales(stack), *_checkouts(stack), *_payouts(stack)]
    for path in made:
        stack.test.until(path, lambda got: got["status"] in _SETTLED)
    _slip_of_a_finger(stack)
    _service(stack, _COUNT)


def _deposit(stack: Stack, number: int, system: str, currency: str, amount: str, **more: Any) -> dict[str, Any]:
    order = {"payment_system": system, "currency": currency, "amount": amount, **more}
    return stack.test.made("deposits", {**order, "reference": f"shop-{number}", "customer": f"c-{7000 + number % 19}"})


def _confirm(stack: Stack, deposit: dict[str, Any], reference: str) -> None:
    said = {"provider_reference": reference, "amount": deposit["amount"]}
    stack.test.made(f"deposits/{deposit['id']}/confirmations", said)


def _sales(stack: Stack) -> Iterator[str]:
    sales = [(system, currency, amount) for system, currency, amounts in _SALES for amount in amounts.split()]
    for number, (system, currency, amount) in enumerate(sales, 1001):
        one = _deposit(stack, number, system, currency, amount)
        _confirm(stack, one, f"4321{number * 7919:08}")
        yield f"deposits/{one['id']}"


def _checkouts(stack: Stack) -> Iterator[str]:
    back = {"success": "https://shop.example/thanks", "failure": "https://shop.example/sorry"}
    for number, amount in enumerate(_CHECKOUTS.split(), 2001):
        one = _deposit(stack, number, "nagad_api", "BDT", amount, return_urls=back)
        httpx.post(one["next_action"]["url"], data={"decision": "pay"}, trust_env=False)
        yield f"deposits/{one['id']}"


def _payouts(stack: Stack) -> Iterator[str]:
    for number, (amount, what) in enumerate(_PAYOUTS, 501):
        to = {"account_number": f"0000{number * 1237:06}", "account_name": "Test Name", "bank_code": "MAHB0001821"}
        order = {"payment_system": "imps_ib", "currency": "INR", "amount": amount, "customer": f"c-{6500 + number}"}
        one = stack.test.made("withdrawals", {**order, "reference": f"{what}-{number}", "recipient": to})
        yield f"withdrawals/{one['id']}"


def _slip_of_a_finger(stack: Stack) -> None:
    """A customer changes two digits: the money is there, and nobody's; another one asked for the same amount."""
    fault = {"wallet_type": "upi_l", "key1": _TOLD, "amount": _UNCLAIMED, "fault": "never_confirmed"}
    assert stack.control.post("/payments", json=fault).status_code == 200
    slipped = _deposit(stack, 1101, "upi_l", "INR", _UNCLAIMED)
    _confirm(stack, slipped, _TOLD)
    _deposit(stack, 1102, "upi_l", "INR", _UNCLAIMED)
    pay_for_nobody(stack, _UNCLAIMED, _PAID)


_DAYS: Final = 14
#: Told the days, yesterday's first, of each its figures: (currency, kind, kind of account, debit, credit, journals).
_PAST: Final = """
import json, sys
from datetime import timedelta
from django.utils import timezone
from gateway.backoffice.models import Counted, DayFigure
now = timezone.now()
for back, figures in enumerate(json.load(sys.stdin), 1):
    day = now.date() - timedelta(days=back)
    Counted.objects.update_or_create(what=day.isoformat(), defaults={"counted_at": now, "is_settled": True})
    for currency, kind, account_kind, debit, credit, journals in figures:
        DayFigure.objects.update_or_create(
            mode="test", day=day, currency=currency, kind=kind, is_reversal=False, account_kind=account_kind,
            defaults={"debit": debit, "credit": credit, "journals": journals},
        )
"""
#: What the service does every minute.
_COUNT: Final = "from gateway.backoffice.first_page.counting_figures import count_figures; count_figures()"


def _past(stack: Stack) -> None:
    """Two weeks: more on some days than on others, a little more each week, and less goes out than comes in."""
    days = []
    for back in range(1, _DAYS + 1):
        sold = Decimal(46_000 - 900 * back + 5_300 * (back * 5 % 7))
        days.append(
            [
                ("INR", "receipt_credited", "provider_balance", str(sold), "0", int(sold) // 1_450),
                ("INR", "withdrawal_paid", "provider_balance", "0", str(sold * (3 + back % 4) / 10), 4 + back % 5),
                ("BDT", "receipt_credited", "provider_balance", str(sold / 5), "0", int(sold) // 7_000),
            ]
        )
    _service(stack, _PAST, json.dumps(days))


def _service(stack: Stack, program: str, told: str = "") -> None:
    """Have the service do something that no door of it does."""
    subprocess.run(
        [sys.executable, "-m", "gateway.stack.manage", "shell", "--no-imports", "--command", program],
        env={**os.environ, "STACK_DIR": str(stack.directory)},
        input=told,
        text=True,
        check=True,
    )
