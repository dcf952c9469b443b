"""Files only their owner may read, replaced whole or not at all."""

import os
from pathlib import Path
from typing import Final

PRIVATE_FILE_MODE: Final = 0o600


def write_private(path: Path, text: str) -> None:
    """Write the text so that a reader sees the old file or the new one, and nobody else sees either."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # left by a crash, perhaps with other rights
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
