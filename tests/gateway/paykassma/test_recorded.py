"""Every recorded answer, over real HTTP, is understood as the contract means it; every letter as it was signed."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from gateway.http import build_client
from gateway.paykassma.client import Client, Credentials
from gateway.paykassma.older_postbacks import verify_older_postback
from gateway.paykassma.postbacks import parse_postback
from gateway.paykassma.signatures import PostbackKeys, Reason, Rejected, VerifiedLetter, verify_postback
from gateway.providers.models import ProviderAccount
from postbacks.models import Letter
from tests.gateway.paykassma.php_letters import RAW, php_json, php_signature
from tests.gateway.paykassma.recordings import ANSWERS, DIRECTORY, LETTERS, RecordedLetter, Recording
from tests.postbacks.letters import ACKNOWLEDGED, deliver
from tests.scripted_provider import ScriptedProvider

KEYS = PostbackKeys(access_key="ACCESS", private_key="PRIVATE")


@pytest.fixture(scope="module")
def recorded_provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


@pytest.mark.parametrize("recording", ANSWERS, ids=lambda one: one.file)
def test_the_client_makes_of_every_recorded_answer_what_the_contract_means(
    recorded_provider: ScriptedProvider, recording: Recording
) -> None:
    recorded_provider.script("*", (recording.http_status, recording.body))
    credentials = Credentials(base_url=recorded_provider.url, api_secret="made-up-secret", withdrawal_key="made-up-key")
    with build_client(connect_seconds=5, read_seconds=5) as http:
        answer = recording.call(Client(credentials=credentials, http=http))

    assert (answer.outcome, answer.http_status, answer.sent) == (recording.outcome, recording.http_status, True)
    assert answer.raw == recording.body
    if recording.read is not None:
        assert recording.read(answer) == recording.expected


@pytest.mark.parametrize("recorded", LETTERS, ids=lambda one: one.file)
def test_every_recorded_letter_is_verified_and_read_whole(recorded: RecordedLetter) -> None:
    verify = verify_older_postback if recorded.is_older else verify_postback
    verified = verify(recorded.body, [KEYS])
    assert isinstance(verified, VerifiedLetter)
    assert verified.variant == recorded.variant
    postback = parse_postback(verified.body)
    assert postback == recorded.postback
    assert recorded.postback.disagreements() == ()
    stranger = PostbackKeys(access_key="ACCESS", private_key="PRIVATE ")
    assert verify(recorded.body, [stranger]) == Rejected(reason=Reason.MISMATCH)


def test_the_contract_s_own_signature_is_among_them() -> None:
    """Computed by PHP over the first item of the contract's sample (C§3, end)."""
    body = json.loads((DIRECTORY / "letter_deposit.json").read_bytes())
    assert body["signature"] == "0ab3255e1f7438f47e8b96274ef71575d08e8339"
    assert php_signature(php_json(body["additional_data"], raw=RAW)) == body["signature"]


@pytest.mark.django_db
@pytest.mark.parametrize("recorded", LETTERS, ids=lambda one: one.file)
def test_every_recorded_letter_is_kept_at_the_door_where_its_format_is_taken(
    account: ProviderAccount, recorded: RecordedLetter
) -> None:
    ProviderAccount.objects.update(postback_access_key="ACCESS", postback_private_key="PRIVATE")
    refused = deliver(account, recorded.body)
    assert refused.status_code == (400 if recorded.is_older else 200)
    ProviderAccount.objects.update(accepts_older_postbacks=True)

    answer = deliver(account, recorded.body)

    assert (answer.status_code, answer.content) == (200, ACKNOWLEDGED)
    letter = Letter.objects.get()
    assert (letter.variant, letter.items.count()) == (recorded.variant, len(recorded.postback.items))
    signed = recorded.postback.items
    assert hashlib.sha256(bytes(letter.body)).digest() == hashlib.sha256(recorded.body).digest()
    assert [row.amount for row in letter.items.order_by("position")] == [one.amount for one in signed]  # type: ignore[union-attr]


def test_every_file_is_used_and_none_is_used_twice() -> None:
    used = [one.file for one in ANSWERS] + [one.file for one in LETTERS]
    assert sorted(used) == sorted(path.name for path in DIRECTORY.iterdir())
    assert len(set(used)) == len(used)


def test_every_section_of_the_contract_has_its_recordings() -> None:
    spoken = " ".join(one.contract for one in ANSWERS) + " ".join(one.contract for one in LETTERS)
    sections = ["C§0", *(f"C§1.{number}" for number in (1, 2, 3, "4a", "4b", 5, 6, 7, 9, 10, 11, 12)), "C§2.1", "C§2.3"]
    assert [section for section in sections if section not in spoken] == []
