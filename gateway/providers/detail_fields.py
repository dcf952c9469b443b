"""Fields of a deposit's ``details`` and of a withdrawal's ``recipient``, with the formats that the contract names."""

from dataclasses import dataclass
from typing import Final

from gateway.api.formats import FieldFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailField:
    """One field of a deposit's ``details`` or a withdrawal's ``recipient``.

    Attributes:
        name: its name in our API.
        title: what a person reads.
        pattern: of the whole value (see ``gateway/patterns.py``).
        example: a made-up value that fits.
        wire: where the provider wants it, dotted for nested keys; the same name by default.
        required: refused where it is missing.
        format: what it is checked for beyond its pattern.
    """

    name: str
    title: str
    pattern: str
    example: str
    wire: str = ""
    required: bool = True
    format: FieldFormat = FieldFormat.NONE


# The contract says "string" but for IMPS, where it is digits only (C§1.9); so tolerant in length, not in kind.
ACCOUNT_NUMBER: Final = DetailField(
    name="account_number", title="Wallet or account number", pattern="[0-9]{5,34}", example="11111111"
)
UPI_ADDRESS: Final = DetailField(
    name="account_number",
    title="UPI address",
    pattern="[A-Za-z0-9._-]{2,64}@[A-Za-z0-9.-]{2,64}",
    example="name@bank",
)
# C§1.9, the IMPS page: letters and blanks, 30 at most.
ACCOUNT_NAME: Final = DetailField(
    name="account_name", title="Name of the account holder", pattern="[A-Za-z][A-Za-z ]{0,29}", example="Test Name"
)
ACCOUNT_EMAIL: Final = DetailField(
    name="account_email",
    title="E-mail of the recipient",
    pattern=r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,100}\.[A-Za-z]{2,24}",
    example="name@example.com",
    format=FieldFormat.EMAIL,
)
IFSC: Final = DetailField(
    name="bank_code",
    title="IFSC of the branch",
    pattern="[A-Z]{4}0[0-9A-Z]{6}",
    example="MAHB0001821",
    # The table says branch_code, the sample and live code bank_code (C§5 row 7). Where an account's bank wants it
    # in the other place, finance writes bank_details.branch_code into the row.
    wire="bank_details.bank_code",
)
# C§1.5: 11 digits of which the first is 0.
BKASH_NUMBER: Final = DetailField(
    name="account_number", title="bKash number", pattern="0[0-9]{10}", example="01000000000"
)
# C§1.5: 03xxxxxxxxx.
EASYPAISA_NUMBER: Final = DetailField(
    name="phone_number", title="Easypaisa number", pattern="03[0-9]{9}", example="03000000000"
)
# C§1.5 prints 2547XXXXXXXX; numbers of the country also begin with 2541.
MPESA_NUMBER: Final = DetailField(
    name="phone_number", title="M-Pesa number", pattern="254[0-9]{9}", example="254700000000"
)
