"""The second factor of a person: opened by somebody else, enrolled by themselves, asked for at every sign-in.

All of it is recorded in Django's log of the admin, under the person whom it is about.
"""

import base64
import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from axes.utils import reset as forget_failures
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone

from gateway.backoffice import readable
from gateway.backoffice.models import SecondFactor
from gateway.backoffice.models.second_factors import DIGITS, SECRET_BYTES, STEP_SECONDS

#: Until the next working day: whoever knows the password may enrol meanwhile, so not longer.
OPEN_HOURS: Final = 24
#: Stands above the code in the app.
ISSUER: Final = "Payment gateway"


@transaction.atomic
def open_enrolment(person: AbstractUser, *, by: AbstractUser, where: str) -> SecondFactor:
    """Let this person enrol at their next sign-in; what they had before proves nothing any more.

    Args:
        person: who may enrol.
        by: who says so.
        where: they said it, for the log: "in the admin".
    """
    had_one = _forget(person)
    made = SecondFactor.objects.create(
        user_id=person.pk, confirmed=False, open_until=timezone.now() + timedelta(hours=OPEN_HOURS)
    )
    words = "The former second factor was removed. " if had_one else ""
    _log(person, by, f"{words}Enrolment of a second factor was opened for {OPEN_HOURS} hours, {where}.")
    return made


def is_enrolled(person: AbstractUser) -> bool:
    """Whether this person has a second factor that is asked for."""
    return SecondFactor.objects.filter(user=person, confirmed=True).exists()


def opened(person: AbstractUser) -> int | None:
    """The key of the enrolment that is open for this person; None: there is none. Opened anew, it is another one."""
    key: int | None = _open(person).values_list("pk", flat=True).first()
    return key


def described(person: AbstractUser) -> str:
    """How it stands with a person's second factor, for other people."""
    factor = SecondFactor.objects.filter(user_id=person.pk).defer("secret").first()
    if factor is None:
        return "none: this person cannot sign in"
    if factor.confirmed:
        return f"enrolled since {readable.moment(factor.created_at)}"
    assert factor.open_until is not None, "the database refuses others"
    word = "open until" if factor.open_until > timezone.now() else "was open until"
    return f"none: enrolment {word} {readable.moment(factor.open_until)}"


@transaction.atomic
def new_secret(person: AbstractUser) -> bytes | None:
    """A secret to be shown once; it replaces one that was shown and not confirmed. None: enrolment is not open."""
    factor = _open(person).select_for_update().first()
    if factor is None:
        return None
    factor.secret = secrets.token_bytes(SECRET_BYTES)
    factor.save(update_fields=["secret"])
    return bytes(factor.secret)


@transaction.atomic
def enrol(person: AbstractUser, code: str) -> SecondFactor | None:
    """Confirm the secret that was shown, by a first code. None: it is another code, or enrolment is not open."""
    factor = _open(person).select_for_update().first()
    if factor is None or not factor.verify_token(code):
        return None
    factor.confirmed, factor.open_until, factor.created_at = True, None, timezone.now()
    factor.save(update_fields=["confirmed", "open_until", "created_at"])
    _log(person, person, "Enrolled a second factor.")
    return factor


@transaction.atomic
def verify(person: AbstractUser, code: str) -> SecondFactor | None:
    """The second factor that this code proves; each code proves it once, at two doors at the same time, too."""
    factor = SecondFactor.objects.select_for_update().filter(user=person, confirmed=True).first()
    return factor if factor is not None and factor.verify_token(code) else None


@transaction.atomic
def keep(person: AbstractUser, secret: bytes) -> None:
    """Give a person of a trial the second factor that its owner made; one with this secret is left as it is."""
    factor = SecondFactor.objects.filter(user=person, confirmed=True).first()
    if factor is not None and factor.secret == secret:
        return
    _forget(person)
    SecondFactor.objects.create(user_id=person.pk, confirmed=True, secret=secret)
    _log(person, person, "Was given a second factor with the other secrets of this installation.")


@transaction.atomic
def lift_locks(person: AbstractUser, *, by: AbstractUser, where: str) -> None:
    """Let a person try again at once: forget their wrong passwords and wrong codes."""
    factor = SecondFactor.objects.select_for_update().filter(user=person).first()
    if factor is not None:
        factor.throttle_reset()
    forget_failures(username=person.get_username())
    _log(person, by, f"The locks after failed sign-ins were lifted, {where}.")


def uri(username: str, secret: bytes) -> str:
    """What an app reads from the square (the key URI format that all of them know)."""
    told = {"secret": as_text(secret), "issuer": ISSUER, "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{quote(f'{ISSUER}:{username}')}?{urlencode(told, quote_via=quote)}"


def as_text(secret: bytes) -> str:
    """What a person types who cannot scan the square."""
    return base64.b32encode(secret).decode().rstrip("=")


def _open(person: AbstractUser) -> models.QuerySet[SecondFactor]:
    return SecondFactor.objects.filter(user=person, confirmed=False, open_until__gt=timezone.now())


def _forget(person: AbstractUser) -> bool:
    gone, _ = SecondFactor.objects.filter(user=person).delete()
    return gone > 0


def _log(person: AbstractUser, by: AbstractUser, words: str) -> None:
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=get_content_type_for_model(person),
        object_id=str(person.pk),
        object_repr=person.get_username(),
        action_flag=CHANGE,
        change_message=words,
    )
