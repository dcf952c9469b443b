"""``manage.py seed``: the rows that every installation needs, and with ``--local`` those of a trial.

Idempotent: what exists is left as it is, but for the groups of the roles (`gateway.backoffice.roles`), and for the
local stack's own accounts, passwords and second factors, which follow the values that the stack was started with.

It lives here because a trial needs money, and slabs of approval, too: this app sees all of what it writes.
"""

import base64
import json
import re
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from balances import trial_money
from gateway.backoffice import roles
from gateway.backoffice.master_data import first_settings
from gateway.backoffice.signing_in import second_factor
from gateway.encryption import readable_or
from gateway.kept_history import by_command
from gateway.products.actions import keep_key
from gateway.products.models import ORDINARY_SCOPES, Mode, Product, Scope
from gateway.providers import health
from gateway.providers.catalogue import SYSTEMS
from gateway.providers.models import BASE_URL_PATTERN, UNGUESSABLE_PATTERN, PaymentSystem, ProviderAccount
from withdrawals import trial_slabs

#: Of the key by which somebody else than the order's own approves.
_APPROVING: Final = (Scope.READ, Scope.WITHDRAWALS_APPROVE)


class Command(BaseCommand):
    """Writes catalogue and roles; with ``--local`` two persons, accounts, and a product with keys, money and slabs."""

    help = "Write the catalogue of payment systems and the roles; --local reads a trial's accounts and keys as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One switch, with a file or without."""
        parser.add_argument(
            "--local",
            nargs="?",
            const="-",
            metavar="FILE",
            help="read the local stack's facts from a file, or from standard input",
        )

    @by_command("seed")
    def handle(self, *args: Any, **options: Any) -> None:
        """Seed in one transaction, all or nothing; then what two persons decide, each in two transactions."""
        facts = _facts(options["local"]) if options["local"] else None
        with transaction.atomic():
            made = self._catalogue()
            roles.write()
            product = None if facts is None else self._local(facts)
        if facts is not None and product is not None:
            self._by_two_persons(product, facts)
        self.stdout.write(f"{made} payment systems added, {len(SYSTEMS) - made} known already.")

    def _catalogue(self) -> int:
        known = set(PaymentSystem.objects.values_list("code", flat=True))
        fresh = [PaymentSystem(**one.as_row()) for one in SYSTEMS if one.code not in known]
        if known:
            # Past the first installation what pays out waits for two persons, and for one who completes the rest.
            for one in (one for one in fresh if one.pays_out):
                one.pays_out = one.is_complete = one.is_enabled = False
        PaymentSystem.objects.bulk_create(fresh)
        return len(fresh)

    def _local(self, facts: dict[str, Any]) -> Product:
        product, _ = Product.objects.get_or_create(name="Demo product")
        keep_key(product=product, mode=Mode.TEST, name="local stack", key=facts["test_api_key"])
        if key := facts.get("test_approval_key"):  # not in a file from before there were approvals
            keep_key(product=product, mode=Mode.TEST, name="local stack, approvals", key=key, scopes=_APPROVING)
        self._sandbox(facts["sandbox"])
        self._users = [self._user(who, facts) for who in ("admin", "approver") if f"{who}_user" in facts]
        return product

    def _by_two_persons(self, product: Product, facts: dict[str, Any]) -> None:
        """What may move money comes by the door by which all such things come: one asks, the other approves."""
        if len(self._users) < 2:  # noqa: PLR2004 - a file from before there was a second person
            self.stdout.write(
                "No live keys and account, no trial money, no slabs: they take a second person, approver_user and"
                " approver_password."
            )
            return
        # Live money that nobody paid is for the one-command stack alone: a real installation may be seeded from a file,
        # too, and what its product has, it may pay out. So it is with slabs by which nobody looks at small sums. Test
        # money is play money everywhere.
        modes = list(Mode) if settings.LOCAL_STACK else [Mode.TEST]
        requester, approver = self._users
        keys = {
            "local stack": ("live_api_key", ORDINARY_SCOPES),
            "local stack, approvals": ("live_approval_key", _APPROVING),
        }
        for name, (fact, scopes) in keys.items():
            if key := facts.get(fact):
                first_settings.issue_key(product, name, key, scopes, requester=requester, approver=approver)
        if facts.get("live"):
            columns = _columns("Paykassma", facts["live"])
            first_settings.keep_account("Paykassma", columns, requester=requester, approver=approver)
        trial_money.fund(product, modes, requester=requester, approver=approver)
        trial_slabs.agree(product, modes, requester=requester, approver=approver)

    def _user(self, who: str, facts: dict[str, Any]) -> AbstractUser:
        name, password = facts[f"{who}_user"], facts[f"{who}_password"]
        user, _ = get_user_model().objects.get_or_create(
            username=name, defaults={"is_staff": True, "is_superuser": True}
        )
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        if secret := facts.get(f"{who}_totp_secret"):
            second_factor.keep(user, base64.b32decode(secret))
        elif not second_factor.is_enrolled(user):  # a file from before people had second factors
            self.stdout.write(f"{name} has no second factor. Open its enrolment: manage.py second_factor {name}")
        return user

    def _sandbox(self, facts: dict[str, str]) -> None:
        columns = _columns("Sandbox", facts)
        if "widget_url" in facts:  # its port may change; another account's is a person's to set
            columns["widget_url"] = facts["widget_url"]
        before = ProviderAccount.objects.filter(name="Sandbox").first()
        # Due now: the first look at the provider's list of systems does not wait for an hour.
        account, _ = ProviderAccount.objects.update_or_create(
            name="Sandbox", defaults={**columns, "mode": Mode.TEST, "next_at": timezone.now()}
        )
        if before is None or any(readable_or(before, key, None) != value for key, value in columns.items()):
            health.forgive(account)


def _columns(name: str, facts: dict[str, str]) -> dict[str, str]:
    if not re.match(UNGUESSABLE_PATTERN, facts["postback_token"]):
        raise CommandError(f"{name}: the postback token is 8 to 128 letters, digits or any of . _ ~ -")
    if not re.match(BASE_URL_PATTERN, facts["base_url"]):
        raise CommandError(f"{name}: the base URL is http(s)://host, without a query")
    columns = ("api_secret", "withdrawal_key", "postback_access_key", "postback_private_key", "postback_token")
    return {"base_url": facts["base_url"].rstrip("/"), **{key: facts[key] for key in columns}}


def _facts(file: str) -> dict[str, Any]:
    if file == "-":
        return dict(json.load(sys.stdin))
    try:
        return dict(json.loads(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        # Not the error's own words: they may quote the file.
        raise CommandError(f"{file} cannot be read ({type(error).__name__}).") from None
