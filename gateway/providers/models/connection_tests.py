"""What came of asking a provider, at somebody's wish, whether an account works."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.providers.models.accounts import ProviderAccount


class ConnectionTest(models.Model):
    """One test and what it found; its calls are kept with all others."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, db_index=False, related_name="tests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, help_text="Empty: it is under way, or we died meanwhile.")
    findings = models.JSONField(default=list, help_text="What was found, in sentences: [{about, works, sentence}].")

    class Meta:
        indexes = [models.Index(fields=["account", "-asked_at"], name="connection_tests_of_an_account")]

    def __str__(self) -> str:
        return f"{self.account}, {self.asked_at:%Y-%m-%d %H:%M:%S}Z"
