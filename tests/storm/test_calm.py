"""What the storm's calm says of withdrawals, in a process without Django, is what the code says."""

from gateway.providers import calls
from tests.storm import calm
from withdrawals.states import FINAL, WithdrawalStatus

#: These wait for people, and time alone does not move them on.
OF_PEOPLE = {WithdrawalStatus.PENDING_APPROVAL, WithdrawalStatus.MANUAL_REVIEW}


def test_calm_knows_every_status_and_the_lease() -> None:
    assert calm._FINAL == FINAL
    assert sorted(calm._WAITING) == sorted(set(WithdrawalStatus) - FINAL - OF_PEOPLE)
    assert calm._LEASE_SECONDS == calls.LEASE_SECONDS
