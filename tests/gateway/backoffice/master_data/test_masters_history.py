"""Each change of a setting is written down by the database: what, when, by whom and why, and never a secret."""

import re
from typing import Any

import pghistory
import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from balances import instructions
from gateway.backoffice.master_data.key_issuing import issue, revoke
from gateway.history_page import SERVICE
from gateway.kept_history import by_command
from gateway.products.actions import keep_key
from gateway.products.models import ApiKey, ApiKeyHistory, Mode, Product, ProductHistory, Scope, digest_of, new_key
from gateway.providers.models import (
    PaymentSystem,
    PaymentSystemHistory,
    ProviderAccount,
    ProviderAccountHistory,
)
from gateway.providers.models.account_guards import CHANGED, SECRET_COLUMNS
from gateway.webhooks.actions import add_endpoint, disable_endpoint, rotate_secret
from gateway.webhooks.models import WebhookEndpointHistory
from tests.gateway.webhooks.conftest import client_of
from tests.leaks import CANARIES, leaks
from tests.staff import browser_of, logged_in
from tests.two_persons import by_two_persons, persons

pytestmark = pytest.mark.django_db


def integrator(name: str, *permissions: str) -> User:
    made = User.objects.create_user(name, is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def told(history: type[Any]) -> list[tuple[str, Any, dict[str, str]]]:
    return list(history.objects.order_by("pgh_id").values_list("pgh_label", "pgh_context", "secret_changes"))


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_what_a_person_changes_in_the_admin_carries_their_name_and_their_reason(account: ProviderAccount) -> None:
    person = integrator("ada", "view_provideraccount", "change_provideraccount")
    browser = browser_of(person)
    page = reverse("admin:providers_provideraccount_change", args=[account.pk])
    before = account.base_url
    form = {
        "base_url": "https://api.example.com",
        "time_zone": "Asia/Manila",
        "calls_per_minute": "30000",
        "calls_at_once": "100",
        "why": " the provider\n moved\0 ",
    }
    assert browser.post(page, form).status_code == 302
    assert told(ProviderAccountHistory) == [
        ("insert", None, dict.fromkeys([*SECRET_COLUMNS[:4], "postback_token"], "set")),
        ("update", {"user": person.pk, "username": "ada", "reason": "the provider moved"}, {}),
    ]
    for address in (page, reverse("admin:providers_provideraccount_history", args=[account.pk])):
        shown = words(browser.get(address).content.decode())
        assert f"Base URL {before} https://api.example.com" in shown
        assert "By ada . Why: the provider moved" in shown.replace("ada.", "ada .")
        assert f"By {SERVICE}" in shown
    # Nothing changes, nothing is written down.
    assert browser.post(page, form).status_code == 302
    assert ProviderAccountHistory.objects.count() == 2


def test_what_workers_write_all_the_time_makes_no_history(account: ProviderAccount) -> None:
    account.unknown_streak, account.pause_kind, account.next_at = 7, "outage", timezone.now()
    account.save(update_fields=["unknown_streak", "pause_kind", "next_at"])
    account.name = account.name  # named, and the same
    account.save(update_fields=["name", "unknown_streak"])
    ProviderAccount.objects.update(rejected_letters=3, pause_reason="x", paused_since=timezone.now())
    assert ProviderAccountHistory.objects.count() == 1


def test_of_secrets_it_is_said_that_they_were_set_changed_or_emptied(account: ProviderAccount) -> None:
    account.api_secret = "canary-another-secret-31415926"
    account.previous_postback_access_key = account.previous_postback_private_key = "canary-former-key-27182818"
    account.save()
    account.previous_postback_access_key = account.previous_postback_private_key = None
    account.save(update_fields=["previous_postback_access_key", "previous_postback_private_key"])
    pair = ("previous_postback_access_key", "previous_postback_private_key")
    changes = [changed for _, _, changed in told(ProviderAccountHistory)]
    # Encrypted anew with each save, a secret looks changed although it is the same: the database cannot tell.
    assert changes[1] == {**dict.fromkeys(SECRET_COLUMNS[:4], "changed"), **dict.fromkeys(pair, "set")}
    assert changes[2] == dict.fromkeys(pair, "emptied")
    canaries = (*CANARIES, "canary-another-secret-31415926", "canary-former-key-27182818")
    assert leaks(*canaries) == set()
    browser = logged_in("looker", "view_provideraccount")
    page = browser.get(reverse("admin:providers_provideraccount_history", args=[account.pk])).content.decode()
    assert "Previous postback access key - emptied" in words(page)
    assert not [one for one in (*canaries, account.postback_token) if one in page]


def test_neither_value_nor_ciphertext_of_a_secret_is_in_the_history(account: ProviderAccount, product: Product) -> None:
    endpoint, secret = add_endpoint(product=product, mode="test", url="https://shop.example.com/", event_types=[])
    endpoint, second = rotate_secret(endpoint)
    key = new_key(Mode.TEST)
    keep_key(product=product, mode=Mode.TEST, name="a", key=key)
    with connection.cursor() as cursor:
        ciphertexts = []
        for table, columns in (
            ("providers_provideraccount", SECRET_COLUMNS[:4]),
            ("webhooks_webhookendpoint", ["secrets"]),
        ):
            cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - our own names
            ciphertexts += [text for row in cursor.fetchall() for text in row]
        histories = []
        for model in (ProviderAccountHistory, WebhookEndpointHistory, ApiKeyHistory):
            cursor.execute(f"SELECT one::text FROM {model._meta.db_table} AS one")  # noqa: S608 - the same
            histories += [text for (text,) in cursor.fetchall()]
    assert len(histories) == 4
    written = [form for raw in map(bytes, ciphertexts) for form in (raw.decode(), raw.hex())]
    assert len(written) == 10
    for hidden in (*CANARIES, *written, account.postback_token, secret, second, key, digest_of(key)):
        assert not [one for one in histories if hidden in one]


def test_what_two_persons_changed_names_both_the_instruction_and_the_reason(live_account: ProviderAccount) -> None:
    by_two_persons(CHANGED, {"provider_account": str(live_account.pk), "widget_url": "https://plugin.example.com"})
    change = ProviderAccountHistory.objects.order_by("pgh_id").last()
    assert change is not None
    assert change.widget_url == "https://plugin.example.com"
    context = change.pgh_context
    assert set(context) == {"user", "username", "reason", "instruction", "asked_by"}
    assert context["instruction"].startswith("ins_")
    assert context["username"] != context["asked_by"]
    page = logged_in("looker", "view_provideraccount").get(
        reverse("admin:providers_provideraccount_history", args=[live_account.pk])
    )
    shown = words(page.content.decode())
    assert f"By {context['username']}, at the wish of {context['asked_by']}" in shown
    assert context["instruction"] in shown


def test_a_product_that_changes_its_endpoint_is_named_by_its_key(product: Product) -> None:
    api = client_of(product)
    made = api.post("/api/v1/webhook-endpoints", {"url": "https://shop.example.com/"}, format="json").json()
    api.post(f"/api/v1/webhook-endpoints/{made['id']}/rotate-secret")
    api.delete(f"/api/v1/webhook-endpoints/{made['id']}")
    name = {"api_key": str(ApiKey.objects.get())}
    assert told(WebhookEndpointHistory) == [
        ("insert", name, {"secrets": "set"}),
        ("update", name, {"secrets": "changed"}),
        ("update", name, {}),
    ]


def keys_shown_in(mode: str) -> str:
    looker = logged_in("looker", "view_apikey")
    return str(looker.get(reverse("admin:products_apikey_changelist"), {"mode": mode}).content.decode())


def test_keys_are_made_and_revoked_by_somebody_for_a_reason(product: Product) -> None:
    by = integrator("ada", "add_apikey", "change_apikey")
    issue(product, Mode.TEST, name="a", scopes=[Scope.READ], reason="it is needed", by=by)
    key = ApiKey.objects.get()
    revoke(key, "it leaked", by)
    assert [
        (one.pgh_label, one.revoked_at is None, one.pgh_context) for one in ApiKeyHistory.objects.order_by("pgh_id")
    ] == [
        ("insert", True, {"user": by.pk, "username": "ada", "reason": "it is needed"}),
        ("update", False, {"user": by.pk, "username": "ada", "reason": "it leaked"}),
    ]
    listed = keys_shown_in("test")
    assert "ada" in words(listed)
    assert "revoked" in words(listed)


def test_a_live_key_of_two_persons_says_who_asked_and_who_agreed(product: Product) -> None:
    requester, approver = persons()
    scopes = [Scope.WITHDRAWALS_WRITE]
    made = issue(product, Mode.LIVE, name="a", scopes=scopes, reason="it pays out", by=requester)
    assert made.instruction is not None
    instructions.approve(made.instruction.pk, approver, made.instruction.digest)
    context = ApiKeyHistory.objects.get().pgh_context
    listed = keys_shown_in("live")
    assert f"{context['asked_by']}, agreed by {context['username']}" in words(listed)


def test_a_command_is_named(db: None) -> None:
    call_command("seed", verbosity=0)
    assert PaymentSystemHistory.objects.count() == PaymentSystem.objects.count() > 20
    assert {str(one) for one in PaymentSystemHistory.objects.values_list("pgh_context", flat=True)} == {
        str({"command": "seed"})
    }


def test_what_is_told_within_a_command_ends_with_it() -> None:
    told = []

    def says_more() -> None:
        with pghistory.context() as context:
            told.append(dict(context.metadata))
        with pghistory.context(username="approver"):
            pass

    named = by_command("seed")(says_more)
    named()
    named()
    assert told == [{"command": "seed"}, {"command": "seed"}]


INVENTED = """
    INSERT INTO products_producthistory (
        pgh_obj_id, pgh_created_at, pgh_label, secret_changes, name, is_active, underpayment, takes_savings
    ) SELECT id, now(), 'update', '{}', 'x', true, 'credit', false FROM products_product
"""
CONTEXT = """
    SELECT _pgh_attach_context() FROM (
        SELECT set_config('pghistory.context_id', gen_random_uuid()::text, true),
            set_config('pghistory.context_metadata', '{}', true)
    ) AS told
"""


@pytest.mark.parametrize(
    "attack",
    [
        INVENTED,
        CONTEXT,
        "UPDATE products_producthistory SET name = 'x'",
        "DELETE FROM products_producthistory",
        "TRUNCATE products_producthistory",
    ],
)
def test_the_application_writes_no_history_itself(product: Product, attack: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert ProductHistory.objects.get().name == product.name


@pytest.mark.parametrize("variable", ["pgtrigger.ignore"])
def test_no_variable_of_the_session_stops_it(product: Product, variable: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [variable, "{products_product:history,history}"])
    Product.objects.filter(pk=product.pk).update(name="another")
    assert list(ProductHistory.objects.order_by("pgh_id").values_list("name", flat=True)) == [product.name, "another"]


def test_the_page_needs_the_permission_to_look(client: Client, product: Product) -> None:
    address = reverse("admin:products_product_history", args=[product.pk])
    assert browser_of(integrator("nobody")).get(address).status_code == 403
    assert logged_in("looker", "view_product").get(address).status_code == 200
    nowhere = reverse("admin:products_product_history", args=["x"])
    assert logged_in("other", "view_product").get(nowhere).status_code == 404


def test_what_a_person_did_not_name_is_not_carried_from_one_request_to_the_next(product: Product) -> None:
    with pghistory.context(username="ada", reason="once"):
        pass
    Product.objects.filter(pk=product.pk).update(takes_savings=True)
    assert [context for _, context, _ in told(ProductHistory)] == [None, None]


def test_an_endpoint_that_is_stopped_says_so(product: Product) -> None:
    endpoint, _ = add_endpoint(product=product, mode="test", url="https://shop.example.com/", event_types=[])
    disable_endpoint(endpoint)
    last = WebhookEndpointHistory.objects.order_by("pgh_id").last()
    assert last is not None
    assert (last.is_enabled, last.disabled_reason, last.pgh_context) == (False, "product", None)
