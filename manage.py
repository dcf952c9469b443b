#!/usr/bin/env python3
"""Django's command line for the gateway."""

import os
import sys

from django.core.management import execute_from_command_line

from gateway import logs

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    logs.warnings_alone()  # a person reads here what the command says; the rows tell what it did
    execute_from_command_line(sys.argv)
