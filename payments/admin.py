"""Money in, to look at."""

from django.contrib import admin

from gateway import ids
from gateway.readonly_admin import HistoryInline, ReadOnlyAdmin
from payments.models import Confirmation, ConfirmationMove, Deposit, DepositMove, Receipt


class DepositMoveInline(HistoryInline):
    """The life of a deposit."""

    model = DepositMove


class ConfirmationMoveInline(HistoryInline):
    """The life of a confirmation."""

    model = ConfirmationMove


@admin.register(Deposit)
class DepositAdmin(ReadOnlyAdmin):
    """Deposits, newest first."""

    id_prefix = ids.DEPOSIT
    list_display = [
        "public_id",
        "mode",
        "status",
        "payment_system",
        "amount",
        "currency",
        "received_amount",
        "amount_check",
        "late",
        "reference",
        "customer",
        "created_at",
    ]
    list_filter = ["mode", "status", "payment_system", "amount_check", "late"]
    search_fields = ["reference", "customer__external_id", "confirmations__provider_reference"]
    list_select_related = ["customer", "payment_system"]
    inlines = [DepositMoveInline]


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnlyAdmin):
    """Confirmations, newest first."""

    id_prefix = ids.CONFIRMATION
    list_display = [
        "public_id",
        "deposit",
        "status",
        "provider_reference",
        "amount",
        "is_contested",
        "created_at",
    ]
    list_filter = ["status", "is_contested"]
    search_fields = ["provider_reference"]
    inlines = [ConfirmationMoveInline]


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """Receipts, newest first; those in suspense have no deposit."""

    id_prefix = ids.RECEIPT
    list_display = [
        "__str__",
        "status",
        "amount",
        "currency",
        "wallet_type",
        "transaction_id",
        "deposit",
        "contradiction",
        "provider_at",
        "received_at",
    ]
    list_filter = ["status", "currency", "account"]
    search_fields = ["transaction_id", "custom_id"]
