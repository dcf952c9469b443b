"""A customer names the reference on the page: once, whatever the tabs, and nothing of others is told."""

import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from payments import deadlines
from payments.checkout import paying
from payments.checkout.paying import Invalid, Mistake, Refusal, Refused
from payments.models import CheckoutSession, Confirmation
from payments.states import DepositStatus
from tests.conftest import Api
from tests.payments.checkout.stage import attempts, begin_session, choose, name_reference
from tests.payments.stage import (
    ACTIVATE,
    AVAILABLE,
    OK,
    REFERENCE,
    Book,
    confirm,
    create_path,
    details,
    fresh,
    money,
    moves,
    offered,
    payment_path,
    place,
    work,
)
from tests.scripted_provider import DROP, ScriptedProvider


@pytest.fixture
def session(api: Api, book: Book, provider: ScriptedProvider) -> CheckoutSession:
    provider.script(ACTIVATE, OK)
    made = begin_session(api)
    choose(made)
    work()
    return made


def refusal(session: CheckoutSession, reference: str = REFERENCE, **told: Any) -> Refusal:
    before = Confirmation.objects.count()
    with pytest.raises(Refused) as refused:
        name_reference(session, reference, **told)
    assert Confirmation.objects.count() == before
    return refused.value.refusal


def mistakes(session: CheckoutSession, **told: Any) -> dict[str, Mistake]:
    with pytest.raises(Invalid) as invalid:
        name_reference(session, **told)
    assert not Confirmation.objects.exists()
    return invalid.value.mistakes


def test_a_reference_is_sent_once(session: CheckoutSession, provider: ScriptedProvider) -> None:
    form_id = uuid.uuid4()
    for _ in range(2):
        name_reference(session, " 1234 5678-9012 ", form_id=form_id)
    name_reference(session, form_id=uuid.uuid4())  # another tab
    confirmation = Confirmation.objects.get()
    assert confirmation.provider_reference == REFERENCE
    assert moves(confirmation)[0] == (1, "", "created", "customer")
    assert confirmation.moves.first().cause_id == session.public_id  # type: ignore[union-attr]
    assert attempts(session)[0].status == DepositStatus.VERIFYING
    work()
    assert len(provider.to(ACTIVATE)) == 1


def test_a_reference_whose_answer_was_lost_may_be_sent_again(
    session: CheckoutSession, provider: ScriptedProvider
) -> None:
    provider.script(ACTIVATE, DROP)
    form_id = uuid.uuid4()
    name_reference(session, form_id=form_id)
    work()
    assert Confirmation.objects.get().provider_word == "unknown"
    name_reference(session, form_id=form_id)  # the same form is the same act
    assert Confirmation.objects.count() == 1
    provider.script(ACTIVATE, OK)
    for _ in range(2):
        name_reference(session)
        work()
    assert list(Confirmation.objects.order_by("id").values_list("provider_word", flat=True)) == ["unknown", "accepted"]
    assert len(provider.to(ACTIVATE)) == 2


def test_the_same_form_corrected_is_another_reference(session: CheckoutSession) -> None:
    form_id = uuid.uuid4()
    name_reference(session, "123456789013", form_id=form_id)
    name_reference(session, "123456789012", form_id=form_id)
    assert Confirmation.objects.count() == 2


@pytest.mark.parametrize("amount", ["1000", "1,000.00", "1 000.00", "1000.00", "১,০০০", "۱٬۰۰۰٫۰۰"])
def test_amounts_as_people_write_them(session: CheckoutSession, amount: str) -> None:
    name_reference(session, amount=amount)
    assert Confirmation.objects.get().amount == 1000


def test_all_mistakes_are_told_at_once(session: CheckoutSession) -> None:
    told: dict[str, Any] = {"reference": "12345", "amount": "a lot", "screenshot": SimpleUploadedFile("a.png", b"png")}
    with pytest.raises(Invalid) as error:
        name_reference(session, **told)
    assert error.value.mistakes == dict.fromkeys(("reference", "amount", "screenshot"), Mistake.INVALID)
    assert Confirmation.objects.count() == 0


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"reference": ""}, {"reference": Mistake.MISSING}),
        ({"reference": "12345"}, {"reference": Mistake.INVALID}),
        ({"reference": "1" * 500}, {"reference": Mistake.INVALID}),
        ({"reference": "1\0"}, {"reference": Mistake.INVALID}),
        ({"amount": ""}, {"amount": Mistake.MISSING}),
        ({"amount": "a lot"}, {"amount": Mistake.INVALID}),
        ({"amount": "1e3"}, {"amount": Mistake.INVALID}),
        ({"amount": "-5"}, {"amount": Mistake.INVALID}),
        # A comma before hundredths is none between groups: without it this would be a hundred times the amount.
        *(({"amount": text}, {"amount": Mistake.INVALID}) for text in ("1,0", "10,00", "100,50", "1000,50", "1,00,00")),
        ({"screenshot": SimpleUploadedFile("a.png", b"png")}, {"screenshot": Mistake.INVALID}),
    ],
)
def test_mistakes_by_field(session: CheckoutSession, told: dict[str, Any], wrong: dict[str, Mistake]) -> None:
    told = {"reference": REFERENCE, **told}
    assert mistakes(session, **told) == wrong


def test_a_screenshot_that_is_wanted(api: Api, book: Book, provider: ScriptedProvider, settings: Any) -> None:
    provider.script(AVAILABLE, offered(("staging_b_ml", "INR", True)))
    provider.script(create_path("staging_b_ml"), details())
    session = begin_session(api)
    choose(session, "staging_b_ml")
    work()
    assert mistakes(session, reference="REF123456") == {"screenshot": Mistake.MISSING}
    settings.SCREENSHOT_MAX_BYTES = 10
    large = SimpleUploadedFile("a.png", b"x" * 11)
    assert mistakes(session, reference="REF123456", screenshot=large) == {"screenshot": Mistake.TOO_LARGE}
    settings.SCREENSHOT_MAX_BYTES = 1_000_000
    kept = io.BytesIO()
    Image.new("RGB", (40, 80), "navy").save(kept, "PNG")
    name_reference(session, "REF123456", screenshot=SimpleUploadedFile("a.png", kept.getvalue()))
    assert bytes(Confirmation.objects.get().screenshot.picture)[:3] == b"\xff\xd8\xff"


def test_a_used_reference_says_nothing_of_whose_it_was(api: Api, session: CheckoutSession, paid_elsewhere: str) -> None:
    assert refusal(session, paid_elsewhere) is Refusal.REFERENCE_USED


@pytest.fixture
def paid_elsewhere(api: Api, book: Book, session: CheckoutSession, clock: Any) -> str:
    """The reference of a stranger's credited deposit."""
    stranger = place(api, customer="stranger")
    work()
    assert confirm(api, stranger, "999999999999").status_code == 201
    work()
    named = stranger.confirmations.get()
    book.enter(named.public_id, money(transaction_id="999999999999"), label=stranger.customer.label)
    clock.move_to(fresh(stranger).next_at)
    work()
    assert fresh(stranger).status == DepositStatus.CREDITED
    return "999999999999"


def test_a_reference_that_a_stranger_waits_for_is_taken_and_both_are_flagged(
    api: Api, session: CheckoutSession
) -> None:
    stranger = place(api, customer="stranger")
    work()
    assert confirm(api, stranger).status_code == 201
    name_reference(session)
    assert list(Confirmation.objects.values_list("is_contested", flat=True)) == [True, True]


def test_ten_references_an_hour(session: CheckoutSession) -> None:
    for number in range(10):
        name_reference(session, f"{number:012}")
    assert refusal(session, "777777777777") is Refusal.TOO_MANY


def test_an_expired_session_takes_a_reference_for_thirty_days(session: CheckoutSession, clock: Any) -> None:
    clock.shift(timedelta(hours=24))
    deadlines.expire_deposits()
    assert attempts(session)[0].status == DepositStatus.EXPIRED
    clock.shift(timedelta(days=30))
    name_reference(session)
    clock.shift(timedelta(seconds=1))
    assert refusal(session, "777777777777") is Refusal.OVER


def test_an_attempt_that_was_called_off_takes_its_reference(session: CheckoutSession) -> None:
    choose(session, "paytm", seen=1)
    name_reference(session, attempt=1)
    assert Confirmation.objects.get().deposit.checkout_attempt == 1


def test_attempts_that_are_not(session: CheckoutSession) -> None:
    assert refusal(session, attempt=2) is Refusal.OVER
    assert refusal(session, attempt=0) is Refusal.OVER


def test_nothing_is_named_for_a_redirect(api: Api, book: Book, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered(("bkash_api", "BDT", False)))
    provider.script(payment_path("bkash_api"), (200, {"status": "ok", "data": {"url": "https://pay.example.com/1"}}))
    session = begin_session(api, currency="BDT")
    choose(session, "bkash_api", account_number="01000000000")
    work()
    assert refusal(session) is Refusal.OVER


def test_strangers_sessions_have_no_attempts_of_each_other(api: Api, session: CheckoutSession) -> None:
    other = begin_session(api, customer="other")
    with pytest.raises(Refused):
        paying.confirm(other.pk, attempt=1, reference=REFERENCE, amount="1000.00", form_id=uuid.uuid4())
    assert not Confirmation.objects.exists()
