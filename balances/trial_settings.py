"""A first installation's live key and live account: its two persons agree to what it was started with.

Nobody else could: before them there is nobody. Whoever sets both passwords decides alone, and hands one of them over.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from balances import instructions, proposing
from gateway.encryption import readable_or
from gateway.products.actions import prefix_of
from gateway.products.key_guards import ISSUED
from gateway.products.models import ApiKey, Product, digest_of
from gateway.providers.models import ProviderAccount
from gateway.providers.models.account_guards import CHANGED, OPENED

_REASON: Final = "What the installation was started with."


def issue_key(
    product: Product, name: str, key: str, scopes: Iterable[str], *, requester: AbstractUser, approver: AbstractUser
) -> None:
    """Make a live key work; one that is known is left as it is."""
    digest = digest_of(key)
    if ApiKey.objects.filter(digest=digest).exists():
        return
    parameters = {
        "product": str(product.pk),
        "name": name,
        "scopes": " ".join(scopes),
        "digest": digest,
        "prefix": prefix_of(key),
    }
    _agree(ISSUED, parameters, requester, approver)


def keep_account(name: str, columns: Mapping[str, str], *, requester: AbstractUser, approver: AbstractUser) -> None:
    """Open the live account of this name, or have its columns follow what is given. It is due for a look."""
    account = ProviderAccount.objects.filter(name=name).first()
    if account is None:
        _agree(OPENED, {"name": name, **columns}, requester, approver)
        return
    other = {key: text for key, text in columns.items() if readable_or(account, key, None) != text}
    if other:
        _agree(CHANGED, {"provider_account": str(account.pk), **other}, requester, approver)
    ProviderAccount.objects.filter(pk=account.pk).update(next_at=timezone.now())


def _agree(verb: str, parameters: Mapping[str, str], requester: AbstractUser, approver: AbstractUser) -> None:
    asked = proposing.propose(verb, parameters, _REASON, "", requester)
    instructions.approve(asked.pk, approver, asked.digest)
