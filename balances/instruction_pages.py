"""The pages on which one person asks for money to be moved, and another one decides."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from balances import instruction_rights, instructions, proposing, verb_fields, verbs
from balances.comparing_secrets import compare
from balances.forms import PaperForm, ReasonForm, VerbForm
from balances.instruction_models import Instruction
from balances.pages import linked
from balances.previews import Preview
from balances.proposing import Changed
from balances.verb_fields import Field, Refused
from gateway import ids
from gateway.people import person_of

_TEMPLATES: Final = "admin/balances/instruction"


def choose(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The list of verbs."""
    _may_propose(request)
    context |= {"title": "Ask for what takes two persons", "verbs": verbs.every()}
    return TemplateResponse(request, f"{_TEMPLATES}/choose.html", context)


def propose(request: HttpRequest, context: dict[str, Any], verb_name: str) -> HttpResponse:
    """The form of a verb; filled in, what would be posted; confirmed, the instruction."""
    by = _may_propose(request)
    try:
        verb = verbs.named(verb_name)
    except Refused:
        raise Http404 from None
    data = request.POST if request.method == "POST" else None
    # Pages of orders lead here with what they know (`balances.doors`).
    form, paper = VerbForm(verb, data, initial=request.GET.dict()), PaperForm(verb, data)
    context |= {"title": verb.title, "verb": verb, "form": form, "paper": paper}
    if data is None or "edit" in data or not (form.is_valid() and paper.is_valid()):
        return TemplateResponse(request, f"{_TEMPLATES}/propose.html", context)
    try:
        if "confirm" in data:
            return _confirmed(by, verb_name, form, paper)
        seen = proposing.look(verb_name, form.parameters)
    except Changed as error:
        messages.warning(request, str(error))
        seen = error.preview
    except Refused as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return TemplateResponse(request, f"{_TEMPLATES}/propose.html", context)
    # The id is the page's: however often it is sent, one instruction comes of it.
    context |= {
        "told": told(request, verb_name, form.shown),
        "preview": seen,
        "page_id": ids.encode(ids.INSTRUCTION, ids.new_id()),
    }
    return TemplateResponse(request, f"{_TEMPLATES}/confirm.html", context)


def _confirmed(by: AbstractUser, verb_name: str, form: VerbForm, paper: PaperForm) -> HttpResponse:
    made = proposing.propose(
        verb_name,
        form.parameters,
        paper.cleaned_data["reason"],
        paper.cleaned_data["document"],
        by,
        digest_seen=form.data.get("digest", ""),
        instruction_id=ids.decode(ids.INSTRUCTION, form.data.get("page_id")),
    )
    return _to(made)


def shown(request: HttpRequest, instruction: Instruction) -> dict[str, Any]:
    """What the page of an instruction shows beside its columns: for whoever looks, what is open to them."""
    by = person_of(request)
    takes_part = any(by.has_perm(one) for one in instruction_rights.TAKES_LOOKING)
    # Whoever only looks sees what was shown last: to look anew locks accounts, and may ask the provider.
    preview: Preview | None = Preview(content=instruction.preview, digest=instruction.digest)
    obstacle = ""
    if takes_part:
        try:
            preview = proposing.current_preview(instruction)
        except Refused as error:
            preview, obstacle = None, str(error)
    return {
        "verb_title": _title(instruction.verb),
        "told": told(request, instruction.verb, instruction.parameters),
        "preview": preview,
        "obstacle": obstacle,
        "has_changed": preview is not None and preview.digest != instruction.digest,
        "may_decide": instruction_rights.may_decide(instruction, by),
        "may_withdraw": instruction_rights.may_withdraw(instruction, by),
        "secrets": [(one.name, one.label) for one in _secrets(instruction) if takes_part],
        "is_own": instruction.requested_by_id == by.pk,
        "decision": ReasonForm(),
    }


def _title(verb_name: str) -> str:
    try:
        return verbs.named(verb_name).title
    except Refused:
        return verb_name


def _secrets(instruction: Instruction) -> list[Field]:
    try:
        fields = verbs.named(instruction.verb).fields
    except Refused:
        return []
    return [one for one in fields if one.is_secret and one.name in instruction.parameters]


def decide(request: HttpRequest, instruction_id: uuid.UUID) -> HttpResponse:
    """Approve, reject or withdraw, as the pressed button says."""
    by = person_of(request)
    instruction = Instruction.objects.filter(pk=instruction_id).first()
    if instruction is None:
        raise Http404
    reason = request.POST.get("reason", "")
    try:
        match request.POST.get("decision"):
            case "compare":
                held = compare(instruction, request.POST.get("field", ""), request.POST.get("secret", ""), by)
                messages.info(request, "It is the one that was asked for." if held else "It is another one.")
                return _to(instruction)
            case "approve":
                instruction = instructions.approve(instruction_id, by, request.POST.get("digest", ""))
            case "reject":
                instruction = instructions.reject(instruction_id, by, reason)
            case "withdraw":
                instruction = instructions.withdraw(instruction_id, by, reason)
            case _:
                raise Http404
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{instruction.public_id} is {instruction.outcome}.")
    return _to(instruction)


def told(request: HttpRequest, verb_name: str, parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a verb was told, for people: each field's label, products and accounts by name, orders as links."""
    try:
        fields = verbs.named(verb_name).fields
        # Of a secret there is a fingerprint, which says nothing to its field.
        secret = {one.name for one in fields if one.is_secret}
        values = verb_fields.read(
            [one for one in fields if one.name not in secret],
            {name: text for name, text in parameters.items() if name not in secret},
        )
        kept = verb_fields.written([one for one in fields if one.name not in secret], values)
    except Refused:
        return list(parameters.items())
    shown = {name: text for name, text in parameters.items() if name in secret} | {
        # Rows by their names, everything else as it is kept.
        name: str(values[name]) if hasattr(values[name], "pk") else linked(text, request)
        for name, text in kept.items()
    }
    return [(one.label, shown[one.name]) for one in fields if one.name in shown]


def _may_propose(request: HttpRequest) -> AbstractUser:
    by = person_of(request)
    if not by.has_perm(instruction_rights.PROPOSE):
        raise PermissionDenied
    return by


def _to(instruction: Instruction) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:balances_instruction_change", args=[instruction.pk]))
