"""What one person did in a work queue: a row that says who, what and why, and is never changed."""

from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from balances.instruction_models import REASON_MAX_LENGTH
from gateway import ids
from gateway.lifecycles import written_once


class Deed(models.TextChoices):
    """What was done."""

    ASKED = "asked", "had the provider asked about it"
    RETRIED = "retried", "had it tried again"
    SET_ASIDE = "set_aside", "looked at it and set it aside"
    FINE = "fine", "found nothing wrong with it"
    CONTESTED = "contested", "does not believe it"


class About(models.TextChoices):
    """What it was done to."""

    WITHDRAWAL = "withdrawal", "a withdrawal"
    LETTER_ITEM = "letter_item", "an item of a letter"
    SCREENSHOT = "screenshot", "the screenshot of a confirmation"


#: After one of these it waits for nobody any more, so there is one of them for a thing.
ENDINGS: Final = (Deed.SET_ASIDE, Deed.FINE, Deed.CONTESTED)


class Handled(models.Model):
    """One thing that one person did in a work queue. It moves no money: whatever does is an order's or a journal's."""

    id = models.UUIDField(
        primary_key=True, default=ids.new_id, editable=False, help_text="That of the form: however often it is sent."
    )
    about = models.CharField(max_length=12, choices=About.choices)
    subject = models.UUIDField(help_text="Id of the withdrawal, the letter's item or the picture's confirmation.")
    deed = models.CharField(max_length=12, choices=Deed.choices)
    reason = models.CharField(max_length=REASON_MAX_LENGTH, help_text="Why, in the person's words.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "action in a queue"
        verbose_name_plural = "actions in queues"
        permissions = [
            ("ask_provider", "Can have the provider asked at once, and a payout tried again at once"),
            ("set_letter_aside", "Can set aside letters that the provider does not confirm"),
            ("judge_screenshot", "Can say what to think of a suspicious screenshot"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(about__in=About.values), name="handled_is_something_known"),
            models.CheckConstraint(condition=models.Q(deed__in=Deed.values), name="handled_deed_is_known"),
            models.UniqueConstraint(
                fields=["about", "subject"], condition=models.Q(deed__in=ENDINGS), name="handled_to_an_end_once"
            ),
        ]
        indexes = [models.Index(fields=["subject"], name="handled_of_a_thing")]
        triggers = written_once("what people did in the queues")

    def __str__(self) -> str:
        return f"{self.about} {self.deed}"
