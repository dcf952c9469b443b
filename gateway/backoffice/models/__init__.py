"""What the back office keeps for the people who work in it: never money, only what they said, asked for and saw."""

from gateway.backoffice.models.exports import Export, ExportChunk, ExportDownload, ExportMove, FileFormat

__all__ = ["Export", "ExportChunk", "ExportDownload", "ExportMove", "FileFormat"]
