"""Does an account work? Two harmless questions to the provider, and what their answers say, in plain words.

They leave as all calls do: with the account's pace, its pauses and its evidence, and with no transaction open. What
they find counts for the account as any other answer does: whose secret the provider refuses in words is paused, as the
next hourly question would have paused it.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from gateway import turns
from gateway.paykassma.answers import Answer, Credential, Outcome
from gateway.paykassma.client import Client
from gateway.paykassma.messages import Balance, parse_available, parse_balances
from gateway.people import check_permission
from gateway.providers import calls
from gateway.providers.actions import OWN_LABEL, served_currencies
from gateway.providers.models import ConnectionTest, PaymentSystem, ProviderAccount

#: A declared permission of its own: it calls the provider, and may find that the account has to stop.
TEST: Final = "providers.test_provideraccount"
#: From one test of an account to the next. Nothing changes faster, and nobody hammers a provider by a button.
GAP_SECONDS: Final = 60
#: Somebody waits at a page; a provider that is well answers in one or two.
READ_SECONDS: Final = 10.0
#: Named in a sentence, the others counted.
_NAMED_MAX: Final = 20

#: What no harmless question finds out.
_NOT_TESTED: Final = (
    ("Withdrawal key", "Only a payout is signed with it: the first real one shows whether the provider takes it."),
    (
        "Postback keys",
        "Only the provider's own letters show whether they fit; the account counts refused ones.",
    ),
    ("Payment window", "Nothing is asked of it; open its address in a browser."),
)


class NotNow(Exception):  # noqa: N818 - reads as the fact it reports
    """The account is not tested now. The message is a sentence for the person."""


def find_out(account: ProviderAccount, *, by: AbstractBaseUser) -> ConnectionTest:
    """Ask the provider, and keep what was found.

    Raises:
        NotNow: the account is paused, or was tested a moment ago.
        PermissionDenied: the person may not.
    """
    begun = _begin(account.pk, by)
    found = list(_findings(begun.account))
    begun.findings, begun.ended_at = found, timezone.now()
    begun.save(update_fields=["findings", "ended_at"])
    return begun


@transaction.atomic(durable=True)
def _begin(account_id: uuid.UUID, by: AbstractBaseUser) -> ConnectionTest:
    """Written down before the first call, so that two who press the button at once make one test."""
    check_permission(by, TEST, lock=False)
    turns.take([f"connection_test/{account_id}"])
    account = ProviderAccount.objects.get(pk=account_id)
    if account.is_paused():
        raise NotNow(
            f"{account} is paused ({account.pause_reason or account.pause_kind}): no call leaves, so none was made."
        )
    soonest = timezone.now() - timedelta(seconds=GAP_SECONDS)
    if ConnectionTest.objects.filter(account=account, asked_at__gt=soonest).exists():
        raise NotNow(f"{account} was tested less than {GAP_SECONDS} seconds ago: look at what was found.")
    return ConnectionTest.objects.create(account=account, asked_by_id=by.pk)


def _findings(account: ProviderAccount) -> Iterator[dict[str, Any]]:
    listed, seconds = _asked(
        account,
        "available",
        lambda client: client.available(currencies=served_currencies(), label=OWN_LABEL),
    )
    if listed is calls.HELD_BACK:
        yield _finding("Base URL", None, "Too many other calls stand in line, or the account was paused just now.")
        return
    yield _of_address(account, listed, seconds)
    if listed.http_status is not None:
        yield _of_secret(listed)
    if listed.outcome is Outcome.ACCEPTED:
        yield _of_systems(listed)
        held, seconds = _asked(account, "accounts-balance", lambda client: client.balances())
        yield _of_balances(held, seconds)
    for about, sentence in _NOT_TESTED:
        yield _finding(about, None, sentence)


def _asked(account: ProviderAccount, operation: str, do: Callable[[Client], Answer]) -> tuple[Answer, float]:
    started = time.monotonic()
    answer = calls.call(account, operation, do, request={"connection_test": True}, read_seconds=READ_SECONDS)
    return answer, time.monotonic() - started


def _finding(about: str, works: bool | None, sentence: str) -> dict[str, Any]:  # noqa: FBT001 - yes, no, or not tested
    return {"about": about, "works": works, "sentence": sentence}


def _of_address(account: ProviderAccount, answer: Answer, seconds: float) -> dict[str, Any]:
    if answer.http_status is not None:
        sentence = f"{account.base_url} answered with HTTP {answer.http_status} in {seconds:.1f} s."
        return _finding("Base URL", True, sentence)
    if not answer.sent:
        return _finding("Base URL", False, f"No connection to {account.base_url} in {seconds:.1f} s: {answer.note}.")
    return _finding(
        "Base URL", False, f"Connected to {account.base_url}, and no answer in {seconds:.1f} s: {answer.note}."
    )


def _of_secret(answer: Answer) -> dict[str, Any]:
    if answer.outcome in {Outcome.ACCEPTED, Outcome.PENDING}:
        return _finding("API secret", True, "The provider takes it.")
    if answer.credential is Credential.SECRET:
        return _finding("API secret", False, "The provider says that it is wrong. The account is paused by that.")
    if answer.outcome is Outcome.CREDENTIAL_ERROR:
        sentence = "Refused without a word: the secret is wrong, or there is no such path at this address."
        return _finding("API secret", False, sentence)
    return _finding("API secret", None, f"The answer does not tell: {answer.note}.")


def _of_systems(answer: Answer) -> dict[str, Any]:
    codes = sorted({system.wallet_type for system in parse_available(answer.payload)})
    if not codes:
        return _finding("Payment systems", False, "The answer lists none that can be read.")
    offered = set(PaymentSystem.objects.filter(code__in=codes, is_enabled=True).values_list("code", flat=True))
    sentence = f"{len(codes)} listed, {len(offered)} of them offered by us: {_some(codes)}."
    return _finding("Payment systems", True, sentence)


def _of_balances(answer: Answer, seconds: float) -> dict[str, Any]:
    if answer.outcome is not Outcome.ACCEPTED:
        return _finding("Balances", False, f"Not answered in {seconds:.1f} s: {answer.note}.")
    listed = parse_balances(answer.payload)
    said = [f"{one.wallet_type} {one.currency}" for one in listed if isinstance(one, Balance)]
    if not listed:
        return _finding("Balances", True, f"Answered in {seconds:.1f} s: the provider names none.")
    if not said:
        return _finding("Balances", False, "The answer has none that can be read.")
    return _finding("Balances", True, f"{len(said)} answered in {seconds:.1f} s: {_some(sorted(said))}.")


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED_MAX
    return ", ".join(names[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
