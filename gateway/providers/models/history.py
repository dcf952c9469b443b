"""What accounts and payment systems were set to. Of an account's secrets: that they were set, changed or emptied."""

from gateway.kept_history import history_of, never_changed
from gateway.providers.models.account_guards import SECRET_COLUMNS
from gateway.providers.models.accounts import ProviderAccount
from gateway.providers.models.systems import PaymentSystem

#: Not how it is going, which workers write all the time: pauses, streaks, and when it is due.
_ACCOUNT_COLUMNS = (
    *("name", "mode", "base_url", "time_zone", "is_active", "ids_proven_unique", "json_body_on_get"),
    *("accepts_older_postbacks", "paths", "widget_url", "prefers_widget", "calls_per_minute", "calls_at_once"),
)


class ProviderAccountHistory(history_of(ProviderAccount, *_ACCOUNT_COLUMNS, secrets=SECRET_COLUMNS)):  # type: ignore[misc]
    """What an account was set to."""

    class Meta:
        default_permissions = ()
        triggers = never_changed("provider accounts")


#: All of them: whatever there is, people set up. The code is its key.
_SYSTEM_COLUMNS = tuple(one.name for one in PaymentSystem._meta.concrete_fields if not one.primary_key)  # noqa: SLF001 - Django's documented model API


class PaymentSystemHistory(history_of(PaymentSystem, *_SYSTEM_COLUMNS)):  # type: ignore[misc]
    """What a payment system was set to."""

    class Meta:
        default_permissions = ()
        triggers = never_changed("payment systems")
