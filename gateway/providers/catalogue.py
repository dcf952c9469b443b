"""The built-in catalogue of payment systems: what the contract says about each (C§1.3 to C§1.5, C§1.9, C§4).

`seed` writes these as rows; finance edits the rows afterwards. A row that exists is never overwritten.

Where the contract is silent a row takes the default that harms nobody, and is finance's to narrow:

* the flow is activation: asking for details binds nobody and may be repeated, a push makes a customer pay;
* the amount is asked for: one too many is ignored ("-" in C§1.4a), one missing is a refusal;
* any visible text is a reference;
* a screenshot is taken where the provider's form has a place for one (C§1.4b), and asked of nobody;
* limits are not known, and nothing pays out;
* the customer's app calls the reference a transaction ID.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

from gateway.providers import detail_fields
from gateway.providers.detail_fields import DetailField
from gateway.providers.models import ANY_REFERENCE_LABEL, Flow, QrKind, ReferenceKind, ScreenshotWish


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One payment system; the fields are those of the model `PaymentSystem`."""

    code: str
    name: str
    flow: Flow
    currencies: list[str]
    pays_out: bool = False
    is_manual: bool = False
    manual_path: str = ""
    wants_amount: bool = False
    screenshot: ScreenshotWish = ScreenshotWish.NEVER
    reference_kind: ReferenceKind = ReferenceKind.TEXT
    reference_pattern: str = ""
    reference_example: str = ""
    reference_label: str = ANY_REFERENCE_LABEL
    usual_minutes: int | None = None
    qr: QrKind = QrKind.NONE
    detail_fields: list[DetailField] = field(default_factory=list)
    recipient_fields: list[DetailField] = field(default_factory=list)
    constants: Mapping[str, str] = field(default_factory=dict)
    return_url_keys: Mapping[str, str] = field(default_factory=dict)
    saves_up: bool = False

    def as_row(self) -> dict[str, Any]:
        """Column values of the model."""
        return asdict(self)


_UNKNOWN_REFERENCE: Final[dict[str, Any]] = {"wants_amount": True, "reference_example": "ABC-123456"}
_PAYTM_REFERENCE: Final[dict[str, Any]] = {
    "reference_kind": ReferenceKind.CODE,
    "reference_pattern": "[0-9A-Z-]{6,40}",
    "reference_example": "123-ABC-456-DEF",
}
_WALLET_REFERENCE: Final[dict[str, Any]] = {
    "reference_kind": ReferenceKind.CODE,
    "reference_pattern": "[0-9A-Z]{6,20}",
    "reference_example": "9AB8CD7EF6",
}
_TXN_ID: Final = "TxnID"
_TID: Final = "Transaction ID (TID)"
_CHECKOUT_URLS: Final = {"success_url": "success", "fail_url": "failure", "cancel_url": "failure"}

#: How long it usually takes until money is seen: minutes where machines compare, half an hour where a person does. The
#: contract says nothing of it; who has measured writes it into the row.
_COMPARED_MINUTES: Final = 5
_LOOKED_AT_MINUTES: Final = 30
_APPROVED_MINUTES: Final = 2

_activated = partial(System, flow=Flow.ACTIVATION, usual_minutes=_COMPARED_MINUTES)
_redirected = partial(System, flow=Flow.REDIRECT, usual_minutes=_APPROVED_MINUTES)
_pushed = partial(System, flow=Flow.PUSH, usual_minutes=_APPROVED_MINUTES)
# C§1.4b: an operator compares amount and picture; the amount is always required there.
_by_hand = partial(
    System,
    flow=Flow.ACTIVATION,
    is_manual=True,
    wants_amount=True,
    screenshot=ScreenshotWish.OPTIONAL,
    usual_minutes=_LOOKED_AT_MINUTES,
)
# UPI P2P: twelve digits and the amount (C§1.4a). Of its variants the contract names only upi_ib among those that
# pay out; the others have the fields ready for whoever is told that they do (C§1.9: "imps_ib, upi_ib, …").
_upi = partial(
    System,
    flow=Flow.ACTIVATION,
    currencies=["INR"],
    wants_amount=True,
    reference_kind=ReferenceKind.DIGITS,
    reference_pattern="[0-9]{12}",
    reference_example="123456789012",
    reference_label="UPI transaction ID (UTR)",
    usual_minutes=_COMPARED_MINUTES,
    qr=QrKind.UPI,
)
_UPI_RECIPIENT: Final = [detail_fields.UPI_ADDRESS, detail_fields.ACCOUNT_NAME]
_NAMED_RECIPIENT: Final = [detail_fields.ACCOUNT_NUMBER, detail_fields.ACCOUNT_NAME]
#: The form's address on the pages of two systems; the contract's own is the client's default (C§5 row 4).
_OTHER_MANUAL_PATH: Final = "/api/v1/possible-transaction"

_INDIA: Final = (
    _activated(
        code="paytm",
        name="PayTM",
        currencies=["INR"],
        pays_out=True,
        recipient_fields=[detail_fields.ACCOUNT_NUMBER],
        **_PAYTM_REFERENCE,
        # The system of the contract's own sample of savings (C§1.6).
        saves_up=True,
    ),
    # Seen in a letter only (C§1.10); its flow is not told.
    _activated(code="paytm_api", name="PayTM API", currencies=["INR"], **{"wants_amount": True, **_PAYTM_REFERENCE}),
    _upi(code="upi_l", name="UPI P2P", recipient_fields=_UPI_RECIPIENT),
    _upi(code="upi_ib", name="UPI P2P (IB)", pays_out=True, recipient_fields=_UPI_RECIPIENT),
    _upi(code="upi_hb", name="UPI P2P (HB)", recipient_fields=_UPI_RECIPIENT),
    _upi(code="upi_in", name="UPI P2P (IN)", recipient_fields=_UPI_RECIPIENT),
    _upi(code="upi_w", name="UPI P2P (W)", recipient_fields=_UPI_RECIPIENT),
    _upi(code="upi_m", name="UPI P2P (M)", recipient_fields=_UPI_RECIPIENT),
    _redirected(
        code="upi_s",
        name="UPI QR",
        currencies=["INR"],
        constants={"mode": "upi_collect_qr", "wallet_type": "upi_s"},
        return_url_keys={"redirect_url": "success"},
    ),
    # Its details are a number of the app's own as often as a UPI address (C§1.3), so nothing is drawn of them.
    _upi(code="phone_pe", name="PhonePe", reference_label="UTR", qr=QrKind.NONE),
    System(
        code="imps_ib",
        name="IMPS",
        flow=Flow.NONE,
        currencies=["INR"],
        pays_out=True,
        recipient_fields=[*_NAMED_RECIPIENT, detail_fields.IFSC],
    ),
    _by_hand(
        code="staging_b_ml",
        name="IMPS by hand",
        currencies=["INR"],
        screenshot=ScreenshotWish.REQUIRED,  # uploading_payment_bill in the contract's sample (C§1.1)
        reference_kind=ReferenceKind.CODE,
        reference_pattern="[0-9A-Z]{6,40}",
        reference_example="REF123456",
    ),
)
_BANGLADESH: Final = (
    _activated(
        code="bkash",
        name="bKash",
        currencies=["BDT"],
        pays_out=True,
        recipient_fields=[detail_fields.ACCOUNT_NUMBER, detail_fields.ACCOUNT_EMAIL],
        reference_label="TrxID",
        **_WALLET_REFERENCE,
    ),
    _redirected(
        code="bkash_api",
        name="bKash checkout",
        currencies=["BDT"],
        detail_fields=[detail_fields.BKASH_NUMBER],
        return_url_keys=_CHECKOUT_URLS,
    ),
    _activated(
        code="nagad",
        name="Nagad",
        currencies=["BDT"],
        pays_out=True,
        recipient_fields=_NAMED_RECIPIENT,
        reference_label=_TXN_ID,
        **_WALLET_REFERENCE,
    ),
    _redirected(
        code="nagad_api",
        name="Nagad checkout",
        currencies=["BDT"],
        pays_out=True,
        recipient_fields=_NAMED_RECIPIENT,
        return_url_keys=_CHECKOUT_URLS,
    ),
    _activated(code="rocket", name="Rocket", currencies=["BDT"], reference_label=_TXN_ID, **_UNKNOWN_REFERENCE),
)
_PAKISTAN: Final = (
    _activated(
        code="easypaisa",
        name="Easypaisa",
        currencies=["PKR"],
        wants_amount=True,
        reference_kind=ReferenceKind.DIGITS,
        reference_pattern="[0-9]{11}",
        reference_example="12345678901",
        reference_label=_TID,
    ),
    _pushed(
        code="easypaisa_api",
        name="Easypaisa in the app",
        currencies=["PKR"],
        pays_out=True,
        detail_fields=[detail_fields.EASYPAISA_NUMBER],
        recipient_fields=_NAMED_RECIPIENT,
    ),
    _activated(code="jazzcash", name="JazzCash", currencies=["PKR"], reference_label=_TID, **_UNKNOWN_REFERENCE),
    _activated(
        code="jazzcash_business",
        name="JazzCash Business",
        currencies=["PKR"],
        reference_label=_TID,
        **_UNKNOWN_REFERENCE,
    ),
)
_ELSEWHERE: Final = (
    _pushed(code="mpesa", name="M-Pesa", currencies=["KES"], detail_fields=[detail_fields.MPESA_NUMBER]),
    _by_hand(
        code="kbzpay_manual",
        name="KBZPay",
        currencies=["MMK"],
        manual_path=_OTHER_MANUAL_PATH,
        reference_example="ABC-123456",
    ),
    _activated(code="wavepay", name="WavePay", currencies=["MMK"], **_UNKNOWN_REFERENCE),
    _by_hand(code="banktransfer_manual", name="Bank transfer", currencies=["LKR"], reference_example="ABC-123456"),
    _activated(
        code="sinpemovil",
        name="SINPE Móvil",
        currencies=["CRC"],
        wants_amount=True,
        reference_kind=ReferenceKind.DIGITS,
        reference_pattern="[0-9]{20,28}",
        reference_example="12345678901234567890",
        reference_label="Comprobante / Documento",
    ),
    _by_hand(code="baciban_ml", name="Baciban", currencies=["CRC"], reference_example="ABC-123456"),
    _by_hand(
        code="bnb_ml",
        name="BNB",
        currencies=["BTN"],
        manual_path=_OTHER_MANUAL_PATH,
        reference_example="ABC-123456",
    ),
    _by_hand(code="brou_ml", name="BROU", currencies=["UYU"], reference_example="ABC-123456"),
)

SYSTEMS: Final[tuple[System, ...]] = (*_INDIA, *_BANGLADESH, *_PAKISTAN, *_ELSEWHERE)
