"""Letters, to look at. Their bodies are encrypted and not shown."""

from django.contrib import admin

from gateway.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from postbacks.models import Letter, LetterItem, RejectedLetter


class LetterItemInline(ReadOnlyInline):
    """What a letter says."""

    model = LetterItem
    fields = [
        "position",
        "is_withdrawal",
        "order_id",
        "transaction_id",
        "amount",
        "currency",
        "status",
        "note",
    ]


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """Letters, newest first."""

    list_display = ["received_at", "account", "envelope_agrees", "disagreements", "variant", "copies"]
    list_filter = ["account", "envelope_agrees", "variant"]
    inlines = [LetterItemInline]


@admin.register(LetterItem)
class LetterItemAdmin(ReadOnlyAdmin):
    """Items: the unconfirmed and the contradicted ones want a person."""

    list_display = [
        "created_at",
        "status",
        "is_withdrawal",
        "order_id",
        "transaction_id",
        "amount",
        "currency",
        "note",
    ]
    list_filter = ["status", "is_withdrawal", "account"]
    search_fields = ["order_id", "transaction_id"]


@admin.register(RejectedLetter)
class RejectedLetterAdmin(ReadOnlyAdmin):
    """Samples of what was refused."""

    list_display = ["received_at", "account", "reason"]
    list_filter = ["account", "reason"]
