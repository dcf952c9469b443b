"""The pages on which people decide about withdrawals: all that are ticked at once, and one by itself."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from balances.verb_fields import Refused
from gateway import ids
from gateway.in_words import status_with_meaning
from gateway.people import person_of
from withdrawals import approvals, pending
from withdrawals.models import Approval, Withdrawal
from withdrawals.states import Decision, WithdrawalStatus

log = structlog.get_logger(__name__)

#: As many as a person decides about in one go.
TICKED_MAX: Final = 100
_TEMPLATES: Final = "admin/withdrawals/withdrawal"
_DECIDE: Final[dict[str, Callable[[uuid.UUID, AbstractUser, str], Withdrawal]]] = {
    Decision.APPROVE: approvals.approve,
    Decision.REJECT: approvals.reject,
}


def decide_many(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Decide about all that are ticked, one by one; the page says what became of each."""
    by, decision = person_of(request), _decision(request)
    ticked = [ids.decode(ids.WITHDRAWAL, text) for text in request.POST.getlist("withdrawal")[:TICKED_MAX]]
    results = [_result(one, by, decision, request.POST.get("reason", "")) for one in ticked if one is not None]
    context |= {
        "title": "What became of each",
        "results": results,
        "done": sum(not one.objection for one in results),
    }
    return TemplateResponse(request, f"{_TEMPLATES}/decided.html", context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one of many: what it is now, or why nothing was done."""

    pk: uuid.UUID
    done: str = ""
    objection: str = ""

    @property
    def public_id(self) -> str:
        """The TypeID."""
        return ids.encode(ids.WITHDRAWAL, self.pk)


def _result(withdrawal_id: uuid.UUID, by: AbstractUser, decision: str, reason: str) -> Result:
    """Decide about one; whatever goes wrong with it, the others go on."""
    try:
        return Result(pk=withdrawal_id, done=status_with_meaning(_DECIDE[decision](withdrawal_id, by, reason)))
    except PermissionDenied as error:
        objection = str(error)
    except Refused as error:
        objection = _with_who(withdrawal_id, by, error)
    except Withdrawal.DoesNotExist:
        objection = "There is no such withdrawal."
    except DatabaseError:
        log.exception("decision_failed", id=ids.encode(ids.WITHDRAWAL, withdrawal_id))
        objection = "It could not be written down, and nothing was. Try again."
    return Result(pk=withdrawal_id, objection=objection)


def decide(request: HttpRequest, withdrawal_id: uuid.UUID) -> HttpResponse:
    """Approve or reject one, as the pressed button says."""
    try:
        decided = _DECIDE[_decision(request)](withdrawal_id, person_of(request), request.POST.get("reason", ""))
    except Withdrawal.DoesNotExist:
        raise Http404 from None
    except Refused as error:
        messages.error(request, _with_who(withdrawal_id, person_of(request), error))
    else:
        messages.success(request, f"{decided.public_id}: {status_with_meaning(decided)}")
    return HttpResponseRedirect(reverse("admin:withdrawals_withdrawal_change", args=[withdrawal_id]))


def shown(request: HttpRequest, withdrawal: Withdrawal) -> pending.Pending | None:
    """What the page of a withdrawal shows of its waiting."""
    return pending.one(withdrawal.pk, person_of(request))


def _with_who(withdrawal_id: uuid.UUID, by: AbstractUser, refused: Refused) -> str:
    """Why it was refused, and whose decision was quicker, if any was."""
    theirs = Approval.objects.filter(withdrawal=withdrawal_id, person__isnull=False).exclude(person=by.pk)
    last = theirs.exclude(withdrawal__status=WithdrawalStatus.PENDING_APPROVAL).select_related("person").last()
    if last is None or last.person is None:
        return str(refused)
    said = f"{last.person} said {last.decision}, {last.created_at:%Y-%m-%d %H:%M} UTC"
    return f"{refused} Somebody else decided meanwhile: {said}."


def _decision(request: HttpRequest) -> str:
    decision = request.POST.get("decision", "")
    if decision not in _DECIDE:
        raise Http404
    return decision
