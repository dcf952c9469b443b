"""The codes of the stack's persons are those that the admin asks for."""

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.utils import timezone
from django_otp.oath import TOTP

from gateway.backoffice.signing_in import second_factor as of_the_admin
from gateway.stack.credentials import Credentials
from gateway.stack.second_factor import code, totp_uri

ROOT = Path(__file__).resolve().parents[3]
#: RFC 6238, appendix B: its key, and the last six digits of its codes.
KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "digits"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standard(at: int, digits: str) -> None:
    assert code(base64.b32encode(KEY).decode(), at) == digits


def test_the_address_is_the_one_that_the_admin_shows() -> None:
    made = Credentials()
    secret = made.admin_totp_secret
    assert len(base64.b32decode(secret)) == 20
    assert secret != made.approver_totp_secret
    assert totp_uri("admin", secret) == of_the_admin.uri("admin", base64.b32decode(secret))


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway.stack.code", *arguments],
        cwd=ROOT,
        env={**os.environ, "STACK_DIR": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_the_present_code_of_either(tmp_path: Path) -> None:
    secrets = {name: base64.b32encode(name.encode().ljust(20, b"-")).decode() for name in ("admin", "approver")}
    uris = {f"{name}_totp_uri": totp_uri(name, secret) for name, secret in secrets.items()}
    (tmp_path / "info.json").write_text(json.dumps(uris))
    for name, arguments in (("admin", []), ("admin", ["admin"]), ("approver", ["approver"])):
        totp = TOTP(base64.b32decode(secrets[name]))
        before = timezone.now().timestamp()
        printed = run(tmp_path, *arguments).stdout
        wanted = set()
        for at in (before, time.time()):
            totp.time = at
            wanted.add(f"{totp.token():06d}\n")
        assert printed in wanted


def test_the_command_says_what_it_cannot_do(tmp_path: Path) -> None:
    for arguments, said in ((["eve"], "There are admin and approver"), ([], "No stack is running")):
        done = run(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
