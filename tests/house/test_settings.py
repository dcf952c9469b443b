"""The service does not start without what it must not guess."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]

WANTED = {
    "SECRET_KEY": "x" * 50,
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "SEARCH_HASH_KEYS": "y" * 43,
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def start(environment: dict[str, str], code: str = "") -> subprocess.CompletedProcess[str]:
    """Set Django up in a process that has only this environment."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import django; django.setup()\n{code}"],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "gateway.settings", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("missing", WANTED)
def test_it_refuses_to_start_and_names_what_is_missing(missing: str) -> None:
    ended = start({name: value for name, value in WANTED.items() if name != missing})
    assert ended.returncode != 0
    assert f"Set the {missing} environment variable" in ended.stderr


def test_it_starts_with_them_and_guesses_nothing_dangerous() -> None:
    code = (
        "from django.conf import settings as s\n"
        "print(s.DEBUG, s.LOCAL_STACK, s.ATOMIC_REQUESTS if hasattr(s, 'ATOMIC_REQUESTS') else False,"
        " s.DATABASES['default']['ATOMIC_REQUESTS'], '*' in s.ALLOWED_HOSTS)"
    )
    ended = start(WANTED, code)
    assert (ended.returncode, ended.stdout.split()) == (0, ["False"] * 5), ended.stderr


def test_no_secret_stands_in_the_settings() -> None:
    text = (ROOT / "gateway/settings.py").read_text()
    for name in WANTED:
        lines = [line for line in text.splitlines() if f'"{name}"' in line]
        assert lines
        assert not any(
            "default" in line.split("#")[0].replace('["default"]', "").replace('"default": env', "") for line in lines
        )
