"""Paying by UPI: the address as a QR code for a telephone beside the screen, and as a link for the telephone itself.

The link is NPCI's (UPI Linking Specification): every UPI app takes it, with the amount filled in.
"""

import re
from decimal import Decimal
from typing import Final
from urllib.parse import quote, urlencode

import segno

from gateway.money import format_amount

#: The one currency of UPI.
CURRENCY: Final = "INR"
#: A handle has letters and digits and no dot, by which it is told from an e-mail address.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._-]{2,64}@[A-Za-z][A-Za-z0-9]{1,63}", re.ASCII)


def is_address(text: str) -> bool:
    """True for a UPI address, such as ``name@bank``."""
    return _ADDRESS.fullmatch(text) is not None


def pay_link(address: str, *, payee: str, amount: Decimal) -> str:
    """What opens a UPI app with everything filled in. Percent signs throughout: some apps read a plus as a plus."""
    wanted = {"pa": address, "pn": payee, "am": format_amount(amount, CURRENCY), "cu": CURRENCY}
    return f"upi://pay?{urlencode(wanted, quote_via=quote, safe='@')}"


def qr_code(link: str) -> str:
    """The link as SVG to be written into a page: paths alone, without style or script."""
    # M: read although a seventh of it is dirt or glare. Four modules of margin, as the standard wants, are in the page.
    return segno.make(link, error="m", micro=False).svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
