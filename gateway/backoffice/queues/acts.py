"""What one person may do with a row of a work queue, and what each of it does before it is done.

Money moves by two persons: those buttons lead to the forms of the verbs (`balances.doors`). These here ask, try again,
or write down what somebody found.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractUser

from gateway.backoffice import readable
from gateway.backoffice.models import About, Deed, Handled
from gateway.backoffice.queues import handling
from gateway.in_words import status_with_meaning
from gateway.money import shown_amount
from payments.models import Screenshot
from postbacks.models import LetterItem
from postbacks.states import ItemStatus
from withdrawals.decisions import FRESH_SECONDS
from withdrawals.models import Withdrawal
from withdrawals.states import WithdrawalStatus

_NOTHING_MOVES: Final = "No money moves by this, in the ledger or at the provider."


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that one person may do.

    Attributes:
        name: in its address.
        title: on its button.
        permission: that it takes.
        is_open: whether it may be done with this row, as it is.
        load: the row of a key; None where there is none.
        foresee: what will be done, in sentences.
        do: does it, and gives what came of it, in a sentence; told the key, who, why, and the form's id.
        mode: of the row, ``live`` or ``test``.
        ended: who has brought the row to its end in the queue, which only one can.
    """

    name: str
    title: str
    permission: str
    is_open: Callable[[Any], bool]
    load: Callable[[Any], Any]
    foresee: Callable[[Any], list[str]]
    do: Callable[[Any, AbstractUser, str, uuid.UUID], str]
    mode: Callable[[Any], str]
    ended: Callable[[Any], Handled | None] = lambda _: None

    def obstacle(self, thing: Any) -> str:
        """Why it cannot be done any more, in a sentence; "" where it can."""
        if not self.is_open(thing):
            return f"Meanwhile it is {status_with_meaning(thing)}."
        other = self.ended(thing)
        return "" if other is None else f"Somebody else decided meanwhile: {handling.sentence(other)}"


def _withdrawal(key: uuid.UUID) -> Withdrawal | None:
    rows = Withdrawal.objects.select_related("account", "product").defer("recipient", "body")
    return rows.filter(pk=key).first()


def _sum(withdrawal: Withdrawal) -> str:
    return shown_amount(withdrawal.amount, withdrawal.currency)


def _foresee_asking(withdrawal: Withdrawal) -> list[str]:
    asked = ""
    if withdrawal.last_asked_at is not None:
        asked = f' Asked last, {readable.moment(withdrawal.last_asked_at)}, it said "{withdrawal.last_answer}".'
    return [
        (
            f"The provider is asked now what became of {_sum(withdrawal)}, unless it answered in the last"
            f" {FRESH_SECONDS // 60} minutes.{asked}"
        ),
        (
            f"If it says that it is paid, the {_sum(withdrawal)} that are held are spent; if it says rejected, they are"
            f" available to {withdrawal.product} again; whatever else it says, they stay held."
        ),
        "It is only asked: nothing is sent, and nothing is paid by this.",
    ]


def _foresee_retrying(withdrawal: Withdrawal) -> list[str]:
    older = Withdrawal.objects.filter(
        status=WithdrawalStatus.WAITING_FUNDS,
        account=withdrawal.account_id,
        currency=withdrawal.currency,
        pk__lt=withdrawal.pk,
    )
    turn = "It is the oldest of its account and currency."
    if older.exists():
        turn = "Older ones of its account and currency wait, too: those go first, and this one follows them by itself."
    return [
        (
            f"The provider is asked first. Only if it does not know {withdrawal.public_id}, the same {_sum(withdrawal)}"
            " are sent once more, with the same id and the same bytes."
        ),
        turn,
        f"With too little money at the provider it waits on, and {_sum(withdrawal)} stay held.",
    ]


def _item(key: uuid.UUID) -> LetterItem | None:
    return LetterItem.objects.select_related("account").filter(pk=key).first()


def _foresee_letter(item: LetterItem) -> list[str]:
    return [
        (
            "A worker asks the provider about it within seconds, as it does by itself later. While the account is"
            " paused, it waits for the end of the pause."
        ),
        (
            "If the provider says the same, what the letter speaks of happens: money is credited or goes to suspense,"
            " a payout ends. If not, the letter stays here."
        ),
    ]


def _foresee_setting_aside(item: LetterItem) -> list[str]:
    goes_on = ""
    if item.next_at is not None:
        goes_on = " The provider is asked on about it, and what it confirms still counts."
    return [
        f"The letter leaves this queue, and your reason stays with it.{goes_on}",
        _NOTHING_MOVES,
    ]


def _screenshot(key: int) -> Screenshot | None:
    rows = Screenshot.objects.select_related("confirmation__deposit").defer(
        "picture", "confirmation__deposit__details", "confirmation__deposit__shown"
    )
    return rows.filter(pk=key).first()


def _foresee_fine(_: Screenshot) -> list[str]:
    return ["It is written down that the picture is this customer's own, and it leaves this queue.", _NOTHING_MOVES]


def _foresee_contested(_: Screenshot) -> list[str]:
    return [
        "It is written down that the picture is not believed, and it leaves this queue.",
        f"{_NOTHING_MOVES} Whether the deposit is credited is decided by what the provider says alone.",
    ]


ASK_ABOUT_PAYOUT: Final = Act(
    name="ask",
    title="Ask the provider now",
    permission=handling.ASK,
    is_open=lambda row: row.status in handling.ASKABLE,
    load=_withdrawal,
    mode=lambda row: str(row.mode),
    foresee=_foresee_asking,
    do=handling.ask_about_payout,
)
RETRY_PAYOUT: Final = Act(
    name="retry",
    title="Try again now",
    permission=handling.ASK,
    is_open=lambda row: row.status == WithdrawalStatus.WAITING_FUNDS,
    load=_withdrawal,
    mode=lambda row: str(row.mode),
    foresee=_foresee_retrying,
    do=handling.retry_payout,
)
ASK_ABOUT_LETTER: Final = Act(
    name="ask",
    title="Ask the provider now",
    permission=handling.ASK,
    is_open=lambda row: row.status == ItemStatus.UNCONFIRMED,
    load=_item,
    mode=lambda row: str(row.account.mode),
    foresee=_foresee_letter,
    do=handling.ask_about_letter,
)


SET_LETTER_ASIDE: Final = Act(
    name="set-aside",
    title="Set aside",
    permission=handling.SET_ASIDE,
    is_open=lambda row: row.status in handling.WAITS_STILL,
    load=_item,
    mode=lambda row: str(row.account.mode),
    foresee=_foresee_setting_aside,
    do=handling.set_letter_aside,
    ended=lambda row: handling.ended_by(About.LETTER_ITEM, row.pk),
)
FIND_FINE: Final = Act(
    name="fine",
    title="It is fine",
    permission=handling.JUDGE,
    is_open=lambda _: True,
    load=_screenshot,
    mode=lambda row: str(row.confirmation.deposit.mode),
    foresee=_foresee_fine,
    do=lambda key, by, reason, form: handling.judge_screenshot(key, Deed.FINE, by, reason, form),
    ended=lambda row: handling.ended_by(About.SCREENSHOT, row.confirmation_id),
)
CONTEST: Final = Act(
    name="contested",
    title="Contest it",
    permission=handling.JUDGE,
    is_open=lambda _: True,
    load=_screenshot,
    mode=lambda row: str(row.confirmation.deposit.mode),
    foresee=_foresee_contested,
    do=lambda key, by, reason, form: handling.judge_screenshot(key, Deed.CONTESTED, by, reason, form),
    ended=lambda row: handling.ended_by(About.SCREENSHOT, row.confirmation_id),
)

#: By the name of the queue.
ACTS: Final[Mapping[str, tuple[Act, ...]]] = {
    "review": (ASK_ABOUT_PAYOUT,),
    "funds": (RETRY_PAYOUT, ASK_ABOUT_PAYOUT),
    "unconfirmed": (ASK_ABOUT_LETTER, SET_LETTER_ASIDE),
    "screenshots": (FIND_FINE, CONTEST),
}
