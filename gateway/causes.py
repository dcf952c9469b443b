"""Who or what made something happen, by name: rows keep a kind and an id, and people read a name with its page.

It stands below the apps whose rows it names and knows them by their labels, as every history of the admin shows causes.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from gateway import ids
from gateway.in_words import in_words
from gateway.lifecycles import CauseKind
from gateway.who_sees import may_see

#: What is said of a cause without a name of its own.
WORDS: Final = {
    CauseKind.PROVIDER_ANSWER: "the provider's answer",
    CauseKind.PULL: "the provider, asked by us",
    CauseKind.CLOCK: "the clock",
    CauseKind.API_KEY: "an API key",
    CauseKind.CUSTOMER: "the customer, on the payment page",
    CauseKind.PERSON: "a person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A cause as people read it: ``text``, and where its page is, "" where there is none to see."""

    text: str
    address: str = ""

    @property
    def html(self) -> str:
        """The text, as a link where there is a page."""
        if not self.address:
            return self.text
        return format_html('<a class="underline" href="{}">{}</a>', self.address, self.text)


def named(request: HttpRequest, causes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Named]:
    """The name of each (kind, id): one query for all persons and one for all keys, whatever their number.

    Ids are as history rows keep them: a person's number, a key's UUID, a letter's UUID behind a pull, an instruction's
    TypeID behind what two persons decided; anything else is shown as it is. Pages are linked where they may be seen.
    """
    wanted = set(causes)
    numbers = {one for kind, one in wanted if kind == CauseKind.PERSON and one.isascii() and one.isdigit()}
    keys = {one for kind, one in wanted if kind == CauseKind.API_KEY and _uuid(one) is not None}
    found: dict[tuple[str, str], Named] = {}
    if numbers:
        people = get_user_model()
        for person in people._default_manager.filter(pk__in=sorted(numbers)):  # noqa: SLF001 - Django's documented API
            found[CauseKind.PERSON, str(person.pk)] = Named(
                text=person.get_username(), address=_page_if_seen(request, people, person.pk)
            )
    if keys:
        model = apps.get_model("products", "ApiKey")
        for key in model._default_manager.select_related("product").filter(pk__in=sorted(keys)):  # noqa: SLF001 - as above
            found[CauseKind.API_KEY, str(key.pk)] = Named(
                text=f"key {key.name} of {key.product}", address=_page_if_seen(request, model, key.pk)
            )
    return {one: found.get(one) or _unnamed(request, *one) for one in wanted}


def _unnamed(request: HttpRequest, kind: str, cause_id: str) -> Named:
    words = WORDS.get(CauseKind(kind), kind) if kind in CauseKind.values else in_words(kind)
    instruction = ids.decode(ids.INSTRUCTION, cause_id)
    if instruction is not None:
        address = _page_if_seen(request, apps.get_model("balances", "Instruction"), instruction)
        return Named(text=f"two persons, {cause_id}", address=address)
    if kind == CauseKind.PULL and (letter := _uuid(cause_id)) is not None:
        address = _page_if_seen(request, apps.get_model("postbacks", "Letter"), letter)
        return Named(text=f"{words} because of a letter", address=address)
    return Named(text=f"{words}, {cause_id}" if cause_id else str(words))


def page(model: type[Model], key: object) -> str:
    """The address of a row's page in the admin."""
    meta = model._meta  # noqa: SLF001 - Django's documented model API
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[key])


def _page_if_seen(request: HttpRequest, model: type[Model], key: object) -> str:
    return page(model, key) if admin.site.is_registered(model) and may_see(request, model) else ""


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
