"""Questions to the provider and its answers are evidence for a time; afterwards their digest is enough.

What belongs to an order goes with its order (``withdrawals/redaction.py``, ``payments/redaction.py``), what belongs to
none goes by age.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from gateway import ids
from gateway.providers.models import ProviderCall

#: Calls of one run: one short statement; the next run comes in minutes.
_BATCH: Final = 500
_ORDER_PREFIXES: Final = (ids.DEPOSIT, ids.CONFIRMATION, ids.WITHDRAWAL)


def forget_calls_about(subjects: Iterable[str]) -> None:
    """Take question and answer away from every call about these orders, in the caller's transaction."""
    _forget(ProviderCall.objects.filter(subject__in=list(subjects), redacted_at=None))


def forget_old_calls() -> int:
    """The same for old calls that are about no order; how many. Oldest first, a batch at a time."""
    before = timezone.now() - timedelta(days=settings.REDACT_AFTER_DAYS)
    about_an_order = Q()
    for prefix in _ORDER_PREFIXES:
        about_an_order |= Q(subject__startswith=f"{prefix}_")
    old = ProviderCall.objects.filter(redacted_at=None, started_at__lt=before).exclude(about_an_order)
    batch = list(old.order_by("started_at").values_list("pk", flat=True)[:_BATCH])
    return _forget(ProviderCall.objects.filter(pk__in=batch))


def _forget(calls: "QuerySet[ProviderCall]") -> int:
    return calls.update(request=None, response=None, redacted_at=timezone.now())
