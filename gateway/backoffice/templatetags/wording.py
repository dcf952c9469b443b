"""Names in code as people read them: ``{{ deposit.status|in_words }}``, ``{{ receipt|status_with_meaning }}``."""

from django import template

from gateway import in_words

register = template.Library()
register.filter(in_words.in_words)
register.filter(in_words.titled)
register.filter(in_words.status_with_meaning)
