"""Which payment system a code names, and whose letter it is: the look-ups of every order and every letter."""

from typing import Final

from gateway import prepared_sql
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.remembered import Lookup, version_sql

_SYSTEM: Final = prepared_sql.Columns(PaymentSystem, "found")
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

#: The system of a code, unless finance has switched it off.
ENABLED_SYSTEMS: Final = Lookup(
    prepared_sql.one_line(f"""
        SELECT {version_sql("found")}, {_SYSTEM.sql}
        FROM providers_paymentsystem found WHERE found.code = %(name)s::text AND found.is_enabled
    """),  # noqa: S608 - names of our own columns
    _SYSTEM.read,
)
#: The account to whose address (its postback token) a letter came, whether or not it takes new orders.
ADDRESSEES: Final = Lookup(
    prepared_sql.one_line(f"""
        SELECT {version_sql("found")}, {_ACCOUNT.sql}
        FROM providers_provideraccount found WHERE found.postback_token = %(name)s::text
    """),  # noqa: S608 - as above
    _ACCOUNT.read,
)
