"""What the application role may do, table by table: the one list that says what of our rows can ever change.

Everything may be read, and added to but where a function does so. What is written once stands here with nothing, or
with the encrypted columns that the rotation of keys and the redaction rewrite: the same as its guard lets through. A
model that nobody decided about can only be read and added to, and fails a test (``tests/house/test_privileges.py``).

A row is locked (``SELECT … FOR UPDATE``) by whoever may update it, if only in one column.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """What may happen to the rows of a table.

    Attributes:
        insert: whether rows may be added, other than by a function with the owner's rights.
        update: all columns, or those that are named.
        delete: whether rows may go.
    """

    insert: bool = True
    update: bool | tuple[str, ...] = False
    delete: bool = False


_WRITTEN_ONCE: Final = May()
_WRITTEN_BY_FUNCTIONS: Final = May(insert=False)
_CHANGES: Final = May(update=True)
_COMES_AND_GOES: Final = May(update=True, delete=True)

#: By model, as Django labels it; columns as the database names them.
PRIVILEGES: Final[dict[str, May]] = {
    # The ledger. Journals, entries and balances are written by functions alone (`balances.posting_functions`).
    "balances.Account": May(update=("overdraft_limit",)),
    "balances.Journal": _WRITTEN_BY_FUNCTIONS,
    "balances.Entry": _WRITTEN_BY_FUNCTIONS,
    "balances.Hold": May(update=("status", "closed_at")),
    "balances.Snapshot": _WRITTEN_ONCE,
    "balances.Fee": _WRITTEN_ONCE,
    # Decided once, with what was shown then; what it asks for is never changed.
    "balances.Instruction": May(
        update=(
            "status",
            "sequence",
            "preview",
            "digest",
            "secrets",
            "decided_by_id",
            "decision_reason",
            "decided_at",
        )
    ),
    "balances.InstructionMove": _WRITTEN_ONCE,
    # Orders and what was said about them.
    # Made once; its link may end, and go.
    "payments.CheckoutSession": May(
        update=("token", "return_secret", "return_urls", "cancelled_at", "redacted_at"),
    ),
    "payments.Deposit": _CHANGES,
    "payments.DepositMove": _WRITTEN_ONCE,
    "payments.Confirmation": _CHANGES,
    "payments.ConfirmationMove": _WRITTEN_ONCE,
    "payments.Receipt": _CHANGES,
    "payments.ReceiptMove": _WRITTEN_ONCE,
    "payments.Savings": _CHANGES,
    "payments.Screenshot": _CHANGES,
    "withdrawals.Withdrawal": _CHANGES,
    "withdrawals.WithdrawalMove": _WRITTEN_ONCE,
    "withdrawals.Approval": _WRITTEN_ONCE,
    "withdrawals.SlabSet": _WRITTEN_ONCE,
    "withdrawals.WithdrawalLimit": _WRITTEN_ONCE,
    "withdrawals.DuplicateWindow": _WRITTEN_ONCE,
    "withdrawals.OutflowCap": _WRITTEN_ONCE,
    "withdrawals.BlockedRecipient": May(
        update=("account", "account_hashes", "ended_at", "ended_by_id", "ended_reason")
    ),
    "withdrawals.WithdrawalBatch": May(
        update=("status", "sequence", "updated_at", "finished_at", "next_at", "attempts", "token")
    ),
    "withdrawals.WithdrawalBatchMove": _WRITTEN_ONCE,
    "withdrawals.BatchRow": May(
        update=("status", "attempts", "code", "detail", "withdrawal_id", "recipient", "comment", "ended_at")
    ),
    "postbacks.Letter": _CHANGES,
    "postbacks.LetterItem": _CHANGES,
    "postbacks.RejectedLetter": _COMES_AND_GOES,
    "webhooks.Event": May(update=("data",)),
    "webhooks.Delivery": _CHANGES,
    "webhooks.DeliveryAttempt": May(update=("answer",)),
    "webhooks.WebhookEndpoint": _CHANGES,
    # What people did in the back office.
    "backoffice.Handled": _WRITTEN_ONCE,
    # Callers and the provider.
    # What settings were: written by triggers with the owner's rights, so that nobody tells another story.
    **dict.fromkeys(
        (
            "products.ProductHistory",
            "products.ApiKeyHistory",
            "products.BrandingHistory",
            "providers.ProviderAccountHistory",
            "providers.PaymentSystemHistory",
            "webhooks.WebhookEndpointHistory",
        ),
        _WRITTEN_BY_FUNCTIONS,
    ),
    # The library's table for who did it, which stays empty: each row of history says it itself.
    "pghistory.Context": May(insert=False),
    "products.Product": _CHANGES,
    "products.ApiKey": _CHANGES,
    "products.Branding": _CHANGES,
    "products.Customer": _CHANGES,
    "providers.ProviderAccount": _CHANGES,
    "providers.PayoutPause": May(update=("ended_at", "ended_by_id", "end_reason")),
    "providers.PaymentSystem": _CHANGES,
    "providers.ProviderCall": _CHANGES,
    "providers.BalanceCheck": _CHANGES,
    "providers.ConnectionTest": May(update=("ended_at", "findings")),
    "providers.ObservedBalance": _CHANGES,
    "providers.SystemObservation": _CHANGES,
    "providers.RedirectHash": _CHANGES,
    "providers.CallPace": _COMES_AND_GOES,
    "providers.MediaHint": _COMES_AND_GOES,
    "providers.MediaFile": _COMES_AND_GOES,
    "api.IdempotencyKey": _COMES_AND_GOES,
    # The back office. A second factor that replaces another one is another row.
    "backoffice.SecondFactor": _COMES_AND_GOES,
    "backoffice.Look": _WRITTEN_ONCE,
    # Failed sign-ins (django-axes), with what would go with them; of its other tables none is written to.
    "axes.AccessAttempt": _COMES_AND_GOES,
    "axes.AccessAttemptExpiration": _COMES_AND_GOES,
    "axes.AccessFailureLog": _WRITTEN_ONCE,
    "axes.AccessLog": _WRITTEN_ONCE,
    # What people wrote beside orders; only the rotation of keys rewrites it, and its end takes it away.
    "backoffice.Note": May(update=("text", "redacted_at")),
    "backoffice.StruckNote": May(update=("reason",)),
    # Figures that are counted anew as a whole.
    "backoffice.Counted": _CHANGES,
    "backoffice.DayFigure": _COMES_AND_GOES,
    "backoffice.SystemFigure": _COMES_AND_GOES,
    # Files of lists and statements: what was asked for stays as it was, and each file goes after a day.
    "backoffice.Export": May(
        update=(
            *("status", "sequence", "failure", "columns", "query", "rows_done", "rows_expected", "begun_at"),
            *("finished_at", "expires_at", "size", "digest", "next_at", "attempts", "token"),
        )
    ),
    "backoffice.ExportMove": _WRITTEN_ONCE,
    "backoffice.ExportChunk": May(update=("content",), delete=True),
    "backoffice.ExportDownload": _WRITTEN_ONCE,
    # What people keep for themselves.
    "backoffice.SavedView": _COMES_AND_GOES,
    # Django's own, about our staff. The log of the admin goes with its person.
    "admin.LogEntry": May(delete=True),
    "auth.User": _COMES_AND_GOES,
    "auth.User_groups": _COMES_AND_GOES,
    "auth.User_user_permissions": _COMES_AND_GOES,
    "auth.Group": _COMES_AND_GOES,
    "auth.Group_permissions": _COMES_AND_GOES,
    "auth.Permission": _WRITTEN_ONCE,
    "contenttypes.ContentType": _WRITTEN_ONCE,
    "sessions.Session": _COMES_AND_GOES,
}
