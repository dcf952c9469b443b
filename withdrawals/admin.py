"""Money out, to look at. The recipient and the frozen request are encrypted and not shown."""

from django.contrib import admin

from gateway import ids
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin
from withdrawals.models import Withdrawal, WithdrawalMove


class WithdrawalMoveInline(HistoryInline):
    """The life of a withdrawal."""

    model = WithdrawalMove


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Withdrawals, newest first."""

    id_prefix = ids.WITHDRAWAL
    list_display = [
        "public_id",
        "mode",
        "status",
        "payment_system",
        "amount",
        "currency",
        "reference",
        "customer",
        "contradiction",
        "created_at",
    ]
    list_filter = ["mode", "status", "payment_system"]
    search_fields = ["reference", "customer__external_id"]
    list_select_related = ["customer", "payment_system"]
    inlines = [WithdrawalMoveInline]
