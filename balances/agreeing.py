"""Both persons at once, where one process acts for both: what an installation begins with, before it has people."""

from collections.abc import Mapping

from django.contrib.auth.models import AbstractUser

from balances import instructions, proposing


def agree(
    verb: str,
    parameters: Mapping[str, str],
    reason: str,
    document: str = "",
    *,
    requester: AbstractUser,
    approver: AbstractUser,
) -> None:
    """Ask for it as the one and approve it as the other, by the doors by which people do.

    Raises:
        Refused: it cannot be done.
        PermissionDenied: one of them may not do their part.
    """
    asked = proposing.propose(verb, parameters, reason, document, requester)
    instructions.approve(asked.pk, approver, asked.digest)
