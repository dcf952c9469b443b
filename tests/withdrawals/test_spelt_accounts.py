"""An account is the same however its digits are grouped, and however many zeros stand before them."""

from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from gateway import key_rotation
from gateway.keyed_hashes import keyed_hash, spellings
from gateway.products.models import Product
from tests.conftest import Api
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.two_persons import by_two_persons, persons
from tests.withdrawals.orders import IMPS, order
from tests.withdrawals.ruling import blocked
from withdrawals import blocklist
from withdrawals.blocklist import Unblockable
from withdrawals.models import BlockedRecipient, Withdrawal

pytestmark = pytest.mark.django_db

ACCOUNT = "987654321"


def to(account: str) -> dict[str, Any]:
    return {"recipient": {**IMPS["recipient"], "account_number": account}}


@pytest.mark.parametrize(
    ("account", "spelt"),
    [
        ("123", ["123"]),
        ("0123", ["0123", "123"]),
        ("00 12-3.0", ["0012-3.0", "1230"]),
        ("+91 (22) 5550-0100", ["+91(22)5550-0100", "912255500100"]),
        ("'987", ["'987", "987"]),
        ("０１２３", ["0123", "123"]),
        ("000", ["000"]),
        ("", [""]),
        ("Some.Name@bank", ["some.name@bank"]),
        ("1@2.3", ["1@2.3"]),
        ("DE12 0034", ["de120034"]),
        ("0x12", ["0x12"]),
    ],
)
def test_spellings(account: str, spelt: list[str]) -> None:
    assert spellings(account) == spelt


@pytest.mark.parametrize("typed", [ACCOUNT, "0987654321", "9876-54321", "987.654.321", "'987654321", "+987654321"])
@pytest.mark.parametrize("asked", [ACCOUNT, "0987654321", "000987654321"])
def test_a_block_holds_whichever_way_either_was_written(api: Api, typed: str, asked: str) -> None:
    blocked(typed)
    with nothing_changes():
        answer = api.post("withdrawals", withdrawal_body(**to(asked)))
        assert_refused(answer, 422, "recipient_blocked", "/recipient")
    order(api, **to("987654320"))
    order(api, **to("9876543210"))


@pytest.mark.parametrize(
    "typed", ["987\u200b654321", "987654321\u00ad", "987\t654321", "\u202e987654321", "987\x00654321"]
)
def test_what_cannot_be_seen_is_not_blocked(typed: str) -> None:
    with pytest.raises(Unblockable, match="visible"), transaction.atomic():
        blocklist.block(typed, product=None, by=persons()[0], reason="why")
    assert not BlockedRecipient.objects.exists()


def test_the_same_account_is_blocked_once(api: Api) -> None:
    blocked(ACCOUNT)
    with pytest.raises(Unblockable, match="blocked already"), transaction.atomic():
        blocklist.block("0987654321", product=None, by=persons()[0], reason="why")


def test_zeros_evade_no_duplicate_and_no_limit(api: Api, product: Product) -> None:
    mine = {"mode": "test", "product": product.name}
    by_two_persons("duplicate_window_agreed", {**mine, "minutes": "60"})
    limit = {"per": "recipient", "period": "day", "on_excess": "refuse", "maximum_count": "2"}
    by_two_persons("limit_agreed", {**mine, **limit, "currency": "INR"})
    assert order(api, **to("0123456789")).held_for == []
    assert order(api, **to("123456789")).held_for == ["duplicate_likely"]
    with nothing_changes():
        answer = api.post("withdrawals", withdrawal_body(**to("00123456789"), amount="99"))
        assert_refused(answer, 422, "limit_exceeded", "/amount")


def test_a_search_finds_both_and_the_rotation_writes_what_older_rows_lack(api: Api, settings: Settings) -> None:
    made = order(api, **to("0123456789"))
    assert sorted(made.recipient_hashes) == sorted(keyed_hash("account", one) for one in ("0123456789", "123456789"))
    older = [keyed_hash("account", "0123456789")]
    Withdrawal.objects.update(recipient_hashes=older)
    assert [row["id"] for row in api.get("withdrawals", recipient_account="0123456789").json()["data"]] == [
        made.public_id
    ]
    [progress] = [one for one in key_rotation.rotate() if one.column == "withdrawals.Withdrawal.recipient_hashes"]
    assert progress.renewed == 1
    for text in ("0123456789", "123456789"):
        found = api.get("withdrawals", recipient_account=text).json()["data"]
        assert [row["id"] for row in found] == [made.public_id]
