"""Which payment system a code names, and whose letter it is: the look-ups of every order and every letter."""

from typing import Final

from gateway import prepared_sql
from gateway.providers.models import PaymentSystem, ProviderAccount

_SYSTEM: Final = prepared_sql.Columns(PaymentSystem, "found")
_FIND: Final = prepared_sql.one_line(f"""
    SELECT {_SYSTEM.sql} FROM providers_paymentsystem found WHERE found.code = %(code)s::text AND found.is_enabled
""")  # noqa: S608 - names of our own columns

#: What the provider's door looks at. The other secrets stay encrypted: each takes as long to decrypt as a signature
#: takes to verify.
_ACCOUNT: Final = prepared_sql.Columns(
    ProviderAccount,
    "found",
    only={
        "id",
        "postback_access_key",
        "postback_private_key",
        "previous_postback_access_key",
        "previous_postback_private_key",
        "accepts_older_postbacks",
        "rejected_letters",
    },
)
_FIND_ADDRESSEE: Final = prepared_sql.one_line(f"""
    SELECT {_ACCOUNT.sql} FROM providers_provideraccount found WHERE found.postback_token = %(token)s::text
""")  # noqa: S608 - as above


def find_enabled_system(code: str) -> PaymentSystem | None:
    """The system of that code, unless finance has switched it off."""
    rows = prepared_sql.run(_FIND, {"code": code})
    return _SYSTEM.read(rows[0]) if rows else None


def find_addressee(postback_token: str) -> ProviderAccount | None:
    """The account to whose address a letter came, whether or not it takes new orders."""
    rows = prepared_sql.run(_FIND_ADDRESSEE, {"token": postback_token})
    return _ACCOUNT.read(rows[0]) if rows else None
