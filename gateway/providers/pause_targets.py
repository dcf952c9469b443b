"""What payouts can be paused of, by the names that people know."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.products.models import Product
from gateway.providers.models import PauseScope, PaymentSystem, PayoutPause, ProviderAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing whose payouts can be paused.

    Attributes:
        scope: one of `PauseScope`.
        key: as a pause keeps it.
        name: as people know it.
    """

    scope: PauseScope
    key: str
    name: str


def targets(mode: str) -> list[Target]:
    """Everything that can be paused in a mode, the widest first."""
    accounts = ProviderAccount.objects.filter(mode=mode).order_by("name").values_list("pk", "name")
    products = Product.objects.order_by("name").values_list("pk", "name")
    systems = PaymentSystem.objects.filter(pays_out=True).order_by("code").values_list("code", "code")
    return [
        Target(scope=PauseScope.EVERYTHING, key="", name="everything"),
        *_of(PauseScope.PROVIDER_ACCOUNT, accounts),
        *_of(PauseScope.PRODUCT, products),
        *_of(PauseScope.PAYMENT_SYSTEM, systems),
    ]


def name_of(pause: PayoutPause) -> str:
    """What a pause stops, in words."""
    for scope, model in ((PauseScope.PROVIDER_ACCOUNT, ProviderAccount), (PauseScope.PRODUCT, Product)):
        if pause.scope == scope:
            name = model.objects.filter(pk=pause.key).values_list("name", flat=True).first()
            return f"{pause.get_scope_display()} {name or pause.key}"
    return " ".join(filter(None, [pause.get_scope_display(), pause.key]))


def _of(scope: PauseScope, rows: Iterable[tuple[object, str]]) -> list[Target]:
    return [Target(scope=scope, key=str(key), name=name) for key, name in rows]
