"""What can happen to callers: a key is made or limited, a customer is met for the first time."""

import ipaddress
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pghistory
from django.db import IntegrityError, transaction

from gateway.products.models import ORDINARY_SCOPES, ApiKey, Customer, Mode, Product, digest_of

_PREFIX_LENGTH = 12  # "pk_test_" and four characters: enough to tell keys apart, too few to guess the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling: the product, in one mode, with one key."""

    product: Product
    mode: Mode
    key_id: uuid.UUID
    scopes: frozenset[str]
    #: Of the key and its product as they were found (`ApiKey.version`).
    version: str

    @property
    def is_authenticated(self) -> bool:
        """A caller exists only after its key was found (asked by DRF)."""
        return True


def by_key_of(caller: Caller) -> pghistory.context:
    """The block in which a product changes its own settings by the API; their history names the key."""
    key = ApiKey.objects.filter(pk=caller.key_id).first()
    return pghistory.context(api_key=str(key or caller.key_id))


def keep_key(
    *,
    product: Product,
    mode: Mode,
    name: str,
    key: str,
    scopes: Iterable[str] = ORDINARY_SCOPES,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Store the digest of a key; the same key again changes nothing.

    A live key by which money leaves takes two persons: the database refuses it here (`gateway.products.key_guards`).
    """
    return keep_digest(
        digest_of(key),
        prefix_of(key),
        product=product,
        mode=mode,
        name=name,
        scopes=scopes,
        expires_at=expires_at,
    )


def keep_digest(
    digest: str,
    prefix: str,
    *,
    product: Product,
    mode: Mode,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> ApiKey:
    """The same, of a key that nobody here knows."""
    found, _ = ApiKey.objects.get_or_create(
        digest=digest,
        defaults={
            "product": product,
            "mode": mode,
            "name": name,
            "prefix": prefix,
            "scopes": sorted(scopes),
            "expires_at": expires_at,
        },
    )
    return found


def prefix_of(key: str) -> str:
    """The first characters of a key, by which people tell keys apart."""
    return key[:_PREFIX_LENGTH]


@transaction.atomic(durable=True)
def limit_key(key_id: uuid.UUID, *, calls_per_minute: int | None, networks: Iterable[str]) -> None:
    """How often a key may call, and from where.

    Args:
        key_id: the key.
        calls_per_minute: None or 0: as often as the service lets any key.
        networks: in CIDR notation; none: from anywhere.

    Raises:
        ValueError: a text is no network, or a network has bits of a host; or a live key by which money leaves would
            be let in from more networks than before (`gateway.products.key_guards`).
    """
    allowed = [str(ipaddress.ip_network(text)) for text in networks]
    changes = {"rate_limit_per_minute": calls_per_minute or None, "allowed_networks": allowed}
    try:
        with transaction.atomic():
            ApiKey.objects.filter(pk=key_id).update(**changes)
    except IntegrityError as error:
        if "never widened" not in str(error):
            raise
        raise ValueError("Once tied to networks, a live key by which money leaves keeps some: issue another.") from None


@transaction.atomic(savepoint=False)
def meet_customer(*, product: Product, mode: str, external_id: str) -> Customer:
    """The customer of that name, made on first sight. Safe when two requests meet the same customer at once."""
    known = Customer.objects.filter(product=product, mode=mode, external_id=external_id)
    if (customer := known.first()) is not None:
        return customer
    Customer.objects.bulk_create([Customer(product=product, mode=mode, external_id=external_id)], ignore_conflicts=True)
    return known.get()
