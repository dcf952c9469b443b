"""Every status has one tone, wherever it is shown."""

import pytest

from balances.kinds import HoldStatus
from balances.states import InstructionStatus
from gateway.backoffice.models.export_states import ExportStatus
from gateway.status_tones import TONES, Tone, tone_of
from gateway.webhooks.states import DeliveryStatus
from payments.states import ConfirmationStatus, DepositStatus, ReceiptStatus
from postbacks.states import ItemStatus
from withdrawals.batch_states import BatchStatus, RowStatus
from withdrawals.states import WithdrawalStatus

ALL = {
    status
    for kind in (
        *(DepositStatus, ConfirmationStatus, ReceiptStatus, WithdrawalStatus, BatchStatus, RowStatus),
        *(HoldStatus, InstructionStatus, ExportStatus, DeliveryStatus, ItemStatus),
    )
    for status in kind.values
}
#: How a thing may end without that anybody has to look at it.
ENDED = {"expired", "cancelled", "withdrawn", "spent", "released"}


def test_every_status_has_its_tone_and_every_tone_its_status() -> None:
    assert ALL - set(TONES) == ENDED
    assert set(TONES) - ALL == set()


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        ("credited", Tone.GOOD),
        ("manual_review", Tone.WARN),
        ("contradicted", Tone.BAD),
        ("queued", Tone.PLAIN),
        ("expired", Tone.PLAIN),
    ],
)
def test_a_status_is_taken_in_one_way(status: str, tone: Tone) -> None:
    assert tone_of(status) is tone
