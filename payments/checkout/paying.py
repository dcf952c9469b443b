"""What a customer does on the page of a session: chooses how to pay, and names the reference of the payment."""

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from gateway import due_work, patterns
from gateway.after_commit import ring
from gateway.api.idempotency import AlreadyAnswered, Owner, claim_of_form
from gateway.api.order_fields import checked_fields
from gateway.api.problems import Problem
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Outcome
from gateway.products.actions import Caller
from gateway.products.models import Mode
from gateway.providers.models import PaymentSystem
from payments.actions import NewDeposit, new_deposit
from payments.beginning import NotBegun, begin_deposit
from payments.calling_off import call_off
from payments.checkout import locales, offers, standing
from payments.checkout.standing import NextAttempt
from payments.confirming import confirm_deposit
from payments.models import CheckoutSession, Confirmation, Deposit
from payments.moves import lock_deposit
from payments.serializers import NewConfirmationSerializer
from payments.states import CANCELLABLE, OPEN_CONFIRMATIONS, ConfirmationStatus

#: Between a session's reference and the number of an attempt after the first: no product's own reference has it by
#: accident, and people see what belongs together.
ATTEMPT_MARK: Final = "~"
#: A customer looks at two or three ways to pay; each is a call of the provider's and news for the product.
_ATTEMPTS_PER_HOUR: Final = 10
#: As people write telephone numbers, and address books fill them in: +254 (700) 000-000.
_GROUPING: Final = re.compile(r"[\s+().-]")


class Refusal(StrEnum):
    """Why something was not done."""

    NOT_OFFERED = "not_offered"
    """The session cannot be paid by this system: no longer offered, or not in this amount."""
    UNDER_WAY = "under_way"
    """An attempt may have been paid; another one would pay twice."""
    PAID_ELSEWHERE = "paid_elsewhere"
    """The product has begun this order in another way meanwhile."""
    OVER = "over"
    """The session, or the attempt, takes nothing any more."""
    REFERENCE_USED = "reference_used"
    """The reference was used before; it is not said by whom."""
    TOO_MANY = "too_many"
    """Too many references in an hour."""
    TOO_OFTEN = "too_often"
    """Too many attempts in an hour."""
    BUSY = "busy"
    """The same form is being worked on."""


class Refused(Exception):  # noqa: N818 - reads as the fact it reports
    """It was not done, and nothing was written."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal)


class Mistake(StrEnum):
    """What is wrong with what was typed into a field."""

    MISSING = "missing"
    INVALID = "invalid"
    TOO_LARGE = "too_large"


class Invalid(Exception):  # noqa: N818 - as above
    """Fields were filled in wrongly, and nothing was written.

    Attributes:
        mistakes: by ``reference``, ``amount``, ``screenshot``, or the name of one of the system's own fields.
    """

    def __init__(self, mistakes: Mapping[str, Mistake]) -> None:
        self.mistakes = dict(mistakes)
        super().__init__(", ".join(f"{name}: {mistake}" for name, mistake in self.mistakes.items()))


def choose(session_id: uuid.UUID, *, system: str, details: Mapping[str, str], seen: int) -> None:
    """Begin an attempt by a payment system; an open one that nobody says to have paid is called off for it.

    Args:
        session_id: of the session.
        system: code of the payment system.
        details: what the system wants to know of the customer, by the names of its `detail_fields`.
        seen: how many attempts the page knew of. Where there are others by now, another tab was quicker: its attempt
            stands, and nothing is done.

    Raises:
        Refused: it cannot be begun.
        Invalid: details are missing or wrong.
    """
    session = CheckoutSession.objects.select_related("product", "customer").get(pk=session_id)
    chosen = next((one for one in offers.takers(session) if one.code == system), None)
    if chosen is None or not offers.takes(chosen, session):
        raise Refused(Refusal.NOT_OFFERED)
    given = _checked_details(chosen, details)
    try:
        _begin(session_id, chosen, given, seen=seen)
    except NotBegun:
        # No account serves the mode just now, or its payment window takes no fraction.
        raise Refused(Refusal.NOT_OFFERED) from None
    except IntegrityError as error:
        if "one_deposit_per_reference" not in str(error):
            raise
        raise Refused(Refusal.PAID_ELSEWHERE) from None


@transaction.atomic(durable=True)
def _begin(session_id: uuid.UUID, system: PaymentSystem, details: dict[str, str], *, seen: int) -> None:
    session = _lock(session_id)
    now = standing.of(session)
    if len(now.attempts) != seen:
        return
    _make_room(session, now)
    number = seen + 1
    caller = Caller(
        product=session.product, mode=Mode(session.mode), key_id=session.asked_by_id, scopes=frozenset(), version=""
    )
    deposit = new_deposit(
        caller,
        NewDeposit(
            payment_system=system,
            currency=session.currency,
            amount=session.amount,
            customer=session.customer.external_id,
            reference=session.reference if number == 1 else f"{session.reference}{ATTEMPT_MARK}{number}",
            language=session.language,
            details=details,
            metadata=session.metadata,
        ),
    )
    deposit.checkout_session, deposit.checkout_attempt = session, number
    assert deposit.deadline_at is not None
    deposit.deadline_at = min(deposit.deadline_at, session.expires_at)
    begin_deposit(
        deposit,
        caller=caller,
        customer=session.customer.external_id,
        cause=_by(session),
        claim=claim_of_form(_owner(session), uuid.uuid5(session.pk, f"attempt {number}"), system.code),
        durably=False,
    )
    ring("payments.tasks.open_deposit", str(deposit.pk))


def _make_room(session: CheckoutSession, now: standing.Standing) -> None:
    """Call the open attempt off, where that is allowed; refuse where money may be under way."""
    if now.is_expired or now.is_cancelled or now.is_stopped:
        raise Refused(Refusal.OVER)
    if now.is_elsewhere:
        raise Refused(Refusal.PAID_ELSEWHERE)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    if sum(one.deposit.created_at > an_hour_ago for one in now.attempts) >= _ATTEMPTS_PER_HOUR:
        raise Refused(Refusal.TOO_OFTEN)
    match now.next_attempt:
        case NextAttempt.REFUSED:
            raise Refused(Refusal.UNDER_WAY)
        case NextAttempt.INSTEAD:
            assert now.current is not None
            # Looked at again under its lock: money or a reference may have come meanwhile.
            deposit = lock_deposit(now.current.deposit.pk)
            if deposit.status not in CANCELLABLE or deposit.confirmations.exists():
                raise Refused(Refusal.UNDER_WAY)
            call_off(deposit, _by(session, "another way to pay was chosen"))


def confirm(
    session_id: uuid.UUID,
    *,
    attempt: int,
    reference: str,
    amount: str = "",
    screenshot: "UploadedFile[Any] | None" = None,
    form_id: uuid.UUID,
) -> None:
    """Name the reference of the payment. Whoever sends the same again has done it once.

    Args:
        session_id: of the session.
        attempt: number of the attempt that was paid.
        reference: in ASCII digits and letters; how it is spaced does not matter.
        amount: as it was typed; empty: not told.
        screenshot: as it was uploaded.
        form_id: of the page's form.

    Raises:
        Refused: it is not taken.
        Invalid: a field is missing or wrong.
    """
    session = CheckoutSession.objects.select_related("product").get(pk=session_id)
    rows = Deposit.objects.select_related("payment_system", "product", "customer")
    deposit = rows.filter(checkout_session=session, checkout_attempt=attempt).first()
    if deposit is None:
        raise Refused(Refusal.OVER)
    wish = _checked(deposit, reference, amount, screenshot)
    if _is_named(deposit, wish.provider_reference):
        return
    # The reference is a part of it: who goes back to the form and corrects a slip sends another one.
    claim = claim_of_form(
        _owner(session), uuid.uuid5(form_id, wish.provider_reference), session.public_id, deposit.public_id
    )
    try:
        confirm_deposit(session, deposit.pk, wish, claim)
    except AlreadyAnswered:
        return
    except Problem as problem:
        # Two tabs, or two clicks: the other one was quicker.
        if problem.code == "reference_already_used" and _is_named(deposit, wish.provider_reference):
            return
        raise Refused(_REFUSALS[problem.code]) from None


#: By the code of the verb's problem.
_REFUSALS: Final = {
    "conflict": Refusal.OVER,
    "reference_already_used": Refusal.REFERENCE_USED,
    "too_many_attempts": Refusal.TOO_MANY,
    "idempotency_key_in_use": Refusal.BUSY,
    "idempotency_key_reused": Refusal.BUSY,
}


def _checked(deposit: Deposit, reference: str, amount: str, screenshot: "UploadedFile[Any] | None") -> Any:
    data: dict[str, Any] = {}
    if reference := reference.strip():
        data["provider_reference"] = reference
    if amount := locales.typed_amount(amount):
        data["amount"] = amount
    if screenshot is not None and screenshot.size:
        data["screenshot"] = screenshot
        if screenshot.size > settings.SCREENSHOT_MAX_BYTES:
            raise Invalid({"screenshot": Mistake.TOO_LARGE})
    # By the rules of the API. Its sentences are for integrators, so only the places are taken from it.
    wanted = NewConfirmationSerializer(data=data, context={"deposit": deposit})
    try:
        wanted.is_valid(raise_exception=True)
    except ValidationError as error:
        raise Invalid(_mistakes(error.detail, data)) from None
    return wanted.wish()


def _is_named(deposit: Deposit, reference: str) -> bool:
    """Whether this very reference is being looked for already, or was found, for this very deposit."""
    # Whose answer was lost may never have arrived: by their own act the customer may send it again, under a new id.
    known = Confirmation.objects.filter(deposit=deposit, provider_reference=reference).exclude(
        status=ConfirmationStatus.VERIFYING, provider_word=Outcome.UNKNOWN
    )
    return known.filter(status__in=[*OPEN_CONFIRMATIONS, ConfirmationStatus.CREDITED]).exists()


def _checked_details(system: PaymentSystem, details: Mapping[str, str]) -> dict[str, str]:
    given = {name: text.strip() for name, text in details.items() if text.strip()}
    patterns_of = {field["name"]: field["pattern"] for field in system.detail_fields}
    given = {name: _plain(text, patterns_of[name]) for name, text in given.items() if name in patterns_of}
    try:
        return checked_fields(given, system.detail_fields, "details")
    except ValidationError as error:
        wrong: Any = error.detail
        raise Invalid(_mistakes(wrong["details"], given)) from None


def _plain(text: str, pattern: str) -> str:
    """What was typed, without the signs that people group numbers by, where it fits without them alone."""
    bare = _GROUPING.sub("", text)
    return bare if not patterns.fits(pattern, text) and patterns.fits(pattern, bare) else text


def _mistakes(wrong: Any, given: Mapping[str, Any]) -> dict[str, Mistake]:
    """By field, whether it is missing or wrong: what a serializer says of it is for integrators."""
    named = {name: Mistake.INVALID if name in given else Mistake.MISSING for name in wrong}
    return {"reference" if name == "provider_reference" else name: mistake for name, mistake in named.items()}


def _lock(session_id: uuid.UUID) -> CheckoutSession:
    # Before any of its deposits, always.
    found: CheckoutSession = due_work.lock(CheckoutSession.objects.select_related("product", "customer"), session_id)
    return found


def _by(session: CheckoutSession, detail: str = "") -> Cause:
    return Cause(kind=CauseKind.CUSTOMER, id=session.public_id, detail=detail)


def _owner(session: CheckoutSession) -> Owner:
    return Owner(product=session.product, mode=session.mode)
