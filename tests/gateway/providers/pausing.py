"""Payouts that are paused, and let go on."""

from gateway.providers.models import ProviderAccount
from gateway.providers.pauses import resume_payouts, stopped_through


def let_payouts_go_on(account: ProviderAccount) -> None:
    """As new credentials do."""
    for pause in stopped_through(account):
        resume_payouts(pause.pk, "the provider is well again")
