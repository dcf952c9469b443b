"""What proves, beside the password, that it is this person: an app on their telephone that shows codes (RFC 6238)."""

import re
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin
from django_otp.oath import TOTP

from gateway.encryption import EncryptedBytesField, readable_or

#: 160 bits, as RFC 4226 §4 recommends; every app takes it.
SECRET_BYTES: Final = 20
#: What every app does when it is told nothing else; many of them do nothing else when told.
STEP_SECONDS: Final = 30
DIGITS: Final = 6
#: Steps before and after the present one whose codes are taken: clocks of telephones are seconds off, and a person
#: needs some seconds to type. RFC 6238 §5.2 recommends one; each more is a third more to guess.
TOLERANCE_STEPS: Final = 1
_CODE: Final = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


class SecondFactor(ThrottlingMixin, Device):  # type: ignore[misc]  # untyped
    """One person's. It is opened for enrolment, then given a secret, then confirmed by a first code.

    The library's own device keeps its secret in plain text (docs/adr/second-factors-are-encrypted.md). Row and session
    know each other by the primary key, so a second factor that replaces another one is another row: no session that
    was verified by the old one is verified by the new one.

    After a wrong code the next one is looked at a second later, after two wrong ones two, then four, and so on.
    """

    #: The library's, of which people here have one.
    name: Any = None
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor")
    secret: Any = EncryptedBytesField(null=True, help_text="Shared with the app; shown once, to this person alone.")
    last_step = models.BigIntegerField(default=-1, help_text="The step of the last code; each code is taken once.")
    open_until = models.DateTimeField(null=True, help_text="Until then its person may enrol; null once they have.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed=False, open_until__isnull=False)
                | models.Q(confirmed=True, open_until=None, secret__isnull=False),
                name="second_factor_is_open_or_confirmed",
            ),
        ]

    objects: models.Manager["SecondFactor"] = models.Manager()

    def __str__(self) -> str:
        return f"second factor of {self.user.get_username()}"

    def get_throttle_factor(self) -> int:
        """Seconds after the first wrong code; each further one doubles them."""
        return 1

    def verify_token(self, token: str) -> bool:
        """Take a code, once; of a row that the caller has locked, or two could take the same.

        A code that comes too soon after a wrong one is not looked at.
        """
        allowed, _ = self.verify_is_allowed()
        secret = readable_or(self, "secret", None)
        if not allowed or secret is None:
            return False
        written = "".join(token.split())
        totp = TOTP(bytes(secret), step=STEP_SECONDS, digits=DIGITS)
        totp.time = timezone.now().timestamp()
        fits = _CODE.fullmatch(written) is not None and totp.verify(int(written), TOLERANCE_STEPS, self.last_step + 1)
        if fits:
            self.last_step = totp.t()
            self.throttle_reset(commit=False)
        else:
            self.throttle_increment(commit=False)
        self.save(update_fields=["last_step", "throttling_failure_timestamp", "throttling_failure_count"])
        return fits
