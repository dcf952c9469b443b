"""What is asked of the withdrawals again and again is answered by an index, however many of them have ended."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks.growth.copies import write_copies
from benchmarks.growth.ended_withdrawals import ENDED
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.roles import clear_away, undisguised
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import order
from withdrawals import asking, moving_together, probing, sending, sending_together
from withdrawals.models import Withdrawal
from withdrawals.moving_together import lock_together
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.usefixtures("disguised")

#: The bar of the blueprint; the same at ten millions is measured once (docs/performance.md).
FINISHED: Final = 200_000
#: Indexes of what has not ended; whichever is the smaller one will do.
OPEN: Final = ("withdrawals_due", "withdrawals_for_a_person", "withdrawals_to_approve")


@pytest.fixture(scope="module", autouse=True)
def _room_again(django_db_setup: None) -> Iterator[None]:
    yield
    clear_away("withdrawals_withdrawal")


@pytest.fixture
def many(api: Api) -> Withdrawal:
    """One withdrawal to send among many that have ended, with the statistics that autovacuum would have made."""
    one = order(api)
    with undisguised() as cursor:
        write_copies(cursor, one, ENDED, FINISHED)
        cursor.execute("ANALYZE withdrawals_withdrawal")
    assert Withdrawal.objects.filter(next_at=None).count() == FINISHED
    return one


def selects_of(work: Callable[[], Any]) -> list[str]:
    """The statements by which the work looks for withdrawals, as they were sent."""
    with CaptureQueriesContext(connection) as queries:
        work()
    sent = [query["sql"] for query in queries.captured_queries]
    found = [one for one in sent if re.match(r'SELECT .*FROM "withdrawals_withdrawal"', one, re.DOTALL)]
    assert found, sent
    return found


def plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        return "\n".join(line for (line,) in cursor.fetchall())


def check(statements: list[str], *indexes: str) -> None:
    """Each of the statements walks through one of these indexes, and none through the table."""
    for statement in statements:
        plan = plan_of(statement)
        assert "Seq Scan on withdrawals_withdrawal" not in plan, f"{statement}\n{plan}"
        assert any(f"using {index}" in plan or f"on {index}" in plan for index in indexes), f"{statement}\n{plan}"


def test_whatever_is_asked_again_and_again_is_found_by_its_index(
    many: Withdrawal, account: ProviderAccount, provider: ScriptedProvider, api: Api, subtests: pytest.Subtests
) -> None:
    # So many rows take longer to make than all of the questions: each of these looks at the same ones.
    with subtests.test("one account is picked out before its withdrawals are sorted"):
        of_one_account(many, api)
    before = transaction.savepoint()
    with subtests.test("what leaves and is settled together"):
        together(many, account)
    transaction.savepoint_rollback(before)
    with subtests.test("sweep, claims and probes"):
        swept_and_sent(many, account, provider)


def together(many: Withdrawal, account: ProviderAccount) -> None:
    check(selects_of(lambda: sending_together._taken(account, {many.pk})), *OPEN)
    check(selects_of(lambda: sending_together._mark(account.pk, 10, set())), *OPEN)
    locked = selects_of(lambda: lock_together(account, [many.pk]))
    check(locked, "withdrawals_withdrawal_pkey")
    check(
        [moving_together._statement(("next_at", "token")).replace("%(steps)s", "'[]'")], "withdrawals_withdrawal_pkey"
    )


def swept_and_sent(many: Withdrawal, account: ProviderAccount, provider: ScriptedProvider) -> None:
    check(selects_of(lambda: probing._is_oldest_waiting(many)), *OPEN)
    check(selects_of(lambda: probing._release_next(many))[1:], *OPEN)
    swept = selects_of(sweep_withdrawals)
    assert len(swept) == 6, "what nobody approved, to send, lost, to probe, to send again, to ask about"
    check(swept, *OPEN)
    provider.script("/v2/withdrawal/create", words.OK)
    check(selects_of(lambda: sending.send_withdrawal(many.pk)), "withdrawals_withdrawal_pkey", *OPEN)
    Withdrawal.objects.filter(pk=many.pk).update(next_at=many.created_at)
    provider.script("/api/v1/pullpostbacks", words.pulled(words.found(many, 1)))
    claims = [one for one in selects_of(lambda: asking.ask_withdrawals(account.pk)) if "SKIP LOCKED" in one]
    assert len(claims) == 2, "the one that is due, and then none"
    check(claims, *OPEN)
    many.refresh_from_db()
    assert many.status == "paid"


def of_one_account(many: Withdrawal, api: Api) -> None:
    account = many.recipient["account_number"]
    [statement] = selects_of(lambda: api.get("withdrawals", recipient_account=account, limit=50))
    plan = plan_of(statement)
    assert "on withdrawals_by_account" in plan, plan
    assert "Index Cond: (id = ANY" in plan, plan
