import pytest

from tests.postbacks.deposits import ready
from tests.scripted_provider import ScriptedProvider


@pytest.fixture
def provider(provider: ScriptedProvider) -> ScriptedProvider:
    """Ready to open deposits and to take references."""
    ready(provider)
    return provider
