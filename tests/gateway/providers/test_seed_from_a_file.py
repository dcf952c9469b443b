"""`manage.py seed --local FILE`: what containers are started with."""

import base64
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from balances.instruction_models import Instruction
from balances.models import Account
from gateway.backoffice.models import SecondFactor
from gateway.products.models import ORDINARY_SCOPES, ApiKey, Mode, digest_of
from gateway.providers.catalogue import SYSTEMS
from gateway.providers.models import PaymentSystem, ProviderAccount
from gateway.stack.compose_secrets import SANDBOX_URL, seed
from gateway.stack.credentials import Credentials
from withdrawals.models import SlabSet

pytestmark = pytest.mark.django_db


def run(path: Path) -> None:
    call_command("seed", "--local", str(path), verbosity=0, stdout=io.StringIO())


def test_the_secrets_that_are_made_for_containers_seed_them(tmp_path: Path) -> None:
    made = Credentials()
    (tmp_path / "seed.json").write_text(json.dumps(seed(made)))
    for _ in range(2):  # at each start
        run(tmp_path / "seed.json")
    account = ProviderAccount.objects.get()
    assert (account.mode, account.base_url, account.api_secret) == (Mode.TEST, SANDBOX_URL, made.sandbox_api_secret)
    assert account.withdrawal_key == made.sandbox_withdrawal_key
    assert account.postback_token == made.sandbox_postback_token
    approvals = {"read", "withdrawals:approve"}
    assert {(key.digest, key.mode, frozenset(key.scopes)) for key in ApiKey.objects.all()} == {
        (digest_of(made.test_api_key), "test", frozenset(ORDINARY_SCOPES)),
        (digest_of(made.live_api_key), "live", frozenset(ORDINARY_SCOPES)),
        (digest_of(made.test_approval_key), "test", frozenset(approvals)),
        (digest_of(made.live_approval_key), "live", frozenset(approvals)),
    }


def test_what_pays_out_and_comes_later_waits_for_two_persons() -> None:
    """The catalogue lets money out by itself in a first installation alone."""
    PaymentSystem.objects.create(code="theirs", name="Theirs", flow="push", currencies=["INR"])
    call_command("seed", verbosity=0, stdout=io.StringIO())
    made = PaymentSystem.objects.exclude(code="theirs")
    rows = {one.code: (one.pays_out, one.is_complete, one.is_enabled) for one in made}
    assert rows == {one.code: (False, not one.pays_out, not one.pays_out) for one in SYSTEMS}


def test_a_file_from_before_there_were_approvals_makes_no_keys_for_them(tmp_path: Path) -> None:
    facts = {name: fact for name, fact in seed(Credentials()).items() if not name.endswith("approval_key")}
    (tmp_path / "seed.json").write_text(json.dumps(facts))
    run(tmp_path / "seed.json")
    assert sorted(key.mode for key in ApiKey.objects.all()) == ["live", "test"]


def test_the_trial_s_money_is_asked_for_by_one_and_approved_by_the_other_once(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed(Credentials())))
    for _ in range(2):
        run(path)
    currencies = {currency for system in SYSTEMS for currency in system.currencies}
    funded = Account.objects.filter(kind="available")
    assert {(one.mode, one.currency, one.balance) for one in funded} == {
        ("test", currency, Decimal(1_000_000)) for currency in currencies
    }
    rows = Instruction.objects.filter(verb="product_funded")
    people = rows.values_list("status", "requested_by__username", "decided_by__username")
    assert list(people) == [("posted", "admin", "approver")] * len(currencies)


@pytest.mark.parametrize("modes", [["test"], ["live", "test"]], ids=["containers", "the local stack"])
def test_slabs_are_agreed_on_by_the_two_persons_once(tmp_path: Path, settings: Any, modes: list[str]) -> None:
    settings.LOCAL_STACK = len(modes) > 1
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed(Credentials())))
    for _ in range(2):
        run(path)
    currencies = {currency for system in SYSTEMS if system.pays_out for currency in system.currencies}
    assert set(SlabSet.objects.filter(currency="INR").values_list("slabs", flat=True)) == {
        "0: none; 10000.00: approver; 100000.00: approver + finance_lead"
    }
    assert sorted(SlabSet.objects.values_list("mode", "currency", "version")) == [
        (mode, currency, 1) for mode in modes for currency in sorted(currencies)
    ]
    rows = Instruction.objects.filter(verb="slabs_agreed")
    people = rows.values_list("status", "requested_by__username", "decided_by__username")
    assert list(people) == [("posted", "admin", "approver")] * len(currencies) * len(modes)
    others = Instruction.objects.exclude(verb__in=["slabs_agreed", "product_funded"])
    issued = others.values_list("verb", "status", "requested_by__username", "decided_by__username")
    assert list(issued) == [("api_key_issued", "posted", "admin", "approver")] * 2  # the live ones


def test_a_file_with_one_person_moves_no_money(tmp_path: Path) -> None:
    facts = {name: fact for name, fact in seed(Credentials()).items() if not name.startswith("approver")}
    (tmp_path / "seed.json").write_text(json.dumps(facts))
    said = io.StringIO()
    call_command("seed", "--local", str(tmp_path / "seed.json"), stdout=said)
    assert "No live keys and account, no trial money, no slabs: they take a second person" in said.getvalue()
    assert not Account.objects.exists()
    assert not Instruction.objects.exists()


def test_both_persons_have_the_second_factors_of_the_file(tmp_path: Path) -> None:
    made = Credentials()
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed(made)))
    run(path)
    first = list(SecondFactor.objects.order_by("id"))
    assert {one.user.username: base64.b32encode(one.secret).decode() for one in first} == {
        "admin": made.admin_totp_secret,
        "approver": made.approver_totp_secret,
    }
    assert all(one.confirmed for one in first)
    SecondFactor.objects.update(last_step=7)
    run(path)
    assert [(one.pk, one.last_step) for one in SecondFactor.objects.order_by("id")] == [(one.pk, 7) for one in first]
    # Another file, as after secrets.json was made anew: another row, so no session of before is verified by it.
    path.write_text(json.dumps({**seed(made), "admin_totp_secret": Credentials().admin_totp_secret}))
    run(path)
    assert SecondFactor.objects.earliest("id").pk == first[1].pk
    assert SecondFactor.objects.filter(user__username="admin").exclude(pk=first[0].pk).count() == 1


def test_a_file_without_second_factors_says_what_to_do(tmp_path: Path) -> None:
    facts = {name: fact for name, fact in seed(Credentials()).items() if not name.endswith("_totp_secret")}
    (tmp_path / "seed.json").write_text(json.dumps(facts))
    said = io.StringIO()
    call_command("seed", "--local", str(tmp_path / "seed.json"), stdout=said)
    assert "admin has no second factor. Open its enrolment: manage.py second_factor admin" in said.getvalue()
    assert not SecondFactor.objects.exists()


@pytest.mark.parametrize("text", [None, '{"admin_password": "canary-1234'])
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "seed.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CommandError) as refused:
        run(path)
    kind = "FileNotFoundError" if text is None else "JSONDecodeError"
    assert str(refused.value) == f"{path} cannot be read ({kind})."
    assert refused.value.__cause__ is None
    assert PaymentSystem.objects.count() == 0


LIVE = {
    "base_url": "https://api.example.com/",
    "api_secret": "canary-live-api-secret",
    "withdrawal_key": "canary-live-withdrawal-key",
    "postback_access_key": "canary-live-access-key",
    "postback_private_key": "canary-live-private-key",
    "postback_token": "live-token-0123456789",
}


def settings_agreed() -> list[tuple[str, str, str, str]]:
    rows = Instruction.objects.exclude(verb__in=["product_funded", "slabs_agreed"]).order_by("requested_at")
    return list(rows.values_list("verb", "status", "requested_by__username", "decided_by__username"))


def test_the_live_account_and_key_are_agreed_to_by_both_and_follow_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "seed.json"
    facts = seed(Credentials()) | {"live": LIVE}
    path.write_text(json.dumps(facts))
    for _ in range(2):  # at each start
        run(path)
    both = ("posted", "admin", "approver")
    assert settings_agreed() == [*[("api_key_issued", *both)] * 2, ("provider_account_opened", *both)]
    account = ProviderAccount.objects.get(mode=Mode.LIVE)
    assert (account.name, account.base_url, account.is_active) == ("Paykassma", "https://api.example.com", True)
    assert {name: getattr(account, name) for name in LIVE if name != "base_url"} == {
        name: text for name, text in LIVE.items() if name != "base_url"
    }

    path.write_text(json.dumps(facts | {"live": LIVE | {"withdrawal_key": "canary-live-another-key"}}))
    for _ in range(2):
        run(path)
    assert settings_agreed()[3:] == [("provider_account_changed", *both)]
    changed = Instruction.objects.get(verb="provider_account_changed")
    assert set(changed.parameters) == {"provider_account", "withdrawal_key"}
    account.refresh_from_db()
    assert (account.withdrawal_key, account.api_secret) == ("canary-live-another-key", LIVE["api_secret"])
    assert not Instruction.objects.exclude(secrets=None).exists()
    assert "canary" not in caplog.text + str(list(Instruction.objects.values("parameters", "preview")))


def test_a_file_with_one_person_makes_nothing_live(tmp_path: Path) -> None:
    facts = {name: fact for name, fact in seed(Credentials()).items() if not name.startswith("approver")}
    (tmp_path / "seed.json").write_text(json.dumps(facts | {"live": LIVE}))
    said = io.StringIO()
    call_command("seed", "--local", str(tmp_path / "seed.json"), stdout=said)
    assert "No live keys and account" in said.getvalue()
    assert not ProviderAccount.objects.filter(mode=Mode.LIVE).exists()
    assert not ApiKey.objects.filter(mode=Mode.LIVE).exists()
