"""The doors to the verbs from the pages of things: what people may do, and what they asked for already."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse

from balances.instruction_models import Instruction
from balances.instruction_rights import PROPOSE
from balances.verbs import Verb


def of(field: str, told: dict[str, str], verbs: Iterable[Verb], by: AbstractUser | AnonymousUser) -> dict[str, Any]:
    """What the template ``admin/doors.html`` shows, as ``doors``.

    Args:
        field: name of the field by which verbs are told the thing.
        told: what is known of it, by the names of fields: the form begins with it.
        verbs: what is legal now.
        by: who looks; whoever may not ask sees no buttons.
    """
    may_ask = by.has_perm(PROPOSE)
    # Asked so that the index of the parameters serves it.
    about = Instruction.objects.filter(parameters__contains={field: told[field]}).select_related("requested_by")
    return {
        "open": [{"verb": one, "address": form_of(one, told)} for one in verbs] if may_ask else [],
        "instructions": about.order_by("-requested_at"),
        "may_ask": may_ask,
    }


def form_of(verb: Verb, told: dict[str, str]) -> str:
    """Where a verb is asked for, with what is known of its fields filled in."""
    known = {one.name: told[one.name] for one in verb.fields if one.name in told}
    return f"{reverse('admin:balances_instruction_propose_verb', args=[verb.name])}?{urlencode(known)}"
