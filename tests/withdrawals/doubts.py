"""Withdrawals of which nobody knows whether they arrived, and steps out of that past every verb."""

from typing import Any

from django.db import connection, transaction

from gateway.providers.models import ProviderAccount
from tests.at_commit import committed
from tests.conftest import Api
from tests.scripted_provider import DROP, ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import sent
from withdrawals import asking
from withdrawals.models import Withdrawal
from withdrawals.verbs import open_to

#: The verbs by which two persons decide.
RESENT, FAILED, PAID = "payout_resent", "payout_declared_failed", "payout_declared_paid"


def told(withdrawal: Withdrawal) -> dict[str, str]:
    return {"withdrawal": withdrawal.public_id}


def names(withdrawal: Withdrawal) -> list[str]:
    withdrawal.refresh_from_db()
    return [one.name for one in open_to(withdrawal)]


def unknown(api: Api, provider: ScriptedProvider, says: Any = words.not_found) -> Withdrawal:
    """Lost on its way; asked about, the provider says this."""
    withdrawal = sent(api, provider, DROP)
    provider.script(words.PULL, words.pulled(says(withdrawal)))
    return withdrawal


def in_review(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> Withdrawal:
    """Said to be paid to somebody else; asked again, the provider does not know it."""
    withdrawal = unknown(api, provider, lambda one: words.found(one, 1, account_name="X"))
    asking.ask(account, [withdrawal.public_id])
    provider.script(words.PULL, words.pulled(words.not_found(withdrawal)))
    withdrawal.refresh_from_db()
    assert withdrawal.status == "manual_review"
    return withdrawal


def in_doubt(api: Api, account: ProviderAccount, provider: ScriptedProvider, status: str) -> Withdrawal:
    """In this one of the two statuses of doubt, with all of its past committed."""
    is_reviewed = status == "manual_review"
    withdrawal = in_review(api, account, provider) if is_reviewed else unknown(api, provider)
    committed()
    assert withdrawal.status == status
    return withdrawal


def run(sql: str, *values: Any) -> None:
    """A statement, and what COMMIT asks about it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    committed()


@transaction.atomic
def stepped(withdrawal: Withdrawal, to_status: str, *, cause: str = "clock", **columns: Any) -> None:
    """A step past all verbs, with its history row, up to what COMMIT asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{withdrawals_withdrawal}', true)")
        settings_ = "".join(f", {name} = %s" for name in columns)
        cursor.execute(
            f"UPDATE withdrawals_withdrawal SET status = %s, sequence = sequence + 1{settings_} WHERE id = %s",  # noqa: S608
            [to_status, *columns.values(), withdrawal.pk],
        )
        cursor.execute(
            "INSERT INTO withdrawals_withdrawalmove (subject_id, sequence, from_status, to_status, cause, cause_id,"
            " detail, request_id, created_at)"
            " SELECT id, sequence, '', status, %s, '', '', '', now() FROM withdrawals_withdrawal WHERE id = %s",
            [cause, withdrawal.pk],
        )
    committed()
