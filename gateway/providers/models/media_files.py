"""Our own copies of the pictures and films that the provider names, so that a customer's phone talks to nobody else."""

from typing import Final

from django.db import models
from django.utils import timezone

from gateway import ids
from gateway.due_work import DueWork
from gateway.providers.models.systems import HINT_URL_MAX_LENGTH

#: Half a minute of a small film; on a slow phone more would not be watched.
HINT_MAX_BYTES: Final = 5 * 1024 * 1024
#: Of a logo before it is made small.
LOGO_MAX_BYTES: Final = 256 * 1024


class MediaKind(models.TextChoices):
    """What a file is for."""

    LOGO = "logo", "logo of a payment system"
    HINT = "hint", "shows how to pay"


class MediaType(models.TextChoices):
    """What the bytes of a file are; what their server calls them is not asked."""

    GIF = "image/gif", "GIF"
    PNG = "image/png", "PNG"
    JPEG = "image/jpeg", "JPEG"
    WEBP = "image/webp", "WebP"
    SVG = "image/svg+xml", "SVG"
    MP4 = "video/mp4", "MP4"
    WEBM = "video/webm", "WebM"


class MediaFailure(models.TextChoices):
    """Why the last try to fetch a file failed."""

    NO_ADDRESS = "no_address", "its address is none that can be called"
    FORBIDDEN = "forbidden", "its address is not public"
    UNREACHABLE = "unreachable", "no connection"
    TIMED_OUT = "timed_out", "too slow"
    BROKEN = "broken", "the answer broke off"
    REFUSED = "refused", "another answer than the file"
    ENCODED = "encoded", "sent compressed, though asked for plain"
    TOO_LARGE = "too_large", "more bytes or pixels than are taken"
    WRONG_TYPE = "wrong_type", "no picture or film of a kind that is taken"
    UNSAFE = "unsafe", "a drawing that could do more than be looked at"
    NO_ROOM = "no_room", "others that are needed more fill the room"


class MediaFile(DueWork):
    """A file of the provider's that is shown to customers: where it lies, and our copy of it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=4, choices=MediaKind.choices)
    url = models.CharField(max_length=HINT_URL_MAX_LENGTH)
    url_digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the URL.")
    named_at = models.DateTimeField(help_text="When the provider last named it.")
    content = models.BinaryField(default=b"", blank=True)
    content_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="SHA-256 of our copy; empty: there is none."
    )
    content_type = models.CharField(max_length=13, choices=MediaType.choices, blank=True)
    size = models.PositiveIntegerField(default=0, help_text="Bytes of our copy.")
    fetched_at = models.DateTimeField(null=True, blank=True, help_text="When our copy was last the provider's.")
    failure = models.CharField(
        max_length=11, choices=MediaFailure.choices, blank=True, help_text="Of the last try; empty: it succeeded."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["content_digest"], name="media_files_by_content")]
        constraints = [
            # One address may be a logo and a hint; each is kept in its own size.
            models.UniqueConstraint(fields=["url_digest", "kind"], name="one_file_per_url_and_kind"),
            models.CheckConstraint(
                condition=models.Q(content=b"", size=0, content_digest="", content_type="")
                | (
                    ~models.Q(content=b"")
                    & models.Q(size__gt=0, size__lte=HINT_MAX_BYTES)
                    & ~models.Q(content_digest="")
                    & ~models.Q(content_type="")
                ),
                name="file_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.url}"
