"""A worker is killed at every commit and every call of the way of a payout, once each: it always comes to the same end.

The points are found by a walk that lives (`tests.faults.sending_path`), so a commit that is added later is swept, too.
"""

import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from multiprocessing import Pipe
from typing import Any, Final

import pytest
from django.utils import timezone

from balances import reading
from balances.models import Hold
from gateway.products.actions import keep_key
from gateway.products.models import Mode, Product, new_key
from gateway.providers.models import ProviderAccount
from gateway.sandbox import server
from gateway.sandbox.provider import Provider
from gateway.sandbox.rows import Movement
from gateway.sandbox.settings import Settings
from gateway.sandbox.weather import Outage
from tests.faults.sending_path import Order, Walk, mother
from tests.forked import started
from tests.ports import closed_port
from tests.withdrawals.orders import IMPS
from tests.withdrawals.together import unhurried
from withdrawals.models import Withdrawal

#: A walk dies at some fifty points, each in a process of its own: a loaded machine takes several times as long.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

CONTROL_KEY: Final = "canary-control-key-0123456789"

#: The shortest of the ways has more; who finds fewer has lost sight of them.
POINTS_MIN: Final = 12
#: Killed there, nobody can tell it from a lost answer; where ids are not proven unique, people decide.
BETWEEN_MARK_AND_BYTE: Final = ['before INSERT INTO "providers_providercall" ("i', "before a call of the provider"]
#: Of some that leave together the evidence is begun with the mark, and those whose byte had not left are in doubt.
BETWEEN_MARK_AND_BYTES: Final = ["before a call of the provider"] * 3

Walked = Callable[[Walk], tuple[int, list[str]]]


@pytest.fixture
def sandbox(account: ProviderAccount) -> Iterator[Provider]:
    """The simulated provider; nothing is settled before it is told to, and nobody hears its letters."""
    with closed_port() as port:
        book = Provider.build(
            Settings(
                host="127.0.0.1",
                port=0,
                api_secret=account.api_secret,
                withdrawal_key=account.withdrawal_key,
                postback_access_key=account.postback_access_key,
                postback_private_key=account.postback_private_key,
                postback_url=f"http://127.0.0.1:{port}/",
                control_key=CONTROL_KEY,
                postback_delay_seconds=1_000_000,
                public_url=None,
                state_file=None,
            )
        )
        http = server.make(book)
        book.start()
        serving = threading.Thread(target=http.serve_forever, args=(0.01,))
        serving.start()
        ProviderAccount.objects.update(base_url=f"http://127.0.0.1:{http.port}")
        yield book
        http.shutdown()
        serving.join()
        http.server_close()
        book.stop()


@pytest.fixture
def walked() -> Iterator[Walked]:
    """Walks in children of one process that has loaded everything."""
    ours, theirs = Pipe()
    process = started(mother, theirs)

    def walk(one: Walk) -> tuple[int, list[str]]:
        ours.send(one)
        answer: tuple[int, list[str]] = ours.recv()
        return answer

    yield walk
    ours.send(None)
    process.join(20)
    assert process.exitcode == 0


#: What goes wrong before anybody is killed: nothing; the first sending is answered 503 and the provider well again
#: after the first; there is no money before the second.
WALKS: dict[str, dict[str, Any]] = {
    "an ordinary one": {"amount": "1218", "help_after": 0, "outage": Outage.NONE},
    "three that leave together": {"amount": "1218", "help_after": 0, "outage": Outage.NONE, "count": 3},
    "one that is sent again": {"amount": "1218", "help_after": 1, "outage": Outage.DOWN},
    "one that waits for money": {"amount": "9015", "help_after": 1, "outage": Outage.NONE},
}
CASES = [(name, True) for name in WALKS] + [("an ordinary one", False), ("three that leave together", False)]


@pytest.mark.parametrize(("name", "is_unique"), CASES, ids=[f"{name}, {unique}" for name, unique in CASES])
def test_wherever_it_is_killed_it_is_paid_once(
    name: str,
    is_unique: bool,
    walked: Walked,
    sandbox: Provider,
    funded: Product,
    account: ProviderAccount,
    catalogue: None,
) -> None:
    ProviderAccount.objects.update(ids_proven_unique=is_unique)
    key = new_key(Mode.TEST)
    keep_key(product=funded, mode=Mode.TEST, name="swept", key=key)
    case = WALKS[name]
    count = case.get("count", 1)
    if count > 1:
        unhurried(ProviderAccount.objects.get())

    alone = Walk(
        api_key=key,
        orders=(),
        sandbox_url=ProviderAccount.objects.get().base_url,
        control_key=CONTROL_KEY,
        help_after=case["help_after"],
    )

    def begin(dies_at: int) -> tuple[tuple[Order, ...], int, list[str]]:
        """One order on its way, or some that leave together; how their worker ended, and what it passed."""
        sandbox.book.purses.clear()
        sandbox.weather.outage = case["outage"]
        made = tuple(
            Order(
                wish={**IMPS, "amount": case["amount"], "reference": secrets.token_hex(8)},
                idempotency_key=secrets.token_hex(8),
            )
            for _ in range(count)
        )
        code, passed = walked(replace(alone, orders=made, dies_at=dies_at))
        # What it left waits for the others, as if the next sweep came late.
        Withdrawal.objects.filter(next_at__isnull=False).update(next_at=timezone.now() + timedelta(days=365))
        ProviderAccount.objects.update(unknown_streak=0)
        return made, code, passed

    def end_of(made: Order) -> str:
        withdrawal = Withdrawal.objects.get(reference=made.wish["reference"])
        paid = [one.movement for one in sandbox.book.entries if one.order_id == withdrawal.public_id]
        assert paid == ([Movement.WITHDRAWAL_PAID] if withdrawal.status == "paid" else [])
        assert Hold.objects.get(pk=withdrawal.pk).status == ("spent" if withdrawal.status == "paid" else "open")
        return withdrawal.status

    whole, code, points = begin(0)
    assert (code, [end_of(made) for made in whole]) == (0, ["paid"] * count)
    assert len(points) > POINTS_MIN
    left = []
    for dies_at, point in enumerate(points, start=1):
        made, code, _ = begin(dies_at)
        assert code == -signal.SIGKILL, f"{dies_at} of {len(points)}: {point} was not reached"
        left.append(made)
    # Nothing is repaired: the product asks once more where it got no answer, the leases run out, and the sweep finds
    # what is due.
    Withdrawal.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    code, _ = walked(replace(alone, orders=tuple(one for made in left for one in made), help_after=1))
    assert code == 0
    ends = [{end_of(one) for one in made} for made in left]
    unpaid = [point for point, end in zip(points, ends, strict=True) if end != {"paid"}]
    in_doubt = BETWEEN_MARK_AND_BYTE if count == 1 else BETWEEN_MARK_AND_BYTES
    assert unpaid == ([] if is_unique else in_doubt)
    assert Withdrawal.objects.count() == (len(points) + 1) * count
    # The ledger agrees with the provider's book.
    paid = [one.amount for one in sandbox.book.entries if one.movement is Movement.WITHDRAWAL_PAID]
    [row] = reading.product_balances(funded.pk, "test", currencies=["INR"])
    assert row.available + row.held == 1_000_000_000 - sum(paid)
