"""The stack's own keys: made at the first start, kept in ``secrets.json``, read by nobody else."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final, Self

from gateway.stack.private_files import write_private
from gateway.stack.refusal import CannotStartError

#: 256 bits: what the API keys and Fernet ask for, and enough for everything else.
_KEY_BYTES: Final = 32
#: 128 bits, the size of the provider's own keys (C§1.1).
_PROVIDER_KEY_BYTES: Final = 16
#: 20 characters that a person may have to type once.
_PASSWORD_BYTES: Final = 15

#: 160 bits, as of every second factor (RFC 4226 §4); 20 bytes are 32 letters of base32 without padding.
_TOTP_BYTES: Final = 20

#: Two persons, because money that people move takes two: either asks, and the other one approves.
ADMIN_USER: Final = "admin"
APPROVER_USER: Final = "approver"


def _key() -> str:
    return secrets.token_urlsafe(_KEY_BYTES)


def _provider_key() -> str:
    return secrets.token_hex(_PROVIDER_KEY_BYTES)


def _totp_secret() -> str:
    return base64.b32encode(secrets.token_bytes(_TOTP_BYTES)).decode()


def _secret(make: Callable[[], str]) -> str:
    made: str = field(default_factory=make, repr=False)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Every secret of one data directory; a field without a value is made anew."""

    stack_mark: str = _secret(_key)
    django_secret_key: str = _secret(_key)
    field_encryption_key: str = _secret(lambda: base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
    search_hash_key: str = _secret(_key)
    admin_password: str = _secret(lambda: secrets.token_urlsafe(_PASSWORD_BYTES))
    approver_password: str = _secret(lambda: secrets.token_urlsafe(_PASSWORD_BYTES))
    admin_totp_secret: str = _secret(_totp_secret)
    approver_totp_secret: str = _secret(_totp_secret)
    test_api_key: str = _secret(lambda: f"pk_test_{_key()}")
    live_api_key: str = _secret(lambda: f"pk_live_{_key()}")
    test_approval_key: str = _secret(lambda: f"pk_test_{_key()}")
    live_approval_key: str = _secret(lambda: f"pk_live_{_key()}")
    sandbox_api_secret: str = _secret(_provider_key)
    sandbox_withdrawal_key: str = _secret(_provider_key)
    sandbox_postback_access_key: str = _secret(_provider_key)
    sandbox_postback_private_key: str = _secret(_provider_key)
    sandbox_postback_token: str = _secret(_provider_key)
    sandbox_control_key: str = _secret(_provider_key)

    def values(self) -> list[str]:
        """The bare secrets."""
        return [getattr(self, entry.name) for entry in fields(self)]

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read them, or make and keep what is missing.

        Raises:
            CannotStartError: If the file is not ours to read, or is damaged. It is never replaced: the data
                is encrypted with one of its keys.
        """
        path = directory / "secrets.json"
        try:
            kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            known = {entry.name: str(kept[entry.name]) for entry in fields(cls) if entry.name in kept}
        except (OSError, ValueError, TypeError) as error:
            raise CannotStartError(
                f"{path} cannot be read ({type(error).__name__}). The data there needs its keys: restore the "
                "file, or set STACK_DIR to a new directory.",
            ) from None
        credentials = cls(**known)
        if asdict(credentials) != kept:
            write_private(path, json.dumps(asdict(credentials), indent=2) + "\n")
        return credentials
