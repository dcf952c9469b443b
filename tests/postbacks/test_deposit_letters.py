"""A letter about money in is a hint: the provider, asked over our own channel, decides what is credited."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from balances import accounts
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from payments import asking, deadlines
from payments.models import Confirmation, Deposit, Receipt
from postbacks.models import LetterItem
from postbacks.settling import settle_letters
from tests.conftest import Api
from tests.payments.test_enormous_amounts import fill
from tests.postbacks.deposits import awaiting, news, receipts, state, verifying
from tests.postbacks.letters import (
    POSTBACK,
    PULL,
    encoded,
    item,
    kept,
    known,
    letter,
    pulled,
    read,
    settle,
    signature,
    unknown,
    verdicts,
)
from tests.scripted_provider import DROP, ScriptedProvider

pytestmark = pytest.mark.django_db

REFERENCE = "123456789012"
CREDITED = [("1000.0000", "INR", "credited", True)]
#: The blueprint's "5 s … hourly", then daily for the rest of a week.
CONFIRM_LADDER = [5, 15, 30, 60, 120, 300, 600] + [3600] * 24 + [86400] * 6


def about(confirmation: Confirmation, **changes: Any) -> dict[str, Any]:
    return item(**{"plugin_custom_order_id": confirmation.public_id, "transaction_id": REFERENCE, **changes})


def test_a_letter_that_the_provider_confirms_credits_its_deposit(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    one = about(confirmation)
    provider.script(PULL, pulled(known(confirmation.public_id, one, label=confirmation.deposit.customer.label)))
    kept(account, letter(account, [one]))
    assert state(confirmation) == ("verifying", "verifying")

    settle(account)

    assert state(confirmation) == ("credited", "credited")
    assert receipts() == CREDITED
    assert verdicts() == [("confirmed", "")]
    assert news(confirmation.deposit) == ["created", "awaiting_payment", "verifying", "credited"]
    [question] = provider.to(PULL)
    assert question.query["plugin_custom_order_id[]"] == [confirmation.public_id]
    last = confirmation.deposit.moves.order_by("-sequence")[0]
    assert (last.cause, last.cause_id) == ("pull", str(LetterItem.objects.get().letter_id))
    assert provider.to(POSTBACK) == []


def test_what_the_pull_says_is_credited_and_not_what_the_letter_says(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))

    kept(account, letter(account, [about(confirmation, amount="9000.00")]))
    settle(account)

    assert receipts() == CREDITED
    assert verdicts() == [("contradicted", "the provider, asked, says 1,000.00 INR")]
    assert news(confirmation.deposit)[-1] == "credited"


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "less": ({"amount": "999.99"}, "the provider, asked, says 1,000.00 INR"),
    "other currency": ({"currency_code": "USD"}, "the provider, asked, says 1,000.00 INR"),
}


@pytest.mark.parametrize(("changes", "note"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_letter_that_contradicts_the_pull_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, Any], note: str
) -> None:
    confirmation = verifying(api)
    provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))
    kept(account, letter(account, [about(confirmation, **changes)]))
    settle(account)
    assert verdicts() == [("contradicted", note)]
    assert receipts() == CREDITED


def test_a_letter_that_names_another_order_for_money_that_is_known_is_a_persons(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    rightful, other = verifying(api), verifying(api, "123456789013", customer="56")
    provider.script(PULL, pulled(known(rightful.public_id, about(rightful)), unknown(other.public_id)))
    kept(account, letter(account, [about(rightful)]))
    settle(account)

    kept(account, letter(account, [about(other)]))
    settle(account)

    assert (state(rightful), state(other)) == (("credited", "credited"), ("verifying", "verifying"))
    assert receipts() == CREDITED
    assert verdicts() == [("confirmed", ""), ("contradicted", "the provider, asked, names another order for it")]


def test_a_letter_for_a_deposit_that_has_no_confirmation_yet(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    deposit = awaiting(api)
    one = item(plugin_custom_order_id=deposit.public_id, transaction_id=REFERENCE)
    provider.script(PULL, pulled(known(deposit.public_id, one)))

    kept(account, letter(account, [one]))
    settle(account)

    deposit.refresh_from_db()
    assert (deposit.status, deposit.late) == ("credited", False)


def test_a_late_letter_credits_what_was_cancelled(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    deposit = awaiting(api)
    assert api.post(f"deposits/{deposit.public_id}/cancel").status_code == 200
    one = item(plugin_custom_order_id=deposit.public_id, transaction_id=REFERENCE)
    provider.script(PULL, pulled(known(deposit.public_id, one)))
    kept(account, letter(account, [one]))
    settle(account)
    deposit.refresh_from_db()
    assert (deposit.status, deposit.late) == ("credited", True)


PULLS_THAT_KNOW_NOTHING: dict[str, Any] = {
    "not found": lambda one: pulled(unknown(one)),
    "nothing about it": lambda one: pulled(),
    "another order": lambda one: pulled(known("cnf_other", item())),
    "refused": lambda one: (200, {"status": "fail", "message": "no"}),
    "500": lambda one: (500, pulled(known(one, item()))[1]),
    "garbage": lambda one: (200, b"<"),
    "no answer": lambda one: DROP,
}


@pytest.mark.parametrize("says", PULLS_THAT_KNOW_NOTHING.values(), ids=PULLS_THAT_KNOW_NOTHING.keys())
def test_a_well_signed_letter_that_the_provider_does_not_know_credits_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, says: Any
) -> None:
    confirmation = verifying(api)
    one = about(confirmation)
    provider.script(PULL, says(confirmation.public_id))
    kept(account, letter(account, [one]))

    for _ in range(3):
        settle(account)

    assert state(confirmation) == ("verifying", "verifying")
    assert receipts() == []
    assert verdicts() == [("unconfirmed", "the provider, asked, does not have it")]
    assert LetterItem.objects.get().next_at > timezone.now()  # type: ignore[operator]
    assert len(provider.to(PULL)) == 3
    # When its book has it at last, it counts.
    provider.script(PULL, pulled(known(confirmation.public_id, one)))
    settle(account)
    assert state(confirmation) == ("credited", "credited")
    assert verdicts() == [("confirmed", "")]
    assert LetterItem.objects.get().next_at is None


def test_an_unconfirmed_item_is_asked_about_for_a_week(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        confirmation = verifying(api)
        provider.script(PULL, pulled(unknown(confirmation.public_id)))
        kept(account, letter(account, [about(confirmation)]))
        settle_letters(account.pk)
        waits = []
        while (due_at := LetterItem.objects.get().next_at) is not None:
            waits.append((due_at - timezone.now()).total_seconds())
            clock.move_to(due_at - timedelta(milliseconds=1))
            settle_letters(account.pk)
            clock.move_to(due_at)
            settle_letters(account.pk)
        assert len(waits) == len(CONFIRM_LADDER)
        for wait, seconds in zip(waits, CONFIRM_LADDER, strict=True):
            assert seconds <= wait <= seconds * 1.1
        assert len(provider.to(PULL)) == len(CONFIRM_LADDER) + 1
        # It stays where a person sees it; the deposit ended by its own clock, and late money is still taken.
        assert verdicts() == [("unconfirmed", "the provider, asked, does not have it")]
        deadlines.expire_deposits()
        assert state(confirmation)[0] == "expired"
        provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))
        Deposit.objects.update(next_at=timezone.now())
        asking.ask_deposits(account.pk)
        assert state(confirmation) == ("credited", "credited")


def test_items_of_one_letter_are_handled_one_by_one(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    first, second = verifying(api), verifying(api, "123456789013", customer="56")
    one, two = about(first), about(second, transaction_id="123456789013")
    three = item(transaction_id="STRAY", amount="5.50")
    bad = item(transaction_id="BAD", amount="NaN")
    provider.script(PULL, pulled(known(first.public_id, one), unknown(second.public_id)))
    provider.script(POSTBACK, read(three))

    kept(account, letter(account, [one, two, bad, three]))
    settle(account)

    assert (state(first), state(second)) == (("credited", "credited"), ("verifying", "verifying"))
    assert verdicts() == [
        ("confirmed", ""),
        ("unconfirmed", "the provider, asked, does not have it"),
        ("unusable", "amount"),
        ("confirmed", ""),
    ]
    assert receipts() == [*CREDITED, ("5.5000", "INR", "suspense", False)]
    # One question for all ids of ours, one for the stray.
    assert [sorted(one.query["plugin_custom_order_id[]"]) for one in provider.to(PULL)] == [
        sorted([first.public_id, second.public_id])
    ]
    assert [one.query["transaction_id"] for one in provider.to(POSTBACK)] == [["STRAY"]]


def test_a_letter_for_an_order_of_another_account_is_a_contradiction(
    api: Api, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    deposit = awaiting(api, customer="57")
    provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))
    provider.requests.clear()

    kept(
        live_account,
        letter(
            live_account,
            [
                about(confirmation, transaction_id=""),
                item(plugin_custom_order_id=deposit.public_id, transaction_id=""),
            ],
        ),
    )
    settle(live_account)

    assert verdicts() == [("contradicted", "the deposit belongs to another account")] * 2
    assert state(confirmation) == ("verifying", "verifying")
    assert receipts() == []
    assert provider.requests == []


def test_money_of_another_accounts_order_is_suspense_where_the_provider_has_it(
    api: Api, account: ProviderAccount, live_account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation = verifying(api)
    provider.script(POSTBACK, read(about(confirmation)))

    kept(live_account, letter(live_account, [about(confirmation)]))
    settle(live_account)

    assert verdicts() == [("contradicted", "the deposit belongs to another account")]
    assert state(confirmation) == ("verifying", "verifying")
    assert receipts() == [("1000.0000", "INR", "suspense", False)]
    assert Receipt.objects.get().account == live_account


# Letters that name no order of ours: asked by their transaction, matched by exactly one confirmation or by none.


@pytest.mark.parametrize(
    "order_id", ["", "somebody-elses", "cnf_01h455vb4pex5vsknk084sn02q", "dep_x", "wd_x", "ü" * 190]
)
def test_money_without_an_order_is_suspense(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, order_id: str
) -> None:
    one = item(transaction_id="STRAY-1", plugin_custom_order_id=order_id)
    provider.script(POSTBACK, read(one))

    kept(account, letter(account, [one]))
    settle(account)
    settle(account)

    assert receipts() == [("1000.0000", "INR", "suspense", False)]
    assert verdicts() == [("confirmed", "")]
    [question] = provider.requests
    assert (question.path, question.query["type"], question.query["transaction_id"]) == (
        POSTBACK,
        ["deposit"],
        ["STRAY-1"],
    )


def test_money_without_an_order_goes_to_the_one_customer_who_named_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    confirmation, same_amount = verifying(api), verifying(api, "123456789013", customer="56")
    one = item(transaction_id=REFERENCE)
    provider.script(POSTBACK, read(one, label=confirmation.deposit.customer.label))

    kept(account, letter(account, [one]))
    settle(account)

    assert state(confirmation) == ("credited", "credited")
    assert state(same_amount) == ("verifying", "verifying")
    assert receipts() == CREDITED


UNMATCHED: dict[str, dict[str, Any]] = {
    "of another customer": {"label": "cus_other"},
    "of no customer": {"label": ""},
    "through another system": {"wallet_type": "phone_pe"},
    "with another reference": {"transaction_id": "123456789099"},
}


@pytest.mark.parametrize("changes", UNMATCHED.values(), ids=UNMATCHED.keys())
def test_money_without_an_order_that_does_not_fit_is_suspense(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, Any]
) -> None:
    confirmation = verifying(api)
    label = changes.get("label", confirmation.deposit.customer.label)
    one = item(**{"transaction_id": REFERENCE, **{name: changes[name] for name in changes if name != "label"}})
    provider.script(POSTBACK, read(one, label=label))

    kept(account, letter(account, [one]))
    settle(account)

    assert state(confirmation) == ("verifying", "verifying")
    assert receipts() == [("1000.0000", "INR", "suspense", False)]


def test_money_that_two_customers_name_is_suspense(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    mine, theirs = verifying(api), verifying(api, customer="56")
    one = item(transaction_id=REFERENCE)
    provider.script(POSTBACK, read(one, label=mine.deposit.customer.label))

    kept(account, letter(account, [one]))
    settle(account)

    assert (state(mine)[0], state(theirs)[0]) == ("verifying", "verifying")
    assert receipts() == [("1000.0000", "INR", "suspense", False)]


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"status": "fail", "message": "Postback not found"}),
        (500, {}),
        DROP,
        (200, {"status": "ok", "postback": []}),
    ],
)
def test_money_without_an_order_that_the_provider_does_not_know_is_nothing(
    account: ProviderAccount, catalogue: None, provider: ScriptedProvider, answer: Any
) -> None:
    provider.script(POSTBACK, answer)
    kept(account, letter(account, [item(transaction_id="STRAY-1")]))

    for _ in range(3):
        settle(account)

    assert receipts() == []
    assert verdicts() == [("unconfirmed", "the provider, asked, does not have it")]
    assert len(provider.to(POSTBACK)) == 3


def test_money_that_was_suspense_is_credited_when_its_customer_names_it(
    api: Api, account: ProviderAccount, provider: ScriptedProvider
) -> None:
    one = item(transaction_id=REFERENCE)
    provider.script(POSTBACK, read(one))
    kept(account, letter(account, [one]))
    settle(account)
    assert receipts() == [("1000.0000", "INR", "suspense", False)]

    confirmation = verifying(api)
    provider.script(PULL, pulled(known(confirmation.public_id, about(confirmation))))
    Deposit.objects.update(next_at=timezone.now())
    asking.ask_deposits(account.pk)

    assert state(confirmation) == ("credited", "credited")
    assert receipts() == CREDITED


# What cannot be read as money.

UNUSABLE: dict[str, tuple[Any, str]] = {
    "NaN in a string": ("NaN", "amount"),
    "beyond all bounds": ("1e400", "amount"),
    "an exponent in a string": ("1e2", "amount"),
    "nothing": (None, "amount"),
    "empty": ("", "amount"),
    "words": ("1,000.00", "amount"),
    "Arabic digits": ("١٠٠٠", "amount"),
    "a truth": (True, "amount"),
    "a list": ([1000], "amount"),
    "too fine": ("1000.00001", "amount"),
    "far too fine": ("0.123456789", "amount"),
    "too large": ("1" * 16, "amount"),
    "too large for the column": ("9" * 17, "amount"),
    "negative": ("-1000.00", "amount"),
    "negative number": (-5, "amount"),
    "zero": ("0.00", "amount"),
}


@pytest.mark.parametrize(("amount", "note"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_amount_that_is_none_credits_nothing(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, amount: Any, note: str
) -> None:
    confirmation = verifying(api)
    one = about(confirmation, amount=amount)
    provider.script(PULL, pulled(known(confirmation.public_id, one)))
    provider.script(POSTBACK, read(one))
    provider.requests.clear()

    kept(account, letter(account, [one]))
    settle(account)

    assert verdicts() == [("unusable", note)]
    assert receipts() == []
    assert provider.requests == []
    # The provider's own book says the same nonsense when the ladder asks: nothing is credited, a person looks.
    Deposit.objects.update(next_at=timezone.now())
    asking.ask_deposits(account.pk)
    assert state(confirmation) == ("in_review", "verifying")
    assert receipts() == []


@pytest.mark.parametrize("lexeme", ["1e400", "1e999999999", "-1e400", "1e-400", "123456789012345678901234567890123"])
def test_a_number_beyond_all_bounds_credits_nothing(account: ProviderAccount, lexeme: str) -> None:
    raw = _with_amount_lexeme(account, lexeme)
    kept(account, raw)
    assert verdicts() == [("unusable", "amount")]


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "a currency that is none": ({"currency_code": "RUPEE"}, "currency_code"),
    "no system": ({"wallet_type": ""}, "wallet_type"),
    "an id too long": ({"transaction_id": "1" * 191}, "transaction_id"),
    "an id with NUL": ({"transaction_id": "T\x00"}, "transaction_id"),
    "an order with NUL": ({"plugin_custom_order_id": "cnf_\x00"}, "plugin_custom_order_id"),
    "an order that is a list": ({"plugin_custom_order_id": ["cnf_x"]}, "plugin_custom_order_id"),
    "a status in words": ({"withdrawal_status": "paid"}, "withdrawal_status"),
    "a status that no column holds": ({"withdrawal_status": 10**12, "withdrawal_id": "wd_x"}, "withdrawal_status"),
    "a status far below": ({"withdrawal_status": -(10**12), "withdrawal_id": "wd_x"}, "withdrawal_status"),
    "no id at all": ({"transaction_id": "", "plugin_custom_order_id": ""}, "no id"),
}


@pytest.mark.parametrize(("changes", "note"), ODD.values(), ids=ODD.keys())
def test_an_item_that_cannot_be_read_is_kept_and_moves_nothing(
    account: ProviderAccount, provider: ScriptedProvider, changes: dict[str, Any], note: str
) -> None:
    kept(account, letter(account, [item(**changes), "no object", None, 7], wallet_type=None, currency_code=None))
    settle(account)
    assert verdicts() == [("unusable", note)] + [("unusable", "not_an_object")] * 3
    assert receipts() == []
    assert provider.requests == []


@pytest.mark.parametrize("items", [[], [[]], [item(transaction_id=f"T{n}") for n in range(250)]])
def test_letters_without_items_and_with_hundreds(account: ProviderAccount, items: list[Any]) -> None:
    kept(account, letter(account, items))
    assert LetterItem.objects.count() == min(len(items), 200)


def _with_amount_lexeme(account: ProviderAccount, lexeme: str) -> bytes:
    text = encoded([item(amount="LEXEME")]).replace('"LEXEME"', lexeme)
    sign = signature(text, account.postback_access_key, account.postback_private_key)
    return f'{{"signature":"{sign}","additional_data":{text}}}'.encode()


def test_letters_about_enormous_money_and_full_balances_hold_up_no_other(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, product: Product
) -> None:
    most = "999999999999999.9999"
    full, enormous = verifying(api), verifying(api, "123456789013", customer="56")
    named = {full: about(full), enormous: about(enormous, transaction_id="T2", amount=most)}
    stray = item(transaction_id="T3", amount=most)
    label = {one: one.deposit.customer.label for one in named}
    provider.script(PULL, pulled(*(known(one.public_id, money, label=label[one]) for one, money in named.items())))
    provider.script(POSTBACK, read(stray))
    fill(accounts.available(product.pk, "test", "INR"), accounts.bank("test", "INR"))
    for money in (*named.values(), stray):
        kept(account, letter(account, [money]))
    settle(account)
    assert sorted(receipts()) == [
        ("1000.0000", "INR", "in_review", True),
        (most, "INR", "in_review", True),
        (most, "INR", "suspense", False),
    ]
    assert verdicts() == [("confirmed", "")] * 3
    assert [state(one)[0] for one in named] == ["in_review", "in_review"]
