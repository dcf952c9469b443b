"""People and groups: rights are given by superusers alone, and nobody gives any to themselves.

Django lets whoever may edit users make superusers, and set other people's passwords: one person would be two, and what
takes two persons would take one. Superusers may still do all of it, to others; Django's log says who did what.

People of an office are some dozens, and groups are fewer: their lists may be counted and sorted.
"""

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from gateway.backoffice.signing_in import second_factor
from gateway.chosen_rows import ChosenRows
from gateway.list_titles import TitledList
from gateway.people import person_of

#: What a person may, and whether they come in at all.
_RIGHTS: Final = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
#: Says so, above the forms.
_RIGHTS_TEMPLATE: Final = "admin/auth/rights.html"
#: Said in the log of what is done here.
_WHERE: Final = "in the admin"

admin.site.unregister(User)
admin.site.unregister(Group)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


@admin.register(User)
class PersonAdmin(TitledList, ChosenRows, UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # the library is untyped
    """People. Whoever is no superuser edits those who do not come into the admin, and never what somebody may."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    change_form_before_template = _RIGHTS_TEMPLATE
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Second factor", {"fields": ["second_factor_now"]}))
    readonly_fields = ["second_factor_now"]
    actions_detail = ["open_enrolment", "lift_locks"]

    @admin.display(description="second factor")
    def second_factor_now(self, row: User) -> str:
        """Whether there is one."""
        return second_factor.described(row)

    def has_help_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Superusers, with others: whoever found a browser open would make its owner's second factor theirs."""
        # Whose page it is says the row: "7", "07" and "+7" in an address are one person.
        person = None if object_id is None else self.get_object(request, str(object_id))
        return _is_superuser(request) and (person is None or person.pk != request.user.pk)

    @action(description="Open enrolment", url_path="open-enrolment", permissions=["help"])  # type: ignore[untyped-decorator]
    def open_enrolment(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the person enrol a second factor, in the place of what they have."""
        person = self._helped(request, object_id)
        if request.method == "POST":
            second_factor.open_enrolment(person, by=person_of(request), where=_WHERE)
            messages.success(request, f"{person} enrols at the next sign-in, within {second_factor.OPEN_HOURS} hours.")
            return HttpResponseRedirect(reverse("admin:auth_user_change", args=[person.pk]))
        return self._asked(request, f"Open enrolment for {person}", "open")

    @action(description="Lift locks", url_path="lift-locks", permissions=["help"])  # type: ignore[untyped-decorator]
    def lift_locks(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the person try again at once after failed sign-ins."""
        person = self._helped(request, object_id)
        if request.method == "POST":
            second_factor.lift_locks(person, by=person_of(request), where=_WHERE)
            messages.success(request, f"{person} may try again at once.")
            return HttpResponseRedirect(reverse("admin:auth_user_change", args=[person.pk]))
        return self._asked(request, f"Lift the locks of {person}", "lift")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - the base class's signature
        """Another person's password; one's own takes the old one, which whoever found a browser open does not know."""
        person = self.get_object(request, unquote(id))
        if person is not None and person.pk == request.user.pk and self.has_change_permission(request, person):
            return HttpResponseRedirect(reverse("admin:password_change"))
        return super().user_change_password(request, id, form_url)

    def _helped(self, request: HttpRequest, object_id: str) -> User:
        person = self.get_object(request, object_id)
        if not isinstance(person, User):
            raise Http404
        return person

    def _asked(self, request: HttpRequest, title: str, what: str) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "what": what}
        return TemplateResponse(request, "admin/auth/second_factor.html", context)

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
class PeopleGroupAdmin(TitledList, ChosenRows, GroupAdmin, ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """Groups: what their people may, superusers say."""

    change_form_before_template = _RIGHTS_TEMPLATE

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it may, for whoever is no superuser."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, "permissions")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its people would lose what they may by it."""
        return _is_superuser(request) and super().has_delete_permission(request, obj)
