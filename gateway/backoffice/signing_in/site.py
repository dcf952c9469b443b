"""The admin's site: nobody comes in without a second factor."""

from functools import partial, wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth import login as sign_in
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from gateway import for_pages
from gateway.backoffice.personal_data import masking
from gateway.backoffice.signing_in.enrolment_page import ENROLS, enrolment_page
from gateway.backoffice.signing_in.own_password import OwnPasswordView
from gateway.backoffice.signing_in.sign_in_form import SignInForm


class SignInView(LoginView):
    """Signs in who is verified; whoever may enrol, and nothing else, goes on to their enrolment."""

    authentication_form = SignInForm
    template_name = "admin/login.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Begin the session; its key is a new one."""
        sign_in(self.request, form.get_user())
        for_pages.begin(self.request)
        if form.enrols is None:
            return HttpResponseRedirect(self.get_success_url())
        self.request.session[ENROLS] = form.enrols
        return HttpResponseRedirect(reverse("admin:enrol"))


class GatewaySite(UnfoldAdminSite):  # type: ignore[misc]  # untyped
    """Unfold's site for active staff whose session is verified by a second factor."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person comes in at all; what they may do there is asked by each page."""
        is_verified = getattr(request.user, "is_verified", None)  # set by the middleware of gateway/for_pages.py
        return bool(super().has_permission(request) and is_verified is not None and is_verified())

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Every list that this person may see, as Django gives it, made when a page shows it.

        Each page is given it, and nearly none shows it: ours have a sidebar of their own. To ask of every table whether
        it may be seen would take a fifth of the time of a page.
        """
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - the base class's signature
        """A page of the admin. Who pressed a button after their session had ended comes back to where it stood.

        To what the button sent nobody comes by an address: after the sign-in there would be nothing (405).
        """
        wrapped = super().admin_view(view, cacheable)

        @wraps(wrapped)
        def page(request: HttpRequest, *args: Any, **known: Any) -> Any:
            is_button = request.method == "POST" and request.path != reverse("admin:logout")
            if is_button and not self.has_permission(request):
                return redirect_to_login(_button_stood_at(request), reverse("admin:login"))
            return wrapped(request, *args, **known)

        return page

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The page on which people sign in."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": "Sign in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            **(extra_context or {}),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index")
        return SignInView.as_view(extra_context=context)(request)

    @method_decorator(never_cache)
    @method_decorator(csrf_protect)
    def enrol(self, request: HttpRequest) -> HttpResponse:
        """The page on which a person enrols their second factor."""
        return enrolment_page(request, self.each_context(request))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page on which people change their own password."""
        request.current_app = self.name
        context = {**self.each_context(request), **(extra_context or {})}
        done = reverse("admin:password_change_done")
        return OwnPasswordView.as_view(success_url=done, extra_context=context)(request)  # type: ignore[return-value]

    def personal_data(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """Personal data in clear, on this one page; a POST, so that nothing that fetches ahead is a look."""
        shown, page = masking.look(kind, key, request)
        context = {**self.each_context(request), "title": "Personal data", "shown": shown, "page": page}
        answer = TemplateResponse(request, "admin/personal_data.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def get_urls(self) -> list[URLPattern]:
        """Unfold's; that of the enrolment, whose person is not verified yet; and that of looks.

        Without the one that leads to an object's page on a site beside the admin: there is no such site, and it would
        look up rows of any table for whoever comes in.
        """
        urls = [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]
        look = self.admin_view(require_POST(self.personal_data))
        return [
            path("enrol/", self.enrol, name="enrol"),
            path("personal-data/<slug:kind>/<str:key>/", look, name="personal_data"),
            *urls,
        ]


def _button_stood_at(request: HttpRequest) -> str:
    """The page of the admin from which a form came, as far as the browser says so; else the first one."""
    said = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(said, {request.get_host()}, require_https=request.is_secure())
    told, first = urlsplit(said) if is_ours else urlsplit(""), reverse("admin:index")
    return f"{told.path}?{told.query}".removesuffix("?") if told.path.startswith(first) else first
