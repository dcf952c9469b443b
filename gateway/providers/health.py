"""How an account is: what its answers say of it, what stops it, and what lets it go on.

Many workers write here at once. Every write is one small statement that changes what it names and only where it still
finds what it expects, so whoever comes second changes nothing and says nothing.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db.models import F, QuerySet
from django.utils import timezone

from gateway import due_work
from gateway.paykassma.answers import HTTP_TOO_MANY_REQUESTS, Answer, Credential, Outcome
from gateway.providers.models import PAUSE_REASON_MAX_LENGTH, PauseKind, PauseScope, PayoutPauseKind, ProviderAccount
from gateway.providers.pauses import pause_payouts, resume_payouts, stopped_through

log = structlog.get_logger(__name__)

#: The one call that carries a signature instead of the secret (C§1.9), so its refusals say nothing of the other calls
#: and theirs nothing of it.
PAYOUT: Final = "withdrawal/create"

#: The provider answers 404 to everything when the secret is wrong (C§0), but a single address may be missing, too, and
#: a 403 may be a firewall's: without a word about credentials only some in a row stop the account.
REFUSED_STREAK: Final = 5
#: Calls in a row without an answer that make an outage. More than the eight tries of a deposit that cannot be opened,
#: so one order that the provider chokes on stops nobody; few enough that an outage costs a handful of unknown payouts.
UNKNOWN_STREAK: Final = 10
#: Seconds from a pause to its first probe and from probe to probe: a hiccup is over in seconds, and one read in five
#: minutes hammers nobody, however long it lasts.
PROBE_DELAYS_SECONDS: Final = (5, 15, 30, 60, 120, 300)
#: The longest that a Retry-After is obeyed: after that a single read asks, which is no burden; a header written in
#: error must not stop money for a day.
SLOW_DOWN_MAX_SECONDS: Final = 300

#: Kinds that end by a probe. What a person stopped, only a person resumes.
PROBED: Final = (PauseKind.CREDENTIALS, PauseKind.OUTAGE, PauseKind.SLOW_DOWN)
#: Which pauses give way to a new one. What the provider says in words about our credentials is the surer knowledge;
#: an answer that came late to a call from before a pause changes nothing about it.
_GIVE_WAY_TO: Final = {
    PauseKind.CREDENTIALS: (PauseKind.NONE, PauseKind.OUTAGE, PauseKind.SLOW_DOWN),
    PauseKind.OUTAGE: (PauseKind.NONE,),
    PauseKind.SLOW_DOWN: (PauseKind.NONE,),
    PauseKind.PERSON: tuple(PauseKind),
}
#: An account to which calls go out again, with nothing counted against it.
_GOING: Final[dict[str, Any]] = {
    "pause_kind": PauseKind.NONE,
    "pause_reason": "",
    "paused_since": None,
    "paused_until": None,
    "not_found_streak": 0,
    "unknown_streak": 0,
}


def note(account: ProviderAccount, operation: str, answer: Answer, *, patient: bool) -> None:
    """Take down what an answer says of the account.

    Args:
        account: that was called.
        operation: by its name in the evidence.
        answer: what came of it.
        patient: the answer had all the time that a well provider needs: silence says something.
    """
    mine = ProviderAccount.objects.filter(pk=account.pk)
    if answer.outcome is Outcome.CREDENTIAL_ERROR:
        _note_refusal(mine, operation, answer)
    elif answer.outcome is not Outcome.UNKNOWN:
        # While a pause lasts nothing is forgotten: how it ends is the probe's business alone.
        forgotten = {"unknown_streak": 0, "failed_probes": 0, _streak_of(operation): 0}
        mine.filter(pause_kind=PauseKind.NONE).exclude(**forgotten).update(**forgotten)
    elif _is_asked_to_wait(answer):
        _pause(mine, PauseKind.SLOW_DOWN, f"The provider asks for fewer calls: {answer.note}", _retry_at(answer))
    elif patient:
        mine.update(unknown_streak=F("unknown_streak") + 1)
        worn_out = mine.filter(unknown_streak__gte=UNKNOWN_STREAK)
        _pause(worn_out, PauseKind.OUTAGE, f"{UNKNOWN_STREAK} calls in a row without an answer: {answer.note}")


def _note_refusal(mine: "QuerySet[ProviderAccount]", operation: str, answer: Answer) -> None:
    reason = f"The provider refuses our credentials: {answer.note}"
    streak = _streak_of(operation)
    if operation == PAYOUT and answer.credential is not None:
        _stop_payouts(mine, reason)
    elif answer.credential is Credential.SECRET:
        _pause(mine, PauseKind.CREDENTIALS, reason)
    else:
        mine.update(**{streak: F(streak) + 1})
        refused = mine.filter(**{f"{streak}__gte": REFUSED_STREAK})
        if operation == PAYOUT:
            _stop_payouts(refused, reason)
        else:
            _pause(refused, PauseKind.CREDENTIALS, reason)


def _streak_of(operation: str) -> str:
    return "payout_refusal_streak" if operation == PAYOUT else "not_found_streak"


def _is_asked_to_wait(answer: Answer) -> bool:
    return answer.http_status == HTTP_TOO_MANY_REQUESTS or answer.retry_after_seconds is not None


def _retry_at(answer: Answer) -> datetime | None:
    if answer.retry_after_seconds is None:
        return None
    return timezone.now() + timedelta(seconds=min(max(answer.retry_after_seconds, 1), SLOW_DOWN_MAX_SECONDS))


def _pause(rows: "QuerySet[ProviderAccount]", kind: PauseKind, reason: str, probe_at: datetime | None = None) -> None:
    waiting = rows.filter(pause_kind__in=_GIVE_WAY_TO[kind])
    for account in waiting.only("pk", "name", "failed_probes"):
        # An account that a probe let go and that no call has found well since goes on where its ladder was: else a
        # provider that answers reads and chokes on everything else would be tried in full every few seconds.
        ladder_at = due_work.after(PROBE_DELAYS_SECONDS, account.failed_probes + 1)
        assert ladder_at is not None
        paused = waiting.filter(pk=account.pk).update(
            pause_kind=kind,
            pause_reason=reason[:PAUSE_REASON_MAX_LENGTH],
            paused_since=timezone.now(),
            paused_until=max(probe_at or ladder_at, ladder_at),
        )
        if paused:
            log.error("provider_account_paused", account=str(account.pk), name=account.name, kind=kind, reason=reason)


def _stop_payouts(rows: "QuerySet[ProviderAccount]", reason: str) -> None:
    for account_id in rows.values_list("pk", flat=True):
        pause_payouts(PauseScope.PROVIDER_ACCOUNT, account_id, PayoutPauseKind.REFUSALS, reason)


def begin_probe(account: ProviderAccount, *, lease_seconds: int) -> bool:
    """Take the one probe that is due; false where there is none, or another worker has it.

    The account then knows how many probes there were: the count is the claim that `end_probe` is fenced by.
    """
    due = ProviderAccount.objects.filter(
        pk=account.pk,
        pause_kind__in=PROBED,
        paused_since=account.paused_since,
        failed_probes=account.failed_probes,
        paused_until__lte=timezone.now(),
    )
    account.failed_probes += 1
    return bool(
        due.update(failed_probes=account.failed_probes, paused_until=timezone.now() + timedelta(seconds=lease_seconds))
    )


def end_probe(account: ProviderAccount, answer: Answer) -> None:
    """Let the account go on where the probe was answered well, else wait for the next one."""
    # Whatever happened to the pause meanwhile (a person, a word about our credentials) is newer than this answer.
    probed = ProviderAccount.objects.filter(
        pk=account.pk,
        pause_kind=account.pause_kind,
        paused_since=account.paused_since,
        failed_probes=account.failed_probes,
    )
    if _ends(PauseKind(account.pause_kind), answer):
        if probed.update(**_GOING):
            log.warning(
                "provider_account_resumed",
                account=str(account.pk),
                name=account.name,
                kind=account.pause_kind,
                by="probe",
            )
        return
    ladder_at = due_work.after(PROBE_DELAYS_SECONDS, account.failed_probes + 1)
    assert ladder_at is not None
    probed.update(paused_until=max(_retry_at(answer) or ladder_at, ladder_at))


def _ends(kind: PauseKind, answer: Answer) -> bool:
    if kind is PauseKind.CREDENTIALS:
        # A refusal in other words might still be about who we are, and orders would be failed by it.
        return answer.outcome is Outcome.ACCEPTED
    return answer.outcome not in {Outcome.UNKNOWN, Outcome.CREDENTIAL_ERROR}


def pause_by_hand(account: ProviderAccount, reason: str) -> None:
    """Send nothing more until a person resumes, whatever the probe would say."""
    ProviderAccount.objects.filter(pk=account.pk).update(
        pause_kind=PauseKind.PERSON,
        pause_reason=reason[:PAUSE_REASON_MAX_LENGTH],
        paused_since=timezone.now(),
        paused_until=None,
    )


def resume_by_hand(account: ProviderAccount) -> None:
    """Let calls go on as if nothing had been. Where the cause is still there, they stop again.

    Payouts that were stopped alone are resumed alone (`pauses.resume_payouts`).
    """
    ProviderAccount.objects.filter(pk=account.pk).update(**_GOING, failed_probes=0)


def forgive(account: ProviderAccount) -> None:
    """New credentials: what was counted against the old ones is void. What a person stopped stays stopped."""
    mine = ProviderAccount.objects.filter(pk=account.pk)
    mine.update(payout_refusal_streak=0, failed_probes=0)
    mine.exclude(pause_kind=PauseKind.PERSON).update(**_GOING)
    for pause_id in stopped_through(account).filter(kind=PayoutPauseKind.REFUSALS).values_list("pk", flat=True):
        resume_payouts(pause_id, "new credentials")
