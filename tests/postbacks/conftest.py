import pytest

from gateway.products.models import Mode
from gateway.providers.models import ProviderAccount
from tests.postbacks.deposits import ready
from tests.scripted_provider import ScriptedProvider


@pytest.fixture
def provider(provider: ScriptedProvider) -> ScriptedProvider:
    """Ready to open deposits and to take references."""
    ready(provider)
    return provider


@pytest.fixture
def live_account(db: None, provider: ScriptedProvider) -> ProviderAccount:
    """The live-mode account, pointing at the same scripted provider with other keys."""
    return ProviderAccount.objects.create(
        name="scripted, live",
        mode=Mode.LIVE,
        base_url=provider.url,
        api_secret="canary-live-api-secret-9876543210",
        withdrawal_key="canary-live-withdrawal-key-9876543210",
        postback_access_key="canary-live-access-key-9876543210",
        postback_private_key="canary-live-private-key-9876543210",
        postback_token="token-live-0123456789",
    )
