"""``Idempotency-Key``: claimed, worked and answered in one transaction.

A view makes a `Claim` from the request; the action calls `Claim.take` as its first statement, inside its own
transaction. Same key and same request: `AlreadyAnswered` carries the object, and the view shows it as it is now.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError
from django.utils import timezone
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from gateway import prepared_sql
from gateway.api.models import IdempotencyKey
from gateway.api.problems import Problem
from gateway.keyed_hashes import every_hash
from gateway.products.actions import Caller
from gateway.products.models import Product

#: How long a second request waits for the first with the same key. The first holds no lock during provider calls,
#: so it is done in milliseconds or stuck.
_WAIT_MILLISECONDS: Final = 2_000
#: How long a key is remembered; the product's own reference guards for ever.
KEPT_DAYS: Final = 30


def claiming(source: str = "(SELECT) AS always") -> str:
    """Three parts of a WITH; ``claimed`` has one row where the key is ours now, and none where it was used before.

    ON CONFLICT DO NOTHING waits for a concurrent owner of the key and then inserts nothing; a caught IntegrityError
    would leave the transaction unusable. The patience is for that wait only: it is local to the transaction and taken
    back as soon as the key is ours, so that what follows waits for its locks as long as they take.

    Args:
        source: what stands after FROM. Without a row in it nothing is claimed.
    """
    return f"""
    patience AS (SELECT set_config('lock_timeout', '{_WAIT_MILLISECONDS}', true) FROM {source}),
    key_row AS (
        INSERT INTO api_idempotencykey
            (product_id, mode, key, fingerprint, response_status, object_id, created_at)
        SELECT %(claim_product)s::uuid, %(claim_mode)s::text, %(claim_key)s::text, %(claim_fingerprint)s::text,
            %(claim_status)s::smallint, %(claim_object)s::uuid, now()
        FROM patience
        ON CONFLICT (product_id, mode, key) DO NOTHING
        RETURNING id
    ),
    claimed AS (SELECT set_config('lock_timeout', '0', true) FROM key_row)
    """  # noqa: S608 - the number and the source are our own


_CLAIM: Final = prepared_sql.one_line(f"WITH {claiming()} SELECT FROM claimed")

#: The status of every answer so far: something was made.
_CREATED: Final = 201
_NONE: Final[Mapping[str, Any]] = {}

Row = tuple[Any, ...]
_Run = Callable[[str, Mapping[str, Any]], list[Row]]
_Made = TypeVar("_Made")
#: Visible ASCII, as in a header.
_ACCEPTABLE: Final = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class AlreadyAnswered(Exception):  # noqa: N818 - not an error: the answer is known
    """The same request was answered before."""

    def __init__(self, *, object_id: uuid.UUID, status: int) -> None:
        self.object_id, self.status = object_id, status
        super().__init__("answered before")


class StillAtWork(Problem):
    """The first request with this key was not done in the time that we wait for it."""

    def __init__(self) -> None:
        super().__init__(
            status=409,
            code="idempotency_key_in_use",
            detail="A request with this Idempotency-Key is still being answered; repeat it in a moment.",
            headers={"Retry-After": "1"},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose keys: those of a product in a mode."""

    product: Product
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A caller's wish that this request happens once."""

    caller: Caller | Owner
    key: str
    #: Of the request, by each of the keys: the first is written, any of them tells the same request again.
    fingerprints: tuple[str, ...]

    def take(self, *, object_id: uuid.UUID, status: int = _CREATED) -> None:
        """Claim the key for the object that this transaction is about to make.

        A rollback frees the key, so a refused request may be corrected and sent again under it.

        Raises:
            AlreadyAnswered: the same request was answered before.
            Problem: 409 while the first is still at work, 422 where the key belongs to another request.
        """
        if not self._claimed(prepared_sql.run, _CLAIM, object_id, status):
            self.refuse_known()

    def refuse_known(self) -> None:
        """Raise as `take` does where the key was used before; claims nothing."""
        row = IdempotencyKey.objects.filter(product=self.caller.product, mode=self.caller.mode, key=self.key).first()
        if row is None:
            return
        if row.fingerprint not in self.fingerprints:
            raise Problem(
                status=422,
                code="idempotency_key_reused",
                detail="This Idempotency-Key came with another request before; take a new one.",
            )
        raise AlreadyAnswered(object_id=row.object_id, status=row.response_status)

    def take_with(
        self, statement: str, parameters: Mapping[str, Any], *, object_id: uuid.UUID, durably: bool = True
    ) -> list[Row]:
        """Claim the key as the first part of a statement, and give its rows.

        Where they say that nothing was claimed, `refuse_known` tells why.

        Args:
            statement: has the parts of `claiming`; all that it writes depends on ``claimed``.
            parameters: its own; those of the claim are added.
            object_id: what the statement makes.
            durably: the statement is a transaction of its own; else it is a part of the open one.

        Raises:
            Problem: 409 while the first request with this key is still at work.
        """
        run = prepared_sql.run_durably if durably else prepared_sql.run
        return self._claimed(run, statement, object_id, _CREATED, parameters)

    def _claimed(
        self, run: _Run, statement: str, object_id: uuid.UUID, status: int, parameters: Mapping[str, Any] = _NONE
    ) -> list[Row]:
        own = {
            "claim_product": self.caller.product.id,
            "claim_mode": self.caller.mode,
            "claim_key": self.key,
            "claim_fingerprint": self.fingerprints[0],
            "claim_status": status,
            "claim_object": object_id,
        }
        try:
            return run(statement, {**parameters, **own})
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise StillAtWork from None


def claim_of(request: Request, caller: Caller) -> Claim:
    """The claim of a request; 400 where the header is missing or not acceptable."""
    key = request._request.META.get("HTTP_IDEMPOTENCY_KEY", "")  # noqa: SLF001 - as in `_fingerprints`
    if not _ACCEPTABLE.fullmatch(key):
        raise Problem(
            status=400,
            code="idempotency_key_invalid",
            detail="Send an Idempotency-Key header of 1 to 255 visible ASCII characters, one for each order.",
        )
    return Claim(caller=caller, key=key, fingerprints=_fingerprints(request))


def claim_of_form(owner: Owner, form_id: uuid.UUID, *told: str) -> Claim:
    """The claim of a form of a page: however often it is sent, it happens once.

    Args:
        owner: whose order it is about.
        form_id: that the page gave it.
        told: everything that it says.
    """
    text = json.dumps([str(form_id), *told])
    # No product's own key begins so by accident: it holds an id that only this page was ever given.
    return Claim(caller=owner, key=f"form-{form_id}", fingerprints=tuple(every_hash("request", text)))


def answer_once(
    claim: Claim, work: Callable[[], _Made], find: Callable[[uuid.UUID], _Made]
) -> tuple[_Made, int, dict[str, str]]:
    """Do the work of a request once.

    A known key is answered whatever the body is worth by now: what was accepted once stays accepted, whatever has
    become of the payment system since.

    Args:
        claim: what `claim_of` made of the request.
        work: checks the body and calls the action, which takes the claim; gives the object.
        find: reads the object of an earlier answer as it is now.

    Returns:
        The object, the status code and the headers of the answer.
    """
    try:
        try:
            return work(), _CREATED, {}
        except APIException:
            # Asked only now, for most keys are new: whoever is refused may be repeating what was accepted before.
            claim.refuse_known()
            raise
    except AlreadyAnswered as answered:
        return find(answered.object_id), answered.status, {"Idempotent-Replayed": "true"}


def _fingerprints(request: Request) -> tuple[str, ...]:
    assert not isinstance(request.data, list), "both parsers give objects"
    body = {name: _digestible(value) for name, value in request.data.items()}
    http = request._request  # noqa: SLF001 - DRF's own way to it; what it passes on itself takes ten times as long
    text = json.dumps([http.method, http.path, body], sort_keys=True, default=str)
    # Keyed: of a withdrawal all but the account may be known, and against a plain digest every number can be tried.
    return tuple(every_hash("request", text))


def _digestible(value: Any) -> Any:
    if isinstance(value, UploadedFile):
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return f"file:{digest.hexdigest()}"
    return value


def forget_old_keys() -> int:
    """Delete the keys that are older than they are promised to be kept."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
    return deleted
