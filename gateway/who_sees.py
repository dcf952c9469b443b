"""Who may look at the rows of a model: asked in one way by every page that shows or counts them."""

from collections.abc import Iterable

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


def may_see(request: HttpRequest, model: type[Model], also: Iterable[str] = ()) -> bool:
    """Whether this person may look at rows of this model.

    Args:
        request: theirs.
        model: whose page of the admin is asked; where it has none, its view permission is.
        also: permissions, any of which lets people look where it has none.
    """
    if admin.site.is_registered(model):
        return bool(admin.site.get_model_admin(model).has_view_permission(request))
    meta = model._meta  # noqa: SLF001 - Django's documented model API
    return any(request.user.has_perm(one) for one in (f"{meta.app_label}.view_{meta.model_name}", *also))
