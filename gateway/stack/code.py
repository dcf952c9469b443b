"""The present code of one of the stack's persons: ``python -m gateway.stack.code [admin | approver]``.

Each code is taken once. Whoever signs in again within half a minute waits for the next one.
"""

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.stack.credentials import ADMIN_USER, APPROVER_USER
from gateway.stack.second_factor import code
from gateway.stack.settings import stack_directory
from gateway.stack.summary import FILE_NAME


def _main() -> int:
    who = sys.argv[1] if len(sys.argv) > 1 else ADMIN_USER
    if who not in {ADMIN_USER, APPROVER_USER}:
        sys.stderr.write(f"There are {ADMIN_USER} and {APPROVER_USER}; of others the stack knows no secret.\n")
        return 1
    directory = stack_directory(os.environ, Path.cwd())
    try:
        info = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
    except OSError:
        sys.stderr.write(f"No stack is running on {directory}. Type `make up` first, or name its STACK_DIR.\n")
        return 1
    secret = parse_qs(urlsplit(info[f"{who}_totp_uri"]).query)["secret"][0]
    sys.stdout.write(f"{code(secret, time.time())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
