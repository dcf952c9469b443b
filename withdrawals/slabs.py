"""How many approvals of which role a withdrawal takes, by its amount."""

from withdrawals.models import Withdrawal
from withdrawals.states import ApproverRole


def needed(withdrawal: Withdrawal) -> list[ApproverRole]:
    """The roles whose approvals the withdrawal takes, one for each; none where it is sent at once."""
    # A person looks at what is held, however small it is.
    return [ApproverRole.APPROVER] if withdrawal.held_for else []
