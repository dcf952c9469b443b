"""Whether somebody holds the secret that an instruction asks for: told to whoever has to look at it, and not often.

Answers about guesses would be an oracle. So it takes a permission, and the comparisons of a person in an hour are
counted in the cache. Where the cache is away nothing is compared: who holds the secret has time.
"""

import time
from typing import Final

import structlog
from django.contrib.auth.models import AbstractUser
from django.core.cache import cache
from redis.exceptions import RedisError

from balances import verb_secrets
from balances.instruction_models import Instruction
from balances.instruction_rights import TAKES_LOOKING
from balances.verb_fields import Refused
from gateway.people import check_permission

log = structlog.get_logger(__name__)

#: An account has seven secrets; each may be mistyped once. Whoever guesses gets nowhere with so few.
COMPARISONS_PER_HOUR: Final = 10
_HOUR_SECONDS: Final = 3600


def compare(instruction: Instruction, field: str, text: str, by: AbstractUser) -> bool:
    """Whether the text is that secret.

    Raises:
        Refused: it has no such secret, the person compared too often, or it cannot be counted.
        PermissionDenied: the person may neither ask for anything nor decide.
    """
    # Who does not come into the admin learns no more at a terminal.
    check_permission(by, *TAKES_LOOKING, lock=False)
    # Before it is compared: of the answer that comes after it nobody can say that it was not counted.
    if _counted(by) > COMPARISONS_PER_HOUR:
        log.warning("secrets_compared_too_often", by=by.pk, instruction=instruction.public_id, field=field)
        raise Refused(f"You have compared {COMPARISONS_PER_HOUR} times in this hour; go on in the next one.")
    return verb_secrets.is_held(instruction, field, text)


def _counted(by: AbstractUser) -> int:
    """How often the person has compared in this hour of the clock, this time included."""
    key = f"comparisons:{by.pk}:{int(time.time() // _HOUR_SECONDS)}"
    try:
        cache.add(key, 0, 2 * _HOUR_SECONDS)
        return int(cache.incr(key))
    except (RedisError, OSError, ValueError):
        raise Refused("The comparisons cannot be counted at the moment; try again later.") from None
