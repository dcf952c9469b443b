"""What people type against the running stack: ``manage.py`` as ``make manage`` runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.stories.conftest import Stack


def manage(stack: Stack, *arguments: str, given: str = "") -> str:
    """What a command says; it says it to a person, so no log line stands in between."""
    answer = subprocess.run(
        [sys.executable, "-m", "gateway.stack.manage", *arguments],
        env=os.environ | {"STACK_DIR": str(stack.directory)},
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stderr == ""
    return answer.stdout


def test_less_than_was_asked_for_waits_and_two_persons_credit_it(
    stack: Stack, reference: str, bank_reference: str
) -> None:
    order = {"payment_system": "upi_l", "currency": "INR", "amount": "9017.00", "reference": reference}
    deposit = stack.test.made("deposits", {**order, "customer": "55"})["id"]
    confirmation = {"provider_reference": bank_reference, "amount": "9017.00"}
    stack.test.made(f"deposits/{deposit}/confirmations", confirmation)
    stack.test.until(f"deposits/{deposit}", lambda one: one["status"] == "in_review")

    (waits,) = [one for one in json.loads(manage(stack, "waiting", "--json")) if one["order"] == deposit]
    assert (waits["amount"], waits["currency"], waits["mode"]) == ("4508.00", "INR", "test")

    asked = manage(
        *(stack, "money", "propose", "receipt_attached", "--by", "admin", "--reason", "half is enough", "--yes"),
        *(f"receipt={waits['id']}", f"deposit={deposit}"),
        given=f"{stack.info['admin_password']}\n",
    )
    *_, last = asked.splitlines()
    instruction, _, rest = last.partition(" ")
    assert rest == "waits for another person's approval."
    said = manage(
        *(stack, "money", "approve", instruction, "--by", "approver", "--yes"),
        given=f"{stack.info['approver_password']}\n",
    )
    assert said.endswith(f"{instruction} is posted.\n")
    final = stack.test.get(f"deposits/{deposit}")
    assert (final["status"], final["received_amount"]) == ("credited", "4508.00")


def test_the_start_says_nothing_before_its_greeting_but_what_matters(stack: Stack) -> None:
    said = Path(stack.log).read_text(encoding="utf-8").partition("The gateway is up.")[0]
    seeded = [line for line in said.splitlines() if line.startswith("seed ")]
    assert len(seeded) == 1
    assert seeded[0].endswith(" payment systems added, 0 known already.")
