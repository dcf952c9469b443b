#!/usr/bin/env python3
"""Django's command line for the gateway."""

import os
import sys

from django.core.management import execute_from_command_line

from gateway import logs
from gateway.celery import app

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    app.set_default()  # what a command does rings the doorbell, too, which needs to know its broker
    try:
        "".join(sys.argv).encode()
    except UnicodeEncodeError:
        # Bytes that were no UTF-8 are half characters here, which neither the database nor a terminal takes.
        sys.exit("CommandError: Write the arguments in UTF-8.")
    logs.warnings_alone()  # a person reads here what the command says; the rows tell what it did
    execute_from_command_line(sys.argv)
