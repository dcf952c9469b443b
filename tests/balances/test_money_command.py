"""`manage.py money`: both persons prove who they are, and see what would be posted before it is."""

import io
from collections.abc import Callable

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command

from balances import comparing_secrets
from balances.comparing_secrets import COMPARISONS_PER_HOUR
from balances.instruction_models import Instruction
from balances.models import Journal
from gateway.products.models import Product
from gateway.providers.models import ProviderAccount
from tests.conftest import fund

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
Say = Callable[..., str]


@pytest.fixture
def people(db: None) -> None:
    for name, permissions in (("ada", ["propose"]), ("ben", ["propose", "approve"]), ("eve", [])):
        made = User.objects.create_user(name, password=PASSWORD, is_staff=True)
        codenames = [f"{one}_instruction" for one in permissions]
        made.user_permissions.set(Permission.objects.filter(codename__in=codenames))


@pytest.fixture
def say(people: None, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs the command with lines on its standard input."""

    def run(*arguments: str, lines: str = f"{PASSWORD}\nyes\n") -> str:
        said = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        call_command("money", *arguments, stdout=said)
        return said.getvalue()

    return run


@pytest.fixture
def proposal(product: Product) -> tuple[str, ...]:
    parameters = (f"product={product.name}", "mode=test", "currency=INR", "amount=12.5")
    return ("propose", "product_funded", "--reason", "money of June", "--document", "line 3", *parameters)


def test_one_proposes_and_another_one_approves(say: Say, proposal: tuple[str, ...], product: Product) -> None:
    said = say(*proposal, "--by", "ada")
    instruction = Instruction.objects.get()
    assert said.splitlines() == [
        "Mode: test",
        "Journal: product funded",
        f"  account{' ' * (len(f'available of {product.name}') - 7)}  debit  credit  currency",
        f"  bank{' ' * (len(f'available of {product.name}') - 4)}  12.50          INR",
        f"  available of {product.name}          12.50  INR",
        f"Is this right? Write yes: {instruction.public_id} waits for another person's approval.",
    ]
    assert say("list") == f"{instruction.public_id}  proposed   test  product_funded, by ada: money of June\n"
    assert "Reason: money of June" in say("show", instruction.public_id)
    approved = say("approve", instruction.public_id, "--by", "ben")
    assert "Journal: product funded" in approved
    assert approved.endswith(f"{instruction.public_id} is posted.\n")
    assert Journal.objects.get().instruction == instruction
    assert say("list") == ""
    assert say("list", "--all").startswith(f"{instruction.public_id}  posted")
    assert "Another person approved it, and it was carried out: ben." in say("show", instruction.public_id)


@pytest.mark.parametrize("lines", [f"{PASSWORD}\nno\n", f"{PASSWORD}\n"])
def test_what_is_not_said_yes_to_is_not_done(lines: str, say: Say, proposal: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"Nothing was done\."):
        say(*proposal, "--by", "ada", lines=lines)
    assert not Instruction.objects.exists()
    say(*proposal, "--by", "ada", "--yes", lines=f"{PASSWORD}\n")
    instruction = Instruction.objects.get()
    with pytest.raises(CommandError, match=r"Nothing was done\."):
        say("approve", instruction.public_id, "--by", "ben", lines=lines)
    assert not Journal.objects.exists()


def test_who_does_not_know_the_password_or_may_not_is_refused(say: Say, proposal: tuple[str, ...]) -> None:
    for by, lines, sentence in (
        ("ada", "wrong\nyes\n", "no active person"),
        ("nobody", f"{PASSWORD}\nyes\n", "no active person"),
        ("eve", f"{PASSWORD}\nyes\n", "eve may not do this"),
    ):
        with pytest.raises(CommandError, match=sentence):
            say(*proposal, "--by", by, lines=lines)
    assert not Instruction.objects.exists()
    say(*proposal, "--by", "ben")
    instruction = Instruction.objects.get().public_id
    for by, sentence in (("ben", "another person has to decide"), ("ada", "ada may not do this")):
        with pytest.raises(CommandError, match=sentence):
            say("approve", instruction, "--by", by)
        with pytest.raises(CommandError, match=sentence):
            say("reject", instruction, "--by", by, "--reason", "not right")
    assert (Instruction.objects.get().status, Journal.objects.count()) == ("proposed", 0)


def test_it_is_rejected_or_withdrawn_with_a_reason(say: Say, proposal: tuple[str, ...]) -> None:
    say(*proposal, "--by", "ada")
    say(*proposal, "--by", "ada")
    first, second = Instruction.objects.order_by("id")
    say("reject", first.public_id, "--by", "ben", "--reason", "the wrong month")
    say("withdraw", second.public_id, "--by", "ada", "--reason", "asked twice")
    assert [one.status for one in Instruction.objects.order_by("id")] == ["rejected", "withdrawn"]
    assert "Because: the wrong month" in say("show", first.public_id)


def test_refusals_are_sentences(say: Say, proposal: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="of the form key=value"):
        say(*proposal, "amount", "--by", "ada")
    with pytest.raises(CommandError, match="Amount: Use plain digits"):
        say(*proposal[:-1], "amount=-1", "--by", "ada")
    for again in ("amount=12.5", "amount=13"):
        with pytest.raises(CommandError, match=r"^'amount' stands there twice\.$"):
            say(*proposal, again, "--by", "ada")
    with pytest.raises(CommandError, match="There is no instruction 'ins_x'"):
        say("show", "ins_x")
    assert not Instruction.objects.exists()


def test_what_can_no_longer_be_done_is_shown_with_the_reason(say: Say, product: Product) -> None:
    common = (f"product={product.name}", "mode=test", "currency=INR")
    fund(product, "INR", amount="10")
    for amount in ("10", "1"):
        asked = ("propose", "product_settled", "--reason", "of June", "--document", "x", "--by", "ada")
        say(*asked, *common, f"amount={amount}")
    first, second = Instruction.objects.filter(verb="product_settled").order_by("id")
    say("approve", first.public_id, "--by", "ben")
    assert "It cannot be approved as things are: The product has 0.00 INR" in say("show", second.public_id)


def test_every_verb_is_listed_with_its_fields(say: Say) -> None:
    said = say("verbs")
    assert "product_funded: A product's money arrived at our bank" in said
    assert "  debit_product: Debit: product. Whose money it is. (may be left out)" in said


SECRET = "canary-new-secret-31415926535"


@pytest.fixture
def changing(live_account: ProviderAccount) -> tuple[str, ...]:
    about = (f"provider_account={live_account.pk}", "ids_proven_unique=yes")
    return ("propose", "provider_account_changed", *about, "--reason", "another key", "--by", "ada")


def test_secrets_are_typed_and_compared_and_never_shown(
    say: Say, changing: tuple[str, ...], live_account: ProviderAccount
) -> None:
    said = say(*changing, "--secret", "withdrawal_key", lines=f"{PASSWORD}\n{SECRET}\nyes\n")
    instruction = Instruction.objects.get(verb="provider_account_changed")
    assert instruction.secrets == {"withdrawal_key": SECRET}
    said += say("show", instruction.public_id)
    compare = ("compare", instruction.public_id, "withdrawal_key", "--by", "ben")
    assert say(*compare, lines=f"{PASSWORD}\n{SECRET}\n") == "It is the one that was asked for.\n"
    assert say(*compare, lines=f"{PASSWORD}\nanother\n") == "It is another one.\n"
    said += say("approve", instruction.public_id, "--by", "ben")
    live_account.refresh_from_db()
    assert (live_account.withdrawal_key, live_account.ids_proven_unique) == (SECRET, True)
    # Whoever holds it can still find out which one it was.
    assert say(*compare, lines=f"{PASSWORD}\n{SECRET}\n") == "It is the one that was asked for.\n"
    assert said.count(instruction.parameters["withdrawal_key"]) >= 3
    assert SECRET not in said
    assert "withdrawal_key: Withdrawal key. It is not shown again; others see a fingerprint. (may be left out)" in say(
        "verbs"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((f"withdrawal_key={SECRET}",), "withdrawal_key is a secret: name it with --secret withdrawal_key"),
        (("--secret", "base_url"), "base_url is no secret of this verb"),
        (("--secret", "planet"), "planet is no secret of this verb"),
    ],
)
def test_a_secret_is_no_argument(say: Say, changing: tuple[str, ...], words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as refused:
        say(*changing[:2], *words, *changing[2:], lines=f"{PASSWORD}\n{SECRET}\nyes\n")
    assert SECRET not in str(refused.value)
    assert not Instruction.objects.filter(verb="provider_account_changed").exclude(secrets=None).exists()


def test_what_is_no_secret_is_not_compared(say: Say, changing: tuple[str, ...]) -> None:
    say(*changing)
    instruction = Instruction.objects.get(verb="provider_account_changed", parameters__has_key="ids_proven_unique")
    for name in ("ids_proven_unique", "withdrawal_key"):
        with pytest.raises(CommandError, match="no secret of this instruction"):
            say("compare", instruction.public_id, name, "--by", "ben", lines=f"{PASSWORD}\nyes\n")


def test_comparing_takes_a_permission_at_a_terminal_too(say: Say, changing: tuple[str, ...]) -> None:
    say(*changing, "--secret", "withdrawal_key", lines=f"{PASSWORD}\n{SECRET}\nyes\n")
    compare = ("compare", Instruction.objects.get(verb="provider_account_changed").public_id, "withdrawal_key")
    with pytest.raises(CommandError, match="--by"):
        say(*compare, lines=f"{SECRET}\n")
    with pytest.raises(CommandError, match="no active person"):
        say(*compare, "--by", "ben", lines=f"not the password\n{SECRET}\n")
    with pytest.raises(CommandError, match="eve may not do this"):
        say(*compare, "--by", "eve", lines=f"{PASSWORD}\n{SECRET}\n")
    User.objects.filter(username="ben").update(is_staff=False)
    with pytest.raises(CommandError, match="ben may not do this"):
        say(*compare, "--by", "ben", lines=f"{PASSWORD}\n{SECRET}\n")


def test_what_is_compared_at_a_terminal_is_counted_with_what_is_compared_in_the_admin(
    say: Say, changing: tuple[str, ...]
) -> None:
    say(*changing, "--secret", "withdrawal_key", lines=f"{PASSWORD}\n{SECRET}\nyes\n")
    instruction = Instruction.objects.get(verb="provider_account_changed")
    compare = ("compare", instruction.public_id, "withdrawal_key", "--by", "ben")
    with time_machine.travel("2031-05-06T12:59:59Z", tick=False):
        for attempt in range(COMPARISONS_PER_HOUR - 1):
            assert say(*compare, lines=f"{PASSWORD}\nguess {attempt}\n") == "It is another one.\n"
        assert comparing_secrets.compare(instruction, "withdrawal_key", SECRET, User.objects.get(username="ben"))
        with pytest.raises(CommandError, match="You have compared 10 times in this hour"):
            say(*compare, lines=f"{PASSWORD}\n{SECRET}\n")
