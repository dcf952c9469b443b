"""Who comes to which page of the admin: every address and every action, for every role, for nobody and for strangers.

The addresses come from the URLconf; who may come stands here, by role, as people decided it. An address in no row
fails: give a new model a line in MODELS, and any other page one in PAGES.
"""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse

from balances import proposing
from balances.instruction_models import Instruction
from gateway import urls
from gateway.backoffice import roles
from gateway.products.models import Product
from tests.staff import browser_of
from tests.two_persons import persons

pytestmark = pytest.mark.django_db

VIEWER, OPERATOR, APPROVER, LEAD, INTEGRATOR = roles.ROLES
ROOT, STRANGER = "root", "stranger"
#: Of the staff, verified; the stranger has no role.
STAFF = (*roles.ROLES, ROOT, STRANGER)

NOBODY: frozenset[str] = frozenset()
ROOTS = frozenset({ROOT})
LOOK = frozenset({VIEWER, OPERATOR, APPROVER, LEAD, ROOT})
LOOK_AND_INTEGRATE = LOOK | {INTEGRATOR}
WORK = frozenset({OPERATOR, LEAD, ROOT})
DECIDE = frozenset({APPROVER, LEAD, ROOT})
LEADS = frozenset({LEAD, ROOT})
KEYS = frozenset({INTEGRATOR, ROOT})
EVERYBODY = frozenset(STAFF)


@dataclass(frozen=True, kw_only=True)
class Model:
    """Who may do what with the rows of a model; nobody, where nothing is said."""

    view: frozenset[str] = LOOK
    add: frozenset[str] = NOBODY
    change: frozenset[str] = NOBODY
    delete: frozenset[str] = NOBODY


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that is none of the six of every model: how it is asked for, and who gets more than a refusal."""

    who: frozenset[str]
    method: str = "get"
    args: tuple[Any, ...] = ()
    data: dict[str, str] = field(default_factory=dict)
    refusal: int = 403


MODELS = {
    "auth.group": Model(view=ROOTS, add=ROOTS, change=ROOTS, delete=ROOTS),
    "auth.user": Model(view=ROOTS, add=ROOTS, change=ROOTS, delete=ROOTS),
    "backoffice.export": Model(view=LEADS),
    "backoffice.handled": Model(),
    "backoffice.look": Model(view=LEADS),
    "backoffice.note": Model(),
    "backoffice.savedview": Model(view=LOOK_AND_INTEGRATE),
    **{f"balances.{one}": Model() for one in ("account", "fee", "hold", "instruction", "journal")},
    **{f"payments.{one}": Model() for one in ("checkoutsession", "confirmation", "deposit", "receipt")},
    **{f"payments.{one}": Model() for one in ("savings", "screenshot")},
    **{f"postbacks.{one}": Model() for one in ("letter", "letteritem", "rejectedletter")},
    "products.apikey": Model(view=LOOK_AND_INTEGRATE),
    "products.branding": Model(view=LOOK_AND_INTEGRATE, add=LEADS | KEYS, change=LEADS | KEYS),
    "products.product": Model(view=LOOK_AND_INTEGRATE, add=LEADS | KEYS, change=LEADS | KEYS),
    "products.customer": Model(),
    **{f"providers.{one}": Model() for one in ("balancecheck", "observedbalance", "payoutpause", "redirecthash")},
    **{
        f"providers.{one}": Model(view=LOOK_AND_INTEGRATE)
        for one in ("mediafile", "mediahint", "providercall", "systemobservation")
    },
    "providers.paymentsystem": Model(view=LOOK_AND_INTEGRATE, add=LEADS, change=LEADS),
    "providers.provideraccount": Model(view=LOOK_AND_INTEGRATE, change=LEADS),
    **{f"webhooks.{one}": Model(view=LOOK_AND_INTEGRATE) for one in ("delivery", "event", "webhookendpoint")},
    **{f"withdrawals.{one}": Model() for one in ("batchrow", "duplicatewindow", "outflowcap", "slabset")},
    **{f"withdrawals.{one}": Model() for one in ("withdrawal", "withdrawalbatch", "withdrawallimit")},
    "withdrawals.blockedrecipient": Model(add=WORK),
}

#: A key that no row has: who may not come is refused before it is looked for.
NONE = uuid.UUID(int=0)
#: In the place of the row that the test makes.
ROW = object()
APPROVE = {"decision": "approve", "reason": "it is as it should be"}

#: Whose pages tell a story, with notes of people.
STORIES = (
    *("payments_deposit", "payments_receipt", "payments_savings"),
    *("withdrawals_withdrawal", "withdrawals_withdrawalbatch"),
)
#: What is done with a webhook endpoint.
OF_ENDPOINTS = ("edit", "switch", "rotate", "test", "replay")

PAGES = {
    "index": Page(who=EVERYBODY),
    "search": Page(who=EVERYBODY),
    "password_change": Page(who=EVERYBODY),
    "password_change_done": Page(who=EVERYBODY),
    "autocomplete": Page(who=NOBODY),  # no page of ours asks for it
    "jsi18n": Page(who=EVERYBODY),
    "app_list": Page(who=LOOK_AND_INTEGRATE, args=("webhooks",), refusal=404),  # as if there were no such app
    "personal_data": Page(who=LEADS, method="post", args=("recipient", NONE)),
    "backoffice_export_ask": Page(who=LEADS, method="post", data={"list": "payments.deposit", "format": "csv"}),
    "backoffice_export_cancel": Page(who=LEADS, method="post", args=(NONE,)),
    "backoffice_export_download": Page(who=LEADS, args=(NONE,)),
    "backoffice_export_progress": Page(who=LEADS),
    "backoffice_export_statement": Page(who=LEADS),
    "backoffice_savedview_forget": Page(who=EVERYBODY, method="post", args=(NONE,)),  # there is none to take away
    "backoffice_savedview_save": Page(
        who=LOOK, method="post", data={"list": "payments.deposit", "name": "mine", "query": ""}
    ),
    "auth_user_password_change": Page(who=ROOTS, args=(ROW,)),
    "auth_user_open_enrolment": Page(who=ROOTS, args=(ROW,)),
    "auth_user_lift_locks": Page(who=ROOTS, args=(ROW,)),
    "balances_instruction_propose": Page(who=WORK),
    "balances_instruction_propose_verb": Page(who=WORK, args=("product_funded",)),
    "balances_instruction_decide": Page(who=DECIDE, method="post", args=(ROW,), data=APPROVE),
    "payments_receipt_waiting": Page(who=EVERYBODY),  # leads to the queue, which says who may come
    "payments_screenshot_picture": Page(who=WORK, args=(0,)),
    "products_apikey_issue": Page(who=WORK | KEYS),  # or ask for one
    "products_apikey_revoke": Page(who=KEYS, args=(ROW,)),
    "providers_paymentsystem_propose_payouts": Page(who=WORK, args=(ROW,)),
    "providers_payoutpause_all": Page(who=LOOK),
    "providers_provideraccount_pause_one": Page(who=LEADS, args=(ROW,)),
    "providers_provideraccount_propose_change": Page(who=WORK, args=(ROW,)),
    "providers_provideraccount_resume_one": Page(who=LEADS, args=(ROW,)),
    "withdrawals_withdrawal_approvals": Page(who=EVERYBODY),  # as above
    "withdrawals_withdrawal_decide": Page(who=DECIDE, method="post", args=(NONE,), data=APPROVE),
    "withdrawals_withdrawal_waiting": Page(who=EVERYBODY),  # as above
    # Of a row that is not there: who may see it is told so.
    **{f"{one}_note": Page(who=LOOK, method="post", args=(NONE,)) for one in STORIES},
    **{f"{one}_strike": Page(who=LOOK, method="post", args=(NONE, NONE)) for one in STORIES},
    "products_product_what_counts": Page(who=LOOK),
    "providers_provideraccount_add_test_account": Page(who=LEADS | KEYS),
    "providers_provideraccount_connection_test": Page(who=WORK | KEYS, args=(ROW,)),
    "providers_provideraccount_replace_secrets": Page(who=LEADS, args=(ROW,)),
    "webhooks_webhookendpoint_add_endpoint": Page(who=KEYS),
    **{f"webhooks_webhookendpoint_{one}": Page(who=KEYS, args=(NONE,)) for one in OF_ENDPOINTS},
    "work:home": Page(who=LOOK),
    "work:queue": Page(who=LOOK, args=("suspense",)),
    "work:suspense": Page(who=LOOK, args=(NONE,)),
    "work:screenshot": Page(who=LOOK, args=(0,)),
    "work:confirm": Page(who=WORK, args=(NONE,)),
    "work:act": Page(who=WORK, args=("unconfirmed", "ask", "0")),
    "find": Page(who=EVERYBODY),
    "withdrawals_withdrawalbatch_decide": Page(who=LEADS, method="post", args=(NONE,)),
    "withdrawals_withdrawalbatch_result": Page(who=LOOK, args=(NONE, "csv")),
    "withdrawals_withdrawalbatch_upload": Page(who=LEADS),
}

#: Below /admin/, and not of the admin's own addresses.
BESIDE = {"find"}
#: Open to whoever comes: to sign in, to enrol, to go. `test_signing_in.py` says what they do.
DOORS = {"login", "logout", "enrol"}

#: By model, the actions on chosen rows of its list.
ACTIONS = {
    "auth.group": {"delete_selected": ROOTS},
    "auth.user": {"delete_selected": ROOTS},
    "providers.provideraccount": {"pause_selected": LEADS, "resume_selected": LEADS},
}


def patterns(found: Any, prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """The name and the route of every address below /admin/; names of the admin's own without its name before them."""
    for one in found:
        if isinstance(one, URLResolver):
            inner = "" if one.namespace in {None, "admin"} else f"{one.namespace}:"
            yield from patterns(one.url_patterns, f"{prefix}{one.pattern}", f"{space}{inner}")
        elif isinstance(one, URLPattern):
            yield f"{space}{one.name}" if one.name else "", f"{prefix}{one.pattern}"


ALL = [(name, route.removeprefix("admin/")) for name, route in patterns(urls.urlpatterns) if route.startswith("admin/")]
#: Of each model Django's old form of a row's address, which leads to the new one; and what is no address at all.
UNNAMED = {f"{label.replace('.', '/')}/<path:object_id>/" for label in MODELS} | {"(?P<url>.*)$"}
OF_A_MODEL = ("changelist", "add", "change", "delete", "history")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A thousand refusals are told with their traces otherwise, which takes longer than to refuse."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def browsers(db: None) -> dict[str, Client]:
    roles.write()
    made = {}
    for name in STAFF:
        person = User.objects.create_user(name, is_staff=True, is_superuser=name == ROOT)
        person.groups.set(Group.objects.filter(name=name))
        made[name] = browser_of(person)
        made[name].raise_request_exception = False
    return made


@pytest.fixture
def instruction(product: Product) -> Instruction:
    told = {"product": product.name, "mode": "test", "currency": "INR", "amount": "1.00"}
    asks, _ = persons()
    seen = proposing.look("product_funded", told)
    return proposing.propose("product_funded", told, "a good reason", "line 3", asks, digest_seen=seen.digest)


def first_key(label: str) -> Any:
    """The key of a row that is there; of one that is not, where the test has none."""
    model = apps.get_model(label)
    row = model._default_manager.order_by("pk").first()
    return NONE if row is None else row.pk


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    name: str
    address: str
    page: Page

    def by(self, client: Client) -> Any:
        return getattr(client, self.page.method)(self.address, self.page.data)


def asked() -> Iterator[Asked]:
    """Every request, and who gets more than a refusal."""
    for label, may in MODELS.items():
        name = label.replace(".", "_")
        key = first_key(label)
        missing = NONE if isinstance(key, uuid.UUID) else 0
        list_, add = reverse(f"admin:{name}_changelist"), reverse(f"admin:{name}_add")
        change, delete = (reverse(f"admin:{name}_{what}", args=[missing]) for what in ("change", "delete"))
        yield Asked(name=f"{name} list", address=list_, page=Page(who=may.view))
        yield Asked(name=f"{name} page", address=change, page=Page(who=may.view))
        yield Asked(name=f"{name} change", address=change, page=Page(who=may.change, method="post"))
        yield Asked(name=f"{name} add", address=add, page=Page(who=may.add))
        yield Asked(name=f"{name} delete", address=delete, page=Page(who=may.delete))
        if key != NONE:
            # Django looks for the row first, so of a row that is not there it refuses nobody.
            history = reverse(f"admin:{name}_history", args=[key])
            yield Asked(name=f"{name} history", address=history, page=Page(who=may.view))
    for name, page in PAGES.items():
        args = page.args
        if ROW in args:
            app, model = name.split("_")[:2]
            args = (first_key(f"{app}.{model}"),)
        yield Asked(
            name=name, address=reverse(name if name in BESIDE or ":" in name else f"admin:{name}", args=args), page=page
        )


def is_sent_to_sign_in(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"].startswith("/admin/login/?next="))


def test_every_address_stands_in_the_table() -> None:
    names = {name for name, _ in ALL if name}
    of_models = {f"{label.replace('.', '_')}_{what}" for label in MODELS for what in OF_A_MODEL}
    assert names - of_models - set(PAGES) - DOORS == set(), "say in MODELS or PAGES who may come there"
    assert (of_models | set(PAGES) | DOORS) - names == set(), "there is no such address any more"
    assert {route for name, route in ALL if not name} == UNNAMED
    assert {one._meta.label_lower for one in admin.site._registry} == set(MODELS)


@pytest.mark.timeout(600)  # two thousand pages: ten seconds of one processor, of which a busy machine gives little
def test_each_role_comes_where_it_may_and_nowhere_else(browsers: dict[str, Client], instruction: Instruction) -> None:
    wrong = {}
    requests = 0
    for one in asked():
        answers = {name: one.by(client) for name, client in browsers.items()}
        requests += len(answers)
        broken = {name: answer.status_code for name, answer in answers.items() if answer.status_code >= 500}
        assert broken == {}, one.name
        assert not any(is_sent_to_sign_in(answer) for answer in answers.values()), one.name
        came = {name for name, answer in answers.items() if answer.status_code != one.page.refusal}
        if came != one.page.who:
            wrong[one.name] = {"came": sorted(came - one.page.who), "did not": sorted(one.page.who - came)}
    assert not wrong, wrong
    assert requests > 1500


def test_no_row_is_looked_up_for_a_page_beside_the_admin(browsers: dict[str, Client]) -> None:
    # Django's own address would fail at a key that is none (500), and at tables that are not there.
    kind = ContentType.objects.get_for_model(Product)
    for key in ("no-key", str(NONE)):
        assert browsers[STRANGER].get(f"/admin/r/{kind.pk}/{key}/").status_code == 404, key


def test_whoever_is_not_verified_comes_nowhere(db: None) -> None:
    unverified, session_of = Client(), User.objects.create_superuser("unverified")
    unverified.force_login(session_of)
    session = unverified.session
    session["began"] = session["used"] = "9999-12-31T00:00:00+00:00"
    session.save()
    for one in asked():
        for client in (Client(), unverified):
            assert is_sent_to_sign_in(one.by(client)), one.name
    for route in UNNAMED:
        address = f"/admin/{route.replace('<path:object_id>', '1').replace('(?P<url>.*)$', 'nothing/')}"
        assert is_sent_to_sign_in(unverified.get(address)), address


def test_each_role_is_offered_the_actions_that_it_may_take(browsers: dict[str, Client]) -> None:
    for model, pages in admin.site._registry.items():
        label = model._meta.label_lower
        offered: dict[str, set[str]] = {}
        for name in STAFF:
            request: Any = RequestFactory().get("/admin/")
            request.user = User.objects.get(username=name)
            for action in pages.get_actions(request):
                offered.setdefault(action, set()).add(name)
        assert offered == ACTIONS.get(label, {}), label
