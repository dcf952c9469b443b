"""The pages of instructions: who sees what, who may press what, and that a press posts what was seen, once."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from balances.instruction_models import Instruction
from balances.models import Journal
from balances.verbs import every
from gateway import ids
from gateway.products.models import Product
from tests.conftest import fund
from tests.staff import browser_of, logged_in
from tests.two_persons import by_two_persons, persons, settle

pytestmark = pytest.mark.django_db

CHOOSE = reverse("admin:balances_instruction_propose")
LIST = reverse("admin:balances_instruction_changelist")


def form_of(verb: str) -> str:
    return reverse("admin:balances_instruction_propose_verb", args=[verb])


def page_of(instruction: Instruction) -> str:
    return reverse("admin:balances_instruction_change", args=[instruction.pk])


def page_of_journal(journal: Journal) -> str:
    return reverse("admin:balances_journal_change", args=[journal.pk])


def buttons_of(instruction: Instruction) -> str:
    return reverse("admin:balances_instruction_decide", args=[instruction.pk])


@pytest.fixture
def ada(db: None) -> Client:
    """Asks."""
    return logged_in("ada", "propose_instruction")


@pytest.fixture
def ben(db: None) -> Client:
    """Asks and decides."""
    return logged_in("ben", "propose_instruction", "approve_instruction")


@pytest.fixture
def viewer(db: None) -> Client:
    """Looks."""
    return logged_in("vic", "view_instruction", "view_journal", "view_account", "view_hold")


def filled(product: Product, amount: str = "12.5", **more: str) -> dict[str, str]:
    money = {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": amount}
    return {
        **{f"verb-{name}": text for name, text in money.items()},
        "reason": "money of June",
        "document": "line 3",
        **more,
    }


def hidden(answer: Any) -> dict[str, str]:
    """The form of a page that asks for confirmation, as a browser would send it."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode())
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def proposed(client: Client, product: Product, verb: str = "product_funded", amount: str = "12.5") -> Instruction:
    seen = client.post(form_of(verb), filled(product, amount))
    answer = client.post(form_of(verb), {**hidden(seen), "confirm": "1"})
    made = Instruction.objects.order_by("-id")[0]
    assert (answer.status_code, answer["Location"]) == (302, page_of(made))
    return made


def press(client: Client, instruction: Instruction, decision: str, **more: str) -> Any:
    return client.post(buttons_of(instruction), {"decision": decision, **more})


def test_one_asks_and_another_one_approves_what_both_see(ada: Client, ben: Client, product: Product) -> None:
    assert form_of("product_funded") in ada.get(CHOOSE).content.decode()
    seen = ada.post(form_of("product_funded"), filled(product))
    shown = seen.content.decode()
    assert "Journal: product funded" in shown
    assert re.search(rf"available of {product.name}</td>\s*<td[^>]*></td>\s*<td[^>]*>12\.50</td>", shown)
    assert not Instruction.objects.exists()
    made = proposed(ada, product)
    assert (made.reason, made.document, made.requested_by.username) == ("money of June", "line 3", "ada")
    own, others = ada.get(page_of(made)).content.decode(), ben.get(page_of(made)).content.decode()
    for page in (own, others):
        assert "Journal: product funded" in page
        assert f"<dt>Product</dt><dd>{product.name}</dd>" in page
    assert "Take it back</button>" in own
    assert "Approve: post this" not in own
    assert "another person has to decide" in own
    assert "Approve: post this" in others
    assert "Take it back</button>" not in others
    listed = ben.get(LIST, {"status": "proposed", "verb": "product_funded", "mode": "test"})
    assert made.public_id in listed.content.decode()
    answer = press(ben, made, "approve", digest=hidden(ben.get(page_of(made)))["digest"])
    assert (answer.status_code, answer["Location"]) == (302, page_of(made))
    assert f"{made.public_id} is posted." in ben.get(page_of(made)).content.decode()
    journal = Journal.objects.get()
    assert journal.instruction == made
    page = ben.get(page_of(made)).content.decode()
    assert reverse("admin:balances_journal_change", args=[journal.pk]) in page
    assert "What was posted" in page
    assert "· → proposed" in page
    assert "proposed → posted" in page
    for client in (ada, ben):
        assert 'name="decision"' not in client.get(page_of(made)).content.decode()


def test_amounts_of_what_would_be_posted_stand_in_groups(ada: Client, ben: Client, product: Product) -> None:
    made = proposed(ada, product, amount="1234567.5")
    for answer in (ada.post(form_of("product_funded"), filled(product, "1234567.5")), ben.get(page_of(made))):
        assert answer.content.decode().count(">1,234,567.50</td>") == 2, "debit and credit"
    assert [one["debit"] for one in made.preview["journals"][0]["legs"]] == ["1234567.50", ""], "kept as it was"


def test_a_form_with_a_mistake_says_so_beside_the_field(ada: Client, product: Product) -> None:
    for change, sentence in (
        ({"verb-amount": "1.001"}, "INR has 2 decimals"),
        ({"verb-amount": ""}, "This field is required."),
        ({"verb-mode": "both"}, "Select a valid choice"),
        ({"reason": "ok"}, "at least 4 characters"),
        ({"document": ""}, "This field is required."),
    ):
        answer = ada.post(form_of("product_funded"), filled(product, **change))
        assert answer.status_code == 200
        assert sentence in answer.content.decode()
    short = ada.post(form_of("product_settled"), filled(product))
    assert "The product has 0.00 INR available, and no more." in short.content.decode()
    assert not Instruction.objects.exists()


def test_a_form_may_be_changed_again_and_asks_for_nothing_meanwhile(ada: Client, product: Product) -> None:
    seen = ada.post(form_of("product_funded"), filled(product))
    again = ada.post(form_of("product_funded"), {**hidden(seen), "edit": "1"}).content.decode()
    assert 'value="12.5"' in again
    assert "money of June" in again
    assert not Instruction.objects.exists()


def test_a_form_that_is_sent_twice_makes_one_instruction(ada: Client, product: Product) -> None:
    seen = hidden(ada.post(form_of("product_funded"), filled(product)))
    answers = [ada.post(form_of("product_funded"), {**seen, "confirm": "1"}) for _ in range(2)]
    assert [one["Location"] for one in answers] == [page_of(Instruction.objects.get())] * 2


def test_a_form_that_is_sent_again_with_another_amount_says_so(ada: Client, product: Product) -> None:
    seen = hidden(ada.post(form_of("product_funded"), filled(product)))
    ada.post(form_of("product_funded"), {**seen, "confirm": "1"})
    made = Instruction.objects.get()
    other = hidden(ada.post(form_of("product_funded"), filled(product, "99")))
    for digest in (seen["digest"], other["digest"]):
        again = {**seen, "verb-amount": "99", "digest": digest, "confirm": "1"}
        page = ada.post(form_of("product_funded"), again).content.decode()
        assert f"sent before with something else in it, which {made.public_id} asks for" in page
        assert 'value="99"' in page
    assert (Instruction.objects.get(), made.parameters["amount"]) == (made, "12.50")
    # Looked at again, it is a form of its own.
    answer = ada.post(form_of("product_funded"), {**other, "confirm": "1"})
    assert answer["Location"] == page_of(Instruction.objects.exclude(pk=made.pk).get(parameters__amount="99.00"))


@pytest.mark.parametrize("change", [{"digest": "0" * 64}, {"digest": ""}, {"verb-amount": "9999"}])
def test_what_was_tampered_with_is_shown_again_and_not_asked_for(
    change: dict[str, str], ada: Client, product: Product
) -> None:
    seen = hidden(ada.post(form_of("product_funded"), filled(product)))
    answer = ada.post(form_of("product_funded"), {**seen, **change, "confirm": "1"})
    assert "What would be posted has changed" in answer.content.decode()
    assert not Instruction.objects.exists()


def test_an_id_of_somebody_else_s_form_is_refused(ada: Client, ben: Client, product: Product) -> None:
    made = proposed(ada, product)
    seen = hidden(ben.post(form_of("product_funded"), filled(product)))
    answer = ben.post(form_of("product_funded"), {**seen, "page_id": made.public_id, "confirm": "1"})
    assert "This belongs to another form." in answer.content.decode()
    assert Instruction.objects.get() == made


def test_the_requester_cannot_approve_or_reject(ben: Client, product: Product) -> None:
    made = proposed(ben, product)
    for decision in ("approve", "reject"):
        answer = press(ben, made, decision, digest=made.digest, reason="it is right")
        assert answer.status_code == 302
        assert "another person has to decide" in ben.get(page_of(made)).content.decode()
    assert (Instruction.objects.get().status, Journal.objects.count()) == ("proposed", 0)


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_an_approval_of_something_else_posts_nothing(digest: str, ada: Client, ben: Client, product: Product) -> None:
    made = proposed(ada, product)
    press(ben, made, "approve", digest=digest)
    assert "What would be posted has changed" in ben.get(page_of(made)).content.decode()
    assert (Instruction.objects.get().status, Journal.objects.count()) == ("proposed", 0)


def test_a_preview_that_changed_is_shown_and_has_to_be_approved_anew(
    ada: Client, ben: Client, product: Product
) -> None:
    fund(product, "INR", amount="100")
    made = proposed(ada, product, "product_fee", "80")
    seen = hidden(ben.get(page_of(made)))["digest"]
    settle(product, "50")
    before = Journal.objects.count()
    press(ben, made, "approve", digest=seen)
    page = ben.get(page_of(made))
    assert "This is no longer what its requester saw." in page.content.decode()
    assert "product receivable of" in page.content.decode()
    assert Journal.objects.count() == before
    press(ben, made, "approve", digest=hidden(page)["digest"])
    assert Instruction.objects.get(pk=made.pk).status == "posted"


def test_a_second_press_posts_nothing_more(ada: Client, ben: Client, product: Product) -> None:
    made = proposed(ada, product)
    for _ in range(2):
        assert press(ben, made, "approve", digest=made.digest).status_code == 302
    assert "It is posted already." in ben.get(page_of(made)).content.decode()
    assert Journal.objects.count() == 1


def test_what_cannot_be_done_any_more_says_why_and_has_no_button_to_approve(
    ada: Client, ben: Client, product: Product
) -> None:
    fund(product, "INR", amount="100")
    made = proposed(ada, product, "product_settled", "80")
    settle(product, "50")
    page = ben.get(page_of(made)).content.decode()
    assert "It cannot be approved as things are: The product has 50.00 INR available" in page
    assert "Approve: post this" not in page
    assert "Reject</button>" in page


@pytest.mark.parametrize(("decision", "status"), [("reject", "rejected"), ("withdraw", "withdrawn")])
def test_it_is_rejected_or_withdrawn_with_a_written_reason(
    decision: str, status: str, ada: Client, ben: Client, product: Product
) -> None:
    made = proposed(ada, product)
    who = ben if decision == "reject" else ada
    press(who, made, decision, reason=" ")
    assert "Give a reason of 4 to 500 characters." in who.get(page_of(made)).content.decode()
    assert Instruction.objects.get().status == "proposed"
    press(who, made, decision, reason="the wrong month")
    row = Instruction.objects.get()
    assert (row.status, row.decision_reason) == (status, "the wrong month")
    assert "the wrong month" in who.get(page_of(made)).content.decode()


def test_who_may_only_look_has_no_buttons_and_can_press_none(viewer: Client, ada: Client, product: Product) -> None:
    made = proposed(ada, product)
    page = viewer.get(page_of(made)).content.decode()
    assert "Journal: product funded" in page
    for word in ("Approve: post this", "Reject</button>", "Take it back</button>"):
        assert word not in page
    assert CHOOSE not in viewer.get(LIST).content.decode()
    for address in (CHOOSE, form_of("product_funded")):
        assert viewer.get(address).status_code == 403
    assert viewer.post(form_of("product_funded"), filled(product, confirm="1")).status_code == 403
    for decision in ("approve", "reject", "withdraw"):
        assert press(viewer, made, decision, digest=made.digest, reason="not mine").status_code == 403
    assert (Instruction.objects.count(), Instruction.objects.get().status) == (1, "proposed")


def test_staff_without_a_permission_and_strangers_see_nothing(client: Client, ada: Client, product: Product) -> None:
    made = proposed(ada, product)
    nobody = logged_in("eve")
    pages = (LIST, CHOOSE, form_of("product_funded"), page_of(made))
    for address in pages:
        assert nobody.get(address).status_code == 403
        assert client.get(address)["Location"].startswith("/admin/login/")
    assert press(nobody, made, "approve", digest=made.digest).status_code == 403
    assert press(client, made, "approve", digest=made.digest)["Location"].startswith("/admin/login/")
    assert client.post(form_of("product_funded"), filled(product, confirm="1"))["Location"].startswith("/admin/login/")
    assert (Instruction.objects.count(), Instruction.objects.get().status) == (1, "proposed")


def test_a_press_is_a_post_with_its_token(ada: Client, ben: Client, product: Product) -> None:
    made = proposed(ada, product)
    assert ben.get(buttons_of(made)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    browser_of(User.objects.get(username="ben"), strict)
    assert press(strict, made, "approve", digest=made.digest).status_code == 403
    assert strict.post(form_of("product_funded"), filled(product, confirm="1")).status_code == 403
    assert (Instruction.objects.count(), Journal.objects.count()) == (1, 0)


def test_what_does_not_exist_is_not_found(ada: Client, ben: Client, product: Product) -> None:
    assert ada.get(form_of("gift")).status_code == 404
    made = proposed(ada, product)
    assert press(ben, made, "gift").status_code == 404
    other = reverse("admin:balances_instruction_decide", args=[ids.new_id()])
    assert ben.post(other, {"decision": "approve"}).status_code == 404


def test_each_page_has_its_heading_and_the_last_one_says_what_the_verb_was_told(ada: Client, product: Product) -> None:
    assert re.search(r"<h1[^>]*>Ask for what takes two persons</h1>", ada.get(CHOOSE).content.decode())
    asked = ada.get(form_of("product_funded"))
    seen = ada.post(form_of("product_funded"), filled(product, "12.5", **{"verb-currency": "inr"}))
    for answer in (asked, seen):
        assert re.search(r"<h1[^>]*>Product funded</h1>", answer.content.decode())
    shown = seen.content.decode()
    for name, said in (("Product", product.name), ("Mode", "test"), ("Currency", "INR"), ("Amount", "12.50")):
        assert f"<dt>{name}</dt><dd>{said}</dd>" in shown


@pytest.mark.usefixtures("catalogue", "account")
def test_every_verb_has_its_form_without_a_script_of_its_own(ada: Client, product: Product) -> None:
    for verb in every():
        page = ada.get(form_of(verb.name))
        shown = page.content.decode()
        assert page.status_code == 200
        for field in verb.fields:
            assert f'name="verb-{field.name}"' in shown
            assert field.help in shown.replace("&#x27;", "'")
        ours = shown.partition('<form method="post"')[2].partition("</form>")[0]
        assert "<script" not in ours
        assert not re.search(r"\son\w+=", ours)


def test_the_ledger_is_there_to_look_at(viewer: Client, product: Product) -> None:
    instruction = by_two_persons(
        "product_funded", {"product": str(product.pk), "mode": "test", "currency": "INR", "amount": "1234.5"}
    )
    journal = Journal.objects.get()
    listed = viewer.get(
        reverse("admin:balances_journal_changelist"), {"mode": "test", "kind": "product_funded"}
    ).content.decode()
    assert instruction.public_id in listed
    page = viewer.get(page_of_journal(journal)).content.decode()
    for text in (page_of(instruction), "1,234.50", f"available of {product}"):
        assert text in page
    entry = journal.entries.order_by("id")[0]
    assert journal.public_id in listed
    for text in (journal.public_id, entry.public_id):
        assert text in page
        found = viewer.get(reverse("admin:balances_journal_changelist"), {"q": f" {text} "}).content.decode()
        assert page_of_journal(journal) in found
    for text in (ids.encode(ids.JOURNAL, ids.new_id()), ids.encode(ids.ENTRY, ids.new_id())):
        found = viewer.get(reverse("admin:balances_journal_changelist"), {"q": text}).content.decode()
        assert page_of_journal(journal) not in found
    accounts = viewer.get(reverse("admin:balances_account_changelist"), {"mode": "test"}).content.decode()
    assert "1,234.50" in accounts
    for entry in journal.entries.all():
        shown = viewer.get(reverse("admin:balances_account_change", args=[entry.account_id])).content.decode()
        assert "1,234.50" in shown
        assert viewer.post(reverse("admin:balances_account_change", args=[entry.account_id]), {}).status_code == 403
    assert viewer.get(reverse("admin:balances_hold_changelist")).status_code == 200
    for model in ("journal", "account", "hold", "instruction"):
        assert viewer.get(reverse(f"admin:balances_{model}_add")).status_code == 403


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_a_page_takes_the_methods_of_pages_alone(method: str, product: Product) -> None:
    made = by_two_persons("product_funded", {"product": product.name, "mode": "test", "currency": "INR", "amount": "1"})
    client = Client()
    browser_of(persons()[0], client)
    page = reverse("admin:balances_instruction_change", args=[made.pk])
    assert getattr(client, method)(page).status_code == 405
    assert client.get(page).status_code == 200
