"""Names in code as people read them: ``{{ deposit.status|in_words }}``, ``{{ receipt|status_with_meaning }}``.

Amounts, too: ``{{ report.needed|sum_of:report.currency }}``.
"""

from decimal import Decimal

from django import template

from gateway import in_words
from gateway.money import shown_amount

register = template.Library()
register.filter(in_words.in_words)
register.filter(in_words.titled)
register.filter(in_words.status_with_meaning)


@register.filter
def sum_of(amount: str, currency: str) -> str:
    """An amount as the API writes it, in groups of three digits and with its currency's code."""
    return shown_amount(Decimal(amount), currency)
