"""What an empty list says about how its first row comes to be: ``{{ cl.opts.label_lower|how_rows_come }}``."""

from typing import Final

from django import template

register = template.Library()

_AGREED: Final = "One person asks for it, and another one agrees: under What counts now, at the side."
#: By the label of the model; the others come by themselves, of what products and the provider do.
_SENTENCES: Final = {
    "withdrawals.slabset": _AGREED,
    "withdrawals.withdrawallimit": _AGREED,
    "withdrawals.outflowcap": _AGREED,
    "withdrawals.duplicatewindow": _AGREED,
    "balances.fee": _AGREED,
    "balances.instruction": "What takes two persons is asked for on an order's page, in a queue, or above this list.",
    "withdrawals.withdrawalbatch": "A product sends them by the API, or a person as a file (above this list).",
    "withdrawals.blockedrecipient": "Block an account by the button above this list.",
    "webhooks.webhookendpoint": "A product adds them by the API, or a person by the button above this list.",
    "products.apikey": "Issue one by the button above this list.",
    "backoffice.savedview": "Narrow a list down, and press Save this view above it.",
    "backoffice.note": "People write notes on the page of an order, below its timeline.",
    "backoffice.handled": "What people do in the work queues is written down here.",
    "backoffice.look": "Whoever looks at personal data or at a picture is written down here.",
}


@register.filter
def how_rows_come(label: str) -> str:
    """A sentence; "" where rows come by themselves."""
    return _SENTENCES.get(label, "")
