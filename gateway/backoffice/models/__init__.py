"""What the back office keeps for the people who work in it: never money, only what they said, asked for and saw."""

from gateway.backoffice.models.saved_views import SavedView

__all__ = ["SavedView"]
