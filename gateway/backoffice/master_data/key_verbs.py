"""A live API key by which money leaves: one person asks and is shown it, and it works when another one agrees."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.utils import timezone

from balances import verb_fields
from balances.instruction_models import Instruction
from balances.verb_fields import Field, Refused, Values
from balances.verbs import Plan, Verb
from gateway.api.fields import is_plain
from gateway.backoffice import readable
from gateway.lifecycles import Cause
from gateway.products.actions import keep_digest, prefix_of
from gateway.products.key_guards import ISSUED
from gateway.products.models import NAME_MAX_LENGTH, ApiKey, Mode, Product, Scope, digest_of

_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PREFIX: Final = re.compile(r"pk_live_[A-Za-z0-9_-]{4}", re.ASCII)


def told(
    product: Product, name: str, key: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> dict[str, str]:
    """What the verb has to be told of a new key; not the key itself."""
    ends = {} if expires_at is None else {"expires_at": expires_at.isoformat()}
    return {
        "product": str(product.pk),
        "name": name,
        "scopes": " ".join(scopes),
        "digest": digest_of(key),
        "prefix": prefix_of(key),
        **ends,
    }


def _read_scopes(text: str, _: Values) -> list[str]:
    scopes = sorted(set(text.replace(",", " ").split()))
    if not set(scopes) <= set(Scope.values):
        raise Refused(f"Scopes: some of {', '.join(Scope.values)}, with blanks between them.", field="scopes")
    if {Scope.WITHDRAWALS_WRITE, Scope.WITHDRAWALS_APPROVE} <= set(scopes):
        raise Refused("Scopes: a key asks for withdrawals or approves them, never both.", field="scopes")
    return scopes


def _read_name(text: str, _: Values) -> str:
    if not is_plain(text):
        raise Refused("Name: write it in visible letters.", field="name")
    return text


def _read_expiry(text: str, _: Values) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        at = timezone.make_aware(at) if timezone.is_naive(at) else at
        return at.astimezone(timezone.get_current_timezone())
    except (ValueError, OverflowError):
        raise Refused("Expires at: write a time like 2030-01-31T00:00:00Z.", field="expires_at") from None


def _matching(pattern: re.Pattern[str], sentence: str, field: str) -> Field:
    def read(text: str, _: Values) -> str:
        if not pattern.fullmatch(text):
            raise Refused(sentence, field=field)
        return text

    return Field(name=field, label=field.capitalize(), help=sentence, read=read)


def _plan(values: Values) -> Plan:
    if ApiKey.objects.filter(digest=values["digest"]).exists():
        raise Refused("There is such a key already.", field="digest")
    scopes, ends = ", ".join(values["scopes"]), values["expires_at"]
    if ends is not None and ends <= timezone.now():
        raise Refused("Expires at: that is past, and the key would never work.", field="expires_at")
    return Plan(
        mode=Mode.LIVE,
        notes=(
            f"A live API key {values['prefix']}… ({values['name']}) of {values['product']} begins to work: {scopes}.",
            "It works until it is revoked." if ends is None else f"It ends by itself at {readable.moment(ends)}.",
            "Whoever holds it can move real money. It was shown once, to the person who asked for it.",
        ),
    )


def _issue(values: Values, _cause: Cause, _instruction: Instruction) -> None:
    keep_digest(
        values["digest"],
        values["prefix"],
        product=values["product"],
        mode=Mode.LIVE,
        name=values["name"],
        scopes=values["scopes"],
        expires_at=values["expires_at"],
    )


VERBS: Final = (
    Verb(
        name=ISSUED,
        sentence="A live API key of a product; one by which money leaves takes two persons.",
        fields=(
            verb_fields.product(),
            Field(
                name="name",
                label="Name",
                help="By which people know the key.",
                read=_read_name,
                max_length=NAME_MAX_LENGTH,
            ),
            Field(
                name="scopes",
                label="Scopes",
                help=f"Some of {', '.join(Scope.values)}, with blanks between them.",
                read=_read_scopes,
                write=lambda value, _: " ".join(value),
            ),
            _matching(_DIGEST, "SHA-256 of the key, 64 hexadecimal digits: the key itself goes nowhere.", "digest"),
            _matching(_PREFIX, "The first 12 characters of the key, by which people tell keys apart.", "prefix"),
            Field(
                name="expires_at",
                label="Expires at",
                help="When it ends by itself; UTC where it names no zone. Empty: when it is revoked.",
                read=_read_expiry,
                write=lambda value, _: value.isoformat(),
                is_required=False,
            ),
        ),
        plan=_plan,
        execute=_issue,
    ),
)
