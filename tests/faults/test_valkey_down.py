"""Valkey is gone, and comes back: the product is answered all the while, and every payout is made once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as of_django
from django.utils import timezone

from gateway import after_commit
from gateway.api import quotas
from gateway.celery import app
from gateway.providers.models import ProviderAccount
from gateway.stack.valkey import EmbeddedValkey
from tests.conftest import Api
from tests.faults.test_withdrawal_crashes import work_off
from tests.scripted_provider import ScriptedProvider
from tests.withdrawals import provider_words as words
from tests.withdrawals.orders import IMPS, moves
from withdrawals.models import Withdrawal
from withdrawals.tasks import sweep_withdrawals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedValkey]:
    """A server of this test's own, which everything here uses in place of that of all tests."""
    app.loader.import_default_modules()
    own = EmbeddedValkey(tmp_path / "valkey")
    address = own.start()
    celery: Any = app
    former = celery.conf.broker_url, celery.conf.broker_write_url
    settings.REDIS_URL = celery.conf.broker_url = celery.conf.broker_write_url = address
    forget_it(monkeypatch)
    yield own
    own.stop()
    celery.conf.broker_url, celery.conf.broker_write_url = former
    forget_it(monkeypatch)


def forget_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has just begun, or that has left a dead server alone for long enough."""
    celery: Any = app
    celery._pool = celery.amqp._producer_pool = None
    quotas._storage.cache_clear()
    monkeypatch.setattr(after_commit, "_silent_until", 0.0)
    monkeypatch.setattr(quotas, "_silent_until", 0.0)


def test_without_valkey_orders_are_taken_and_with_it_each_is_paid_once(
    api: Api,
    account: ProviderAccount,
    provider: ScriptedProvider,
    valkey: EmbeddedValkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider.script(words.CREATE, words.OK)
    before = api.post("withdrawals", {**IMPS, "reference": "before"})
    assert before.status_code == 201
    address = of_django.REDIS_URL

    valkey.stop()
    assert valkey.pid is None
    made = [before]
    for number in range(4):
        answers = [
            api.post("withdrawals", {**IMPS, "reference": f"during-{number}"}, key=f"the-key-{number}")
            for _ in range(2)
        ]
        assert [one.status_code for one in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert answers[1].headers["Idempotent-Replayed"] == "true"
        made.append(answers[0])
    [cancelled] = [api.post(f"withdrawals/{made.pop().json()['id']}/cancel")]
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    monkeypatch.setattr(after_commit, "_silent_until", 0.0)
    sweep_withdrawals()  # rings for nobody, and breaks nothing
    assert provider.requests == []
    assert sorted(Withdrawal.objects.values_list("status", flat=True)) == ["cancelled"] + ["queued"] * 4

    # It comes back with what it had: the ring of the first order, or nothing. The sweep knows all of them.
    assert valkey.start() == address
    forget_it(monkeypatch)
    sweep_withdrawals()
    assert work_off() >= 1  # one for the account
    waiting = list(Withdrawal.objects.exclude(status="cancelled").order_by("pk"))
    assert [one.status for one in waiting] == ["accepted"] * 4
    provider.script(words.PULL, words.pulled(*(words.found(one, 1) for one in waiting)))
    Withdrawal.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    sweep_withdrawals()
    work_off()

    for one in waiting:
        one.refresh_from_db()
        assert (one.status, one.public_id in {answer.json()["id"] for answer in made}) == ("paid", True)
        assert moves(one) == [
            ("queued", "api_key"),
            ("sending", "clock"),
            ("accepted", "provider_answer"),
            ("paid", "pull"),
        ]
    assert sorted(request.body for request in provider.to(words.CREATE)) == sorted(bytes(one.body) for one in waiting)
    sweep_withdrawals()
    assert work_off() == 0
