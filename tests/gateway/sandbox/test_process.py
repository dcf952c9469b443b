from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.sandbox.conftest import (
    API_SECRET,
    HELD,
    SECRETS,
    Receiver,
    Sandbox,
    eventually,
    sandbox_environment,
)


@pytest.fixture
def kept(receiver: Receiver, tmp_path: Path) -> Iterator[Sandbox]:
    state = str(tmp_path / "state.json")
    sandbox = Sandbox(receiver=receiver, environment=sandbox_environment(receiver, SANDBOX_STATE_FILE=state))
    sandbox.start()
    yield sandbox
    if sandbox.process.poll() is None:
        sandbox.stop()


def state_of(sandbox: Sandbox) -> Path:
    return Path(sandbox.environment["SANDBOX_STATE_FILE"])


def test_a_restart_forgets_no_order(kept: Sandbox) -> None:
    body = kept.withdrawal(amount=9022)
    kept.send_withdrawal(body)
    paid, _ = kept.activate()
    kept.control("settle", order_id=paid)
    kept.letters(paid)
    # The last order comes too late for any snapshot but that of the end.
    first, _ = kept.activate(amount="120.50")
    before = kept.told("book")
    assert kept.stop() == 0
    assert stat.S_IMODE(state_of(kept).stat().st_mode) == 0o600
    assert os.listdir(state_of(kept).parent) == ["state.json"]  # noqa: PTH208
    assert [secret for secret in SECRETS if secret in state_of(kept).read_text()] == []

    kept.start()
    assert kept.told("book") == before
    assert "already been taken" in kept.send_withdrawal(body).text
    kept.pass_time()
    kept.letters(first)
    kept.letters(body["withdrawal_id"])
    kept.pass_time()
    kept.letters(body["withdrawal_id"], 2)
    assert kept.entries(first) == [("deposit_credited", "120.50", "INR")]
    assert kept.entries(body["withdrawal_id"]) == [("withdrawal_paid", "9022", "INR")]
    # What was delivered before the restart is not posted again.
    assert len(kept.receiver.about(paid)) == 1


def test_a_restart_forgets_no_way_back_and_takes_a_file_without_any(kept: Sandbox) -> None:
    body = {"success_urls": [{"order": 1, "url": "https://shop.example/"}], "fail_urls": [], "pending_urls": []}
    (known,) = kept.post("/payment-plugin/hash-url", body).json()["urls"]["success_url"]
    window = {"label": "x", "currency_code": "INR", "wallet_type": "upi_l", "custom_transaction_id": "dep_1"}
    window |= {"fixed_amount": "700", "success_url": known["url"]}
    assert kept.stop() == 0
    kept.start()
    assert kept.client.get("/widget/", params=window).status_code == 200
    assert kept.stop() == 0
    state = json.loads(state_of(kept).read_text())
    assert [row["url"] for row in state.pop("hashed_urls")] == ["https://shop.example/"]
    state_of(kept).write_text(json.dumps(state))
    kept.start()
    assert kept.client.get("/widget/", params=window).status_code == 400


def test_an_owed_letter_survives_being_killed(kept: Sandbox) -> None:
    kept.receiver.answers.put((503, b""))
    order_id, _ = kept.activate()
    kept.control("settle", order_id=order_id)
    eventually(
        lambda: [row["last_outcome"] for row in kept.told("order", order_id=order_id)["letters"]] == ["http 503"]
    )
    eventually(lambda: state_of(kept).exists() and "http 503" in state_of(kept).read_text())
    kept.kill()
    kept.start()
    kept.letters(order_id, 2)
    assert kept.entries(order_id) == [("deposit_credited", "450", "INR")]


def test_a_letter_on_its_way_survives_being_killed(kept: Sandbox) -> None:
    kept.receiver.answers.put((HELD, b""))
    order_id, _ = kept.activate()
    kept.control("settle", order_id=order_id)
    eventually(lambda: kept.receiver.about(order_id))

    def kept_on_its_way() -> bool:
        rows = json.loads(state_of(kept).read_text())["letters"] if state_of(kept).exists() else []
        return [(row["is_posted"], row["next_at"]) for row in rows] == [(True, None)]

    eventually(kept_on_its_way)
    kept.kill()
    kept.receiver.let_go.set()
    kept.start()
    kept.letters(order_id, 2)


def test_a_hanging_answer_does_not_keep_it_from_stopping(kept: Sandbox) -> None:
    kept.control("hang", seconds=1000)
    body = kept.activation(amount=9011)
    with pytest.raises(httpx.ReadTimeout):
        kept.client.post(
            "/api/v1/transaction/activate",
            params={"secret": API_SECRET},
            json=body,
            timeout=0.5,
        )
    assert kept.stop() == 0
    rows = json.loads(state_of(kept).read_text())["deposits"]
    assert [row["custom_id"] for row in rows] == [body["custom_transaction_id"]]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"SANDBOX_API_SECRET": ""}, "SANDBOX_API_SECRET is not set"),
        ({"SANDBOX_PORT": "70000"}, "SANDBOX_PORT is not a port"),
        ({"SANDBOX_POSTBACK_URL": "canary-token"}, "SANDBOX_POSTBACK_URL is not an http URL"),
        ({"SANDBOX_POSTBACK_DELAY_SECONDS": "NaN"}, "SANDBOX_POSTBACK_DELAY_SECONDS is not a duration"),
    ],
)
def test_unusable_settings_are_named_and_not_repeated(
    receiver: Receiver, changes: dict[str, str], complaint: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.sandbox"],
        env=sandbox_environment(receiver, **changes),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert complaint in done.stdout
    assert done.stderr == ""
    assert [secret for secret in SECRETS if secret in done.stdout] == []


@pytest.mark.parametrize("text", ["", "{}", '{"format":1,"deposits":[{}]}', '{"format":2}'])
def test_a_broken_state_file_is_not_overwritten(receiver: Receiver, tmp_path: Path, text: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "gateway.sandbox"],
        env=sandbox_environment(receiver, SANDBOX_STATE_FILE=str(state)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "state file" in done.stdout
    assert state.read_text() == text
