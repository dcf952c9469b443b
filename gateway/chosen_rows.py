"""Rows that are chosen in a list, for an action: what a browser sent is looked at before any row is looked for."""

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.db import models
from django.http import HttpRequest


class ChosenRows:
    """For admins, before the library's own: rows are chosen page by page, each by a key that one could have."""

    model: type[models.Model]
    #: Nobody can say how many rows there are, so nobody can choose all of them.
    list_disable_select_all = True

    def response_action(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> Any:
        """An action on the chosen rows.

        Raises:
            BadRequest: something that was sent is no key of this model: the database would fail to look for it.
        """
        if request.POST.get("select_across") == "1":
            raise BadRequest("Rows are chosen page by page.")
        key = self.model._meta.pk  # noqa: SLF001 - Django's documented model API
        assert key is not None, "every model has one"
        try:
            for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
                key.run_validators(key.to_python(chosen))
        except ValidationError:
            raise BadRequest("One of the chosen rows has no key.") from None
        return super().response_action(request, queryset)  # type: ignore[misc]  # that of the library's admin
