"""The built-in catalogue of payment systems: what the contract says about each (C§1.3 to C§1.5, C§1.9, C§4).

`seed` writes these as rows; finance edits the rows afterwards. A row that exists is never overwritten.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from gateway.providers.models import Flow, ReferenceKind, ScreenshotWish


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailField:
    """One field of a deposit's ``details`` or a withdrawal's ``recipient``.

    Attributes:
        name: its name in our API.
        title: what a person reads.
        pattern: regular expression (ASCII) of the whole value.
        example: a made-up value that fits.
        wire: where the provider wants it, dotted for nested keys; the same name by default.
        required: refused where it is missing.
    """

    name: str
    title: str
    pattern: str
    example: str
    wire: str = ""
    required: bool = True


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
    detail_fields: list[DetailField] = field(default_factory=list)
    recipient_fields: list[DetailField] = field(default_factory=list)
    constants: Mapping[str, str] = field(default_factory=dict)
    return_url_keys: Mapping[str, str] = field(default_factory=dict)
    saves_up: bool = False

    def as_row(self) -> dict[str, Any]:
        """Column values of the model."""
        return asdict(self)


_ACCOUNT_NUMBER = DetailField(
    name="account_number", title="Wallet or account number", pattern=r"[0-9]{5,34}", example="11111111"
)
_UPI_ADDRESS = DetailField(
    name="account_number",
    title="UPI address",
    pattern=r"[A-Za-z0-9._-]{2,64}@[A-Za-z0-9.-]{2,64}",
    example="name@bank",
)
# C§1.9, the IMPS page: letters and blanks, 30 at most.
_ACCOUNT_NAME = DetailField(
    name="account_name",
    title="Name of the account holder",
    pattern=r"[A-Za-z][A-Za-z ]{0,29}",
    example="Test Name",
)
_ACCOUNT_EMAIL = DetailField(
    name="account_email",
    title="E-mail of the recipient",
    pattern=r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,189}\.[A-Za-z]{2,24}",
    example="name@example.com",
)
_IFSC = DetailField(
    name="bank_code",
    title="IFSC of the branch",
    pattern=r"[A-Z]{4}0[0-9A-Z]{6}",
    example="MAHB0001821",
    # The table says branch_code, the sample and live code bank_code (C§5 row 7).
    wire="bank_details.bank_code",
)
_BKASH_REFERENCE: Final[dict[str, Any]] = {
    "reference_kind": ReferenceKind.CODE,
    "reference_pattern": r"[0-9A-Z]{6,20}",
    "reference_example": "9AB8CD7EF6",
}
_UPI_REFERENCE: Final[dict[str, Any]] = {
    "wants_amount": True,
    "reference_kind": ReferenceKind.DIGITS,
    "reference_pattern": r"[0-9]{12}",
    "reference_example": "123456789012",
}

SYSTEMS: Final[tuple[System, ...]] = (
    System(
        code="paytm",
        name="PayTM",
        flow=Flow.ACTIVATION,
        currencies=["INR"],
        pays_out=True,
        reference_kind=ReferenceKind.CODE,
        reference_pattern=r"[0-9A-Z-]{6,40}",
        reference_example="123-ABC-456-DEF",
        recipient_fields=[_ACCOUNT_NUMBER],
        # The system of the contract's own sample of savings (C§1.6).
        saves_up=True,
    ),
    System(code="upi_l", name="UPI P2P", flow=Flow.ACTIVATION, currencies=["INR"], **_UPI_REFERENCE),
    System(
        code="upi_ib",
        name="UPI P2P (IB)",
        flow=Flow.ACTIVATION,
        currencies=["INR"],
        pays_out=True,
        recipient_fields=[_UPI_ADDRESS, _ACCOUNT_NAME],
        **_UPI_REFERENCE,
    ),
    System(
        code="upi_s",
        name="UPI QR",
        flow=Flow.REDIRECT,
        currencies=["INR"],
        constants={"mode": "upi_collect_qr", "wallet_type": "upi_s"},
        return_url_keys={"redirect_url": "success"},
    ),
    System(code="phone_pe", name="PhonePe", flow=Flow.ACTIVATION, currencies=["INR"], **_UPI_REFERENCE),
    System(
        code="imps_ib",
        name="IMPS",
        flow=Flow.NONE,
        currencies=["INR"],
        pays_out=True,
        recipient_fields=[_ACCOUNT_NUMBER, _ACCOUNT_NAME, _IFSC],
    ),
    System(
        code="staging_b_ml",
        name="IMPS by hand",
        flow=Flow.ACTIVATION,
        currencies=["INR"],
        is_manual=True,
        wants_amount=True,
        screenshot=ScreenshotWish.REQUIRED,
        reference_kind=ReferenceKind.CODE,
        reference_pattern=r"[0-9A-Z]{6,40}",
        reference_example="REF123456",
    ),
    System(
        code="bkash",
        name="bKash",
        flow=Flow.ACTIVATION,
        currencies=["BDT"],
        pays_out=True,
        recipient_fields=[_ACCOUNT_NUMBER, _ACCOUNT_EMAIL],
        **_BKASH_REFERENCE,
    ),
    System(
        code="bkash_api",
        name="bKash checkout",
        flow=Flow.REDIRECT,
        currencies=["BDT"],
        detail_fields=[
            DetailField(name="account_number", title="bKash number", pattern=r"0[0-9]{10}", example="01000000000")
        ],
        return_url_keys={"success_url": "success", "fail_url": "failure", "cancel_url": "failure"},
    ),
    System(
        code="nagad",
        name="Nagad",
        flow=Flow.ACTIVATION,
        currencies=["BDT"],
        pays_out=True,
        recipient_fields=[_ACCOUNT_NUMBER, _ACCOUNT_NAME],
        **_BKASH_REFERENCE,
    ),
    System(
        code="nagad_api",
        name="Nagad checkout",
        flow=Flow.REDIRECT,
        currencies=["BDT"],
        pays_out=True,
        recipient_fields=[_ACCOUNT_NUMBER, _ACCOUNT_NAME],
        return_url_keys={"success_url": "success", "fail_url": "failure", "cancel_url": "failure"},
    ),
    System(
        code="easypaisa",
        name="Easypaisa",
        flow=Flow.ACTIVATION,
        currencies=["PKR"],
        wants_amount=True,
        reference_kind=ReferenceKind.DIGITS,
        reference_pattern=r"[0-9]{11}",
        reference_example="12345678901",
    ),
    System(
        code="easypaisa_api",
        name="Easypaisa in the app",
        flow=Flow.PUSH,
        currencies=["PKR"],
        pays_out=True,
        detail_fields=[
            DetailField(name="phone_number", title="Easypaisa number", pattern=r"03[0-9]{9}", example="03000000000")
        ],
        recipient_fields=[_ACCOUNT_NUMBER, _ACCOUNT_NAME],
    ),
    System(
        code="mpesa",
        name="M-Pesa",
        flow=Flow.PUSH,
        currencies=["KES"],
        detail_fields=[
            DetailField(name="phone_number", title="M-Pesa number", pattern=r"254[0-9]{9}", example="254700000000")
        ],
    ),
)
