"""Anything may happen to money, in any order, with a crash anywhere: after each step its invariants hold.

Rules are what a product, its customers, the provider, people and the clock can do. All go through the product's own
actions and the real database; the provider is the test's own (`provider_books`).
"""

import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar, Final

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway import ids, remembered
from gateway.products.actions import keep_key
from gateway.products.models import Customer, Mode, Product, new_key
from gateway.providers import health
from gateway.providers.models import PaymentSystem, ProviderAccount
from payments import resolutions
from payments.models import Deposit, Receipt
from payments.resolutions import Unresolvable
from payments.tasks import end_overdue
from tests.conftest import Api, fund, may_repeat_itself
from tests.money import invariants
from tests.money.crashing import WITH_THE_ANSWER, Crash, crash_at, sweep
from tests.money.provider_books import Fate, Item, ProviderBooks
from tests.money.world import decide
from tests.payments.stage import load
from tests.postbacks.letters import deliver, kept, letter
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals.orders import IMPS
from withdrawals import corrections
from withdrawals.models import Withdrawal
from withdrawals.states import ASKED_ABOUT

#: Enough for some payouts and too little for many.
FUNDED: Final = Decimal(3000)
#: A lease that ran out, a rung of each ladder, the end of a deposit that nobody paid, and of one that nobody confirmed.
WAITS_SECONDS: Final = (0, 130, 4_000, 90_000, 8 * 86_400)
CUSTOMERS: Final = ("anna", "bela")

#: Half of the steps go well. A request has a dozen statements or two, what a sweep finds due has many more.
crashes = st.none() | st.none() | st.integers(1, 12) | st.integers(5, 60) | st.just(WITH_THE_ANSWER)
Point = int | str | None
wishes = st.sampled_from([("upi_l", "1000.00"), ("upi_l", "300.00"), ("paytm", "60.00"), ("paytm", "100.00")])


class Money(RuleBasedStateMachine):
    """A product with 3,000.00 INR, its customers, and the provider."""

    provider: ClassVar[ScriptedProvider]
    clock: ClassVar[time_machine.Traveller]

    deposits = Bundle("deposits")
    orders = Bundle("orders")
    withdrawals = Bundle("withdrawals")
    strays = Bundle("strays")

    @initialize(target=orders, owes=st.booleans())
    def begin(self, owes: bool) -> Any:
        remembered.forget_everything()
        name = secrets.token_hex(8)
        for before in ProviderAccount.objects.filter(is_active=True):
            # No sweep finds what an example before this one has left.
            health.pause_by_hand(before, "its example is over")
            ProviderAccount.objects.filter(pk=before.pk).update(is_active=False)
        self.books = ProviderBooks(self.provider)
        self.account = ProviderAccount.objects.create(
            name=name,
            mode=Mode.TEST,
            base_url=self.provider.url,
            api_secret="s" * 20,
            withdrawal_key="w" * 20,
            postback_access_key="a" * 20,
            postback_private_key="p" * 20,
            postback_token=name * 2,
            calls_per_minute=1_000_000,
            calls_at_once=1_000_000,
        )
        self.product = Product.objects.create(name=name)
        key = new_key(Mode.TEST)
        keep_key(product=self.product, mode=Mode.TEST, name="tests", key=key)
        self.api = Api(key)
        fund(self.product, "INR", amount=str(FUNDED))
        may_repeat_itself(self.product)
        self.saved: dict[str, Decimal] = {}
        self.released: set[str] = set()
        self.has_crashed = False
        self.numbers = iter(range(100_000_000_001, 10**12))
        # Something to begin with: most of what can happen, happens to an order that the provider knows.
        begun = [self.order_is_made("anna", ("upi_l", "1000.00"), None)]
        begun.append(self.order_is_made("bela", ("paytm", "60.00"), None))
        if owes:
            # What was credited is spent when the provider takes it back.
            self.customer_pays(begun[0], "exact", None)
            self.withdrawal_is_asked_for(2500, "taken", None)
            self.withdrawal_is_asked_for(1218, "taken", None)
            self.provider_takes_back(0, None)
            assert invariants.figures(self.product).owed == 718
        return multiple(*begun)

    # --- how things are done

    def attempt(self, crash: Point, act: Callable[[], Any]) -> Any:
        """Do it, or fall over in the middle; None where it fell."""
        try:
            with crash_at(crash):
                return act()
        except Crash:
            self.has_crashed = True
            return None

    def post(self, crash: Point, path: str, body: Any = None) -> Any:
        """A request, and again with the same key where the first one fell over: it is done once."""
        key = f"key-{next(self.numbers)}"
        first = self.attempt(crash, lambda: self.api.post(path, body, key=key))
        return first if first is not None else self.api.post(path, body, key=key)

    def decided(self, crash: Point, verb: Callable[..., Any], *arguments: Any) -> bool:
        """A person decides, and again where it fell over; False where it cannot be done."""

        def act() -> bool:
            try:
                with transaction.atomic():
                    decide(verb, *arguments)
            except Unresolvable:
                return False
            return True

        first = self.attempt(crash, act)
        return bool(act() if first is None else first)

    def receipt_of(self, pick: int, *statuses: str) -> Receipt | None:
        """One of the receipts with such a status, in the order of the provider's numbers."""
        found = list(Receipt.objects.filter(account=self.account, status__in=statuses).order_by("transaction_id"))
        return found[pick % len(found)] if found else None

    def item_of(self, receipt: Receipt) -> Item:
        [item] = [one for one in self.books.items if one.number == receipt.transaction_id]
        return item

    # --- money in

    @rule(target=deposits, customer=st.sampled_from(CUSTOMERS), wish=wishes, crash=crashes)
    def deposit_is_asked_for(self, customer: str, wish: tuple[str, str], crash: Point) -> str:
        system, amount = wish
        body = {"payment_system": system, "currency": "INR", "amount": amount, "customer": customer}
        answer = self.post(crash, "deposits", {**body, "reference": f"deposit-{next(self.numbers)}"})
        assert answer.status_code == 201, answer.content
        self.attempt(crash, sweep)
        return str(answer.json()["id"])

    @rule(target=orders, deposit=deposits, crash=crashes)
    def customer_names_a_reference(self, deposit: str, crash: Point) -> Any:
        """Gives the provider's id of the order, and the deposit."""
        row = load(deposit)
        body = {"provider_reference": str(next(self.numbers)), "amount": f"{row.amount:.2f}"}
        answer = self.post(crash, f"deposits/{deposit}/confirmations", body)
        self.attempt(crash, sweep)
        if answer.status_code != 201:
            assert answer.status_code in {409, 429}, answer.content
            return multiple()
        return (answer.json()["id"], deposit)

    @rule(target=orders, customer=st.sampled_from(CUSTOMERS), wish=wishes, crash=crashes)
    def order_is_made(self, customer: str, wish: tuple[str, str], crash: Point) -> Any:
        """Both together."""
        return self.customer_names_a_reference(self.deposit_is_asked_for(customer, wish, None), crash)

    @rule(order=orders, crash=crashes, how=st.sampled_from(["exact", "over", "under", "USD", "EUR", "other"]))
    def customer_pays(self, order: tuple[str, str], how: str, crash: Point) -> None:
        name, deposit = order[0], load(order[1])
        if name not in self.books.activated:
            return  # the provider has never heard of it
        item = Item(
            number=str(next(self.numbers)),
            order=name,
            system=deposit.payment_system_id,
            amount=deposit.amount + {"over": 50, "under": -50}.get(how, 0),
            currency=how if how in {"USD", "EUR"} else "INR",
            label=deposit.customer.label,
        )
        if item.system == "paytm":
            item.amount, item.currency, item.stockpiling = deposit.amount, "INR", 7
            self.books.saved.setdefault(item.label, []).append(item)
        else:
            item.label = "somebody else" if how == "other" else item.label
            self.books.items.append(item)
        self.time_passes(130, crash)

    @precondition(lambda self: self.books.saved)
    @rule(customer=st.sampled_from(CUSTOMERS), crash=crashes)
    def savings_are_released(self, customer: str, crash: Point) -> None:
        for label in self.labels_of(customer):
            if label in self.books.saved:
                self.books.release(label)
        self.time_passes(4_000, crash)

    @precondition(lambda self: self.books.saved)
    @rule(customer=st.sampled_from(CUSTOMERS), crash=crashes)
    def savings_fall(self, customer: str, crash: Point) -> None:
        for label in self.labels_of(customer):
            if self.books.sum_saved(label) >= 20:
                self.books.lost[label] = self.books.lost.get(label, Decimal(0)) + 20
        self.time_passes(4_000, crash)

    def labels_of(self, customer: str) -> list[str]:
        mine = Customer.objects.filter(product=self.product, external_id=customer)
        return [one.label for one in mine]

    @rule(target=strays, crash=crashes)
    def money_of_an_unknown_order_comes(self, crash: Point) -> Any:
        item = Item(
            number=str(next(self.numbers)),
            order="",
            system="upi_l",
            amount=Decimal(300),
            currency="INR",
            label="",
        )
        self.books.items.append(item)
        self.letter_comes(item, crash)
        return item

    @rule(stray=consumes(strays), order=orders, crash=crashes)
    def its_order_is_found(self, stray: Item, order: tuple[str, str], crash: Point) -> None:
        if order[0] in self.books.activated and stray.is_there:
            stray.order, stray.label = order[0], load(order[1]).customer.label
        self.time_passes(4_000, crash)

    @precondition(lambda self: self.books.items)
    @rule(pick=st.integers(0, 20), crash=crashes, is_true=st.booleans())
    def letter_comes_about_money(self, pick: int, crash: Point, is_true: bool) -> None:
        """Again and again, about what is known and what is not; and with figures that the provider does not have."""
        item = self.books.items[pick % len(self.books.items)]
        self.letter_comes(item, crash, **({} if is_true else {"amount": "999999.00"}))

    def letter_comes(self, item: Item, crash: Point, **changes: Any) -> None:
        raw = letter(self.account, [{**item.said(), **changes}], label=item.label)
        # The provider was not answered where we fell over, so it writes again.
        if not self.attempt(crash, lambda: deliver(self.account, raw)):
            kept(self.account, raw)
        self.attempt(crash, sweep)

    @rule(deposit=deposits, crash=crashes)
    def deposit_is_cancelled(self, deposit: str, crash: Point) -> None:
        answer = self.post(crash, f"deposits/{deposit}/cancel")
        assert answer.status_code in {200, 409}, answer.content

    # --- money out

    @rule(
        target=withdrawals,
        amount=st.sampled_from([100, 500, 1218, 1218, 2500]),
        fate=st.sampled_from(["taken", "taken", "answer lost", "never arrived", "no funds", "refused"]),
        crash=crashes,
    )
    def withdrawal_is_asked_for(self, amount: int, fate: Fate, crash: Point) -> Any:
        before = invariants.figures(self.product)
        body = {**IMPS, "amount": str(amount), "reference": f"withdrawal-{next(self.numbers)}"}
        answer = self.post(crash, "withdrawals", body)
        if before.available < amount or before.owed:
            assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
            return multiple()
        assert answer.status_code == 201, answer.content
        name = answer.json()["id"]
        self.books.fates[name] = fate
        self.attempt(None if crash is None else 30, sweep)
        return name

    @rule(withdrawal=withdrawals, crash=crashes)
    def withdrawal_is_cancelled(self, withdrawal: str, crash: Point) -> None:
        row = withdrawal_of(withdrawal)
        answer = self.post(crash, f"withdrawals/{withdrawal}/cancel")
        assert answer.status_code == (200 if row.status in {"queued", "cancelled"} else 409), answer.content

    @rule(withdrawal=withdrawals, status=st.sampled_from([1, 1, 5]), crash=crashes)
    def provider_settles(self, withdrawal: str, status: int, crash: Point) -> None:
        payout = self.books.payouts.get(withdrawal)
        if payout is not None and not payout.status:
            payout.status = status
        self.time_passes(4_000, crash)

    # --- people

    @precondition(lambda self: self.receipt_of(0, "in_review", "suspense"))
    @rule(
        pick=st.integers(0, 20),
        how=st.sampled_from(["attach", "attach", "credit_product", "give_back", "write_off"]),
        deposit=st.none() | deposits,
        crash=crashes,
    )
    def person_decides(self, pick: int, how: str, deposit: str | None, crash: Point) -> None:
        receipt = self.receipt_of(pick, "in_review", "suspense")
        assert receipt is not None
        arguments: list[Any] = [receipt.pk]
        if how == "attach":
            other = receipt.deposit_id if deposit is None else ids.decode(ids.DEPOSIT, deposit)
            if other is None:
                return
            arguments.append(other)
        if how == "credit_product":
            arguments.append(self.product)
        done = self.decided(crash, getattr(resolutions, how), *arguments)
        if how == "give_back":
            self.item_of(receipt).is_there = False
        assert done or how == "attach"

    @precondition(lambda self: self.receipt_of(0, "credited"))
    @rule(pick=st.integers(0, 20), crash=crashes)
    def provider_takes_back(self, pick: int, crash: Point) -> None:
        receipt = self.receipt_of(pick, "credited")
        assert receipt is not None
        self.item_of(receipt).is_there = False
        assert self.decided(crash, resolutions.reverse_receipt, receipt.pk)

    @rule(withdrawal=withdrawals, crash=crashes)
    def withdrawal_turns_out_otherwise(self, withdrawal: str, crash: Point) -> None:
        row = withdrawal_of(withdrawal)
        if row.status == "paid":
            self.books.payouts[withdrawal].came_back = True
            assert self.decided(crash, corrections.reverse, row.pk)
        elif row.status == "rejected":
            self.books.payouts[withdrawal].status = 1
            assert self.decided(crash, corrections.prove_paid, row.pk)

    # --- time

    @rule(seconds=st.sampled_from(WAITS_SECONDS), crash=crashes)
    def time_passes(self, seconds: int, crash: Point) -> None:
        self.clock.shift(seconds)
        self.attempt(crash, everything_due)

    # --- what is always true

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "api"):
            return  # before the beginning
        invariants.check_sums_are_zero()
        invariants.check_balances_are_their_entries(self.product)
        invariants.check_holds(self.product)
        invariants.check_receipts_have_one_posting(self.account)
        invariants.check_withdrawals_have_one_posting(self.product)
        invariants.check_items_are_in_one_place(self.account, self.books)
        invariants.check_nothing_is_paid_twice(self.product, self.books)
        invariants.check_product_has_what_is_its_own(self.product, {"INR": FUNDED})
        invariants.check_savings(self.product, self.account, self.savings_allowed())

    def savings_allowed(self) -> dict[str, list[Decimal]]:
        """The sums that the provider's words since the last step leave each customer with.

        A crash may have lost the last word on savings, and nothing else: what was named and not recorded is no
        receipt.
        """
        said, self.books.said = self.books.said, []
        recorded = set(Receipt.objects.filter(account=self.account).values_list("transaction_id", flat=True))
        last = next((place for place in reversed(range(len(said))) if isinstance(said[place], tuple)), None)
        allowed = [self.saved_after(said, recorded)]
        if self.has_crashed and last is not None:
            allowed.append(self.saved_after(said[:last] + said[last + 1 :], recorded))
        self.has_crashed = False
        self.released |= {one.number for one in said if isinstance(one, Item)} & recorded
        rows = invariants.saved(self.account)
        labels = {label for one in allowed for label in one} | set(rows)
        self.saved = rows
        return {label: [one.get(label, Decimal(0)) for one in allowed] for label in labels}

    def saved_after(self, said: list[Item | tuple[str, Decimal]], recorded: set[str]) -> dict[str, Decimal]:
        saved, released = dict(self.saved), set(self.released)
        for one in said:
            if isinstance(one, tuple):
                saved[one[0]] = one[1]
            elif one.stockpiling and one.number in recorded - released:
                released.add(one.number)
                saved[one.label] = max(saved.get(one.label, Decimal(0)) - one.amount, Decimal(0))
        return saved

    def teardown(self) -> None:
        """Without further crashes everything finds its end, and the provider has what we think it has."""
        if not hasattr(self, "api"):
            return
        for _ in range(2):
            self.clock.shift(130)  # a lease
            asked = Deposit.objects.filter(product=self.product, confirmations__sent_at__isnull=False)
            Deposit.objects.filter(pk__in=asked.values("pk")).update(next_at=timezone.now(), token=None)
            open_orders = Withdrawal.objects.filter(product=self.product, status__in=ASKED_ABOUT)
            open_orders.update(next_at=timezone.now(), token=None)
            sweep()
            self.the_books_are_right()
        invariants.check_provider_has_what_we_think(self.account, self.books)


def everything_due() -> None:
    end_overdue()
    sweep()


def withdrawal_of(public_id: str) -> Withdrawal:
    found = ids.decode(ids.WITHDRAWAL, public_id)
    assert found is not None
    return Withdrawal.objects.get(pk=found)


#: Ten stories of 25 steps: some 20 s on two idle cores. The same ones each time; without ``derandomize`` others are
#: told (``--hypothesis-seed``), and with ``Phase.shrink`` a failure is told in as few steps as it needs, which takes
#: minutes.
STORIES: Final = settings(
    max_examples=10,
    stateful_step_count=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(600)  # a loaded machine takes several times as long
@pytest.mark.django_db(transaction=True)
def test_whatever_happens_the_books_are_right(
    catalogue: None, provider: ScriptedProvider, clock: time_machine.Traveller
) -> None:
    PaymentSystem.objects.filter(pk="upi_l").update(receipt_currencies=["INR", "USD"])
    Money.provider, Money.clock = provider, clock
    run_state_machine_as_test(Money, settings=STORIES)
