"""What two persons agreed on and what of it counts now: fees, slabs, limits, duplicate windows and caps.

Every rule is told with an example, who agreed to it and why, and with the versions that counted before it.
"""

from collections.abc import Callable, Iterable
from typing import Final

from django.db import models

from balances.models import Fee
from gateway.backoffice.master_data.fee_rules import fees_section
from gateway.backoffice.master_data.rules import Section
from gateway.backoffice.master_data.withdrawal_rules import caps_section, limits_section, slabs_section, windows_section
from gateway.products.models import Product
from withdrawals.models import DuplicateWindow, OutflowCap, SlabSet, WithdrawalLimit

_SECTIONS: Final[dict[type[models.Model], Callable[[str, Product | None], Section]]] = {
    SlabSet: slabs_section,
    WithdrawalLimit: limits_section,
    DuplicateWindow: windows_section,
    OutflowCap: caps_section,
    Fee: fees_section,
}
#: Whose rows count, in the order of their sections.
MODELS: Final = tuple(_SECTIONS)


def sections(mode: str, product: Product | None, models: Iterable[type[models.Model]]) -> list[Section]:
    """What counts in a mode of some `MODELS`, for one product (with what counts for every product) or for all."""
    return [_SECTIONS[one](mode, product) for one in models]
