"""The pages that people see: the overview, the pay page, and pictures in place of logos."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from http import HTTPStatus
from typing import Final

from werkzeug.wrappers import Response

from gateway.sandbox.book import Book
from gateway.sandbox.catalogue import SYSTEMS
from gateway.sandbox.clock import provider_text
from gateway.sandbox.faults import DOCUMENTED
from gateway.sandbox.php_json import plain
from gateway.sandbox.rows import Deposit, DepositStatus

# As many as one looks through without searching.
RECENT_ORDERS: Final = 30

_STYLE: Final = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0 auto;padding:1rem;max-width:60rem}
main.pay{max-width:24rem;margin:10vh auto 0;text-align:center}
.amount{font-size:2.2rem;font-weight:700;margin:.5rem 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
button{font:inherit;font-weight:600;width:100%;min-height:3rem;margin:.4rem 0}
button{border:1px solid #8888;border-radius:.5rem}
button.primary{background:#0a5c36;color:#fff;border-color:#0a5c36}
"""

# No script, no picture but the empty icon, nothing from elsewhere. No form-action: that forbids the redirect back.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors "
_NOBODY: Final = "'none'"
# The widget is meant to be shown in a frame of anybody's page (C§1.8).
_ANYBODY: Final = "*"


def page(title: str, content: str, status: int = 200, frames: str = _NOBODY) -> Response:
    """A whole HTML page around content that is escaped already; `frames` says on whose pages it may be shown."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{content}</body></html>"
    )
    return Response(
        html,
        status=status,
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": _POLICY + frames,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
    )


def overview(book: Book) -> Response:
    """`GET /`: systems, magic amounts and the orders that came last. No account of anybody."""
    systems = [
        (
            system.wallet_type,
            system.currency_code,
            system.flow.value,
            "yes" if system.takes_withdrawals else "no",
            "yes" if system.uploading_payment_bill else "no",
        )
        for system in SYSTEMS.values()
    ]
    magic = [(str(line.amount), line.fault.value, line.scope.value, line.meaning) for line in DOCUMENTED]
    content = (
        "<main><h1>Sandbox</h1><p>A simulated payment provider. No real money moves here.</p>"
        "<h2>Payment systems</h2>"
        + _table(("wallet_type", "currency", "deposits", "withdrawals", "screenshot"), systems)
        + "<h2>Magic amounts</h2><p>In any currency.</p>"
        + _table(("amount", "fault", "works for", "what happens"), magic)
        + "<h2>Recent orders</h2>"
        + _table(("id", "system", "amount", "status", "since"), _recent(book))
        + "</main>"
    )
    return page("Sandbox", content)


def _recent(book: Book) -> list[tuple[str, ...]]:
    with book.lock:
        deposits = list(book.deposits.values())[-RECENT_ORDERS:]
        withdrawals = list(book.withdrawals.values())[-RECENT_ORDERS:]
    rows = [
        (
            row.created_at,
            row.custom_id,
            row.wallet_type,
            f"{plain(row.amount)} {row.currency_code}",
            row.status.value,
        )
        for row in deposits
    ]
    rows += [
        (
            row.created_at,
            row.withdrawal_id,
            row.payment_system,
            f"-{plain(row.amount)} {row.currency_code}",
            "accepted" if row.status is None else f"status {row.status}",
        )
        for row in withdrawals
    ]
    newest = sorted(rows, reverse=True)[:RECENT_ORDERS]
    return [(*texts, provider_text(at)) for at, *texts in newest]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    empty = "" if rows else f'<tr><td colspan="{len(heads)}">none yet</td></tr>'
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}{empty}</tbody></table></div>'


def pay_page(deposit: Deposit) -> Response:
    """The page of a redirect system: two buttons, or what was decided."""
    name = SYSTEMS[deposit.wallet_type].name
    return _payment(name, deposit.amount, deposit.currency_code, deposit, _NOBODY)


def widget_page(name: str, amount: Decimal, currency_code: str, deposit: Deposit | None) -> Response:
    """The payment window: two buttons, or what was decided."""
    return _payment(name, amount, currency_code, deposit, _ANYBODY)


def widget_refusal(complaints: Mapping[str, Sequence[str]]) -> Response:
    """The payment window for an address that is wrong: what is wrong with it."""
    texts = "".join(f"<li>{escape(text)}</li>" for of_field in complaints.values() for text in of_field)
    content = f'<main class="pay"><h1>This payment cannot be shown</h1><ul>{texts}</ul></main>'
    return page("Payment", content, HTTPStatus.BAD_REQUEST, _ANYBODY)


def _payment(name: str, amount: Decimal, currency_code: str, deposit: Deposit | None, frames: str) -> Response:
    sum_of_money = f"{plain(amount)} {currency_code}"
    if deposit is None or deposit.status is DepositStatus.AWAITING_CUSTOMER:
        rest = (
            '<form method="post"><button class="primary" name="decision" value="pay">Pay</button>'
            '<button name="decision" value="decline">Decline</button></form>'
        )
    else:
        outcome = "declined" if deposit.status is DepositStatus.DECLINED else "paid"
        rest = f"<p>This payment was {outcome}. You can close this page.</p>"
    content = (
        f'<main class="pay"><h1>{escape(name)}</h1><p class="amount">{escape(sum_of_money)}</p>{rest}'
        "<p><small>Sandbox: no real money moves.</small></p></main>"
    )
    return page(f"{name}: {sum_of_money}", content, frames=frames)


def logo(wallet_type: str) -> Response:
    """A made-up picture of a system: its first letters on a colour of its own."""
    hue = int(hashlib.sha256(wallet_type.encode()).hexdigest(), 16) % 360
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img">'
        f'<rect width="64" height="64" rx="12" fill="hsl({hue} 55% 35%)"/>'
        '<text x="32" y="41" font-family="sans-serif" font-size="26" fill="#fff" text-anchor="middle">'
        f"{escape(wallet_type[:2].upper())}</text></svg>"
    )
    return Response(svg, content_type="image/svg+xml")
