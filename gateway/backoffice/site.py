"""The admin's site: nobody comes in without a second factor."""

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth import login as sign_in
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from unfold.sites import UnfoldAdminSite

from gateway import for_pages
from gateway.backoffice.enrolment_page import enrolment_page
from gateway.backoffice.sign_in_form import SignInForm


class SignInView(LoginView):
    """Signs in who is verified; whoever may enrol, and nothing else, goes on to their enrolment."""

    authentication_form = SignInForm
    template_name = "admin/login.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Begin the session; its key is a new one."""
        sign_in(self.request, form.get_user())
        for_pages.begin(self.request)
        return HttpResponseRedirect(reverse("admin:enrol") if form.may_enrol else self.get_success_url())


class GatewaySite(UnfoldAdminSite):  # type: ignore[misc]  # untyped
    """Unfold's site for active staff whose session is verified by a second factor."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person comes in at all; what they may do there is asked by each page."""
        is_verified = getattr(request.user, "is_verified", None)  # set by the middleware of gateway/for_pages.py
        return bool(super().has_permission(request) and is_verified is not None and is_verified())

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

    def get_urls(self) -> list[URLPattern]:
        """Unfold's, and that of the enrolment: its person is not verified yet."""
        urls: list[URLPattern] = super().get_urls()
        return [path("enrol/", self.enrol, name="enrol"), *urls]
