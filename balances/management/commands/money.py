"""``manage.py money``: what the admin's pages for instructions do, from a terminal.

Examples::

    manage.py money verbs
    manage.py money propose product_funded --by ada --reason "June's money" --document "statement 12, line 3" \
        product=Shop mode=live currency=INR amount=1000.00
    manage.py money approve ins_01… --by ben
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from balances import instructions, proposing, verbs
from balances.comparing_secrets import compare
from balances.instruction_models import Instruction
from balances.printing import instruction_lines, preview_lines
from balances.signing_in import person, unseen
from balances.states import InstructionStatus
from balances.verb_fields import Refused
from gateway import ids

#: `list` shows what is open, or so many of everything: a screenful or two.
_LISTED: Final = 50


class Command(BaseCommand):
    """Asks for money to be moved, shows what was asked for, and decides."""

    help = "Move money, always by two persons: one proposes, another one approves what both have seen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand for each step."""
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("verbs", help="what can be done, and what each verb has to be told")
        listed = steps.add_parser("list", help="what waits for a second person")
        listed.add_argument("--all", action="store_true", help=f"the last {_LISTED}, decided ones too")
        steps.add_parser("show", help="one instruction and its journals").add_argument("id")
        propose = steps.add_parser("propose", help="show what would be posted, and ask for it")
        propose.add_argument("verb_name", metavar="VERB", help="as `verbs` lists it")
        propose.add_argument("parameters", metavar="KEY=VALUE", nargs="+")
        propose.add_argument("--secret", action="append", default=[], metavar="KEY", help="asked for, and typed unseen")
        propose.add_argument("--document", default="", help="the paper behind it; kept plain: no account numbers")
        comparing = steps.add_parser("compare", help="whether a secret that you hold is the one that was asked for")
        comparing.add_argument("id")
        comparing.add_argument("key", help="name of the secret; it is asked for, and typed unseen")
        approve = steps.add_parser("approve", help="show what would be posted, and have it posted")
        reject = steps.add_parser("reject", help="refuse what another person asked for")
        withdraw = steps.add_parser("withdraw", help="take back what you asked for")
        for step in (approve, reject, withdraw):
            step.add_argument("id")
        for step in (propose, reject, withdraw):
            step.add_argument("--reason", required=True, help="in your words; kept plain: no account numbers")
        for step in (propose, approve):
            step.add_argument("--yes", action="store_true", help="do not ask again after showing the journals")
        for step in (propose, comparing, approve, reject, withdraw):
            step.add_argument("--by", required=True, help="your username; your password is asked for")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the step; what is refused is a sentence."""
        steps: dict[str, Callable[[dict[str, Any]], None]] = {
            "verbs": self._verbs,
            "list": self._list,
            "show": self._show,
            "propose": self._propose,
            "compare": self._compare,
            "approve": self._approve,
            "reject": self._reject,
            "withdraw": self._withdraw,
        }
        try:
            steps[options["step"]](options)
        except (Refused, PermissionDenied) as error:
            raise CommandError(str(error)) from error

    def _verbs(self, _options: Mapping[str, Any]) -> None:
        for verb in verbs.every():
            self._say([f"{verb.name}: {verb.sentence}"])
            for field in verb.fields:
                optional = "" if field.is_required else " (may be left out)"
                optional += " (a secret: --secret)" if field.is_secret else ""
                self._say([f"  {field.name}: {field.label}. {field.help}{optional}"])

    def _list(self, options: Mapping[str, Any]) -> None:
        rows = Instruction.objects.select_related("requested_by").order_by("-requested_at", "-id")
        if not options["all"]:
            rows = rows.filter(status=InstructionStatus.PROPOSED)
        self._say(
            f"{one.public_id}  {one.status:<9}  {one.mode}  {one.verb}, by {one.requested_by}: {one.reason}"
            for one in rows[:_LISTED]
        )

    def _show(self, options: Mapping[str, Any]) -> None:
        instruction = _instruction(options["id"])
        try:
            content = proposing.current_preview(instruction).content
        except Refused as error:
            note = f"It cannot be approved as things are: {error}"
            content = {"mode": instruction.mode, "notes": [note], "journals": []}
        self._say(instruction_lines(instruction, content))

    def _propose(self, options: Mapping[str, Any]) -> None:
        by = person(options["by"])
        parameters = _parameters(options["parameters"]) | _secrets(options["verb_name"], options)
        seen = proposing.look(options["verb_name"], parameters)
        self._say(preview_lines(seen.content))
        self._ask(options)
        made = proposing.propose(
            options["verb_name"], parameters, options["reason"], options["document"], by, digest_seen=seen.digest
        )
        self._say([f"{made.public_id} waits for another person's approval."])

    def _compare(self, options: Mapping[str, Any]) -> None:
        by = person(options["by"])
        held = compare(_instruction(options["id"]), options["key"], unseen("The secret: "), by)
        self._say(["It is the one that was asked for." if held else "It is another one."])

    def _approve(self, options: Mapping[str, Any]) -> None:
        by = person(options["by"])
        instruction = _instruction(options["id"])
        seen = proposing.current_preview(instruction)
        self._say(instruction_lines(instruction, seen.content))
        self._ask(options)
        done = instructions.approve(instruction.pk, by, seen.digest)
        self._say([f"{done.public_id} is {done.outcome}."])

    def _reject(self, options: Mapping[str, Any]) -> None:
        done = instructions.reject(_instruction(options["id"]).pk, person(options["by"]), options["reason"])
        self._say([f"{done.public_id} is rejected."])

    def _withdraw(self, options: Mapping[str, Any]) -> None:
        done = instructions.withdraw(_instruction(options["id"]).pk, person(options["by"]), options["reason"])
        self._say([f"{done.public_id} is withdrawn."])

    def _ask(self, options: Mapping[str, Any]) -> None:
        if options["yes"]:
            return
        self.stdout.write("Is this right? Write yes: ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip() != "yes":
            raise CommandError("Nothing was done.")

    def _say(self, lines: Iterable[str]) -> None:
        self.stdout.writelines(f"{line}\n" for line in lines)


def _instruction(public_id: str) -> Instruction:
    pk = ids.decode(ids.INSTRUCTION, public_id)
    rows = Instruction.objects.select_related("requested_by", "decided_by")
    found = None if pk is None else rows.filter(pk=pk).first()
    if found is None:
        raise CommandError(f"There is no instruction {public_id!r}.")
    return found


def _secrets(verb_name: str, options: Mapping[str, Any]) -> dict[str, str]:
    """What was named as a secret, typed unseen; one that stands among the arguments is known to the whole machine."""
    secret = {one.name: one.label for one in verbs.named(verb_name).fields if one.is_secret}
    if given := secret.keys() & _parameters(options["parameters"]).keys():
        raise CommandError(f"{min(given)} is a secret: name it with --secret {min(given)}, and it is asked for.")
    if unknown := set(options["secret"]) - secret.keys():
        raise CommandError(f"{min(unknown)} is no secret of this verb; write it as {min(unknown)}=….")
    return {name: unseen(f"{secret[name]}: ") for name in options["secret"]}


def _parameters(words: Iterable[str]) -> dict[str, str]:
    """``key=value`` words, by key."""
    parameters: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise CommandError(f"{name!r} is not of the form key=value.")
        if name in parameters:
            raise CommandError(f"{name!r} stands there twice.")
        parameters[name] = value
    return parameters
