"""What is kept of the provider's last word on a withdrawal (`Withdrawal.last_answer`), and what it says."""

from typing import Final

from gateway.paykassma.messages import PostbackItem, PullEntry, PullState
from withdrawals.models import LAST_ANSWER_MAX_LENGTH

#: C§2.1: the two numbers that end a withdrawal. Any other number, known or not, is not final.
PAID_NUMBER: Final = 1
REJECTED_NUMBER: Final = 5
_FOUND_REJECTED: Final = f"{PullState.FOUND}, status {REJECTED_NUMBER}"


def in_a_word(entry: PullEntry) -> str:
    """What is kept of an answer, for people: the state, and the provider's number where it names one."""
    items = () if entry.postback is None else entry.postback.items
    if len(items) == 1 and isinstance(items[0], PostbackItem) and items[0].withdrawal_status is not None:
        return f"{entry.state}, status {items[0].withdrawal_status}"[:LAST_ANSWER_MAX_LENGTH]
    return entry.state


def says_that_it_knows_it(word: str) -> bool:
    """Whether a kept answer says that the order arrived there, whatever became of it."""
    return word.startswith(PullState.FOUND) or word == PullState.NO_POSTBACK


def says_that_it_has_it(word: str) -> bool:
    """Whether a kept answer says that the provider has the order and did not reject it."""
    return word != _FOUND_REJECTED and says_that_it_knows_it(word)
