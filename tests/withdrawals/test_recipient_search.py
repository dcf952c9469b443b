"""Withdrawals are found by the recipient's account, which stands nowhere in plain."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from gateway import ids
from gateway.keyed_hashes import every_hash, folded, keyed_hash
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused
from tests.gateway.loud_logs import log_everything
from tests.leaks import leaks
from tests.staff import browser_of
from tests.withdrawals.orders import BKASH, IMPS, order
from withdrawals.models import Withdrawal

pytestmark = pytest.mark.django_db

ACCOUNT = "987650001234567"
FORMER_KEY, LATER_KEY = "former-search-key-0123456789-0123456789", "later-search-key-0123456789-0123456789"


def to(account: str) -> dict[str, Any]:
    return {"recipient": {**IMPS["recipient"], "account_number": account}}


def found(api: Api, account: str, **more: Any) -> list[str]:
    answer = api.get("withdrawals", recipient_account=account, **more)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def test_by_account_number_in_the_product_s_own_mode_only(
    api: Api, product: Product, live_account: ProviderAccount, new_api: Any
) -> None:
    wanted = [order(api, **to(ACCOUNT)).public_id for _ in range(2)]
    order(api)
    assert found(api, ACCOUNT) == wanted[::-1]
    assert found(api, ACCOUNT[:-1]) == []
    assert found(new_api(product, Mode.LIVE), ACCOUNT) == []
    assert found(new_api(Product.objects.create(name="other")), ACCOUNT) == []


@pytest.mark.usefixtures("funded_elsewhere")
def test_by_e_mail_and_upi_address_however_they_are_written(api: Api) -> None:
    by_mail = order(api, BKASH)
    upi = {"payment_system": "upi_ib", "recipient": {"account_number": "Some.Name@bank", "account_name": "Test Name"}}
    by_upi = order(api, IMPS, **upi)
    assert found(api, "NAME@example.com") == [by_mail.public_id]
    assert found(api, "some.name@BANK") == [by_upi.public_id]
    assert found(api, "1111 1111") == [by_mail.public_id]
    assert found(api, "Test Name") == []  # a name is nobody's account
    assert found(api, "MAHB0001821") == []


def test_pages_and_other_filters_go_with_it_and_the_cursor_tells_nothing(api: Api) -> None:
    made = [order(api, **to(ACCOUNT)).public_id for _ in range(3)][::-1]
    first = api.get("withdrawals", recipient_account=ACCOUNT, limit=2).json()
    assert [row["id"] for row in first["data"]] == made[:2]
    assert first["next_cursor"] == made[1]
    assert ids.decode(ids.WITHDRAWAL, first["next_cursor"]) is not None
    assert found(api, ACCOUNT, limit=2, cursor=first["next_cursor"]) == made[2:]
    assert found(api, ACCOUNT, status="queued") == made
    assert found(api, ACCOUNT, status="paid") == []


def test_the_account_reaches_no_statement_no_log_and_no_column(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    with CaptureQueriesContext(connection) as captured:
        order(api, **to(ACCOUNT))
        assert len(found(api, ACCOUNT)) == 1
    assert not any(ACCOUNT in query["sql"] for query in captured)
    assert any(keyed_hash("account", ACCOUNT) in query["sql"] for query in captured)
    assert leaks(ACCOUNT) == set()
    logged = caplog.text + "".join(repr({**vars(record), "request": ""}) for record in caplog.records)
    assert ACCOUNT not in logged


@pytest.mark.parametrize("account", ["", " " + ACCOUNT, ACCOUNT + "\u202e", ACCOUNT * 20])
def test_a_refused_value_is_not_repeated(api: Api, account: str) -> None:
    answer = api.get("withdrawals", recipient_account=account)
    assert_refused(answer, 400, "invalid_request", "/recipient_account")
    assert ACCOUNT.encode() not in answer.content


def test_a_search_tries_every_key_and_new_rows_take_the_first(api: Api, settings: Settings) -> None:
    settings.SEARCH_HASH_KEYS = [FORMER_KEY]
    former = order(api, **to(ACCOUNT))
    settings.SEARCH_HASH_KEYS = [LATER_KEY, FORMER_KEY]
    later = order(api, **to(ACCOUNT))
    assert former.recipient_hashes != later.recipient_hashes
    assert found(api, ACCOUNT) == [later.public_id, former.public_id]
    settings.SEARCH_HASH_KEYS = [LATER_KEY]
    assert found(api, ACCOUNT) == [later.public_id]


def test_a_hash_tells_nothing_without_its_key_and_nothing_of_another_purpose(settings: Settings) -> None:
    settings.SEARCH_HASH_KEYS = [LATER_KEY, FORMER_KEY]
    assert len(set(every_hash("account", ACCOUNT)) | set(every_hash("other", ACCOUNT))) == 4
    assert keyed_hash("account", ACCOUNT) == every_hash("account", ACCOUNT)[0]
    # \uff11 is a full-width digit: a copy from a bank's page means the same account.
    assert folded(" DE12\u00a034\n\uff11") == folded("de12341") == "de12341"


def test_a_move_leaves_the_hashes_alone(api: Api) -> None:
    withdrawal = order(api, **to(ACCOUNT))
    before = withdrawal.recipient_hashes
    api.post(f"withdrawals/{withdrawal.public_id}/cancel")
    assert (Withdrawal.objects.get().status, Withdrawal.objects.get().recipient_hashes) == ("cancelled", before)


def test_staff_find_it_in_the_admin(api: Api, client: Client) -> None:
    browser_of(User.objects.create_superuser("staff"), client)
    wanted, other = order(api, **to(ACCOUNT)), order(api)
    page = client.get(
        reverse("admin:withdrawals_withdrawal_changelist"), {"mode": "test", "q": f" {ACCOUNT[:4]} {ACCOUNT[4:]} "}
    )
    assert page.status_code == 200
    assert wanted.reference in page.content.decode()
    assert other.reference not in page.content.decode()
    by_reference = client.get(reverse("admin:withdrawals_withdrawal_changelist"), {"q": other.reference})
    assert other.reference in by_reference.content.decode()
    assert wanted.reference not in by_reference.content.decode()
    shown = client.get(reverse("admin:withdrawals_withdrawal_change", args=[wanted.pk])).content.decode()
    assert wanted.public_id in shown
    assert wanted.recipient_hashes
    assert [one for one in wanted.recipient_hashes if one in shown] == []


def test_the_index_is_used(api: Api) -> None:
    for _ in range(3):
        order(api)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Withdrawal.objects.filter(Withdrawal.with_account(ACCOUNT)).explain()
    assert "withdrawals_by_account" in plan
