"""What the provider lists and we did not know waits for a person; what a person has written stays."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from gateway.providers import actions, discovery
from gateway.providers.models import PaymentSystem, ProviderAccount, SystemObservation
from tests import roles
from tests.conftest import Api
from tests.gateway.providers.answers import AVAILABLE, offered
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.usefixtures("catalogue")


def look(account: ProviderAccount) -> None:
    assert actions.observe(account, currencies=["INR"], label="gateway") is not None


def in_currencies(code: str, *currencies: str, **changes: Any) -> tuple[int, Any]:
    status, answer = offered(code, **changes)
    (wallet,) = answer["params"]["wallets"]
    answer["params"]["wallets"] = [{**wallet, "currency_code": currency} for currency in currencies]
    return status, answer


def rows() -> dict[str, dict[str, Any]]:
    return {row["code"]: dict(row) for row in PaymentSystem.objects.values()}


def test_an_unknown_system_becomes_a_row_that_is_offered_to_nobody(
    account: ProviderAccount, provider: ScriptedProvider, api: Api
) -> None:
    known = rows()
    said = in_currencies("newpay_ml", "USD", "INR", name="New pay", is_manual=True, uploading_payment_bill=True)
    provider.script(AVAILABLE, said)
    look(account)
    made = PaymentSystem.objects.get(pk="newpay_ml")
    assert (made.name, made.currencies, made.is_manual, made.screenshot) == (
        "New pay",
        ["INR", "USD"],
        True,
        "optional",
    )
    assert (made.is_enabled, made.is_complete, made.flow, made.pays_out) == (False, False, "none", False)
    assert rows() == known | {"newpay_ml": rows()["newpay_ml"]}
    assert sorted(SystemObservation.objects.values_list("code", "currency")) == [
        ("newpay_ml", "INR"),
        ("newpay_ml", "USD"),
    ]
    listed = api.get("payment-systems", currency="INR").json()["data"]
    assert "newpay_ml" not in {one["id"] for one in listed}


def test_seen_again_it_changes_nothing_that_a_person_has_written(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, offered("newpay", name="First"), in_currencies("newpay", "BDT", "INR", name="Second"))
    look(account)
    PaymentSystem.objects.filter(pk="newpay").update(name="Ours", flow="push", reference_pattern="[0-9]{3}")
    before = rows()
    look(account)
    assert rows() == before


def test_a_new_currency_of_a_known_system_is_news_and_no_more(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    provider.script(AVAILABLE, in_currencies("nagad", "BDT", "USD", is_manual=True))
    before = rows()
    look(account)
    assert rows() == before
    nagad = PaymentSystem.objects.get(pk="nagad")
    words = discovery.recent_words(["nagad"])["nagad"]
    assert discovery.differences(nagad, words) == ["also offered in USD", "manual, says the provider"]


def test_what_agrees_is_no_difference(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("upi_l"))
    look(account)
    words = discovery.recent_words(["upi_l"])["upi_l"]
    assert len(words) == 1
    assert discovery.differences(PaymentSystem.objects.get(pk="upi_l"), words) == []


@pytest.mark.parametrize("name", ["", "  ", "a\u202eb", "n" * 300])
def test_an_odd_name_is_replaced_or_cut(account: ProviderAccount, provider: ScriptedProvider, name: str) -> None:
    provider.script(AVAILABLE, offered("newpay", name=name))
    look(account)
    assert PaymentSystem.objects.get(pk="newpay").name == (name[:80] if len(name) > 80 else "newpay")


def test_what_cannot_be_a_system_gets_no_row(account: ProviderAccount, provider: ScriptedProvider) -> None:
    before = rows()
    provider.script(AVAILABLE, offered("a:b", "../up", "a b", "<b>", "\u0661", ".", "-", "a" * 191, "upi_l"))
    look(account)
    assert rows() == before
    assert [one.code for one in SystemObservation.objects.all()] == ["upi_l"]


def test_a_provider_that_lists_thousands_of_names_fills_nothing(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    before = rows()
    provider.script(
        AVAILABLE,
        offered(*(f"junk_{number:04}" for number in range(3000))),
        offered(*(f"more_{number:04}" for number in range(3000)), "upi_l"),
        offered("upi_l", "later"),
    )
    look(account)
    junk = {f"junk_{number:04}" for number in range(discovery.WAITING_MAX)}
    assert rows().keys() == before.keys() | junk
    assert SystemObservation.objects.count() == discovery.WAITING_MAX
    look(account)
    look(account)
    assert rows().keys() == before.keys() | junk
    # Completing one, whatever becomes of it, makes room for the next.
    PaymentSystem.objects.filter(pk="junk_0007").update(is_complete=True)
    provider.script(AVAILABLE, offered("later"))
    look(account)
    assert rows().keys() == before.keys() | junk | {"later"}


def test_a_row_that_another_worker_made_meanwhile_stays(account: ProviderAccount, provider: ScriptedProvider) -> None:
    provider.script(AVAILABLE, offered("newpay"))

    rival = ["not yet"]

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('INSERT INTO "providers_paymentsystem"') and rival:
            rival.clear()
            PaymentSystem.objects.create(code="newpay", name="Theirs", flow="push", currencies=["INR"])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        look(account)
    assert not rival
    assert PaymentSystem.objects.get(pk="newpay").name == "Theirs"


def delete_by_hand(*codes: str) -> None:
    """What the application has no right to do."""
    with roles.allowed("DELETE", on="providers_paymentsystem"), connection.cursor() as cursor:
        # Past its history, which Django protects and the database keeps.
        cursor.execute("DELETE FROM providers_paymentsystem WHERE code = ANY(%s)", [list(codes)])


def test_a_new_release_is_seeded_whole_though_the_provider_was_heard_first(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    whole = rows()
    delete_by_hand("brou_ml", "upi_hb")
    provider.script(AVAILABLE, offered("brou_ml", "upi_hb", "newpay"))
    look(account)
    assert rows().keys() == whole.keys() - {"brou_ml", "upi_hb"} | {"newpay"}
    call_command("seed", verbosity=0)
    assert rows() == whole | {"newpay": rows()["newpay"]}


def test_seeding_adds_what_is_missing_and_overwrites_nothing(account: ProviderAccount) -> None:
    delete_by_hand("brou_ml", "upi_hb", "sinpemovil")
    PaymentSystem.objects.filter(pk="rocket").update(name="Ours", is_enabled=False)
    changed = rows()
    call_command("seed", verbosity=0)
    assert rows() == changed | {code: rows()[code] for code in ("brou_ml", "upi_hb", "sinpemovil")}
