"""Was this screenshot used before? Hints for staff: no customer learns of them, and nothing is refused for them."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from gateway import turns
from gateway.encryption import readable_or
from payments.models import Confirmation, Deposit, Screenshot, Suspicion
from payments.screenshots import CleanPicture, looks_near, show_the_same

#: Pictures of nearly the same look that are compared cell by cell, the newest first: some milliseconds each.
_COMPARED: Final = 10


def alike(deposit_id: UUID, picture: CleanPicture) -> Screenshot | None:
    """A screenshot of another deposit that shows the same in another encoding. Decodes: no transaction may be open."""
    deposit = Deposit.objects.filter(pk=deposit_id).first()
    if deposit is None or not picture.look:
        return None
    for other in _of_others(deposit).filter(look__in=looks_near(picture.look)).order_by("-id")[:_COMPARED]:
        kept: bytes = readable_or(other, "picture", b"")
        if kept and show_the_same(picture.jpeg, kept):
            return other
    return None


def keep(confirmation: Confirmation, picture: CleanPicture, *, digest: str, look_alike: Screenshot | None) -> None:
    """Keep the picture of a confirmation with what is suspicious about it, in the caller's transaction."""
    # Whoever brings the same picture at the same moment waits here, and then sees this one. After the locks of the
    # deposit, the customer and the reference, always.
    turns.take([f"picture/{picture.pixel_digest}"])
    deposit = confirmation.deposit
    twin = _of_others(deposit).filter(pixel_digest=picture.pixel_digest).order_by("id").first()
    same_reference = Confirmation.objects.filter(
        deposit__account=deposit.account_id,
        deposit__payment_system=deposit.payment_system_id,
        provider_reference=confirmation.provider_reference,
    ).exclude(deposit=deposit)
    found = {
        Suspicion.SAME_PICTURE: twin is not None,
        Suspicion.LOOKS_ALIKE: twin is None and look_alike is not None,
        Suspicion.SAME_REFERENCE: same_reference.exists(),
    }
    Screenshot.objects.create(
        confirmation=confirmation,
        picture=picture.jpeg,
        digest=digest,
        pixel_digest=picture.pixel_digest,
        look=picture.look,
        suspicions=[suspicion for suspicion, is_so in found.items() if is_so],
        duplicate_of=twin or look_alike,
    )


def _of_others(deposit: Deposit) -> "QuerySet[Screenshot]":
    """Screenshots of the mode. To send the same one again for one deposit, with a corrected reference, is usual."""
    return Screenshot.objects.filter(confirmation__deposit__mode=deposit.mode).exclude(confirmation__deposit=deposit)
