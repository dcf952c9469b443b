"""Personal data on pages of the admin: masked for everybody, and in clear where a recorded look shows it.

A page asks `masked` for what it may show and includes ``backoffice/personal_data.html``; the button there asks `look`,
which writes down who looked at whose data before it hands any of it out.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.urls import reverse

from gateway import logs
from gateway.backoffice.models import Look, LookKind
from gateway.encryption import readable_or
from gateway.hidden import hidden
from gateway.people import check_permission, person_of
from gateway.who_sees import may_see
from payments.models import Deposit
from withdrawals.models import BatchRow, BlockedRecipient, Withdrawal

SEE: Final = "backoffice.see_personal_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where personal data of one kind stands.

    Attributes:
        model: whose rows; whoever may not view them sees nothing of them here.
        column: the encrypted one.
        subject: the id by which a look names the row.
    """

    model: type[Model]
    column: str
    subject: Callable[[Any], str] = lambda row: str(row.public_id)


_PLACES: Final[Mapping[str, _Place]] = {
    LookKind.RECIPIENT: _Place(model=Withdrawal, column="recipient"),
    LookKind.DETAILS: _Place(model=Deposit, column="details"),
    LookKind.SHOWN: _Place(model=Deposit, column="shown"),
    LookKind.BLOCKED: _Place(model=BlockedRecipient, column="account"),
    LookKind.BATCH_ROW: _Place(
        model=BatchRow, column="recipient", subject=lambda row: f"{row.batch.public_id}, row {row.number}"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """What a page shows of one record.

    Attributes:
        title: what it is.
        rows: each value by its name, masked or in clear.
        is_readable: False where no key opens it.
        address: where the button leads; empty for whoever may not look.
    """

    title: str
    rows: list[tuple[str, str]]
    is_readable: bool
    address: str


def masked(kind: LookKind, row: Any, request: HttpRequest) -> PersonalData:
    """Of a row that this person may view, what everybody may see of its personal data."""
    value = readable_or(row, _PLACES[kind].column, None)
    told = [(name, hidden(text)) for name, text in _flat(value)]
    may_look = bool(told) and request.user.has_perm(SEE)
    return PersonalData(
        title=str(kind.label),
        rows=told,
        is_readable=value is not None or _is_empty(row, _PLACES[kind].column),
        address=reverse("admin:personal_data", args=[kind.value, row.pk]) if may_look else "",
    )


def look(kind: str, key: str, request: HttpRequest) -> tuple[PersonalData, str]:
    """Personal data in clear, after the look was written down; and the page of whose it is.

    Raises:
        Http404: there is no such kind or row.
        PermissionDenied: this person may not see personal data, or not this record.
    """
    place = _PLACES.get(kind)
    if place is None:
        raise Http404
    by = check_permission(person_of(request), SEE, lock=False)
    if not may_see(request, place.model):
        raise PermissionDenied
    row = _found(place.model, key)
    value = readable_or(row, place.column, None)
    rows = list(_flat(value))
    if rows:
        record(LookKind(kind), place.subject(row), by_id=by.pk)
    meta = place.model._meta  # noqa: SLF001 - Django's documented model API
    page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    is_readable = value is not None or _is_empty(row, place.column)
    return PersonalData(title=str(LookKind(kind).label), rows=rows, is_readable=is_readable, address=""), page


def record(kind: LookKind, subject: str, *, by_id: int) -> None:
    """Write down that somebody looks. Called before anything is shown: what was shown and not recorded is a leak."""
    Look.objects.create(person_id=by_id, kind=kind, subject=subject, request_id=logs.request_id.get())


def _found(model: type[Model], key: str) -> Any:
    try:
        wanted: Any = uuid.UUID(key) if model is not BatchRow else int(key)
    except ValueError:
        raise Http404 from None
    row = model._default_manager.filter(pk=wanted).first()  # noqa: SLF001 - Django's documented model API
    if row is None:
        raise Http404
    return row


def _is_empty(row: Any, column: str) -> bool:
    # A sealed value that was deferred is not kept in the row, so that it is not there does not mean that there is none.
    return column in row.__dict__ and row.__dict__[column] is None


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each single text of a value, by the names that lead to it."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(one, f"{name} {key}".strip().replace("_", " "))
    elif isinstance(value, list):
        for one in value:
            yield from _flat(one, name)
    elif value not in {None, ""}:
        yield name or "account", str(value)
