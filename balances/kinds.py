"""What kinds of accounts and journals there are: the chart of the ledger (docs/money.md shows each at work)."""

from typing import Final

from django.db import models


class AccountKind(models.TextChoices):
    """What an account stands for, and so which side of it is the normal one."""

    PROVIDER_BALANCE = "provider_balance", "what the provider holds for us, by its account and payment system"
    PROVIDER_SETTLEMENT = "provider_settlement", "what the provider has set aside to pay out to our bank"
    BANK = "bank", "our own bank"
    PRODUCT_RECEIVABLE = "product_receivable", "what a product owes us, because a correction found too little"
    SAVINGS_OBSERVED = "savings_observed", "what the provider says customers have saved up there"
    AVAILABLE = "available", "what a product may pay out"
    HELD = "held", "what is reserved for withdrawals under way"
    SAVINGS = "savings", "what a product's customers have saved up; nobody may spend it"
    SUSPENSE = "suspense", "money whose owner is not yet known"
    FEE_INCOME = "fee_income", "fees that products paid"
    PROVIDER_FEES = "provider_fees", "fees that the provider took"
    WRITE_OFF = "write_off", "what was given up, or kept, because nobody could say whose it is"
    FX_POSITION = "fx_position", "the other side of an exchange between two currencies"


K = AccountKind

#: Accounts that grow with debits: assets and costs. The others grow with credits.
DEBIT_NORMAL: Final = (
    K.PROVIDER_BALANCE,
    K.PROVIDER_SETTLEMENT,
    K.BANK,
    K.PRODUCT_RECEIVABLE,
    K.SAVINGS_OBSERVED,
    K.PROVIDER_FEES,
    K.WRITE_OFF,
    K.FX_POSITION,
)
#: Accounts on which a limit is enforced, so each posting locks their row and writes their balance. In the order in
#: which a transaction takes the locks; the ids decide within a kind. All other accounts are insert-only: a posting
#: waits for nobody there.
LIVE: Final = (K.AVAILABLE, K.HELD, K.SAVINGS, K.PRODUCT_RECEIVABLE)


class JournalKind(models.TextChoices):
    """Why money moved. Together with the reference it is unique: nothing is posted a second time."""

    RECEIPT_CREDITED = "receipt_credited", "money arrived for a deposit"
    RECEIPT_SUSPENDED = "receipt_suspended", "money arrived that a person has to look at"
    SUSPENSE_CREDITED = "suspense_credited", "suspended money belongs to a product"
    SUSPENSE_RETURNED = "suspense_returned", "the provider took suspended money back"
    SUSPENSE_WRITTEN_OFF = "suspense_written_off", "nobody could say whose suspended money is"
    RECEIPT_REVERSED = "receipt_reversed", "the provider took credited money back"
    SAVINGS_OBSERVED = "savings_observed", "the provider reports another sum of savings than before"
    SAVINGS_RELEASED = "savings_released", "savings became a receipt"
    WITHDRAWAL_HELD = "withdrawal_held", "a withdrawal reserves its amount"
    WITHDRAWAL_RELEASED = "withdrawal_released", "a withdrawal ended without a payment"
    WITHDRAWAL_PAID = "withdrawal_paid", "a withdrawal was paid"
    WITHDRAWAL_RETURNED = "withdrawal_returned", "a paid withdrawal came back"
    WITHDRAWAL_PROVED_PAID = "withdrawal_proved_paid", "a withdrawal that had ended unpaid was paid after all"
    RECEIVABLE_REPAID = "receivable_repaid", "a product's money covers what it owed"
    PROVIDER_FEE = "provider_fee", "the provider took a fee"
    PRODUCT_FEE = "product_fee", "a product paid a fee"
    PRODUCT_FUNDED = "product_funded", "a product's money arrived at our bank"
    PRODUCT_SETTLED = "product_settled", "a product was paid out from our bank"
    PROVIDER_TOPPED_UP = "provider_topped_up", "our bank paid the provider"
    MOVED_TO_SETTLEMENT = "moved_to_settlement", "the provider set money aside for our bank"
    SETTLED_TO_BANK = "settled_to_bank", "the provider paid our bank"
    EXCHANGED = "exchanged", "money was changed into another currency"
    ADJUSTED = "adjusted", "a person corrected two accounts"
    WRITTEN_OFF = "written_off", "what a product owes was given up"
    REVERSED = "reversed", "another journal was taken back, leg by leg"


J = JournalKind

#: Journals that no program posts by itself, whatever made it run: two persons decide each of them. What the provider's
#: word may post (suspended money turns out to be a deposit's) and what a rule may post (fees) is decided by two
#: persons only where a person is its cause.
BY_PEOPLE_ALONE: Final = (
    J.SUSPENSE_RETURNED,
    J.SUSPENSE_WRITTEN_OFF,
    J.RECEIPT_REVERSED,
    J.WITHDRAWAL_RETURNED,
    J.WITHDRAWAL_PROVED_PAID,
    J.PRODUCT_FUNDED,
    J.PRODUCT_SETTLED,
    J.PROVIDER_TOPPED_UP,
    J.MOVED_TO_SETTLEMENT,
    J.SETTLED_TO_BANK,
    J.EXCHANGED,
    J.ADJUSTED,
    J.WRITTEN_OFF,
    J.REVERSED,
)

#: Verbs that the database names, too: how far an account may be overdrawn, and a row of fees.
OVERDRAFT_VERB: Final = "overdraft_limit"
FEE_VERB: Final = "fee_agreed"


class FeeKind(models.TextChoices):
    """Whose fee it is."""

    PROVIDER = "provider", "what the provider takes of us"
    PRODUCT = "product", "what a product pays us"


class FeeDirection(models.TextChoices):
    """Which way the money goes that a fee is taken for."""

    DEPOSIT = "deposit", "for money in"
    WITHDRAWAL = "withdrawal", "for money out"


class HoldStatus(models.TextChoices):
    """Where the reserved amount of a withdrawal is."""

    OPEN = "open", "reserved"
    SPENT = "spent", "the withdrawal was paid from it"
    RELEASED = "released", "given back to what is available"
