"""The doors to the verbs from the pages of things: what people may do, and what they asked for already."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse

from balances import finding
from balances.instruction_rights import PROPOSE
from balances.verbs import Verb

#: Of what was asked for about one thing the newest: as a rule there are none, one, or two.
SHOWN_AT_MOST: Final = 20


def of(field: str, told: dict[str, str], verbs: Iterable[Verb], by: AbstractUser | AnonymousUser) -> dict[str, Any]:
    """What the template ``admin/doors.html`` shows, as ``doors``.

    Args:
        field: name of the field by which verbs are told the thing.
        told: what is known of it, by the names of fields: the form begins with it.
        verbs: what is legal now.
        by: who looks; whoever may not ask sees no buttons.
    """
    may_ask = by.has_perm(PROPOSE)
    found = finding.about(field, told[field]).select_related("requested_by").defer("secrets")
    newest = list(found.order_by("-pk")[: SHOWN_AT_MOST + 1])
    return {
        "open": [{"verb": one, "address": form_of(one, told)} for one in verbs] if may_ask else [],
        "instructions": newest[:SHOWN_AT_MOST],
        "all": f"{reverse('admin:balances_instruction_changelist')}?{urlencode({'q': told[field]})}"
        if len(newest) > SHOWN_AT_MOST
        else "",
        "may_ask": may_ask,
    }


def form_of(verb: Verb, told: dict[str, str]) -> str:
    """Where a verb is asked for, with what is known of its fields filled in."""
    known = {one.name: told[one.name] for one in verb.fields if one.name in told}
    return f"{reverse('admin:balances_instruction_propose_verb', args=[verb.name])}?{urlencode(known)}"
