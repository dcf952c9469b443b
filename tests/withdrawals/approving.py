"""Withdrawals that wait for approval, and the people and keys who decide about them."""

from typing import Any

from django.contrib.auth.models import Permission, User

from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.products.actions import Caller, keep_key
from gateway.products.models import Mode, Product, Scope, new_key
from tests.conftest import Api, agree_on_slabs
from tests.withdrawals.orders import order
from withdrawals.actions import NewWithdrawal, open_withdrawal
from withdrawals.models import Approval, Withdrawal

REASON = "as the order says"
PERMISSIONS = {"approver": "approve_withdrawal", "finance_lead": "approve_large_withdrawal"}
APPROVING_SCOPES = [Scope.READ, Scope.WITHDRAWALS_APPROVE]


def waiting(api: Api, slabs: str = "0: approver", **changes: Any) -> Withdrawal:
    """A withdrawal that waits, made through the API; its product's slabs are agreed on where they are not."""
    key_product = Product.objects.get(name__startswith="product ")
    agree_on_slabs(key_product, slabs)
    made = order(api, **changes)
    assert made.status == "pending_approval"
    return made


def asked_by(asking: User, like: Withdrawal) -> Withdrawal:
    """Another one like it, which a person asked for."""
    names = ("payment_system", "currency", "amount", "recipient", "comment")
    same = {name: getattr(like, name) for name in names}
    wish = NewWithdrawal(customer=like.customer.external_id, reference="a-person-s", **same)
    cause = Cause(kind=CauseKind.PERSON, id=str(asking.pk))
    return open_withdrawal(like.product, Mode(like.mode), wish, cause, withdrawal_id=ids.new_id())


def person(name: str, role: str = "approver") -> User:
    """Staff who may approve; with a role of "", staff who may not."""
    made = User.objects.create(username=name, password="!", is_staff=True)
    if role:
        made.user_permissions.set(Permission.objects.filter(codename=PERMISSIONS[role]))
    return User.objects.get(pk=made.pk)  # as nobody has looked at their permissions yet


def key(product: Product, mode: Mode = Mode.TEST) -> Caller:
    """A key that approves."""
    made = keep_key(product=product, mode=mode, name="approves", key=new_key(mode), scopes=APPROVING_SCOPES)
    return Caller(product=product, mode=mode, key_id=made.pk, scopes=frozenset(APPROVING_SCOPES), version="")


def decisions(withdrawal: Withdrawal) -> list[tuple[str, str, str]]:
    """Every decision with its role and who it is of, in order."""
    rows = Approval.objects.filter(withdrawal=withdrawal).select_related("person", "key").order_by("pk")
    return [(row.decision, row.role, row.person.username if row.person else "key") for row in rows]
