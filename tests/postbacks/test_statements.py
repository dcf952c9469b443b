"""What an acknowledgement costs the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.providers.models import ProviderAccount
from postbacks.keeping import NewItem, NewLetter, keep
from postbacks.models import Letter, LetterItem
from tests.postbacks.letters import item, kept, letter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("items", [0, 1, 40])
def test_a_letter_is_kept_in_two_statements(account: ProviderAccount, items: int) -> None:
    raw = letter(account, [item() for _ in range(items)])
    with CaptureQueriesContext(connection) as captured:
        kept(account, raw)
    # The whereabouts of the account, the letter with its items; a savepoint is the test's own transaction's.
    assert [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]] == ["SELECT", "WITH"]
    assert (Letter.objects.count(), LetterItem.objects.count()) == (1, items)


def test_no_secret_but_the_keys_of_letters_is_read(account: ProviderAccount) -> None:
    with CaptureQueriesContext(connection) as captured:
        kept(account, letter(account, [item()]))
    texts = [query["sql"] for query in captured]
    assert not [text for text in texts if "api_secret" in text or "withdrawal_key" in text]


def test_a_letter_of_an_account_that_has_gone_meanwhile_is_not_acknowledged() -> None:
    letter_of_nobody = NewLetter(
        account=ProviderAccount(),
        body=b"{}",
        signed_digest="0" * 64,
        envelope_agrees=True,
        disagreements="",
        variant="unescaped",
        key_index=0,
        received_at=timezone.now(),
    )
    with pytest.raises(ProviderAccount.DoesNotExist):
        keep(letter_of_nobody, [NewItem(position=0)])
    assert (Letter.objects.count(), LetterItem.objects.count()) == (0, 0)
