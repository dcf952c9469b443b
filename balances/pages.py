"""The pages of what instructions and journals name; their apps stand above this one, which knows them by name."""

from typing import Final

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from gateway import ids
from gateway.who_sees import may_see

#: Whose page it is, by the prefix of its id.
_MODELS: Final = {
    ids.DEPOSIT: ("payments", "deposit"),
    ids.RECEIPT: ("payments", "receipt"),
    ids.WITHDRAWAL: ("withdrawals", "withdrawal"),
}


def link(address: str, text: object) -> str:
    """A link of the admin's look."""
    return format_html('<a class="underline" href="{}">{}</a>', address, text)


def linked(text: str, request: HttpRequest | None = None) -> str:
    """The id of an order or a receipt as a link, any other text as it is; with a request, where it may be followed."""
    prefix = text.partition("_")[0]
    pk = ids.decode(prefix, text) if prefix in _MODELS else None
    if pk is None:
        return text
    app, model = _MODELS[prefix]
    if request is not None and not may_see(request, apps.get_model(app, model)):
        return text
    return link(reverse(f"admin:{app}_{model}_change", args=[pk]), text)
