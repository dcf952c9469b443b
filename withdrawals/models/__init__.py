"""What money out is, and the rules it goes by."""

from withdrawals.models.approvals import Approval
from withdrawals.models.batches import BatchRow, WithdrawalBatch, WithdrawalBatchMove
from withdrawals.models.blocklist import UNBLOCK_VERB, BlockedRecipient
from withdrawals.models.limits import (
    DUPLICATE_WINDOW_MINUTES,
    DUPLICATE_WINDOW_MINUTES_MAX,
    LIMIT_VERB,
    WINDOW_VERB,
    DuplicateWindow,
    OnExcess,
    Per,
    Period,
    WithdrawalLimit,
)
from withdrawals.models.outflow import OUTFLOW_VERB, OutflowCap
from withdrawals.models.slabs import SLABS_MAX_LENGTH, SLABS_VERB, SlabSet
from withdrawals.models.withdrawals import (
    ACCOUNT_FIELDS,
    LAST_ANSWER_MAX_LENGTH,
    Withdrawal,
    WithdrawalMove,
    account_terms,
    kept_contradiction,
)

__all__ = [
    "ACCOUNT_FIELDS",
    "DUPLICATE_WINDOW_MINUTES",
    "DUPLICATE_WINDOW_MINUTES_MAX",
    "LAST_ANSWER_MAX_LENGTH",
    "LIMIT_VERB",
    "OUTFLOW_VERB",
    "SLABS_MAX_LENGTH",
    "SLABS_VERB",
    "UNBLOCK_VERB",
    "WINDOW_VERB",
    "Approval",
    "BatchRow",
    "BlockedRecipient",
    "DuplicateWindow",
    "OnExcess",
    "OutflowCap",
    "Per",
    "Period",
    "SlabSet",
    "Withdrawal",
    "WithdrawalBatch",
    "WithdrawalBatchMove",
    "WithdrawalLimit",
    "WithdrawalMove",
    "account_terms",
    "kept_contradiction",
]
