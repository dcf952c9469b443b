"""Blocked recipients, each with who said so and why: one person blocks here, and two unblock (`block_verbs`)."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from balances import doors
from balances.instruction_models import REASON_MAX_LENGTH
from balances.instruction_rights import TAKES_LOOKING
from gateway import ids
from gateway.people import person_of
from gateway.products.models import Product
from gateway.readonly_admin import ReadOnlyAdmin
from withdrawals.block_verbs import UNBLOCK
from withdrawals.blocklist import ACCOUNT_MAX_LENGTH, BLOCK, Unblockable, block, check, hashes_of
from withdrawals.models import BlockedRecipient


class BlockForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which account nothing is paid to any more, and why."""

    account = forms.CharField(
        max_length=ACCOUNT_MAX_LENGTH,
        help_text="In full: number, e-mail, IBAN or telephone number. Blanks, case and leading zeros do not matter.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    product = forms.ModelChoiceField(
        Product.objects.order_by("name"),
        required=False,
        empty_label="every product",
        widget=UnfoldAdminSelectWidget(),
    )
    reason = forms.CharField(
        max_length=REASON_MAX_LENGTH, help_text="Kept plain: no account data.", widget=UnfoldAdminTextInputWidget()
    )

    class Meta:
        model = BlockedRecipient
        fields = ["product", "reason"]

    def clean(self) -> None:
        """What the verb would refuse, said at the form."""
        super().clean()
        wanted = self.cleaned_data
        if not self.errors:
            try:
                check(wanted["account"], product=wanted["product"], reason=wanted["reason"])
            except Unblockable as error:
                raise ValidationError(str(error)) from None


@admin.register(BlockedRecipient)
class BlockedRecipientAdmin(ReadOnlyAdmin):
    """Blocked recipients: one person adds, two end it."""

    id_prefix = ids.BLOCKED_RECIPIENT
    also_seen_with = TAKES_LOOKING
    change_form_template = "admin/order.html"
    list_display = ["public_id", "hint", "product", "reason", "created_by", "created_at", "ended_at", "ended_by"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "product"]
    list_select_related = ["product", "created_by", "ended_by"]
    search_fields = ["reason"]
    search_help_text = "A reason, an id, or the account in full."
    hidden_columns = ("account_hashes",)
    empty_value_display = "-"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted."""
        return bool(request.user.has_perm(BLOCK))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:  # noqa: FBT001, FBT002 - the base class's signature
        """The form of a new block; of an old one there is none."""
        return super().get_form(request, obj, change, **options) if obj else BlockForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What a new block has to be told; of an old one all but the account."""
        return super().get_fields(request, obj) if obj else list(BlockForm.base_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """None of a new one, all of an old one."""
        return super().get_readonly_fields(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: BlockedRecipient, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Block it."""
        wanted = form.cleaned_data
        made = block(wanted["account"], product=wanted["product"], by=person_of(request), reason=wanted["reason"])
        obj.__dict__.update(made.__dict__)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """The form; where somebody else blocks the same at this moment, theirs is the one."""
        try:
            return super().add_view(request, form_url, extra_context)
        except Unblockable as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:withdrawals_blockedrecipient_changelist"))

    def found_in_full(self, term: str) -> Q:
        """Blocks of this account, ended or not."""
        return Q(account_hashes__overlap=hashes_of(term))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a block with how it may end."""
        if (blocked := options.get("obj")) is not None:
            open_verbs = (UNBLOCK,) if blocked.ended_at is None else ()
            context["doors"] = doors.of("blocked", {"blocked": str(blocked.pk)}, open_verbs, request.user)
        return super().render_change_form(request, context, *args, **options)
