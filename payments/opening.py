"""Opening a deposit: details to pay to (C§1.3), a payment page, a push to the phone (C§1.5), or the window (C§1.8).

``transaction/create`` only hands out details and may be repeated. ``payment/create`` is sent once in a deposit's
life: a second push would make the customer pay twice, so a lost answer becomes ``verifying`` and is asked about.
The payment window creates nothing until the customer pays in it: its address is composed here and shown once.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from gateway import due_work
from gateway.lifecycles import Cause, CauseKind
from gateway.paykassma.answers import Answer, Outcome
from gateway.paykassma.messages import parse_details, parse_push_message, parse_redirect_url
from gateway.providers import calls, media
from gateway.providers.actions import is_manual
from gateway.providers.calls import was_not_read
from gateway.providers.models import Flow, not_paused
from gateway.providers.pace import take_place
from payments.failures import FailureCode
from payments.models import Deposit
from payments.moves import move_deposit
from payments.states import DepositStatus
from payments.widget import Window, compose

#: A customer waits on the page: quick at first, given up after some ten minutes, when nobody waits any more.
OPEN_DELAYS_SECONDS: Final = (1, 2, 5, 15, 60, 120, 300)
#: After payment/create the provider is asked by the ladder of ``asking.py``; its first step.
_FIRST_ASK_SECONDS: Final = 15


def open_deposit(deposit_id: uuid.UUID) -> None:
    """Open a created deposit that is due; does nothing where another worker has it or it has moved on."""
    due = Deposit.objects.filter(not_paused(), pk=deposit_id, status=DepositStatus.CREATED).select_related(
        "account", "payment_system", "customer", "product"
    )
    for deposit in due_work.claim(due, limit=1, lease_seconds=calls.LEASE_SECONDS):
        if deposit.in_widget:
            _open_widget(deposit)  # its one call, for hashes, is optional and takes a place by itself
        elif not take_place(deposit.account):
            due_work.put_back(deposit)
        elif deposit.flow == Flow.ACTIVATION:
            _fetch_details(deposit)
        else:
            _create_payment(deposit)


def _fetch_details(deposit: Deposit) -> None:
    label = deposit.customer.label
    manual = is_manual(deposit.account, deposit.payment_system, currency=deposit.currency, label=label)
    answer = calls.call(
        deposit.account,
        "transaction/create",
        lambda client: client.create_transaction(
            wallet_type=deposit.payment_system_id, currency=deposit.currency, label=label
        ),
        subject=deposit.public_id,
        request={"wallet_type": deposit.payment_system_id, "currency": deposit.currency, "label": label},
        has_place=True,
    )
    details = parse_details(answer.payload) if answer.outcome is Outcome.ACCEPTED else ()
    shown = {
        "type": "show_details",
        "details": [{"label": name, "value": value} for name, value in details],
        "media": media.shown(deposit.payment_system, media.hints_of(deposit.account)),
    }
    _keep_details(deposit, answer, shown if details else None, manual=manual)


@transaction.atomic(durable=True)
def _keep_details(claimed: Deposit, answer: Answer, shown: dict[str, Any] | None, *, manual: bool) -> None:
    deposit = _lock(claimed)
    if not deposit.holds(claimed.token) or deposit.status != DepositStatus.CREATED:
        return
    cause = Cause(kind=CauseKind.PROVIDER_ANSWER, detail=answer.note)
    if shown is not None:
        move_deposit(
            deposit,
            DepositStatus.AWAITING_PAYMENT,
            cause,
            shown=shown,
            shown_at=timezone.now(),
            is_manual=manual,
            next_at=None,
            attempts=0,
            token=None,
        )
    elif answer.outcome is Outcome.REFUSED:
        _fail(deposit, FailureCode.PROVIDER_REFUSED, cause)
    else:
        _try_again(deposit, claimed, cause)


def _open_widget(deposit: Deposit) -> None:
    if not deposit.account.widget_url:
        # It was paid in the window when it was created and stays so; the address was taken away meanwhile.
        _keep_no_widget(deposit)
        return
    _keep_widget(deposit, compose(deposit))


@transaction.atomic(durable=True)
def _keep_widget(claimed: Deposit, window: Window) -> None:
    deposit = _lock(claimed)
    if not deposit.holds(claimed.token) or deposit.status != DepositStatus.CREATED:
        return
    # From the moment the address is shown money may come under our own id, so from then on it is asked about.
    _ask_from_now_on(deposit)
    move_deposit(
        deposit,
        DepositStatus.AWAITING_PAYMENT,
        Cause(kind=CauseKind.CLOCK, detail=window.note),
        shown={"type": "widget", "url": window.url},
        shown_at=timezone.now(),
        payment_created_at=timezone.now(),
        next_at=deposit.next_at,
        attempts=0,
        token=None,
    )


@transaction.atomic(durable=True)
def _keep_no_widget(claimed: Deposit) -> None:
    deposit = _lock(claimed)
    if deposit.holds(claimed.token) and deposit.status == DepositStatus.CREATED:
        _try_again(deposit, claimed, Cause(kind=CauseKind.CLOCK, detail="the account has no payment window"))


def _create_payment(deposit: Deposit) -> None:
    if deposit.payment_created_at is not None:
        # A worker wrote that it would send and was never heard of again: the payment may exist.
        _lose_answer(deposit, Cause(kind=CauseKind.CLOCK, detail="no answer was recorded"))
        return
    # Before the mark: where the customer's details cannot be decrypted, nothing was sent and nothing is doubtful.
    fields = _payment_fields(deposit)
    if not _mark_sent(deposit):
        return
    answer = calls.call(
        deposit.account,
        "payment/create",
        lambda client: client.create_payment(
            wallet_type=deposit.payment_system_id,
            currency=deposit.currency,
            amount=deposit.amount,
            label=deposit.customer.label,
            custom_transaction_id=deposit.public_id,
            fields=fields,
        ),
        subject=deposit.public_id,
        request={"wallet_type": deposit.payment_system_id, "amount": deposit.amount, **_evidence(deposit, fields)},
        has_place=True,
    )
    _keep_payment(deposit, answer, sent=fields)


def _payment_fields(deposit: Deposit) -> dict[str, str]:
    system, urls = deposit.payment_system, _ways_back(deposit)
    fields = dict(system.constants)
    for field in system.detail_fields:
        # A field that may be left out, or one that a person has added to the row since the order was made.
        if (value := deposit.details.get(field["name"])) is not None:
            fields[field["wire"] or field["name"]] = value
    for key, which in system.return_url_keys.items():
        if url := urls.get(which) or urls.get("success"):
            fields[key] = url
    if system.flow == Flow.REDIRECT and system.language_wire:
        fields[system.language_wire] = deposit.language
    return fields


def _evidence(deposit: Deposit, fields: dict[str, str]) -> dict[str, str]:
    """What was sent, without the address of the customer's page: who reads the evidence must not be able to pay."""
    session = deposit.checkout_session
    if session is None:
        return fields
    return {name: f"the page of {session}" if text == session.return_url else text for name, text in fields.items()}


def _ways_back(deposit: Deposit) -> dict[str, str]:
    """Where the provider sends the customer afterwards: to the page where the payment began, or to the product."""
    if deposit.checkout_session is None:
        return dict(deposit.return_urls)
    # Without the link, which goes only when all is over, nobody would come back: that is said by an empty answer.
    url = deposit.checkout_session.return_url
    return {} if url is None else dict.fromkeys(["success", "failure", "pending"], url)


@transaction.atomic(durable=True)
def _mark_sent(claimed: Deposit) -> bool:
    # Committed before the first byte: if this line came after the call, a crash between them would send it twice.
    deposit = _lock(claimed)
    if not deposit.holds(claimed.token) or deposit.status != DepositStatus.CREATED:
        return False
    deposit.payment_created_at = timezone.now()
    deposit.save(update_fields=["payment_created_at"])
    return True


@transaction.atomic(durable=True)
def _keep_payment(claimed: Deposit, answer: Answer, *, sent: Mapping[str, str]) -> None:
    deposit = _lock(claimed)
    cause = Cause(kind=CauseKind.PROVIDER_ANSWER, detail=answer.note)
    if was_not_read(answer) or answer.outcome is Outcome.REFUSED:
        _keep_no_payment(deposit, claimed, answer, cause)
        return
    # From here on the payment exists or may exist: the provider is asked about it whatever our status is.
    _ask_from_now_on(deposit)
    if deposit.status != DepositStatus.CREATED:
        # Cancelled, expired or credited meanwhile; its own rules hold, and the asking above finds the money.
        deposit.save(update_fields=["next_at", "attempts", "token"])
        return
    shown = _shown_payment(deposit, answer, sent) if answer.outcome is Outcome.ACCEPTED else None
    asking = {"next_at": deposit.next_at, "attempts": 0, "token": None}
    if shown is not None:
        move_deposit(deposit, DepositStatus.AWAITING_PAYMENT, cause, shown=shown, shown_at=timezone.now(), **asking)
    elif answer.outcome is Outcome.ACCEPTED:
        # Accepted, but no address to send the customer to: loud, and nobody is told to pay again.
        move_deposit(
            deposit,
            DepositStatus.IN_REVIEW,
            Cause(kind=CauseKind.PROVIDER_ANSWER, detail=f"{answer.note}, but no address to send the customer to"),
            failure_code=FailureCode.PROVIDER_ANSWER_UNUSABLE,
            deadline_at=None,
            **asking,
        )
    else:
        move_deposit(deposit, DepositStatus.VERIFYING, cause, deadline_at=_verify_until(deposit), **asking)


def _keep_no_payment(deposit: Deposit, claimed: Deposit, answer: Answer, cause: Cause) -> None:
    """Nothing was created: the provider said so, or no byte reached it."""
    if not deposit.holds(claimed.token):
        return
    deposit.payment_created_at = None
    if deposit.status != DepositStatus.CREATED:
        deposit.save(update_fields=["payment_created_at"])
    elif answer.outcome is Outcome.REFUSED:
        _fail(deposit, FailureCode.PROVIDER_REFUSED, cause, payment_created_at=None)
    else:
        deposit.save(update_fields=["payment_created_at"])
        _try_again(deposit, claimed, cause)


def _shown_payment(deposit: Deposit, answer: Answer, sent: Mapping[str, str]) -> dict[str, Any] | None:
    if deposit.flow == Flow.REDIRECT:
        url = parse_redirect_url(answer.payload, sent=sent.values())
        return None if url is None else {"type": "redirect", "url": url}
    message = parse_push_message(answer.payload)
    return {"type": "wait", "message": message} if message else {"type": "wait"}


@transaction.atomic(durable=True)
def _lose_answer(claimed: Deposit, cause: Cause) -> None:
    deposit = _lock(claimed)
    if deposit.holds(claimed.token) and deposit.status == DepositStatus.CREATED:
        _ask_from_now_on(deposit)
        move_deposit(
            deposit,
            DepositStatus.VERIFYING,
            cause,
            deadline_at=_verify_until(deposit),
            next_at=deposit.next_at,
            attempts=0,
            token=None,
        )


def _lock(claimed: Deposit) -> Deposit:
    found: Deposit = due_work.lock(
        Deposit.objects.select_related("product", "customer", "payment_system", "account"), claimed.pk
    )
    return found


def _ask_from_now_on(deposit: Deposit) -> None:
    deposit.next_at = timezone.now() + timedelta(seconds=_FIRST_ASK_SECONDS)
    deposit.attempts, deposit.token = 0, None


def _verify_until(deposit: Deposit) -> Any:
    return timezone.now() + timedelta(days=deposit.payment_system.confirm_days)


def _try_again(deposit: Deposit, claimed: Deposit, cause: Cause) -> None:
    if deposit.account.is_paused():
        # It is the account that failed, not this order: it waits in its place, for as long as its own deadline lets it.
        due_work.put_back(claimed)
        return
    again = due_work.after(OPEN_DELAYS_SECONDS, deposit.attempts, repeat_last=False)
    if again is None:
        _fail(deposit, FailureCode.PROVIDER_UNAVAILABLE, cause)
        return
    deposit.next_at, deposit.token = again, None
    deposit.save(update_fields=["next_at", "token"])


def _fail(deposit: Deposit, code: FailureCode, cause: Cause, **changes: Any) -> None:
    move_deposit(
        deposit,
        DepositStatus.FAILED,
        cause,
        failure_code=code,
        next_at=None,
        token=None,
        deadline_at=None,
        **changes,
    )
