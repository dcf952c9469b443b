"""Live keys by which money leaves take two persons; every key is shown once; one person revokes."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from balances import instructions, proposing
from balances.instruction_models import Instruction
from balances.verb_fields import Refused
from gateway.backoffice.master_data.key_issuing import issue, revoke
from gateway.products.actions import keep_key
from gateway.products.key_guards import ISSUED
from gateway.products.models import ORDINARY_SCOPES, ApiKey, Mode, Product, Scope, digest_of, new_key
from tests.conftest import Api
from tests.staff import browser_of
from tests.two_persons import kept_key, persons

pytestmark = pytest.mark.django_db

MONEY_OUT = [one for one in Scope.values if one.startswith("withdrawals:")]
HARMLESS = [one for one in Scope.values if one not in MONEY_OUT]


@contextmanager
def refused(words: str) -> Iterator[None]:
    """What is done in here is refused at what would be its COMMIT, and not done."""
    with pytest.raises(IntegrityError, match=words), transaction.atomic():  # noqa: PT012 - what is attacked is the caller's
        yield
        check()


def check() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def person(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name, password="a password", is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def works(key: str) -> bool:
    return bool(Api(key).get("balances").status_code == 200)


# The database.


@pytest.mark.parametrize("scope", MONEY_OUT)
def test_one_person_makes_no_live_key_by_which_money_leaves(product: Product, scope: str) -> None:
    with refused("takes two persons"):
        keep_key(product=product, mode=Mode.LIVE, name="mine", key=new_key(Mode.LIVE), scopes=[Scope.READ, scope])


def test_an_instruction_about_another_key_another_product_or_other_scopes_does_not_help(product: Product) -> None:
    other, key = Product.objects.create(name="other"), new_key(Mode.LIVE)
    attacks: list[dict[str, Any]] = [
        {"digest": digest_of(new_key(Mode.LIVE))},
        {"product": other},
        {"scopes": [Scope.WITHDRAWALS_WRITE, Scope.READ]},
        {"scopes": MONEY_OUT[:1], "agreed": [Scope.READ]},
    ]
    for attack in attacks:
        with refused("takes two persons"):
            kept_key(product, Mode.LIVE, new_key(Mode.LIVE), attack.pop("agreed", [Scope.WITHDRAWALS_WRITE]))
            columns = {"product": product, "digest": digest_of(key), "scopes": [Scope.WITHDRAWALS_WRITE], **attack}
            ApiKey.objects.create(mode=Mode.LIVE, name="mine", prefix="x", **columns)


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": [Scope.READ, Scope.WITHDRAWALS_WRITE, Scope.DEPOSITS_WRITE]},
        {"digest": "0" * 64},
        {"revoked_at": None},
        {"expires_at": None},
        {"expires_at": timezone.now() + timedelta(days=900)},
    ],
)
def test_nobody_widens_such_a_key(product: Product, change: dict[str, Any]) -> None:
    key = kept_key(product, Mode.LIVE, new_key(Mode.LIVE), [Scope.READ, Scope.WITHDRAWALS_WRITE])
    soon = timezone.now() + timedelta(days=1)
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now(), expires_at=soon)
    with refused("never widened"):
        ApiKey.objects.filter(pk=key.pk).update(**change)


@pytest.mark.parametrize(
    "networks", [[], ["0.0.0.0/0"], ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]], ids=str
)
def test_nobody_lets_such_a_key_in_from_elsewhere(product: Product, networks: list[str]) -> None:
    key = kept_key(product, Mode.LIVE, new_key(Mode.LIVE))
    tied = ["192.0.2.0/24", "198.51.100.0/24"]
    call_command("limit_key", key.prefix, "--network", tied[0], "--network", tied[1])
    with refused("never widened"):
        ApiKey.objects.filter(pk=key.pk).update(allowed_networks=networks)
    with pytest.raises(CommandError, match="keeps some: issue another"):
        call_command("limit_key", key.prefix, "--calls", "5", *[f"--network={one}" for one in networks])
    key.refresh_from_db()
    assert (key.allowed_networks, key.rate_limit_per_minute) == (tied, None)


def test_such_a_key_is_tied_to_networks_and_to_fewer(product: Product) -> None:
    key = kept_key(product, Mode.LIVE, new_key(Mode.LIVE))
    for networks in (["192.0.2.0/24", "198.51.100.0/24"], ["198.51.100.0/24", "192.0.2.0/24"], ["198.51.100.0/24"]):
        call_command("limit_key", key.prefix, *[f"--network={one}" for one in networks])
        key.refresh_from_db()
        assert key.allowed_networks == networks
    call_command("limit_key", key.prefix, "--calls", "5", "--network", "198.51.100.0/24")
    key.refresh_from_db()
    assert (key.allowed_networks, key.rate_limit_per_minute) == (["198.51.100.0/24"], 5)


def test_nobody_makes_one_of_another_key(product: Product) -> None:
    read_only = keep_key(product=product, mode=Mode.LIVE, name="a", key=new_key(Mode.LIVE), scopes=[Scope.READ])
    test = keep_key(product=product, mode=Mode.TEST, name="b", key=new_key(Mode.TEST))
    check()
    with refused("never widened"):
        ApiKey.objects.filter(pk=read_only.pk).update(scopes=[Scope.READ, Scope.WITHDRAWALS_WRITE])
    with refused("never widened"):
        ApiKey.objects.filter(pk=test.pk).update(mode=Mode.LIVE)


def test_such_a_key_may_be_narrowed_and_ended_by_one(product: Product) -> None:
    key = kept_key(product, Mode.LIVE, new_key(Mode.LIVE))
    now = timezone.now()
    ApiKey.objects.filter(pk=key.pk).update(scopes=[Scope.READ, Scope.WITHDRAWALS_WRITE], expires_at=now)
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=now, rate_limit_per_minute=5)
    check()


# The verbs.


def test_such_a_key_works_when_another_person_has_agreed(product: Product, catalogue: None) -> None:
    requester, approver = persons()
    made = issue(
        product,
        Mode.LIVE,
        name="payout service",
        scopes=[Scope.WITHDRAWALS_WRITE, Scope.READ],
        reason="the shop pays out itself",
        by=requester,
    )
    assert made.instruction is not None
    assert not works(made.key)
    assert made.instruction.parameters == {
        "product": str(product.pk),
        "name": "payout service",
        "scopes": "read withdrawals:write",
        "digest": digest_of(made.key),
        "prefix": made.key[:12],
    }
    assert made.key not in str(made.instruction.preview)
    with pytest.raises(Refused, match="another person"):
        instructions.approve(made.instruction.pk, requester, made.instruction.digest)
    instructions.approve(made.instruction.pk, approver, made.instruction.digest)
    check()
    assert works(made.key)
    [kept] = ApiKey.objects.all()
    assert (kept.name, kept.scopes, kept.mode, kept.prefix) == (
        "payout service",
        ["read", "withdrawals:write"],
        "live",
        made.key[:12],
    )
    with pytest.raises(Refused, match="such a key already"):
        proposing.look(ISSUED, made.instruction.parameters)


@pytest.mark.parametrize(("mode", "scopes"), [(Mode.TEST, list(ORDINARY_SCOPES)), (Mode.LIVE, HARMLESS)])
def test_every_other_key_works_at_once(product: Product, catalogue: None, mode: Mode, scopes: list[str]) -> None:
    by = person("integrator", "add_apikey")
    made = issue(product, mode, name="a", scopes=scopes, reason="it is needed", by=by)
    check()
    assert made.instruction is None
    assert works(made.key)
    assert [(one.user, one.change_message) for one in LogEntry.objects.all()] == [(by, "Issued: it is needed")]


def test_each_takes_its_permission_and_a_reason(product: Product) -> None:
    nobody, integrator = person("nobody", "view_apikey"), person("integrator", "add_apikey", "change_apikey")
    told: dict[str, Any] = {"name": "a", "scopes": [Scope.READ]}
    with pytest.raises(PermissionDenied):
        issue(product, Mode.TEST, **told, reason="it is needed", by=nobody)
    with pytest.raises(PermissionDenied):
        issue(product, Mode.LIVE, name="a", scopes=MONEY_OUT[:1], reason="it is needed", by=integrator)
    with pytest.raises(Refused):
        issue(product, Mode.TEST, **told, reason="ok", by=integrator)
    key = keep_key(product=product, mode=Mode.TEST, name="a", key=new_key(Mode.TEST))
    with pytest.raises(PermissionDenied):
        revoke(key, "it leaked", nobody)
    with pytest.raises(Refused):
        revoke(key, "-", integrator)
    assert (ApiKey.objects.count(), ApiKey.objects.filter(revoked_at=None).count()) == (1, 1)
    assert not LogEntry.objects.exists()


def test_one_person_revokes_and_it_counts_once(product: Product) -> None:
    key, by = kept_key(product, Mode.LIVE, new_key(Mode.LIVE)), person("operator", "change_apikey")
    assert [revoke(key, text, by) for text in ("it leaked", "once more")] == [True, False]
    assert ApiKey.objects.get().revoked_at is not None
    assert [one.change_message for one in LogEntry.objects.all()] == ["Revoked: it leaked"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scopes": "read planet"}, "some of"),
        ({"digest": "abc"}, "64 hexadecimal digits"),
        ({"prefix": "pk_test_abcd"}, "first 12 characters"),
        ({"name": "in\u202evisible"}, "visible letters"),
    ],
)
def test_nonsense_is_refused_in_words(product: Product, change: dict[str, str], sentence: str) -> None:
    told = {"product": str(product.pk), "name": "a", "scopes": "read", "digest": "0" * 64, "prefix": "pk_live_abcd"}
    with pytest.raises(Refused, match=sentence):
        proposing.look(ISSUED, told | change)


# The doors.


def test_the_page_shows_a_key_once(client: Client, product: Product, caplog: pytest.LogCaptureFixture) -> None:
    requester, _ = persons()
    browser_of(requester, client)
    address = reverse("admin:products_apikey_issue")
    assert "Issue a key" in client.get(reverse("admin:products_apikey_changelist")).content.decode()
    form = {
        "product": str(product.pk),
        "mode": "live",
        "name": "a",
        "scopes": list(ORDINARY_SCOPES),
        "reason": "needed",
    }
    page = client.get(address).content.decode()
    for words in ("<legend", "withdrawals:write: create and cancel withdrawals", "live: real money"):
        assert words in page
    assert 'value="live" selected' not in page  # nobody issues a key for real money by not looking
    for missing in ("scopes", "mode"):
        rest = {name: told for name, told in form.items() if name != missing}
        assert "This field is required." in client.post(address, rest).content.decode()
    assert not Instruction.objects.filter(verb=ISSUED).exists()
    shown = client.post(address, form)
    [key] = re.findall(r"<code[^>]*>(pk_live_[^<]{43})</code>", shown.content.decode())
    asked = Instruction.objects.get(verb=ISSUED)
    assert asked.parameters["digest"] == digest_of(key)
    assert asked.public_id in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    later = client.get(reverse("admin:balances_instruction_change", args=[asked.pk])).content.decode()
    assert key not in later + caplog.text


def test_the_pages_are_for_those_who_may(client: Client, product: Product) -> None:
    key = keep_key(product=product, mode=Mode.TEST, name="a", key=new_key(Mode.TEST))
    browser_of(person("viewer", "view_apikey"), client)
    revoking = reverse("admin:products_apikey_revoke", args=[key.pk])
    for address in (reverse("admin:products_apikey_issue"), revoking):
        assert client.post(address, {"reason": "it leaked"}).status_code == 403
    browser_of(person("operator", "view_apikey", "change_apikey"), client)
    assert client.get(revoking).status_code == 200
    assert client.post(revoking, {"reason": "it leaked"}).status_code == 302
    assert ApiKey.objects.get().revoked_at is not None


def say(monkeypatch: pytest.MonkeyPatch, lines: str, *arguments: str) -> list[str]:
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    call_command(*arguments, stdout=said)
    return said.getvalue().splitlines()


def test_the_command_shows_a_key_once(monkeypatch: pytest.MonkeyPatch, product: Product) -> None:
    person("integrator", "add_apikey", "propose_instruction")
    who = ("--name", "a", "--by", "integrator", "--reason", "it is needed")
    key, note = say(monkeypatch, "a password\n", "issue_key", product.name, "--mode=test", "--scope=read", *who)
    assert note == "It is not shown again. It works now."
    assert ApiKey.objects.get().digest == digest_of(key)
    live = ("--mode=live", "--scope=read", "--scope=withdrawals:write")
    key, note = say(monkeypatch, "a password\n", "issue_key", product.name, *live, *who)
    asked = Instruction.objects.get()
    assert note == f"It is not shown again. {asked.public_id} waits for approval."
    assert asked.parameters["digest"] == digest_of(key)
    for lines, name in (("another\n", product.name), ("a password\n", "Nobody's")):
        with pytest.raises(CommandError):
            say(monkeypatch, lines, "issue_key", name, *live, *who)
    assert (ApiKey.objects.count(), Instruction.objects.count()) == (1, 1)
