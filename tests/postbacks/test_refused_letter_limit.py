"""A forger keeps no worker busy, and shuts out no letter that is well signed."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from gateway.providers.models import ProviderAccount
from payments.models import Deposit
from postbacks.models import Letter, RejectedLetter
from tests.conftest import Api
from tests.postbacks.deposits import verifying
from tests.postbacks.letters import encoded, envelope, item, letter, path

pytestmark = pytest.mark.django_db

FORGED = encoded({"signature": "0" * 40, **envelope([item()])}).encode()
HERE, THERE = "198.51.100.1", "198.51.100.2"


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Iterator[Any]:
    """Three refused letters a minute; each test has an hour of its own, for all count in one Redis."""
    settings.REFUSED_LETTERS_PER_MINUTE = 3
    with time_machine.travel(1_772_366_400 + secrets.randbelow(10**6) * 3600, tick=False) as traveller:
        yield traveller


def send(account: ProviderAccount, raw: bytes, sender: str = HERE, **headers: str) -> HttpResponse:
    return Client().post(path(account), raw, content_type="application/json", REMOTE_ADDR=sender, **headers)  # type: ignore[arg-type,return-value]


def test_beyond_the_limit_a_refused_letter_is_not_looked_into(
    api: Api, account: ProviderAccount, provider: Any, django_assert_num_queries: Any
) -> None:
    confirmation = verifying(api)
    Deposit.objects.update(next_at=None, hinted_at=None)
    assert [send(account, raw).status_code for raw in (FORGED, b"no letter", FORGED)] == [403, 400, 403]
    account.refresh_from_db()
    samples = list(RejectedLetter.objects.order_by("slot").values_list("slot", "received_at"))
    naming = encoded(
        {"signature": "0" * 40, **envelope([item(plugin_custom_order_id=confirmation.public_id)])}
    ).encode()

    for raw in (naming, b"no letter", naming):
        with django_assert_num_queries(1):  # whose address it is
            answer = send(account, raw)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
        assert answer.content == b'{"status": "fail", "message": "too many letters with a wrong signature"}'

    assert list(RejectedLetter.objects.order_by("slot").values_list("slot", "received_at")) == samples
    assert ProviderAccount.objects.get(pk=account.pk).rejected_letters == account.rejected_letters == 3
    assert Deposit.objects.get().hinted_at is None


def test_a_well_signed_letter_is_kept_however_many_were_forged(account: ProviderAccount) -> None:
    for _ in range(10):
        send(account, FORGED)
    assert send(account, FORGED).status_code == 429
    answer = send(account, letter(account, [item()]))
    assert (answer.status_code, answer.content) == (200, b'{"status":"ok"}')
    assert Letter.objects.count() == 1


def test_well_signed_letters_are_not_counted(account: ProviderAccount) -> None:
    assert [send(account, letter(account, [item()])).status_code for _ in range(10)] == [200] * 10
    assert [send(account, FORGED).status_code for _ in range(4)] == [403, 403, 403, 429]


def test_each_address_and_each_account_has_its_own_count(
    account: ProviderAccount, live_account: ProviderAccount
) -> None:
    assert [send(account, FORGED).status_code for _ in range(4)] == [403, 403, 403, 429]
    assert send(account, FORGED, THERE).status_code == 403
    assert send(live_account, FORGED).status_code == 403
    # Nobody gets a count of their own by inventing a proxy.
    assert send(account, FORGED, HTTP_X_FORWARDED_FOR=THERE).status_code == 429


def test_the_next_minute_looks_again(account: ProviderAccount, clock: Any) -> None:
    assert [send(account, FORGED).status_code for _ in range(4)] == [403, 403, 403, 429]
    clock.shift(60)
    assert send(account, FORGED).status_code == 403
