"""The form of a payment system, as a browser sends it."""

import json
from typing import Any, Final

from gateway.providers.models import PaymentSystem

COLUMNS: Final = [field.name for field in PaymentSystem._meta.concrete_fields if field.name != "code"]


def filled(system: PaymentSystem, **changes: Any) -> dict[str, Any]:
    """The form as it is shown, with changes; JSON columns may be given as text."""
    sent: dict[str, Any] = {}
    for name in COLUMNS:
        value = changes.get(name, getattr(system, name))
        if isinstance(value, bool):
            sent |= {name: "on"} if value else {}
        elif name.endswith(("_fields", "_keys")) or name == "constants":
            sent[name] = value if isinstance(value, str) else json.dumps(value)
        else:
            sent[name] = ",".join(value) if isinstance(value, list) else "" if value is None else value
    return sent
