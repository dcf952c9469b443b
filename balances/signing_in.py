"""Who sits at the terminal, and what they type that nobody may see."""

import getpass
import sys

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractUser
from django.core.management.base import CommandError


def person(username: str) -> AbstractUser:
    """Who this is, by the password: at a shell no code is asked for (docs/adr/the-shell-is-a-door-of-its-own.md).

    Raises:
        CommandError: it is not theirs.
    """
    # Not by all backends: the lock against guessing counts requests, of which there is none here.
    found = ModelBackend().authenticate(None, username=username, password=unseen("Password: "))
    if not isinstance(found, AbstractUser):
        raise CommandError("There is no active person with this username and password.")
    return found


def unseen(prompt: str) -> str:
    """Typed unseen, or the next line of a standard input that is no terminal. Never an argument: those are listed."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
