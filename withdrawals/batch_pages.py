"""The pages on which a person sends a batch as a file, sees what it would do, and says yes."""

import uuid
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from gateway.api.fields import is_plain
from gateway.api.problems import Problem
from gateway.lifecycles import Cause, CauseKind
from gateway.people import person_of
from gateway.products.models import REFERENCE_MAX_LENGTH, Mode, Product
from gateway.readonly_admin import ReadOnlyAdmin
from withdrawals import batch_results, batches
from withdrawals.batch_reports import Line, report_shape
from withdrawals.batch_results import ResultKind
from withdrawals.batch_rows import check_rows
from withdrawals.batch_serializers import rows_of_file
from withdrawals.batch_shapes import progress_shape
from withdrawals.batch_states import ENDED, BatchStatus
from withdrawals.models import BatchRow, Withdrawal, WithdrawalBatch

#: Who may send batches, confirm them and call them off.
MAY_SEND: Final = "withdrawals.add_withdrawalbatch"
_TEMPLATES: Final = "admin/withdrawals/withdrawalbatch"


class UploadForm(forms.Form):
    """For which product, and the file."""

    product = forms.ModelChoiceField(
        Product.objects.filter(is_active=True).order_by("name"), widget=UnfoldAdminSelectWidget()
    )
    mode = forms.ChoiceField(choices=[("", "-"), *Mode.choices], widget=UnfoldAdminSelectWidget())
    reference = forms.CharField(
        max_length=REFERENCE_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="A name for the batch that the product has not used yet. No account data.",
    )
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(),
        help_text="CSV (UTF-8) or XLSX with up to 10,000 rows. The first row names the columns: payment_system, "
        "currency, amount, customer, reference, recipient.account_number and so on. Hidden rows count like any other. "
        "The file is not kept.",
    )

    def clean_reference(self) -> str:
        """As the API takes it."""
        reference: str = self.cleaned_data["reference"]
        if not is_plain(reference):
            raise forms.ValidationError("Use visible characters only.")
        return reference

    def clean_file(self) -> Any:
        """As large as the API takes it."""
        file = self.cleaned_data["file"]
        if file.size > settings.BATCH_MAX_BYTES:
            raise forms.ValidationError(f"Send a file of at most {settings.BATCH_MAX_BYTES} bytes.")
        return file


def upload(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The form; with a file, what is wrong with it, or the batch that waits for a yes."""
    by = _sender(request)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    problem = None
    if form.is_bound and form.is_valid():
        try:
            return _to(_open(by, form.cleaned_data))
        except Problem as refusal:
            problem = refusal
    context |= {"title": "Send a batch of withdrawals", "form": form, "problem": problem}
    return TemplateResponse(request, f"{_TEMPLATES}/upload.html", context)


def _open(by: AbstractUser, told: dict[str, Any]) -> WithdrawalBatch:
    product, mode = told["product"], Mode(told["mode"])
    said = rows_of_file(told["file"])
    wish = batches.NewBatch(
        product=product,
        mode=mode,
        reference=told["reference"],
        source=said.source,
        rows=check_rows(product, mode, said.rows, said.lines),
    )
    return batches.open_batch(wish, _cause(by))


def shown(request: HttpRequest, batch: WithdrawalBatch) -> dict[str, Any]:
    """What the page of a batch shows beside its columns: how far it is, what it would do, what is open to who looks."""
    may_send = request.user.has_perm(MAY_SEND)
    is_checked = batch.status == BatchStatus.CHECKED
    return {
        "progress": progress_shape(batch),
        "report": _report(batch) if is_checked else None,
        "may_confirm": may_send and is_checked,
        "may_cancel": may_send and batch.status not in ENDED,
        "kinds": [] if is_checked else ResultKind.values,
    }


def _report(batch: WithdrawalBatch) -> dict[str, Any]:
    rows = BatchRow.objects.filter(batch=batch).select_related("payment_system").defer("recipient")
    mine = Withdrawal.objects.filter(product=batch.product_id, mode=batch.mode)
    made = set(mine.filter(reference__in=rows.values("reference")).values_list("reference", flat=True))
    lines = (
        Line(
            payment_system=row.payment_system,
            currency=row.currency,
            amount=row.amount,
            is_made=row.reference in made,
        )
        for row in rows
    )
    return report_shape(batch.product, Mode(batch.mode), lines)


def decide(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Confirm or call off, as the pressed button says."""
    by = _sender(request)
    _find(batch_id)
    verb = {"confirm": batches.confirm_batch, "cancel": batches.cancel_batch}.get(request.POST.get("decision", ""))
    if verb is None:
        raise Http404
    try:
        verb(batch_id, _cause(by))
    except Problem as refusal:
        messages.error(request, refusal.sentence)
    return _to(_find(batch_id))


def result(request: HttpRequest, pages: ReadOnlyAdmin, batch_id: uuid.UUID, kind: str) -> HttpResponse:
    """The result as a file, to whoever may look at the batch."""
    if not pages.has_view_permission(request):
        raise PermissionDenied
    if kind not in ResultKind.values:
        raise Http404
    return batch_results.answer(_find(batch_id), ResultKind(kind))


def _cause(by: AbstractUser) -> Cause:
    return Cause(kind=CauseKind.PERSON, id=str(by.pk))


def _sender(request: HttpRequest) -> AbstractUser:
    by = person_of(request)
    if not by.has_perm(MAY_SEND):
        raise PermissionDenied
    return by


def _find(batch_id: uuid.UUID) -> WithdrawalBatch:
    batch = WithdrawalBatch.objects.select_related("product").filter(pk=batch_id).first()
    if batch is None:
        raise Http404
    return batch


def _to(batch: WithdrawalBatch) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:withdrawals_withdrawalbatch_change", args=[batch.pk]))
