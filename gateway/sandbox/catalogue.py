"""The payment systems that the sandbox plays, as far as the contract names their rules (C§1.3 - C§1.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Final

# Bounds of one order, in units of its currency: the contract knows that there are some, not how high.
AMOUNT_MIN: Final = Decimal(10)
AMOUNT_MAX: Final = Decimal(1_000_000)

# The contract's own sample of a minimum deposit (C§1.6). One system has it, so savings are met on purpose.
SAVINGS_MINIMUM: Final = Decimal(148)

# Paths of the manual form: the general one, and the one that the pages of two systems print instead (C§1.4b).
MANUAL_PATH: Final = "/api/v1/possible-transaction/activate"
OTHER_MANUAL_PATH: Final = "/api/v1/possible-transaction"


class Flow(StrEnum):
    """How money comes in."""

    ACTIVATION = "activation"
    """transaction/create hands out details, transaction/activate confirms."""
    MANUAL = "manual"
    """The same, confirmed with a screenshot at possible-transaction/activate."""
    REDIRECT = "redirect"
    """payment/create answers with a page to send the customer to."""
    PUSH = "push"
    """payment/create makes the customer's telephone ask."""
    NONE = "none"
    """Withdrawals only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSystem:
    """One `wallet_type`.

    Attributes:
        wallet_type: the provider's name of the system.
        currency_code: ISO 4217.
        name: as shown to customers.
        flow: how money comes in.
        takes_withdrawals: whether withdrawal/create knows it.
        uploading_payment_bill: whether a screenshot is asked for.
        manual_path: the only path of its form; empty where either will do (C§5, line 4).
        reference: what `key1` must look like.
        amount_required: whether activation needs `amount` (C§1.4a).
        minimum_deposit: below it deposits are saved up (C§1.6); 0 where there are no savings.
        details: the answer of transaction/create; `{number}` becomes a made-up number.
        payment_fields: what payment/create needs beyond the common fields, and its form (C§1.5).
        withdrawal_fields: what withdrawal/create needs beyond the common fields, and its form (C§1.9).
    """

    wallet_type: str
    currency_code: str
    name: str
    flow: Flow
    takes_withdrawals: bool = True
    uploading_payment_bill: bool = False
    manual_path: str = ""
    reference: re.Pattern[str] = re.compile(r".{1,190}")
    amount_required: bool = False
    minimum_deposit: Decimal = Decimal(0)
    details: Mapping[str, str | None] = field(default_factory=dict)
    payment_fields: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    withdrawal_fields: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    @property
    def is_manual(self) -> bool:
        """Whether its deposits are confirmed with a form instead of JSON."""
        return self.flow is Flow.MANUAL


_TEXT: Final = re.compile(r".{1,190}")
_URL: Final = re.compile(r"https?://[^\s/]+\S*")
_ACCOUNT: Final[Mapping[str, re.Pattern[str]]] = {"account_number": _TEXT}
_NAMED: Final[Mapping[str, re.Pattern[str]]] = {"account_number": _TEXT, "account_name": _TEXT}
_MAILED: Final[Mapping[str, re.Pattern[str]]] = {"account_number": _TEXT, "account_email": _TEXT}
_UPI_REFERENCE: Final = re.compile(r"[0-9]{12}")
_VPA: Final[Mapping[str, str | None]] = {"identifier": "merchant{number}@sandbox"}
_WALLET: Final[Mapping[str, str | None]] = {"identifier": "SANDBOX-{number}"}
_AGENT: Final[Mapping[str, str | None]] = {"identifier": "SANDBOX-{number}", "account_type": "agent"}
_PERSONAL: Final[Mapping[str, str | None]] = {"identifier": "SANDBOX-{number}", "account_type": "personal"}
_MERCHANT: Final[Mapping[str, str | None]] = {"identifier": "SANDBOX-{number}", "account_type": "merchant"}
# Of manual systems the answer's names are words for people (C§1.3).
_NAMED_WALLET: Final[Mapping[str, str | None]] = {
    "Wallet number": "SANDBOX-{number}",
    "Account name": "Sandbox Bank",
}

# Of these the contract names no withdrawals.
_money_in: Final = partial(PaymentSystem, flow=Flow.ACTIVATION, takes_withdrawals=False)
_form: Final = partial(PaymentSystem, flow=Flow.MANUAL, takes_withdrawals=False, amount_required=True)

_ALL: Final = (
    PaymentSystem(
        wallet_type="paytm",
        currency_code="INR",
        name="Paytm",
        flow=Flow.ACTIVATION,
        minimum_deposit=SAVINGS_MINIMUM,
        details=_WALLET,
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="upi_l",
        currency_code="INR",
        name="UPI",
        flow=Flow.ACTIVATION,
        reference=_UPI_REFERENCE,
        amount_required=True,
        details=_VPA,
        withdrawal_fields=_NAMED,
    ),
    PaymentSystem(
        wallet_type="upi_ib",
        currency_code="INR",
        name="UPI IB",
        flow=Flow.ACTIVATION,
        reference=_UPI_REFERENCE,
        amount_required=True,
        details=_VPA,
        withdrawal_fields=_NAMED,
    ),
    PaymentSystem(
        wallet_type="upi_s",
        currency_code="INR",
        name="UPI QR",
        flow=Flow.REDIRECT,
        takes_withdrawals=False,
        payment_fields={"mode": re.compile("upi_collect_qr"), "wallet_type": re.compile("upi_s")},
    ),
    PaymentSystem(
        wallet_type="phone_pe",
        currency_code="INR",
        name="PhonePe",
        flow=Flow.ACTIVATION,
        amount_required=True,
        details=_WALLET,
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="imps_ib",
        currency_code="INR",
        name="IMPS",
        flow=Flow.NONE,
        withdrawal_fields={
            "account_number": re.compile(r"[0-9]{1,190}"),
            "account_name": re.compile(r"[a-zA-Z\s]{1,30}"),
            "bank_details.bank_code": re.compile(r"[A-Z]{4}0[0-9A-Z]{6}"),
        },
    ),
    PaymentSystem(
        wallet_type="bkash",
        currency_code="BDT",
        name="bKash",
        flow=Flow.ACTIVATION,
        details=_AGENT,
        withdrawal_fields=_MAILED,
    ),
    PaymentSystem(
        wallet_type="bkash_api",
        currency_code="BDT",
        name="bKash API",
        flow=Flow.REDIRECT,
        payment_fields={"account_number": re.compile(r"0[0-9]{10}"), "success_url": _URL},
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="nagad",
        currency_code="BDT",
        name="Nagad",
        flow=Flow.ACTIVATION,
        details=_PERSONAL,
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="nagad_api",
        currency_code="BDT",
        name="Nagad API",
        flow=Flow.REDIRECT,
        payment_fields={"success_url": _URL, "fail_url": _URL, "cancel_url": _URL},
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="easypaisa",
        currency_code="PKR",
        name="Easypaisa",
        flow=Flow.ACTIVATION,
        reference=re.compile(r"[0-9]{11}"),
        amount_required=True,
        details=_WALLET,
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="easypaisa_api",
        currency_code="PKR",
        name="Easypaisa API",
        flow=Flow.PUSH,
        payment_fields={"phone_number": re.compile(r"03[0-9]{9}")},
        withdrawal_fields=_ACCOUNT,
    ),
    PaymentSystem(
        wallet_type="mpesa",
        currency_code="KES",
        name="M-Pesa",
        flow=Flow.PUSH,
        payment_fields={"phone_number": re.compile(r"254[0-9]{9}")},
        withdrawal_fields=_ACCOUNT,
    ),
    _form(
        wallet_type="staging_b_ml",
        currency_code="INR",
        name="staging B ml",
        uploading_payment_bill=True,
        details={**_NAMED_WALLET, "is_check_amount": None},
    ),
    _form(
        wallet_type="kbzpay_manual",
        currency_code="MMK",
        name="KBZPay",
        manual_path=OTHER_MANUAL_PATH,
        details={"kbzpay number": "SANDBOX-{number}"},
    ),
    _money_in(wallet_type="paytm_api", currency_code="INR", name="Paytm API", details=_WALLET),
    *(
        _money_in(
            wallet_type=f"upi_{bank}",
            currency_code="INR",
            name=f"UPI {bank.upper()}",
            reference=_UPI_REFERENCE,
            amount_required=True,
            details=_VPA,
        )
        for bank in ("hb", "in", "w", "m")
    ),
    _money_in(wallet_type="rocket", currency_code="BDT", name="Rocket", details=_PERSONAL),
    _money_in(wallet_type="jazzcash", currency_code="PKR", name="JazzCash", details=_WALLET),
    _money_in(wallet_type="jazzcash_business", currency_code="PKR", name="JazzCash Business", details=_MERCHANT),
    _money_in(wallet_type="wavepay", currency_code="MMK", name="WavePay", details=_WALLET),
    _form(
        wallet_type="banktransfer_manual",
        currency_code="LKR",
        name="Bank transfer",
        details={"Account number": "SANDBOX-{number}", "Bank": "Sandbox Bank"},
    ),
    _money_in(
        wallet_type="sinpemovil",
        currency_code="CRC",
        name="SINPE Móvil",
        reference=re.compile(r"[0-9]{20,28}"),
        amount_required=True,
        details={**_WALLET, "is_check_amount": None},
    ),
    _form(wallet_type="baciban_ml", currency_code="CRC", name="Baciban ml", details=_NAMED_WALLET),
    _form(
        wallet_type="bnb_ml",
        currency_code="BTN",
        name="BNB ml",
        manual_path=OTHER_MANUAL_PATH,
        details={**_NAMED_WALLET, "is_check_amount": None},
    ),
    _form(wallet_type="brou_ml", currency_code="UYU", name="BROU ml", details=_NAMED_WALLET),
)

SYSTEMS: Final[Mapping[str, PaymentSystem]] = MappingProxyType({system.wallet_type: system for system in _ALL})
