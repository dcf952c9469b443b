"""The one frame of every move: all of it is written, or nothing is."""

from typing import Any

import pytest
from django.utils import timezone

from gateway.lifecycles import Cause, CauseKind, IllegalMove
from gateway.logs import request_id
from gateway.moving import moved
from payments.models import Deposit, DepositMove
from payments.states import DEPOSIT
from tests.gateway.test_lifecycles import constraints_at_once, deposit  # noqa: F401 - the fixture

BY_PULL = Cause(kind=CauseKind.PULL, id="call 1", detail="not found")


def history(made: Deposit) -> list[tuple[Any, ...]]:
    return list(
        DepositMove.objects.filter(subject=made)
        .order_by("sequence")
        .values_list("sequence", "from_status", "to_status", "cause", "cause_id", "detail", "request_id", "created_at")
    )


def test_a_move_is_its_columns_and_its_row(
    deposit: Deposit,  # noqa: F811 - as above
    django_assert_num_queries: Any,
) -> None:
    at, [first] = timezone.now(), history(deposit)
    deposit.failure_code = "provider_rejected"  # by the caller, before
    deposit.language = "hi"  # by nobody's order
    token = request_id.set("req-1")
    try:
        with constraints_at_once(), django_assert_num_queries(2):
            before = moved(
                *(DEPOSIT, DepositMove, deposit, "failed", BY_PULL),
                also_saved=("failure_code",),
                updated_at=at,
                next_at=None,
            )
    finally:
        request_id.reset(token)
    kept = Deposit.objects.get()
    assert (before, kept.status, kept.sequence) == ("created", "failed", 2)
    assert (kept.updated_at, kept.next_at, kept.failure_code, kept.language) == (at, None, "provider_rejected", "en")
    assert history(deposit) == [first, (2, "created", "failed", "pull", "call 1", "not found", "req-1", at)]


def test_what_the_table_does_not_allow_leaves_all_as_it_was(
    deposit: Deposit,  # noqa: F811 - as above
    django_assert_num_queries: Any,
) -> None:
    before = history(deposit)
    with pytest.raises(IllegalMove), django_assert_num_queries(0):
        moved(DEPOSIT, DepositMove, deposit, "reversed", BY_PULL, next_at=None)
    assert (deposit.status, deposit.sequence, history(deposit)) == ("created", 1, before)


def test_the_words_of_people_stand_in_the_history_and_not_in_the_log(
    deposit: Deposit,  # noqa: F811 - as above
    caplog: pytest.LogCaptureFixture,
) -> None:
    cause = Cause(kind=CauseKind.PERSON, id="user:1", detail="called about account 5500112233")
    with constraints_at_once(), caplog.at_level("INFO"):
        moved(
            DEPOSIT, DepositMove, deposit, "failed", cause, failure_code="provider_rejected", updated_at=timezone.now()
        )
    assert history(deposit)[-1][5] == "called about account 5500112233"
    assert deposit.public_id in caplog.text
    assert "5500112233" not in caplog.text
