"""``python -m benchmarks.stage``: the rows that the measured requests need; says the secrets on standard output.

A process of its own, because it sets up the service's Django and the measuring process has none.
"""

import json
import os
import secrets
import sys
from dataclasses import asdict
from typing import Final

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
django.setup()

from benchmarks.callers import Doors  # noqa: E402 - models exist only now
from gateway.products.actions import keep_key  # noqa: E402
from gateway.products.models import Mode, Product, new_key  # noqa: E402
from gateway.providers.models import ProviderAccount  # noqa: E402
from gateway.webhooks.actions import add_endpoint  # noqa: E402

#: More than one caller can make.
_CALLS_PER_MINUTE: Final = 10_000_000


def set_up() -> Doors:
    """The catalogue, a product with a key and a webhook endpoint for everything, and a provider account."""
    call_command("migrate", verbosity=0)
    call_command("seed", stdout=sys.stderr)
    product = Product.objects.create(name="Benchmark")
    doors = Doors(
        api_key=new_key(Mode.TEST),
        postback_token=secrets.token_urlsafe(32),
        postback_access_key=secrets.token_hex(16),
        postback_private_key=secrets.token_hex(16),
    )
    key = keep_key(product=product, mode=Mode.TEST, name="benchmark", key=doors.api_key)
    # Counted at each call like any other, but not held up.
    key.rate_limit_per_minute = _CALLS_PER_MINUTE
    key.save(update_fields=["rate_limit_per_minute"])
    add_endpoint(product=product, mode=Mode.TEST, url="https://shop.example/webhooks", event_types=[])
    ProviderAccount.objects.create(
        name="Benchmark",
        mode=Mode.TEST,
        base_url="https://api.example",
        api_secret=secrets.token_hex(16),
        withdrawal_key=secrets.token_hex(16),
        postback_access_key=doors.postback_access_key,
        postback_private_key=doors.postback_private_key,
        postback_token=doors.postback_token,
    )
    return doors


if __name__ == "__main__":
    json.dump(asdict(set_up()), sys.stdout)
