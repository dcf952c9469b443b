"""Who sits at the terminal, and what they type that nobody may see."""

import getpass
import sys

from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractUser
from django.core.management.base import CommandError


def person(username: str) -> AbstractUser:
    """Who this is, by the password.

    Raises:
        CommandError: it is not theirs.
    """
    found = authenticate(username=username, password=unseen("Password: "))
    if not isinstance(found, AbstractUser):
        raise CommandError("There is no active person with this username and password.")
    return found


def unseen(prompt: str) -> str:
    """Typed unseen, or the next line of a standard input that is no terminal. Never an argument: those are listed."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
