"""Letters, to look at. Their bodies are encrypted and not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from gateway.exact_search import spellings
from gateway.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from gateway.walking_by_key import WalkById
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
    list_filter = ["account", "envelope_agrees", "variant", "key_index", "received_at"]
    list_select_related = ["account"]
    mode_lookup = "account__mode"
    search_help_text = "An id of a letter, of an order in it, or a transaction, in full."
    walks_by_id = (WalkById(among={"envelope_agrees": frozenset({False})}, are_few=True),)
    views = (("Contradict themselves", "envelope_agrees__exact=0"),)
    inlines = [LetterItemInline]

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By what one of its items names."""
        return [Letter.objects.filter(pk__in=way.values("letter")) for way in _items(term)]


@admin.register(LetterItem)
class LetterItemAdmin(ReadOnlyAdmin):
    """Items: the unconfirmed, the contradicted and the unreadable ones want a person."""

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
    list_filter = [
        *(
            "status",
            "is_withdrawal",
            "is_stray",
            "account",
            "wallet_type",
            "currency",
            "amount",
            "created_at",
            "letter",
        ),
    ]
    list_select_related = ["account"]
    mode_lookup = "account__mode"
    search_help_text = "An id of an order, or a transaction, in full."
    walks_by_id = (WalkById(among={"status": frozenset({"unconfirmed", "contradicted", "unusable"})}, are_few=True),)
    views = (
        ("Unconfirmed", "status__in=unconfirmed"),
        ("Contradicted", "status__in=contradicted"),
        ("Cannot be read", "status__in=unusable"),
        ("Strays", "is_stray__exact=1&created_at__gte=today-6d"),
    )

    def found_exactly(self, term: str) -> "list[QuerySet[Any]]":
        """By the order or the transaction that it names."""
        return _items(term)


def _items(term: str) -> "list[QuerySet[Any]]":
    rows = LetterItem.objects.all()
    return [rows.filter(order_id=term), rows.filter(transaction_id__in=[one for one in spellings(term) if one])]


@admin.register(RejectedLetter)
class RejectedLetterAdmin(ReadOnlyAdmin):
    """Samples of what was refused."""

    list_display = ["received_at", "account", "reason"]
    list_filter = ["account", "reason", "received_at"]
    list_select_related = ["account"]
    mode_lookup = "account__mode"
    ordering = ["-received_at"]
