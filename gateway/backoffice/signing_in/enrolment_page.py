"""The page on which a person enrols their second factor: shows the secret once, and asks for a first code."""

from typing import Any, Final

import django_otp
import segno
from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from gateway.backoffice.signing_in import second_factor
from gateway.backoffice.signing_in.sign_in_form import code_field

#: In the session of whoever gave their password while an enrolment was open: which one. A session from before, of a
#: telephone or a computer that is lost, may be why it was opened, and enrols nothing.
ENROLS: Final = "enrols"


class FirstCodeForm(forms.Form):
    """The first code of the app."""

    code = code_field(is_required=True, help_text="Six digits, as the app shows them now.")


def enrolment_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show a new secret, or take its first code, for whoever signed in with their password while enrolment is open.

    A GET shows no secret, so that neither a prefetch nor a reload makes one: a button does.
    """
    person = request.user
    if not isinstance(person, AbstractUser) or not (person.is_active and person.is_staff):
        return HttpResponseRedirect(reverse("admin:login"))
    if (opened := second_factor.opened(person)) is None or request.session.get(ENROLS) != opened:
        # Enrolled in another window, too late, or signed in before it was opened: the sign-in says what is next.
        return HttpResponseRedirect(reverse("admin:index"))
    form = FirstCodeForm(request.POST if "code" in request.POST else None)
    if form.is_valid():
        factor = second_factor.enrol(person, form.cleaned_data["code"])
        if factor is not None:
            django_otp.login(request, factor)
            # The session is worth more from here on than the one that began with the password alone.
            request.session.cycle_key()
            del request.session[ENROLS]
            messages.success(request, "Your second factor is enrolled. From now on each sign-in asks for its code.")
            return HttpResponseRedirect(reverse("admin:index"))
        form.add_error("code", "This is not the code of now. Wait for the next one; or begin anew with a new secret.")
    context |= {"title": "Enrol your second factor", "form": form, "person": person.get_username()}
    if "show" in request.POST and (secret := second_factor.new_secret(person)) is not None:
        context |= {
            "square": segno.make(second_factor.uri(person.get_username(), secret), error="m").svg_data_uri(
                scale=5, border=4, dark="#000", light="#fff"
            ),
            "secret": second_factor.as_text(secret),
        }
    answer = TemplateResponse(request, "admin/enrol.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
