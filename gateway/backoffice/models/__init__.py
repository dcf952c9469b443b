"""What the back office keeps for the people who work in it: never money, only what they said, asked for and saw."""

from gateway.backoffice.models.figures import Counted, DayFigure, Span, SystemFigure

__all__ = ["Counted", "DayFigure", "Span", "SystemFigure"]
