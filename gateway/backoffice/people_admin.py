"""People and groups: rights are given by superusers alone, and nobody gives any to themselves.

Django lets whoever may edit users make superusers, and set other people's passwords: one person would be two, and what
takes two persons would take one. Superusers may still do all of it, to others; Django's log says who did what.
"""

from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

#: What a person may, and whether they come in at all.
_RIGHTS: Final = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
#: Says so, above the forms.
_RIGHTS_TEMPLATE: Final = "admin/auth/rights.html"

admin.site.unregister(User)
admin.site.unregister(Group)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # the library is untyped
    """People. Whoever is no superuser edits those who do not come into the admin, and never what somebody may."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    change_form_before_template = _RIGHTS_TEMPLATE

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rights, for everybody else than another superuser."""
        fields = super().get_readonly_fields(request, obj)
        may_give = _is_superuser(request) and (obj is None or obj.pk != request.user.pk)
        return fields if may_give else (*fields, *_RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As it was granted; the password of somebody who comes into the admin would be their rights."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same; what somebody did is in the log that would go with them, so nobody deletes themselves."""
        is_other = obj is None or obj.pk != request.user.pk
        return is_other and super().has_delete_permission(request, obj) and _may_touch(request, obj)


def _may_touch(request: HttpRequest, person: Any) -> bool:
    return _is_superuser(request) or person is None or not (person.is_staff or person.is_superuser)


@admin.register(Group)
class PeopleGroupAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """Groups: what their people may, superusers say."""

    change_form_before_template = _RIGHTS_TEMPLATE

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it may, for whoever is no superuser."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, "permissions")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its people would lose what they may by it."""
        return _is_superuser(request) and super().has_delete_permission(request, obj)
