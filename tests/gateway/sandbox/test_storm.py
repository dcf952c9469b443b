"""A storm is drawn from its seed and the recipients alone, and is over when it is ended."""

from collections import Counter
from typing import Any

import httpx
import pytest

from gateway.sandbox.faults import Fault
from gateway.sandbox.received import Received
from gateway.sandbox.storm import Storm, Trouble
from tests.gateway.sandbox.conftest import Sandbox, eventually

RECIPIENTS = [f"{number:012d}" for number in range(2_000)]


def creation(order_id: str, recipient: str) -> Received:
    fields: dict[str, Any] = {"withdrawal_id": order_id, "account_number": recipient}
    return Received(fields=fields, document=fields, is_broken=False, files={})


def question(order_id: str) -> Received:
    return Received(fields={"withdrawal_id": [order_id]}, document=None, is_broken=False, files={})


def met(storm: Storm, prefix: str, recipients: list[str]) -> dict[str, list[Any]]:
    """What each recipient's order meets: two sendings, its fate, two questions, how they are answered, its delay."""
    found = {}
    for recipient in recipients:
        order_id = f"{prefix}-{recipient}"
        creations = [storm.befall("withdraw", creation(order_id, recipient)) for _ in range(2)]
        questions = [storm.befall("pull_postbacks", question(order_id)) for _ in range(2)]
        denials = [storm.denies(order_id) for _ in range(3)]
        found[recipient] = [creations, questions, denials, storm.fate(order_id), storm.outcome_seconds(order_id)]
    return found


def new(seed: int = 7, **changes: Any) -> Storm:
    return Storm(seed, **{"ids_are_unique": True, "hangs": 0.0, **changes})


def test_the_same_seed_is_the_same_storm_whatever_the_ids_and_the_order_of_the_calls() -> None:
    first = met(new(), "wd", RECIPIENTS)
    assert met(new(), "other", list(reversed(RECIPIENTS))) == first
    assert met(new(8), "wd", RECIPIENTS) != first


def test_every_trouble_and_every_fate_happens_and_most_orders_can_be_paid() -> None:
    seen = met(new(hangs=0.01), "wd", RECIPIENTS)
    troubles = Counter(one for creations, *_ in seen.values() for one in creations)
    assert set(troubles) == {None, *Trouble}
    fates = Counter(fate for _, _, _, fate, _ in seen.values())
    assert None in fates
    assert {Fault.REJECTED, Fault.CONTRADICTED, Fault.INSUFFICIENT, Fault.TWICE, Fault.NO_LETTER} < set(fates)
    unpaid = fates[Fault.REJECTED] + fates[Fault.REFUSED_TEXT] + fates[Fault.REFUSED_FIELD]
    assert 0.1 < unpaid / len(RECIPIENTS) < 0.2
    # Denials are the first answers, and end.
    denials = Counter(tuple(denials) for _, _, denials, _, _ in seen.values())
    assert set(denials) == {(False, False, False), (True, False, False), (True, True, False)}


def test_when_it_is_over_nothing_befalls_anybody() -> None:
    storm = new()
    storm.end()
    for creations, questions, denials, fate, _ in met(storm, "wd", RECIPIENTS).values():
        assert (set(creations), set(questions), set(denials)) == ({None}, {None}, {False})
        assert fate is not Fault.INSUFFICIENT


def test_a_provider_whose_ids_are_not_unique_pays_each_request(sandbox: Sandbox) -> None:
    sandbox.control("storm", seed=1, ids_are_unique=False)
    sandbox.control("storm/end")
    body = sandbox.withdrawal()
    assert [sandbox.send_withdrawal(body).json() for _ in range(3)] == [{"status": "ok"}] * 3
    sandbox.pass_time(10)
    eventually(lambda: len(sandbox.entries(body["withdrawal_id"])) >= 3)
    assert sandbox.entries(body["withdrawal_id"]) == [("withdrawal_paid", "500", "INR")] * 3


def test_a_storm_spoils_answers_and_its_book_tells_what_was_done(sandbox: Sandbox) -> None:
    sandbox.control("storm", seed=3)
    statuses: Counter[str] = Counter()
    for recipient in RECIPIENTS[:40]:
        body = sandbox.withdrawal(account_number=f"{recipient}@sandbox")
        try:
            answer = sandbox.send_withdrawal(body)
            statuses["ok" if answer.text == '{"status":"ok"}' else "spoiled"] += 1
        except httpx.TransportError:
            statuses["dropped"] += 1
    assert min(statuses[word] for word in ("ok", "spoiled", "dropped")) > 0
    taken = sandbox.told("book")["withdrawals"]
    assert statuses["ok"] < len(taken) < 40


def test_9031_a_letter_that_says_the_opposite(sandbox: Sandbox) -> None:
    order_id, answer = sandbox.withdraw(amount=9031)
    assert answer.json() == {"status": "ok"}
    sandbox.pass_time()
    letters = sandbox.letters(order_id, 2)
    assert {one["additional_data"][0]["withdrawal_status"] for one in letters} == {1, 5}
    assert sandbox.pulled("withdrawal", order_id)["postback"]["additional_data"][0]["withdrawal_status"] == 1
    assert sandbox.entries(order_id) == [("withdrawal_paid", "9031", "INR")]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("storm", {}),
        ("storm", {"seed": "1"}),
        ("storm", {"seed": True}),
        ("storm", {"seed": 1, "hangs": 2}),
        ("storm", {"seed": 1, "hangs": "0.1"}),
        ("storm/end", {}),
    ],
)
def test_a_storm_that_cannot_be_is_refused(sandbox: Sandbox, action: str, fields: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="error"):
        sandbox.control(action, **fields)
