"""The addresses of the settings as connections: of the application, and of the owner. Read before Django is set up."""

from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

#: What a connection of another role has of its own; the rest of its settings is everybody's.
OF_A_ROLE: Final = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


def of_the_application(login: dict[str, Any], role: str) -> dict[str, Any]:
    """``DATABASE_URL`` as the application uses it: under the application role, whoever logs in.

    Who logs in as somebody else, the owner of a small installation, has the role assumed in the parameters of the
    connection. Django's own ``assume_role`` is a statement after it, which waits for ever for the pool that it is in.
    """
    if login["USER"] == role:
        return login
    given = login.get("OPTIONS", {})
    escaped = role.replace("\\", "\\\\").replace(" ", "\\ ")  # as libpq reads it
    return {**login, "OPTIONS": {**given, "options": f"{given.get('options', '')} -c role={escaped}".lstrip()}}


def of_the_owner(owner: dict[str, Any], login: dict[str, Any]) -> dict[str, Any]:
    """``MIGRATION_DATABASE_URL``, or whoever ``DATABASE_URL`` logs in as.

    Raises:
        ImproperlyConfigured: if the two are about two databases.
    """
    if owner["NAME"] != login["NAME"]:
        raise ImproperlyConfigured("MIGRATION_DATABASE_URL and DATABASE_URL have to name the same database")
    return owner


def with_options(address: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The same address with more options of the connection."""
    return {**address, "OPTIONS": {**address.get("OPTIONS", {}), **options}}
