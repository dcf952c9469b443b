"""What the back office keeps for the people who work in it: never money, only what they said, asked for and saw."""

from gateway.backoffice.models.exports import Export, ExportChunk, ExportDownload, ExportMove, FileFormat
from gateway.backoffice.models.figures import Counted, DayFigure, Span, SystemFigure
from gateway.backoffice.models.handled import ENDINGS, About, Deed, Handled
from gateway.backoffice.models.looks import Look, LookKind
from gateway.backoffice.models.notes import Note, StruckNote
from gateway.backoffice.models.saved_views import SavedView
from gateway.backoffice.models.second_factors import SecondFactor

__all__ = [
    "ENDINGS",
    "About",
    "Counted",
    "DayFigure",
    "Deed",
    "Export",
    "ExportChunk",
    "ExportDownload",
    "ExportMove",
    "FileFormat",
    "Handled",
    "Look",
    "LookKind",
    "Note",
    "SavedView",
    "SecondFactor",
    "Span",
    "StruckNote",
    "SystemFigure",
]
