"""Recipients that nothing is paid to: refused when asked for, called off when blocked since."""

import io
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from balances import reading
from balances.verb_fields import Refused
from gateway import key_rotation
from gateway.products.models import Mode, Product
from gateway.providers.models import ProviderAccount
from tests.conftest import Api
from tests.gateway.api.bodies import withdrawal_body
from tests.gateway.api.refusals import assert_refused, nothing_changes
from tests.gateway.loud_logs import log_everything
from tests.leaks import leaks
from tests.scripted_provider import ScriptedProvider
from tests.staff import browser_of
from tests.two_persons import by_two_persons, persons
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import BKASH, IMPS, make_due, moves, news, order, send, sent
from tests.withdrawals.ruling import blocked
from withdrawals import blocklist, probing
from withdrawals.blocklist import Unblockable
from withdrawals.models import BlockedRecipient

pytestmark = pytest.mark.django_db

ACCOUNT = "987650001234567"
FORMER_KEY, LATER_KEY = "former-search-key-0123456789-0123456789", "later-search-key-0123456789-0123456789"
TO_IT: dict[str, Any] = {"recipient": {**IMPS["recipient"], "account_number": ACCOUNT}}
ADD = "admin:withdrawals_blockedrecipient_add"


def refused(api: Api, **changes: Any) -> None:
    with nothing_changes():
        document = assert_refused(
            api.post("withdrawals", withdrawal_body(**changes)), 422, "recipient_blocked", "/recipient"
        )
    assert document["detail"] == "Nothing is paid to this recipient."


def test_nothing_is_made_to_a_blocked_account_and_all_else_is(api: Api) -> None:
    blocked(" 98765 0001234567")
    refused(api, **TO_IT)
    order(api)


@pytest.mark.usefixtures("funded_elsewhere")
def test_any_account_of_a_recipient_counts_and_nobody_s_name(api: Api) -> None:
    blocked("Name@Example.com")
    blocked("Test Name")
    refused(api, **BKASH)
    order(api)


def test_of_one_product_or_of_all_in_both_modes(
    api: Api, product: Product, new_api: Any, live_account: ProviderAccount, funded_elsewhere: None
) -> None:
    other = Product.objects.create(name="other")
    blocked(ACCOUNT, other)
    order(api, **TO_IT)
    refused(new_api(other), **TO_IT)
    blocked(ACCOUNT, product)
    refused(api, **TO_IT)
    refused(new_api(product, Mode.LIVE), **TO_IT)
    by_two_persons("recipient_unblocked", {"blocked": str(BlockedRecipient.objects.get(product=product).pk)})
    order(api, **TO_IT)
    blocked(ACCOUNT)
    refused(api, **TO_IT)


def test_one_that_waits_is_called_off_when_it_would_be_sent(
    api: Api, product: Product, provider: ScriptedProvider
) -> None:
    made, other = order(api, **TO_IT), order(api)
    [before] = reading.product_balances(product.pk, "test")
    blocked(ACCOUNT)
    provider.script(words.CREATE, words.OK)
    assert send(made).status == "cancelled"
    assert send(other).status == "accepted"
    assert len(provider.to(words.CREATE)) == 1
    assert (made.failure_code, made.next_at, made.token) == ("recipient_blocked", None, None)
    assert moves(made) == [("queued", "api_key"), ("cancelled", "clock")]
    assert made.moves.get(sequence=2).detail == "its recipient is blocked"
    assert news(made) == [("queued", 1), ("cancelled", 2)]
    failure = api.get(f"withdrawals/{made.public_id}").json()["failure"]
    assert (failure["code"], failure["safe_to_retry"]) == ("recipient_blocked", True)
    [after] = reading.product_balances(product.pk, "test")
    assert [before.held, after.held] == [1218 * 2, 1218]
    assert after.available == before.available + 1218


def test_one_that_waits_for_money_goes_to_a_person(api: Api, provider: ScriptedProvider) -> None:
    made = sent(api, provider, words.NO_FUNDS, {**IMPS, **TO_IT})
    assert made.status == "waiting_funds"
    provider.script(words.PULL, words.pulled(words.not_found(made)))
    provider.script(words.CREATE, words.OK)
    blocked(ACCOUNT)
    make_due(made)
    probing.probe_waiting(made.pk)
    made.refresh_from_db()
    assert (made.status, made.contradiction, made.token) == (
        "manual_review",
        "It was to be sent once more, and its recipient is blocked now.",
        None,
    )
    assert len(provider.to(words.CREATE)) == 1
    assert made.next_at is not None


def test_what_is_under_way_is_left_to_its_end(api: Api, provider: ScriptedProvider) -> None:
    made = sent(api, provider, words.OK, {**IMPS, **TO_IT})
    blocked(ACCOUNT)
    assert send(made).status == "accepted"


def test_the_account_is_nowhere_in_plain(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    made = blocked(ACCOUNT)
    refused(api, **TO_IT)
    assert leaks(ACCOUNT) == set()
    logged = caplog.text + "".join(repr({**vars(record), "request": ""}) for record in caplog.records)
    assert ACCOUNT not in logged
    assert (made.hint, str(made)) == ("***********4567", "***********4567, every product")
    assert BlockedRecipient.objects.get().account == ACCOUNT


def test_blocks_outlive_their_keys(api: Api, settings: Settings) -> None:
    settings.SEARCH_HASH_KEYS = [FORMER_KEY]
    made = blocked(ACCOUNT)
    settings.SEARCH_HASH_KEYS = [LATER_KEY, FORMER_KEY]
    refused(api, **TO_IT)
    with pytest.raises(Unblockable, match="blocked already"), transaction.atomic():
        blocked(ACCOUNT)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    assert all(one.is_done for one in key_rotation.rotate())
    settings.SEARCH_HASH_KEYS = [LATER_KEY]
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    before, after = made.account_hashes, BlockedRecipient.objects.get().account_hashes
    assert len(before) == len(after) == 1 != len(set(before) & set(after))
    refused(api, **TO_IT)


# People.


def test_one_person_blocks_and_two_unblock(api: Api) -> None:
    made = blocked(ACCOUNT)
    assert (made.reason, made.created_by, made.ended_at) == ("a test", persons()[0], None)
    asked = by_two_persons("recipient_unblocked", {"blocked": str(made.pk)})
    made.refresh_from_db()
    assert asked.preview["notes"] == [
        "From the approval on every product may pay to ***********4567 again.",
        f"Blocked by requester on {made.created_at:%Y-%m-%d %H:%M:%S} UTC: a test",
    ]
    assert (made.ended_by, made.ended_reason) == (persons()[1], "the tests' own money")
    assert made.ended_at is not None
    order(api, **TO_IT)
    with pytest.raises(Refused, match="it has ended"):
        by_two_persons("recipient_unblocked", {"blocked": made.public_id})
    assert blocked(ACCOUNT).pk != made.pk


@pytest.mark.parametrize(
    ("account", "reason", "says"),
    [("", "why", "in full"), ("  ", "why", "in full"), ("1" * 191, "why", "in full"), ("1", " ", "a reason")],
)
def test_what_cannot_be_blocked(account: str, reason: str, says: str) -> None:
    with pytest.raises(Unblockable, match=says), transaction.atomic():
        blocklist.block(account, product=None, by=persons()[0], reason=reason)
    assert not BlockedRecipient.objects.exists()


def test_it_takes_a_permission() -> None:
    nobody = User.objects.create_user("nobody", is_staff=True)
    with pytest.raises(PermissionDenied), transaction.atomic():
        blocklist.block(ACCOUNT, product=None, by=nobody, reason="why")
    nobody.user_permissions.add(Permission.objects.get(codename="add_blockedrecipient"))
    blocklist.block(ACCOUNT, product=None, by=User.objects.get(pk=nobody.pk), reason="why")


def test_who_has_lost_the_right_since_they_looked_blocks_nothing() -> None:
    lead = persons()[0]
    assert lead.has_perm(blocklist.BLOCK)
    for lost in ({"is_active": False}, {"is_active": True, "is_staff": False}):
        User.objects.filter(pk=lead.pk).update(**lost)
        with pytest.raises(PermissionDenied, match="it takes the permission"), transaction.atomic():
            blocklist.block(ACCOUNT, product=None, by=lead, reason="why")
    assert not BlockedRecipient.objects.exists()


def test_the_command_reads_the_account_from_its_input(monkeypatch: pytest.MonkeyPatch, product: Product) -> None:
    by, said = persons()[0].username, io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ACCOUNT}\n"))
    call_command("block_recipient", by=by, reason="why", product=product.name, stdout=said)
    made = BlockedRecipient.objects.get()
    assert said.getvalue() == f"{made.public_id} blocks ***********4567, {product}.\n"
    assert (made.account, made.product) == (ACCOUNT, product)
    for options, says in (
        ({"by": by, "product": product.name}, "blocked already"),
        ({"by": by, "product": "nobody"}, "no product"),
        ({"by": "nobody"}, "nobody of the staff"),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{ACCOUNT}\n"))
        with pytest.raises(CommandError, match=says):
            call_command("block_recipient", reason="why", **options)
    assert BlockedRecipient.objects.count() == 1


def test_staff_block_find_and_look_in_the_admin(client: Client, product: Product) -> None:
    person = User.objects.create_user("operator", is_staff=True)
    wanted = ["add_blockedrecipient", "view_blockedrecipient"]
    person.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    browser_of(person, client)
    told = {"account": ACCOUNT, "product": str(product.pk), "reason": "a stolen card"}
    assert client.get(reverse(ADD)).status_code == 200
    assert client.post(reverse(ADD), told).status_code == 302
    made = BlockedRecipient.objects.get()
    assert (made.account, made.product, made.reason, made.created_by) == (ACCOUNT, product, "a stolen card", person)
    again = client.post(reverse(ADD), told)
    assert again.status_code == 200
    assert "blocked already" in again.content.decode()
    assert BlockedRecipient.objects.count() == 1

    listed = client.get(reverse("admin:withdrawals_blockedrecipient_changelist"), {"q": ACCOUNT})
    page = client.get(reverse("admin:withdrawals_blockedrecipient_change", args=[made.pk]))
    for one in (listed, page):
        assert one.status_code == 200
        assert "***********4567" in one.content.decode()
        assert made.account_hashes[0] not in one.content.decode()
    assert ACCOUNT not in page.content.decode()
    assert client.post(reverse("admin:withdrawals_blockedrecipient_change", args=[made.pk]), told).status_code == 403
    assert client.post(reverse("admin:withdrawals_blockedrecipient_delete", args=[made.pk])).status_code == 403
    browser_of(User.objects.create_superuser("finance"), client)
    page = client.get(reverse("admin:withdrawals_blockedrecipient_change", args=[made.pk]))
    assert f"{reverse('admin:balances_instruction_propose_verb', args=['recipient_unblocked'])}?blocked=" in (
        page.content.decode()
    )


def test_staff_without_the_permission_block_nothing(client: Client) -> None:
    browser_of(User.objects.create_user("viewer", is_staff=True), client)
    assert client.post(reverse(ADD), {"account": ACCOUNT, "reason": "why"}).status_code == 403
    assert not BlockedRecipient.objects.exists()
