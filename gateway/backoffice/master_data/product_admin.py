"""Products: what each setting does, who may change it, and the way to everything that is theirs."""

from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from gateway.api.fields import is_plain
from gateway.backoffice.master_data.what_counts_page import what_counts
from gateway.history_page import HistoryAdmin
from gateway.list_titles import list_title
from gateway.products.models import NAME_MAX_LENGTH, Branding, Product, ProductHistory, UnderpaymentPolicy
from gateway.readonly_admin import ListAdmin
from gateway.who_sees import may_see

_SWITCHED_OFF: Final = (
    "On: its API keys work. Off: from the next call on every key of it, live and test, is refused (401), so it can "
    "create, confirm and cancel nothing and ask for nothing, and payment pages show nobody how to pay it any more. "
    "What is under way goes on: customers who have paid enter the reference, money that arrives is credited, "
    "withdrawals that were asked for are approved, sent and finished, and its webhook endpoints are told. Pause "
    "payouts, too, if money must not leave."
)
_UNDERPAYMENT: Final = (
    "When less arrives than was asked for. review: the deposit waits for a person, who credits it or gives it back. "
    "credit: it is credited at once with what came, and the product is told the difference; it must then look at the "
    "amount, or 1 paid for 1,000 is served. Counts for what arrives from now on, also for deposits under way."
)
_SAVINGS: Final = (
    "Yes: a deposit below the minimum of a payment system that saves up is taken; its money is no balance until the "
    "provider releases it. No: it is refused (amount_below_minimum). Counts for new deposits; what is saved up already "
    "stays and is credited when it is released."
)


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """The settings of a product, each with what it does."""

    name = forms.CharField(
        max_length=NAME_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="By which people know it: on lists, statements and reports. Customers see it on payment pages where "
        "its look has no name for them.",
    )
    is_active = forms.BooleanField(
        required=False, initial=True, label="Is active", widget=UnfoldBooleanSwitchWidget(), help_text=_SWITCHED_OFF
    )

    underpayment = forms.ChoiceField(
        choices=[(one.value, f"{one.value}: {one.label}") for one in UnderpaymentPolicy],
        initial=UnderpaymentPolicy.REVIEW,
        widget=UnfoldAdminSelectWidget(),
        help_text=_UNDERPAYMENT,
    )

    class Meta:
        model = Product
        fields = ("name", "is_active", "underpayment", "takes_savings")
        help_texts = {"takes_savings": _SAVINGS}

    def clean_name(self) -> str:
        """In one line of visible letters."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        if not is_plain(name):
            raise forms.ValidationError("Write visible characters only.")
        return name


@admin.register(Product)
class ProductAdmin(HistoryAdmin, ListAdmin):
    """Products, the newest first. None is ever deleted: what was done in its name stays."""

    history = ProductHistory
    form = ProductForm
    list_display = ["name", "is_active", "underpayment", "takes_savings", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    search_help_text = "A part of a name."
    is_exported = False
    change_form_outer_after_template = "admin/products/product/belongings.html"

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and that of what counts."""
        counts = self.admin_site.admin_view(self.what_counts)
        return [path("what-counts/", counts, name="products_product_what_counts"), *super().get_urls()]

    def what_counts(self, request: HttpRequest) -> HttpResponse:
        """Fees, slabs, limits, windows and caps as they are now."""
        return what_counts(request, self)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Write what was changed and nothing else: two people may have the form open."""
        obj.save(update_fields=form.changed_data if change else None)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page with the ways to what belongs to the product."""
        if (product := options.get("obj")) is not None and product.pk:
            context["belongings"] = _belongings(product, request)
            context["look_address"] = _branding(product, request)
        return super().render_change_form(request, context, *args, **options)


def _branding(product: Product, request: HttpRequest) -> str | None:
    """Where its look is set; None for whoever may not see it, or not make one where there is none."""
    if Branding.objects.filter(pk=product.pk).exists():
        return reverse("admin:products_branding_change", args=[product.pk]) if may_see(request, Branding) else None
    may_add = request.user.has_perm("products.add_branding")
    return f"{reverse('admin:products_branding_add')}?{urlencode({'product': product.pk})}" if may_add else None


def _belongings(product: Product, request: HttpRequest) -> list[tuple[str, str, str]]:
    """A name, an address and a sentence for each list of what is the product's; only those that this person may see."""
    found = []
    for label, sentence in (
        ("products.apikey", "Which work, what they may, who made them."),
        ("webhooks.webhookendpoint", "Who is told, and how."),
        ("balances.account", "Its accounts in the ledger."),
        ("balances.fee", "What it pays, with every row there was."),
        ("withdrawals.slabset", "Whose approvals its withdrawals take."),
        ("withdrawals.withdrawallimit", "What it may ask for in a time."),
        ("withdrawals.duplicatewindow", "Its own."),
        ("withdrawals.outflowcap", "The most that leaves in a day."),
        ("products.customer", "Its end users, by its own ids."),
    ):
        model = apps.get_model(label)
        if may_see(request, model):
            address = reverse(f"admin:{label.replace('.', '_')}_changelist")
            asked = urlencode({"product__id__exact": product.pk})
            found.append((list_title(model._meta), f"{address}?{asked}", sentence))  # noqa: SLF001 - Django's documented name
    return found
