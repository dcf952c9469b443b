"""Processes that end with the test process that started them, however that one ends.

A run that is spread over several processes kills them when it is interrupted, before they have cleaned up.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Final

from gateway.stack import processes

_CHILD_PROGRAM: Final = str(Path(processes.__file__).with_name("child.py"))


def bound(*command: str) -> list[str]:
    """The command, told to stop (SIGTERM) once we are dead.

    Args:
        command: absolute path of the program, then its arguments; to be started from the main thread, whose death it is
            that the kernel reports.
    """
    ourselves, number = str(os.getpid()), str(int(signal.SIGTERM))
    return [sys.executable, "-I", "-S", _CHILD_PROGRAM, ourselves, number, "-", "0", *command]
