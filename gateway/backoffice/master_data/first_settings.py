"""A first installation's live key and live account: its two persons agree to what it was started with.

Nobody else could: before them there is nobody. Whoever sets both passwords decides alone, and hands one of them over.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from balances.agreeing import agree
from gateway.backoffice.master_data import key_verbs
from gateway.encryption import readable_or
from gateway.products.key_guards import ISSUED
from gateway.products.models import ApiKey, Product, digest_of
from gateway.providers.models import ProviderAccount
from gateway.providers.models.account_guards import CHANGED, OPENED

_REASON: Final = "What the installation was started with."


def issue_key(
    product: Product, name: str, key: str, scopes: Iterable[str], *, requester: AbstractUser, approver: AbstractUser
) -> None:
    """Make a live key work; one that is known is left as it is."""
    if ApiKey.objects.filter(digest=digest_of(key)).exists():
        return
    told = key_verbs.told(product, name, key, scopes)
    agree(ISSUED, told, _REASON, requester=requester, approver=approver)


def keep_account(name: str, columns: Mapping[str, str], *, requester: AbstractUser, approver: AbstractUser) -> None:
    """Open the live account of this name, or have its columns follow what is given. It is due for a look."""
    account = ProviderAccount.objects.filter(name=name).first()
    if account is None:
        agree(OPENED, {"name": name, **columns}, _REASON, requester=requester, approver=approver)
        return
    other = {key: text for key, text in columns.items() if readable_or(account, key, None) != text}
    if other:
        told = {"provider_account": str(account.pk), **other}
        agree(CHANGED, told, _REASON, requester=requester, approver=approver)
    ProviderAccount.objects.filter(pk=account.pk).update(next_at=timezone.now())
