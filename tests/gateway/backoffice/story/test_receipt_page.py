"""A receipt that waits, from the queue to the end: found, looked into, asked for by one, decided by another."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from balances.instruction_models import Instruction
from balances.models import Journal
from gateway.in_words import titled
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount, ProviderCall
from payments.models import Receipt
from postbacks.models import Letter, LetterItem
from tests.conftest import Api
from tests.gateway.backoffice.story.stories import entries, of_kind
from tests.gateway.refunds.stage import arrive, refund
from tests.payments.paid import Paid, postings, receipts, states
from tests.payments.stage import fresh, money, news
from tests.payments.test_suspense import found_by_transaction
from tests.scripted_provider import ScriptedProvider
from tests.staff import logged_in
from tests.two_persons import by_two_persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import order, sent
from withdrawals import asking

pytestmark = pytest.mark.django_db

QUEUE = reverse("work:queue", args=["differences"]) + "?mode=test"
LOOK = (
    *("view_receipt", "view_deposit", "view_withdrawal", "view_instruction", "view_journal"),
    *("view_confirmation", "view_letteritem", "view_providercall", "view_receiptmove"),
)


@pytest.fixture
def ada(db: None) -> Client:
    """Asks and may decide, though never about what she asked for."""
    return logged_in("ada", *LOOK, "propose_instruction", "approve_instruction")


@pytest.fixture
def ben(db: None) -> Client:
    """Decides."""
    return logged_in("ben", *LOOK, "approve_instruction")


@pytest.fixture
def viewer(db: None) -> Client:
    """Looks at receipts, and at nothing else."""
    return logged_in("vic", "view_receipt", "view_deposit", "view_withdrawal")


def text(answer: Any) -> str:
    assert answer.status_code == 200
    content: str = answer.content.decode()
    return content


def page_of(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def doors(page: str) -> list[str]:
    """Where the buttons lead."""
    return [
        one.replace("&amp;", "&") for one in re.findall(r'href="(/admin/balances/instruction/propose/[^"]+)"', page)
    ]


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the pages' forms, as a browser would send them."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def prefilled(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(verb-[a-z]+)" value="([^"]*)"', page))


def asked_for(client: Client, door: str, document: str = "", **more: str) -> tuple[Instruction, dict[str, str]]:
    """Through the door, to the instruction; and what its last page sent."""
    form = prefilled(text(client.get(door))) | {f"verb-{name}": value for name, value in more.items()}
    address = door.partition("?")[0]
    seen = text(client.post(address, {**form, "reason": "the customer showed it", "document": document}))
    sends = {**hidden(seen), "confirm": "1"}
    answer = client.post(address, sends)
    made = Instruction.objects.order_by("-id")[0]
    assert (answer.status_code, answer["Location"]) == (302, page_of(made))
    return made, sends


def press(client: Client, instruction: Instruction, decision: str = "approve") -> str:
    """Press the button; the page afterwards."""
    digest = hidden(text(client.get(page_of(instruction)))).get("digest", instruction.digest)
    address = reverse("admin:balances_instruction_decide", args=[instruction.pk])
    return text(client.post(address, {"decision": decision, "digest": digest}, follow=True))


@pytest.fixture
def short(paid: Paid) -> Receipt:
    """Less arrived than was asked for."""
    paid.arrives(money(amount="1"))
    return Receipt.objects.get()


def test_the_queue_leads_to_the_page_and_its_doors(ada: Client, short: Receipt, paid: Paid) -> None:
    queue = text(ada.get(QUEUE))
    assert re.search(r"<h1[^>]*>Amount differences</h1>", queue)
    assert f'href="{page_of(short)}"' in queue
    assert "Less arrived than was asked for: 1.00 of 1,000.00 INR." in queue
    old = reverse("admin:payments_receipt_waiting")
    assert old in text(ada.get(reverse("admin:payments_receipt_changelist")))
    assert ada.get(old)["Location"] == reverse("work:queue", args=["suspense"])
    page = text(ada.get(page_of(short)))
    assert "Less arrived than was asked for: 1.00 of 1,000.00 INR." in page
    own = f"receipt={short.public_id}"
    assert doors(page) == [
        f"/admin/balances/instruction/propose/receipt_attached/?{own}&deposit={paid.deposit.public_id}",
        f"/admin/balances/instruction/propose/receipt_credited_to_product/?{own}",
        f"/admin/balances/instruction/propose/receipt_given_back/?{own}",
        f"/admin/balances/instruction/propose/receipt_written_off/?{own}",
    ]


def test_what_a_verb_was_told_leads_to_its_pages_for_whoever_may_see_them(
    ada: Client, short: Receipt, paid: Paid
) -> None:
    [door] = [one for one in doors(text(ada.get(page_of(short)))) if "/receipt_attached/" in one]
    form = {**prefilled(text(ada.get(door))), "reason": "the customer showed it"}
    seen = text(ada.post(door.partition("?")[0], form))
    made, _ = asked_for(ada, door)
    links = {f'href="{page_of(one)}">{one.public_id}</a>' for one in (short, paid.deposit)}
    own, others = text(ada.get(page_of(made))), text(logged_in("ivy", "view_instruction").get(page_of(made)))
    for link in links:
        assert link in seen
        assert link in own
        assert link not in others
    for one in (short, paid.deposit):
        assert f"<dd>{one.public_id}</dd>" in others


ENDS: dict[str, tuple[dict[str, str], str, str, str, str]] = {
    "receipt_attached": ({}, "credited", "suspense_credited", "credited", "deposit.credited_with_difference"),
    "receipt_credited_to_product": ({"product": "?"}, "credited", "suspense_credited", "failed", "deposit.failed"),
    "receipt_given_back": ({}, "returned", "suspense_returned", "failed", "deposit.failed"),
    "receipt_written_off": ({}, "written_off", "suspense_written_off", "failed", "deposit.failed"),
}


@pytest.mark.parametrize("verb", ENDS)
def test_two_persons_end_it_once(
    verb: str, ada: Client, ben: Client, short: Receipt, paid: Paid, product: Product
) -> None:
    more, status, kind, deposit_status, event = ENDS[verb]
    told = {name: str(product.pk) for name in more}
    [door] = [one for one in doors(text(ada.get(page_of(short)))) if f"/{verb}/" in one]
    document = "letter 3" if verb == "receipt_given_back" else ""
    made, sends = asked_for(ada, door, document, **told)
    # The page sent once more is the same instruction.
    assert ada.post(door.partition("?")[0], sends)["Location"] == page_of(made)
    assert Instruction.objects.filter(verb=verb).count() == 1
    assert len(postings()) == 1
    assert f"{made.public_id}</a>: {titled(verb)}, proposed. Asked for by ada: the customer showed it" in text(
        ben.get(page_of(short))
    )
    assert f"{made.public_id} waits for a second person." in text(ben.get(QUEUE))
    # Who asked does not decide.
    assert "another person has to decide" in press(ada, made)
    assert (receipts()[0][0], len(postings())) == ("in_review", 1)
    before = news(product)
    assert f"{made.public_id} is posted." in press(ben, made)
    assert "It is posted already." in press(ben, made)
    journal = Journal.objects.get(kind=kind)
    assert (len(postings()), receipts()[0][0], fresh(paid.deposit).status) == (2, status, deposit_status)
    assert news(product) == [*before, (event, 5)]
    made.refresh_from_db()
    persons = made.requested_by.username, made.decided_by.username  # type: ignore[union-attr]
    assert (persons, journal.instruction, journal.detail) == (("ada", "ben"), made, "the customer showed it")
    page = text(ben.get(page_of(short)))
    assert f"{made.public_id}</a>: {titled(verb)}, posted." in page
    assert page_of(journal) in page
    assert short.public_id not in text(ben.get(QUEUE))


def test_credited_money_is_reversed_by_two(ada: Client, ben: Client, paid: Paid, product: Product) -> None:
    paid.arrives(money())
    receipt = Receipt.objects.get()
    [door] = doors(text(ada.get(page_of(receipt))))
    made, _ = asked_for(ada, door, "statement 4")
    assert f"{made.public_id} is posted." in press(ben, made)
    assert states(fresh(paid.deposit)) == ("reversed", None, "")
    assert postings()[-1] == "receipt_reversed: available 1000.00 INR, provider_balance -1000.00 INR"
    assert news(product)[-1] == ("deposit.reversed", 5)
    page = text(ada.get(page_of(receipt)))
    assert doors(page) == []
    assert "Nothing, as it is." in page


def test_what_was_resolved_meanwhile_is_refused_with_a_sentence(
    ada: Client, ben: Client, short: Receipt, product: Product
) -> None:
    [door] = [one for one in doors(text(ada.get(page_of(short)))) if "/receipt_written_off/" in one]
    made, _ = asked_for(ada, door)
    by_two_persons("receipt_given_back", {"receipt": short.public_id})
    before = postings(), news(product)
    refusal = "The receipt is returned; it cannot become written off."
    assert refusal in text(ben.get(page_of(made)))
    assert refusal in press(ben, made)
    assert (postings(), news(product)) == before
    made.refresh_from_db()
    assert made.status == "proposed"


def test_who_only_looks_finds_no_buttons_and_closed_doors(viewer: Client, short: Receipt) -> None:
    page = text(viewer.get(page_of(short)))
    assert doors(page) == []
    assert "You may look." in page
    assert viewer.get(QUEUE).status_code == 200
    form = reverse("admin:balances_instruction_propose_verb", args=["receipt_written_off"])
    for answer in (viewer.get(form), viewer.post(form, {"verb-receipt": short.public_id})):
        assert answer.status_code == 403
    assert logged_in("nobody").get(QUEUE).status_code == 403
    assert Client().get(QUEUE).status_code == 302
    assert not Instruction.objects.exclude(verb="product_funded").exists()


def test_the_evidence_stands_on_one_page(
    ada: Client, short: Receipt, paid: Paid, account: ProviderAccount, product: Product
) -> None:
    letter = Letter.objects.create(
        account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, variant="plain", key_index=0
    )
    LetterItem.objects.create(
        letter=letter,
        account=account,
        position=0,
        order_id=paid.order,
        transaction_id=short.transaction_id,
        amount="1",
        currency="INR",
        note="as the provider says",
    )
    found_by_transaction(
        account, money(transaction_id=short.transaction_id, wallet_type="paytm", amount="7"), label=paid.label
    )
    other = Receipt.objects.get(wallet_type="paytm")
    page = text(ada.get(page_of(short)))
    call = ProviderCall.objects.filter(operation="pullpostbacks").latest("started_at")
    [journal] = Journal.objects.filter(reference=short.public_id)
    for row in (paid.deposit, paid.deposit.confirmations.get(), letter, other, call, journal):
        assert f'href="{page_of(row)}"' in page, row
    for said in ("1,000.00 INR", "as the provider says", paid.deposit.reference):
        assert said in page
    assert "&quot;amount&quot;: &quot;1&quot;" in page
    assert "Status received → in review" in entries(page)


#: Of the page of a receipt, and of that of a deposit: each part, what one has to be allowed to view to see it, and
#: what is said of its rows. Kinds of the story first, then the tables beside it, by their titles.
ABOUT_A_RECEIPT = {
    "move": ("view_receiptmove", "receipt moves"),
    "confirmation": ("view_confirmation", "confirmations"),
    "journal": ("view_journal", "journals"),
    "letter": ("view_letteritem", "letter items"),
    "call": ("view_providercall", "provider calls"),
    "Deposit and customer": ("view_deposit", "deposits"),
    "Other receipts of the same transaction id": ("view_receipt", "receipts"),
}
ABOUT_A_DEPOSIT = {
    "move": ("view_depositmove", "deposit moves"),
    "request": ("view_depositmove", "deposit moves"),
    **{kind: ABOUT_A_RECEIPT[kind] for kind in ("confirmation", "journal", "letter", "call")},
    "receipt": ("view_receipt", "receipts"),
    "refund": ("view_withdrawal", "withdrawals"),
    "webhook": ("view_event", "events"),
    "Receipts": ("view_receipt", "receipts"),
    "Refunds": ("view_withdrawal", "withdrawals"),
}


def seen(page: str, part: str) -> bool:
    """Whether entries of a kind are told, or a table of a title has rows."""
    found = re.findall(rf"<section[^>]*>\s*<h2[^>]*>{part}</h2>(.*?)</section>", page, re.DOTALL)
    return "<table" in found[0] if found else of_kind(page, part) != ""


@pytest.mark.parametrize(
    ("own", "expected"),
    [("view_receipt", ABOUT_A_RECEIPT), ("view_deposit", ABOUT_A_DEPOSIT)],
    ids=["receipt", "deposit"],
)
def test_each_part_takes_the_permission_to_view_what_it_shows(
    own: str, expected: dict[str, tuple[str, str]], short: Receipt, paid: Paid, account: ProviderAccount
) -> None:
    letter = Letter.objects.create(
        account=account, body=b"{}", signed_digest="0" * 64, envelope_agrees=True, variant="plain", key_index=0
    )
    LetterItem.objects.create(letter=letter, account=account, position=0, order_id=paid.order)
    found_by_transaction(
        account, money(transaction_id=short.transaction_id, wallet_type="paytm", amount="7"), label=paid.label
    )
    if own == "view_deposit":
        arrive(paid.deposit, "1000.00")
        assert refund(paid.api, paid.deposit).status_code == 201
    address = page_of(short if own == "view_receipt" else paid.deposit)
    for granted in {permission for permission, _ in expected.values()} | {own}:
        page = text(logged_in(f"with {granted}", own, granted).get(address))
        for part, (permission, rows) in expected.items():
            sentence = f"You may not see this: it takes the permission to view {rows}."
            is_seen = permission in {own, granted}
            assert (seen(page, part), sentence in page) == (is_seen, not is_seen), part


def test_what_may_not_be_seen_is_not_looked_up(viewer: Client, short: Receipt) -> None:
    viewer.get(page_of(short))  # content types and the like, once
    with CaptureQueriesContext(connection) as captured:
        text(viewer.get(page_of(short)))
    tables = ("postbacks_letteritem", "providers_providercall", "balances_journal")
    assert [one["sql"] for one in captured if any(f'FROM "{table}"' in one["sql"] for table in tables)] == []


def test_answers_show_money_and_nobody_s_account(ada: Client, paid: Paid) -> None:
    unseen = ("account_number", "account_name", "account_email", "comment", "exchanger_identifier")
    paid.arrives(money(amount="1", **{name: f"CANARY-{name}" for name in unseen}))
    page = text(ada.get(page_of(Receipt.objects.get())))
    assert "&quot;transaction_id&quot;: &quot;123456789012&quot;" in page
    assert "CANARY" not in page


def test_a_pull_of_many_orders_is_found_for_each_and_shows_no_other(
    ada: Client, paid: Paid, account: ProviderAccount
) -> None:
    paid.arrives(money(amount="1"))
    receipt = Receipt.objects.get()
    before = ProviderCall.objects.latest("id").pk
    transactions = [
        {"plugin_custom_order_id": paid.order, "postback": {"amount": "1.00"}},
        {"plugin_custom_order_id": "cnf_of_another", "postback": {"amount": "777.77"}},
    ]
    answer = {"status": "success", "data": {"transactions": transactions}}
    for ids_ in ([paid.order], ["cnf_of_a_third"]):
        ProviderCall.objects.create(
            account=account,
            operation="pullpostbacks",
            subject="cnf_of_another",
            also_about=ids_,
            request={"type": "deposit", "ids": ["cnf_of_another", *ids_]},
            response=str(answer).replace("'", '"').encode(),
        )
    page = text(ada.get(page_of(receipt)))
    named, unnamed = ProviderCall.objects.filter(operation="pullpostbacks", pk__gt=before).order_by("id")
    assert page_of(named) in page
    assert page_of(unnamed) not in page
    assert "1.00" in page
    assert "777.77" not in page


def test_the_queries_of_a_page_do_not_grow(ada: Client, short: Receipt, paid: Paid, account: ProviderAccount) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            text(ada.get(address))
        return len(captured)

    cost(page_of(short))  # content types and the like, once
    cost(QUEUE)  # the session remembers the mode
    before = cost(page_of(short)), cost(QUEUE)
    for number in range(4):
        wallet = f"wallet_{number}"
        found_by_transaction(account, money(transaction_id=short.transaction_id, wallet_type=wallet), label=paid.label)
    assert (cost(page_of(short)), cost(QUEUE)) == before


def test_a_deposit_without_money_leads_to_the_raw_answer(ada: Client, paid: Paid) -> None:
    paid.arrives(money(amount="-5"))
    deposit = fresh(paid.deposit)
    assert f'href="{page_of(deposit)}"' in text(ada.get(QUEUE))
    page = text(ada.get(page_of(deposit)))
    call = ProviderCall.objects.filter(operation="pullpostbacks").latest("started_at")
    assert f'href="{page_of(call)}"' in page
    assert "&quot;amount&quot;: &quot;-5&quot;" in page


def test_a_payout_that_came_back_is_corrected_from_its_page(
    ada: Client, ben: Client, viewer: Client, api: Api, provider: ScriptedProvider, account: ProviderAccount
) -> None:
    withdrawal = sent(api, provider, words.OK)
    assert "Nothing, as it is." in text(ada.get(page_of(withdrawal)))
    provider.script(words.PULL, words.pulled(words.found(withdrawal, 1)))
    asking.ask(account, [withdrawal.public_id])
    assert doors(text(viewer.get(page_of(withdrawal)))) == []
    [door] = doors(text(ada.get(page_of(withdrawal))))
    made, _ = asked_for(ada, door, "statement 4")
    assert f"{made.public_id}</a>: Payout returned, proposed." in text(ben.get(page_of(withdrawal)))
    assert f"{made.public_id} is posted." in press(ben, made)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "reversed"
    assert postings()[-1] == "withdrawal_returned: available -1218.00 INR, provider_balance 1218.00 INR"
    assert doors(text(ada.get(page_of(withdrawal)))) == []


def test_an_unpaid_end_may_prove_paid(ada: Client, api: Api) -> None:
    withdrawal = order(api)
    assert api.post(f"withdrawals/{withdrawal.public_id}/cancel").status_code == 200
    [door] = doors(text(ada.get(page_of(withdrawal))))
    assert door == f"/admin/balances/instruction/propose/payout_proved_paid/?withdrawal={withdrawal.public_id}"


def test_no_page_holds_what_the_policy_forbids(ada: Client, short: Receipt) -> None:
    own = re.compile(r"<section.*?</section>", re.DOTALL)
    for address in (page_of(short), QUEUE):
        page = text(ada.get(address))
        parts = own.findall(page) if address != QUEUE else [page[page.index("<ul>") :]]
        assert parts
        for part in parts:
            assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=|javascript:", part)
