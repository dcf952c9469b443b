"""What people look at again and again, by names of their own."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from gateway import ids

#: A few words: it stands in a row of links.
NAME_MAX_LENGTH: Final = 60
#: Filters as an address has them; a hundred ids of forty characters fit.
QUERY_MAX_LENGTH: Final = 4_000


class SavedView(models.Model):
    """The filters of a list under a name. Never a search: people search for what customers are called by."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    list_name = models.CharField(max_length=80, help_text="Whose list it is: app and model.")
    name = models.CharField(max_length=NAME_MAX_LENGTH)
    query = models.CharField(max_length=QUERY_MAX_LENGTH, blank=True, help_text="Filters, as an address has them.")
    is_shared = models.BooleanField(default=False, help_text="Everybody who sees the list sees it, too.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        permissions = [("share_view", "Can share saved views of lists with everybody, and take shared ones away")]
        constraints = [
            models.UniqueConstraint(fields=["person", "list_name", "name"], name="one_saved_view_per_name"),
            models.UniqueConstraint(
                fields=["list_name", "name"], condition=Q(is_shared=True), name="one_shared_view_per_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name
