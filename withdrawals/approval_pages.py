"""The pages on which people decide about withdrawals: the queue, all that are ticked at once, and one by itself."""

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
from gateway.people import person_of
from withdrawals import approvals, pending
from withdrawals.models import Withdrawal
from withdrawals.states import Decision

log = structlog.get_logger(__name__)

_TEMPLATES: Final = "admin/withdrawals/withdrawal"
_DECIDE: Final[dict[str, Callable[[uuid.UUID, AbstractUser, str], Withdrawal]]] = {
    Decision.APPROVE: approvals.approve,
    Decision.REJECT: approvals.reject,
}


def queue(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """What waits; after a decision about many, what became of each."""
    by = person_of(request)
    if request.method == "POST":
        return _decide_many(request, context, by)
    rows = pending.waiting(by)
    context |= {
        "title": "Withdrawals that wait for approval",
        "rows": rows,
        "is_full": len(rows) >= pending.LISTED_MAX,
        "may_approve": any(not row.approve for row in rows),
        "may_reject": any(not row.reject for row in rows),
    }
    return TemplateResponse(request, f"{_TEMPLATES}/queue.html", context)


def _decide_many(request: HttpRequest, context: dict[str, Any], by: AbstractUser) -> HttpResponse:
    decision = _decision(request)
    ticked = [ids.decode(ids.WITHDRAWAL, text) for text in request.POST.getlist("withdrawal")[: pending.LISTED_MAX]]
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
        return Result(pk=withdrawal_id, done=_outcome(_DECIDE[decision](withdrawal_id, by, reason)))
    except (Refused, PermissionDenied) as error:
        objection = str(error)
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
        messages.error(request, str(error))
    else:
        messages.success(request, f"{decided.public_id}: {_outcome(decided)}")
    return HttpResponseRedirect(reverse("admin:withdrawals_withdrawal_change", args=[withdrawal_id]))


def shown(request: HttpRequest, withdrawal: Withdrawal) -> pending.Pending | None:
    """What the page of a withdrawal shows of its waiting."""
    return pending.one(withdrawal.pk, person_of(request))


def _outcome(withdrawal: Withdrawal) -> str:
    return f"{withdrawal.status}: {withdrawal.get_status_display()}"


def _decision(request: HttpRequest) -> str:
    decision = request.POST.get("decision", "")
    if decision not in _DECIDE:
        raise Http404
    return decision
