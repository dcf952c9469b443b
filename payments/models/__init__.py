"""Money in: deposits, the customer's confirmations, the provider's receipts, and savings."""

from payments.models.checkout_sessions import CheckoutSession
from payments.models.confirmations import Confirmation, ConfirmationMove
from payments.models.deposits import Deposit, DepositMove
from payments.models.receipts import Receipt, ReceiptMove
from payments.models.savings import Savings
from payments.models.screenshots import Screenshot, Suspicion

__all__ = [
    "CheckoutSession",
    "Confirmation",
    "ConfirmationMove",
    "Deposit",
    "DepositMove",
    "Receipt",
    "ReceiptMove",
    "Savings",
    "Screenshot",
    "Suspicion",
]
