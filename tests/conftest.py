"""What every test may ask for: a product with its keys, an account, a caller of the API, a scripted provider."""

import gc
import io
import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from gateway import remembered
from gateway.celery import app as celery_app
from gateway.products.actions import Caller, keep_key
from gateway.products.models import ORDINARY_SCOPES, Mode, Product, new_key
from gateway.providers.models import ProviderAccount
from tests import roles, staff
from tests.migrated_once import migrated_once
from tests.scripted_provider import ScriptedProvider
from tests.two_persons import begun_with, by_two_persons, kept_key, live_account_of, persons
from withdrawals.models import DuplicateWindow

assert celery_app  # the doorbell needs its broker

# How long an example takes is the machine's affair: what hangs is ended by pytest's own timeout.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    # Static files are collected by `make up`; nothing here asks for one.
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")
    TransactionTestCase._fixture_teardown = roles.empty_tables  # type: ignore[attr-defined]


def pytest_collection_finish() -> None:
    # What is loaded now stays. To look through it for garbage again and again would take a fortieth of the run.
    gc.collect()
    gc.freeze()
    # Of what tests make nearly all goes without being looked for. With Python's own 700 objects between two looks these
    # took a twelfth of a test's time; 50,000 are some ten megabytes.
    gc.set_threshold(50_000, 50, 1000)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The owner makes the database of the tests and drops it; of several processes, the first migrates for all."""
    with roles.as_owner(), migrated_once(django_db_blocker):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """In between everybody is the application."""
    with roles.as_application():
        yield
    roles.leave()


@pytest.fixture(scope="module")
def as_superuser(django_db_setup: None) -> Iterator[None]:
    """For a whole module of attacks: nobody who has more rights is refused less by a trigger."""
    with roles.as_superuser():
        yield


@pytest.fixture
def admin_client(admin_user: Any) -> Any:
    """A superuser's browser, signed in with a second factor."""
    return staff.browser_of(admin_user)


@pytest.fixture(autouse=True)
def _no_static_files(settings: Any) -> None:
    """Every new client would look for all static files of all packages: a third of a short test's time."""
    settings.WHITENOISE_USE_FINDERS = False


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """A password is slow to hash on purpose: a fifth of a second, each time that one is set or compared."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _unhurried(settings: Any) -> None:
    """All tests call from one address in one Redis. Those about the limits set them back."""
    settings.FAILED_AUTHENTICATIONS_PER_MINUTE = settings.REFUSED_LETTERS_PER_MINUTE = 1_000_000


@pytest.fixture(autouse=True)
def _forgetful() -> None:
    """Each test begins like a process of its own."""
    remembered.forget_everything()


@pytest.fixture(scope="module")
def disguised(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """For a whole file of tests (`tests.roles.as_disguised`): before the first of their transactions begins."""
    with django_db_blocker.unblock(), roles.as_disguised():
        yield


@pytest.fixture(scope="session")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> str:
    """The rows that `manage.py seed` writes, as one line of JSON: every third test has them, and to seed takes 8 ms."""
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        call_command("seed", verbosity=0, stdout=io.StringIO())
        cursor.execute("SELECT json_agg(one)::text FROM providers_paymentsystem AS one")
        (rows,) = cursor.fetchone()
        transaction.set_rollback(True)
    return str(rows)


@pytest.fixture
def catalogue(db: None, seeded: str) -> None:
    """The payment systems, as `manage.py seed` writes them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO providers_paymentsystem"
            " SELECT * FROM json_populate_recordset(NULL::providers_paymentsystem, %s)",
            [seeded],
        )


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A provider that answers what the test tells it, over real HTTP."""
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def product(db: None) -> Product:
    """A fresh calling product."""
    return Product.objects.create(name=f"product {secrets.token_hex(4)}")


@pytest.fixture
def account(db: None, provider: ScriptedProvider) -> ProviderAccount:
    """The test-mode account, pointing at the scripted provider."""
    return ProviderAccount.objects.create(
        name="scripted",
        mode=Mode.TEST,
        base_url=provider.url,
        api_secret="canary-api-secret-0123456789",
        withdrawal_key="canary-withdrawal-key-0123456789",
        postback_access_key="canary-access-key-0123456789",
        postback_private_key="canary-private-key-0123456789",
        postback_token="token-" + secrets.token_hex(16),
    )


@pytest.fixture
def live_account(db: None, provider: ScriptedProvider) -> ProviderAccount:
    """The live-mode account, pointing at the same scripted provider with other keys."""
    return live_account_of(
        name="scripted, live",
        base_url=provider.url,
        api_secret="canary-live-api-secret-9876543210",
        withdrawal_key="canary-live-withdrawal-key-9876543210",
        postback_access_key="canary-live-access-key-9876543210",
        postback_private_key="canary-live-private-key-9876543210",
        postback_token="token-live-0123456789",
    )


@pytest.fixture
def caller(product: Product, funded: Product) -> Caller:
    """The product, calling in test mode with every ordinary scope."""
    key = keep_key(product=product, mode=Mode.TEST, name="tests", key=new_key(Mode.TEST))
    return Caller(product=product, mode=Mode.TEST, key_id=key.id, scopes=frozenset(ORDINARY_SCOPES), version="")


def fund(product: Product, *currencies: str, mode: Mode = Mode.TEST, amount: str = "1000000000") -> None:
    """Give a product money of its own to pay out."""
    for currency in currencies:
        parameters = {"product": str(product.pk), "mode": mode.value, "currency": currency, "amount": amount}
        by_two_persons("product_funded", parameters)


def agree_on_slabs(product: Product, slabs: str, currency: str = "INR", mode: Mode = Mode.TEST) -> None:
    """Whose approvals a product's withdrawals take: by two persons, as in live mode it takes."""
    parameters = {"product": str(product.pk), "mode": mode.value, "currency": currency, "slabs": slabs}
    by_two_persons("slabs_agreed", parameters)


def may_repeat_itself(product: Product, mode: Mode = Mode.TEST) -> None:
    """Most tests order the same again and again, and mean it: no order of the product is taken for a duplicate."""
    if mode is Mode.LIVE:
        by_two_persons("duplicate_window_agreed", {"product": str(product.pk), "mode": mode.value, "minutes": "0"})
    else:
        DuplicateWindow(product=product, mode=mode, minutes=0, reason="tests", created_by=persons()[0]).follow()


@pytest.fixture
def funded(product: Product) -> Product:
    """The product, with rupees in test mode: enough for every withdrawal of most tests, which may repeat themselves."""
    begun_with(product, "INR", "1000000000.00")
    may_repeat_itself(product)
    return product


@pytest.fixture
def funded_elsewhere(funded: Product) -> None:
    """Asked for besides where the product pays out in another currency or in live mode, too: two persons cost 10 ms."""
    fund(funded, "BDT")
    fund(funded, "INR", mode=Mode.LIVE)
    agree_on_slabs(funded, "0: none", mode=Mode.LIVE)


class Api:
    """A caller's HTTP client: posts with a fresh Idempotency-Key unless it is given one."""

    def __init__(self, key: str) -> None:
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")

    def post(self, path: str, body: Any = None, *, key: str | None = None, **extra: Any) -> Any:
        """POST JSON (bytes are sent as they are) below /api/v1/."""
        data: Any = body if isinstance(body, bytes) else json.dumps(body if body is not None else {})
        return self.client.generic(
            "POST",
            f"/api/v1/{path}",
            data,
            content_type=extra.pop("content_type", "application/json"),
            HTTP_IDEMPOTENCY_KEY=key or secrets.token_hex(8),
            **extra,
        )

    def get(self, path: str, **query: Any) -> Any:
        """GET below /api/v1/."""
        return self.client.get(f"/api/v1/{path}", query)


@pytest.fixture
def new_api(db: None) -> Callable[..., Api]:
    """Makes clients: of a product, a mode, with scopes."""

    def make(product: Product, mode: Mode = Mode.TEST, scopes: list[str] | None = None) -> Api:
        key = new_key(mode)
        kept_key(product, mode, key, scopes or ORDINARY_SCOPES)
        return Api(key)

    return make


@pytest.fixture
def api(funded: Product, account: ProviderAccount, catalogue: None, new_api: Callable[..., Api]) -> Api:
    """The product's client in test mode, with everything an order needs in place."""
    return new_api(funded)
