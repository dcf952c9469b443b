"""Two persons, or one with a nervous finger, at the same row of a queue at the same moment."""

import uuid
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from balances.verb_fields import Refused
from gateway.backoffice.models import Deed, Handled
from gateway.backoffice.queues import confirming, handling
from gateway.providers.models import ProviderAccount
from payments.models import Confirmation, Deposit
from tests.conftest import Api
from tests.gateway.backoffice.queues.test_queues import item
from tests.payments.rivals import at_once, copy_of
from tests.payments.stage import Book, confirm, moves
from tests.races.test_deposit_races import book, open_upi

__all__ = ["book"]

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6
REASON = "looked at it"


def staff(name: str) -> User:
    made = User.objects.create(username=name, password="!", is_staff=True)
    codes = ("set_letter_aside", "ask_provider", "confirm_for_customer")
    made.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return User.objects.get(pk=made.pk)


def said(found: list[Any]) -> list[str]:
    for one in found:
        assert isinstance(one, (str, Refused)), one
    return sorted(str(one)[:33] for one in found)


def test_of_two_who_set_a_letter_aside_one_is_written_down(account: ProviderAccount) -> None:
    ann, ben = staff("ann"), staff("ben")
    for _ in range(ROUNDS):
        late = item(account)
        steps = [partial(handling.set_letter_aside, late.pk, by, REASON, uuid.uuid4()) for by in (ann, ben)]
        assert said(at_once(*steps)) == ["It is set aside, and waits for no", "Somebody else decided meanwhile: "]
        assert Handled.objects.filter(subject=late.pk).count() == 1


def test_one_who_presses_twice_does_it_once(account: ProviderAccount) -> None:
    ann = staff("ann")
    for _ in range(ROUNDS):
        late, form = item(account), uuid.uuid4()
        steps = [partial(handling.set_letter_aside, late.pk, ann, REASON, form)] * 2
        assert said(at_once(*steps)) == ["It is set aside, and waits for no"] * 2
        assert Handled.objects.filter(subject=late.pk, deed=Deed.SET_ASIDE).count() == 1


#: The verb without the lock of the thing: both look before either has written.
UNLOCKED = ("due_work.lock(LetterItem.objects.all(), item_id)", "LetterItem.objects.get(pk=item_id)")


def test_without_the_lock_the_database_takes_one(account: ProviderAccount) -> None:
    ann, ben = staff("ann"), staff("ben")
    lockless = copy_of(handling, UNLOCKED)
    for _ in range(ROUNDS):
        late = item(account)
        at_once(*(partial(lockless.set_letter_aside, late.pk, by, REASON, uuid.uuid4()) for by in (ann, ben)))
        assert Handled.objects.filter(subject=late.pk).count() == 1


def confirm_as(deposit: Deposit, by: User, form: uuid.UUID, reference: str = "123456789012") -> Any:
    loaded = Deposit.objects.select_related("payment_system", "product", "customer").get(pk=deposit.pk)
    told = {"provider_reference": reference, "amount": "1000.00"}
    made, is_new = confirming.confirm(loaded, by, told, screenshot=None, reason=REASON, form_id=form)
    return f"{made.provider_reference} {is_new}"


def test_one_form_sent_twice_at_once_is_one_confirmation(api: Api, book: Book) -> None:
    ann = staff("ann")
    for number in range(ROUNDS):
        deposit, form = open_upi(api, customer=str(number)), uuid.uuid4()
        found = at_once(*[partial(confirm_as, deposit, ann, form)] * 2)
        assert sorted(found) == ["123456789012 False", "123456789012 True"]
        assert deposit.confirmations.count() == 1
        assert [one[2:] for one in moves(deposit)] == [
            ("created", "api_key"),
            ("awaiting_payment", "provider_answer"),
            ("verifying", "person"),
        ]


def test_the_customer_and_a_person_at_once_are_one_confirmation(api: Api, book: Book) -> None:
    ann = staff("ann")
    for number in range(ROUNDS):
        deposit = open_upi(api, customer=str(number))
        reference = f"{number:012}"
        theirs, ours = at_once(
            partial(confirm, api, deposit, reference),
            partial(confirm_as, deposit, ann, uuid.uuid4(), reference),
        )
        outcome = (theirs.status_code, str(ours))
        assert outcome in {
            (201, "This reference was used before; every payment has its own."),
            (409, f"{reference} True"),
        }
        assert Confirmation.objects.filter(deposit=deposit).count() == 1
