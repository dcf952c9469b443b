"""What money out is."""

from withdrawals.models.approvals import Approval, Decision
from withdrawals.models.slabs import REASON_MAX_LENGTH as SLABS_REASON_MAX_LENGTH
from withdrawals.models.slabs import SLABS_MAX_LENGTH, SLABS_VERB, SlabSet
from withdrawals.models.withdrawals import ACCOUNT_FIELDS, Withdrawal, WithdrawalMove, account_terms

__all__ = [
    "ACCOUNT_FIELDS",
    "SLABS_MAX_LENGTH",
    "SLABS_REASON_MAX_LENGTH",
    "SLABS_VERB",
    "Approval",
    "Decision",
    "SlabSet",
    "Withdrawal",
    "WithdrawalMove",
    "account_terms",
]
