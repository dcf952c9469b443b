"""Out of doubt leads no step without proof or two persons: the database asks for it itself, whoever writes."""

from typing import Any

import pytest

from gateway.providers.models import ProviderAccount
from tests.at_commit import refused
from tests.conftest import Api
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals.doubts import in_doubt, run, stepped

pytestmark = pytest.mark.django_db


STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sent again without proof": ("unknown", "sending", {"cause": "pull", "resends": 1}),
    "failed by time": ("unknown", "failed", {}),
    "failed by a pull": ("unknown", "failed", {"cause": "pull"}),
    "queued again": ("unknown", "queued", {"cause": "pull"}),
    "review sent again": ("manual_review", "sending", {"cause": "pull", "resends": 1}),
    "review sent again by a person": ("manual_review", "sending", {"cause": "person", "resends": 1}),
    "review failed": ("manual_review", "failed", {"cause": "person"}),
    "review paid by a person": ("manual_review", "paid", {"cause": "person"}),
}


@pytest.mark.parametrize(("before", "to_status", "step"), STEPS.values(), ids=STEPS.keys())
def test_the_database_takes_no_step_out_of_doubt_without_proof(
    api: Api, account: ProviderAccount, provider: ScriptedProvider, before: str, to_status: str, step: dict[str, Any]
) -> None:
    withdrawal = in_doubt(api, account, provider, before)
    with refused("without proof or two persons"):
        stepped(withdrawal, to_status, **step)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.sequence) == (before, {"unknown": 3, "manual_review": 4}[before])


UNIQUE_STEPS: dict[str, dict[str, Any]] = {
    "not by a pull": {"cause": "clock", "resends": 1},
    "not counted": {"cause": "pull"},
    "counted twice": {"cause": "pull", "resends": 2},
}


@pytest.mark.parametrize("step", UNIQUE_STEPS.values(), ids=UNIQUE_STEPS.keys())
def test_even_where_an_id_is_paid_once_the_database_wants_the_pull_and_the_count(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider, step: dict[str, Any]
) -> None:
    withdrawal = in_doubt(api, unique, provider, "unknown")
    with refused("without proof or two persons"):
        stepped(withdrawal, "sending", **step)
    stepped(withdrawal, "sending", cause="pull", resends=1)
    with refused("without proof or two persons"):
        stepped(withdrawal, "queued")  # the first may have arrived: nobody may cancel it


MADE_UP = {
    "refused_unproven = true": "is refused where it was being sent, and nowhere else",
    "refused_unread = true": "is refused where it was being sent, and nowhere else",
    "resends = 0": "how often withdrawal .* was sent again is never less",
}


@pytest.mark.parametrize(("change", "said"), MADE_UP.items(), ids=MADE_UP)
def test_what_proves_something_is_not_made_up(
    api: Api, unique: ProviderAccount, provider: ScriptedProvider, change: str, said: str
) -> None:
    withdrawal = in_doubt(api, unique, provider, "unknown")
    steps: dict[str, dict[str, Any]] = {"sending": {"cause": "pull", "resends": 1}, "unknown": {}}
    for status, step in steps.items():
        stepped(withdrawal, status, **step)
        with refused(said):
            run(f"UPDATE withdrawals_withdrawal SET {change}")  # noqa: S608 - our own words


def test_nobody_allows_a_sending_alone(api: Api, account: ProviderAccount, provider: ScriptedProvider) -> None:
    withdrawal = in_doubt(api, account, provider, "manual_review")
    nobody = "00000000-0000-0000-0000-000000000001"
    with refused("may be sent again by two persons alone"):
        run("UPDATE withdrawals_withdrawal SET resend_allowed_by = %s", nobody)
    withdrawal.refresh_from_db()
    assert withdrawal.resend_allowed_by is None
