"""The views of a list, for its page: the lists themselves stand below the back office and know nothing of views."""

from typing import Any

from django import template
from django.http import HttpRequest, QueryDict

from gateway.people import person_of

register = template.Library()


@register.inclusion_tag("admin/lists/views.html", takes_context=True)
def saved_views_of(context: dict[str, Any], cl: Any) -> dict[str, Any]:
    """Links to the views of a list, and the form that saves another one."""
    # Here, not above: Django reads this file before the admin's own classes are there.
    from gateway.backoffice.lists.saved_views import SHARE, views_of  # noqa: PLC0415
    from gateway.backoffice.models.saved_views import NAME_MAX_LENGTH  # noqa: PLC0415

    request: HttpRequest = context["request"]
    me, may_share = person_of(request), request.user.has_perm(SHARE)
    shown = QueryDict(cl.to().removeprefix("?"), mutable=True)
    for name in ("mode", "mode__exact", "q"):
        shown.pop(name, None)
    views = [
        {"name": name, "query": query, "is_shown": QueryDict(query) == shown, "row": None}
        for name, query in cl.model_admin.views
    ]
    views += [
        {
            "name": row.name,
            "query": row.query,
            "is_shown": QueryDict(row.query) == shown,
            "row": row,
            "whose": "" if row.person_id == me.pk else row.person.get_username(),
            "may_forget": row.person_id == me.pk or may_share,
        }
        for row in views_of(request, cl.opts.label_lower)
    ]
    return {
        "views": views,
        "list": cl.opts.label_lower,
        "query": shown.urlencode(),
        "may_share": may_share,
        "name_max_length": NAME_MAX_LENGTH,
    }
