"""How long ago something was, as the first page says it: ``{{ since|age }}``."""

from datetime import datetime

from django import template

from gateway.backoffice import readable

register = template.Library()


@register.filter
def age(since: datetime | None) -> str:
    """In two units, down to seconds: ``2 h 10 min``; "" of nothing."""
    return readable.age(since)
