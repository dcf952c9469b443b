"""``python -m gateway.stack``: the whole service on this machine, in the foreground."""

import argparse
import os
import sys
from pathlib import Path

from gateway.stack.launcher import launch
from gateway.stack.services import make_plan

if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m gateway.stack",
        description=(
            "Starts PostgreSQL, Valkey, the web server, the workers and the simulated Paykassma; Ctrl-C "
            "stops them. PORT, HOST, SANDBOX_PORT, STACK_DIR, DATABASE_URL, MIGRATION_DATABASE_URL, REDIS_URL, "
            "PG_BIN and PAYKASSMA_* are read from the environment."
        ),
    ).parse_args()
    if not hasattr(os, "pidfd_open"):
        sys.exit("The local stack runs on Linux only.")
    sys.exit(launch(os.environ, Path.cwd(), make_plan))
