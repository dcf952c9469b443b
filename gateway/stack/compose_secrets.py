"""Makes every secret that ``docker/compose.yaml`` asks for: ``python3 -m gateway.stack.compose_secrets``, once.

Writes ``docker/.env`` from ``docker/.env.example``, and ``docker/secrets/``; another directory may be named. What is
there already is kept: the data is encrypted with one of these keys.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from gateway.stack.credentials import ADMIN_USER, APPROVER_USER, Credentials
from gateway.stack.services import PROJECT_DIRECTORY

_DOCKER: Final = PROJECT_DIRECTORY / "docker"
#: As the gateway's containers reach it.
SANDBOX_URL: Final = "http://sandbox:8001"
#: For us alone; within it each file may be read by all, for the containers' users have numbers of their own.
_PRIVATE_DIRECTORY_MODE: Final = 0o700
_PRIVATE_FILE_MODE: Final = 0o600
_READABLE_FILE_MODE: Final = 0o444


def environment(
    made: Credentials, *, database_password: str, application_password: str, redis_password: str
) -> dict[str, str]:
    """The values that stand empty in ``.env.example``."""
    return {
        "SECRET_KEY": made.django_secret_key,
        "FIELD_ENCRYPTION_KEYS": made.field_encryption_key,
        "SEARCH_HASH_KEYS": made.search_hash_key,
        "DATABASE_PASSWORD": database_password,
        "DATABASE_APPLICATION_PASSWORD": application_password,
        "REDIS_PASSWORD": redis_password,
        "SANDBOX_API_SECRET": made.sandbox_api_secret,
        "SANDBOX_WITHDRAWAL_KEY": made.sandbox_withdrawal_key,
        "SANDBOX_POSTBACK_ACCESS_KEY": made.sandbox_postback_access_key,
        "SANDBOX_POSTBACK_PRIVATE_KEY": made.sandbox_postback_private_key,
        "SANDBOX_POSTBACK_TOKEN": made.sandbox_postback_token,
        "SANDBOX_CONTROL_KEY": made.sandbox_control_key,
    }


def seed(made: Credentials) -> dict[str, Any]:
    """What ``manage.py seed --local`` reads; a live account, of the same shape as the sandbox's, is added by hand."""
    return {
        "admin_user": ADMIN_USER,
        "admin_password": made.admin_password,
        "admin_totp_secret": made.admin_totp_secret,
        "approver_user": APPROVER_USER,
        "approver_password": made.approver_password,
        "approver_totp_secret": made.approver_totp_secret,
        "test_api_key": made.test_api_key,
        "live_api_key": made.live_api_key,
        "test_approval_key": made.test_approval_key,
        "live_approval_key": made.live_approval_key,
        "sandbox": {
            "base_url": SANDBOX_URL,
            "api_secret": made.sandbox_api_secret,
            "withdrawal_key": made.sandbox_withdrawal_key,
            "postback_access_key": made.sandbox_postback_access_key,
            "postback_private_key": made.sandbox_postback_private_key,
            "postback_token": made.sandbox_postback_token,
        },
        "live": None,
    }


def write(path: Path, text: str, mode: int) -> None:
    """Write a file that is not there yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def main(directory: Path) -> int:
    """Make them all, or nothing."""
    if kept := [str(path) for path in (directory / ".env", directory / "secrets") if path.exists()]:
        sys.stderr.write(f"There already, and kept as it is: {', '.join(kept)}\n")
        return 1
    made = Credentials()
    # More words of the same make: what a Credentials calls them does not matter.
    database_password, application_password, redis_password = (Credentials().stack_mark for _ in range(3))
    values = environment(
        made,
        database_password=database_password,
        application_password=application_password,
        redis_password=redis_password,
    )
    text = re.sub(
        r"^([A-Z_]+)=$",
        lambda found: f"{found[1]}={values[found[1]]}",
        (_DOCKER / ".env.example").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    secrets = directory / "secrets"
    secrets.mkdir(mode=_PRIVATE_DIRECTORY_MODE)
    write(secrets / "seed.json", json.dumps(seed(made), indent=2) + "\n", _READABLE_FILE_MODE)
    write(secrets / "database_password", database_password, _READABLE_FILE_MODE)
    write(secrets / "valkey.conf", f"requirepass {redis_password}\n", _READABLE_FILE_MODE)
    write(directory / ".env", text, _PRIVATE_FILE_MODE)
    sys.stdout.write(f"Written: {directory / '.env'} and {secrets}/. Keep copies where secrets are kept.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else _DOCKER))
