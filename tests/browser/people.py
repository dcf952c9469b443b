"""People of the back office, each at a browser of their own, with an authenticator app in their hand."""

import json
import os
import secrets
import subprocess
import sys
import time
from base64 import b32encode
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from gateway.stack import second_factor
from tests.browser.screens import Screen
from tests.stories.conftest import Stack

_STEP_SECONDS: Final = 30
#: Codes of this many steps before and after are told from a wrong one; the admin takes those of one.
_NEAR_STEPS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs in. The secret is that of their app, in base32."""

    name: str
    password: str = field(repr=False)
    secret: str = field(repr=False)

    def code(self) -> str:
        """What the app shows now. The admin takes it once."""
        return second_factor.code(self.secret, time.time())

    def wrong_code(self) -> str:
        """What the app shows neither now nor soon."""
        steps = range(-_NEAR_STEPS, _NEAR_STEPS + 1)
        near = {second_factor.code(self.secret, time.time() + step * _STEP_SECONDS) for step in steps}
        return next(one for one in map("{:06d}".format, range(len(near) + 1)) if one not in near)


def person_of(info: dict[str, Any], who: str) -> Person:
    """One of the two with whom a stack begins: "admin" or "approver"."""
    secret = parse_qs(urlsplit(info[f"{who}_totp_uri"]).query)["secret"][0]
    return Person(name=info[f"{who}_user"], password=info[f"{who}_password"], secret=secret)


#: Run inside the stack's service; what it makes is told to it in one line.
_HIRE: Final = """
import base64, json, sys
from django.contrib.auth.models import Group, User
from gateway.backoffice.signing_in import second_factor
for one in json.load(sys.stdin):
    person = User.objects.create_user(one["name"], password=one["password"], is_staff=True)
    person.groups.set(Group.objects.filter(name=one["role"]))
    second_factor.keep(person, base64.b32decode(one["secret"]))
"""


def hire(stack: Stack, roles: Collection[str]) -> dict[str, Person]:
    """New people, by their roles: all by one command, for it takes seconds to start.

    Who has no role that `manage.py seed` made has none.
    """
    people = {
        role: Person(
            name=f"{role}-{secrets.token_hex(3)}",
            password=secrets.token_urlsafe(),
            secret=b32encode(secrets.token_bytes(20)).decode(),
        )
        for role in roles
    }
    told = [
        {"name": one.name, "password": one.password, "secret": one.secret, "role": role} for role, one in people.items()
    ]
    subprocess.run(
        [sys.executable, "-m", "gateway.stack.manage", "shell", "--no-imports", "--command", _HIRE],
        env={**os.environ, "STACK_DIR": str(stack.directory)},
        input=json.dumps(told),
        text=True,
        check=True,
    )
    return people


def sign_in(screen: Screen, person: Person) -> None:
    """From the page that asks who it is to the first page."""
    screen.open("/admin/login/")
    enter(screen, person, person.code())


def enter(screen: Screen, person: Person, code: str, *, password: str | None = None, status: int = 200) -> None:
    """Fill in what the page asks for; it leads to what was asked for before."""
    screen.page.get_by_label("Username").fill(person.name)
    screen.page.get_by_label("Password").fill(person.password if password is None else password)
    screen.page.get_by_label("Code").fill(code)
    screen.press("Sign in", status=status)
