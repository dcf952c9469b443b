"""2026-11-26 20:48:05 UTC: sorts as it reads, and nobody takes it for the time on their wall."""

from typing import Final

DATETIME_FORMAT: Final = r"Y-m-d H:i:s \U\T\C"
SHORT_DATETIME_FORMAT: Final = DATETIME_FORMAT
DATE_FORMAT: Final = "Y-m-d"
SHORT_DATE_FORMAT: Final = DATE_FORMAT
TIME_FORMAT: Final = r"H:i:s \U\T\C"
