"""People of the back office, as their browsers are."""

import secrets
import time
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP

from gateway.backoffice.models import SecondFactor

#: The clocks of tests jump by hours. How sessions end is the matter of those who sign in at the page.
_NEVER_ENDS = "9999-12-31T00:00:00+00:00"


def logged_in(name: str, *permissions: str) -> Client:
    """The browser of a new member of staff with these permissions, by their code names."""
    person = User.objects.create_user(name, is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return browser_of(person)


def code_of(person: Any, *, later: int = 0) -> str:
    """What the app of this person shows now, or so many steps later: each code is taken once."""
    secret = bytes(SecondFactor.objects.get(user=person).secret)
    totp = TOTP(secret)
    totp.time = time.time() + later * totp.step
    return f"{totp.token():06d}"


def enrolled(person: Any) -> SecondFactor:
    """The second factor of this person, made where there is none."""
    factor: SecondFactor
    factor, _ = SecondFactor.objects.get_or_create(user=person, defaults={"secret": secrets.token_bytes(20)})
    return factor


def browser_of(person: Any, client: Client | None = None) -> Client:
    """A browser in which this person has signed in, with their second factor; a new one where none is given."""
    client = Client() if client is None else client
    client.force_login(person)
    factor = enrolled(person)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = factor.persistent_id
    session["began"] = session["used"] = _NEVER_ENDS
    session.save()
    return client
