"""What the back office keeps for the people who work in it: never money, only what they said, asked for and saw."""

from gateway.backoffice.models.handled import ENDINGS, About, Deed, Handled

__all__ = ["ENDINGS", "About", "Deed", "Handled"]
