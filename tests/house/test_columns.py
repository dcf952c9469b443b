"""Every column that could hold a customer's account data or a secret, with the decision why it may be plain.

A new column of text, bytes or JSON fails here until somebody has decided: encrypt it (`gateway/encryption.py`), or
give it a line below. Phone numbers, account numbers, names, e-mails, keys and signatures are never plain.
"""

from collections import Counter

from django.apps import apps
from django.db import models

from gateway.encryption import EncryptedTextField
from gateway.keyed_hashes import KeyedHashesField

#: Columns that hold nothing but a number, a time, a yes or no, or a key of ours.
HARMLESS = (
    models.UUIDField,
    models.DateField,
    models.DateTimeField,
    models.BooleanField,
    models.DecimalField,
    models.IntegerField,
    models.ForeignKey,
    models.OneToOneField,
)

#: Columns of each history of settings beside those of the setting itself.
OF_A_HISTORY = {"pgh_context", "secret_changes"}

PLAIN_BECAUSE: dict[str, set[str]] = {
    "an id of ours, or of a call, a person or a letter of ours": {
        "providers.PayoutPause.key",  # or the code of a system
        "providers.ProviderCall.subject",  # else the bank's reference that was asked about
        "providers.ProviderCall.also_about",
        "providers.ProviderCall.request_id",
        "webhooks.Event.subject",
        "payments.DepositMove.cause_id",
        "payments.DepositMove.request_id",
        "payments.ConfirmationMove.cause_id",
        "payments.ConfirmationMove.request_id",
        "withdrawals.WithdrawalMove.cause_id",
        "withdrawals.WithdrawalMove.request_id",
        "withdrawals.WithdrawalBatchMove.cause_id",
        "withdrawals.WithdrawalBatchMove.request_id",
        "withdrawals.WithdrawalBatch.asked_by_id",
        *(f"backoffice.ExportMove.{name}" for name in ("cause_id", "request_id")),
        "payments.ReceiptMove.cause_id",
        "payments.ReceiptMove.request_id",
        "payments.Receipt.custom_id",
        "payments.Receipt.label",
        "postbacks.LetterItem.order_id",
        "balances.Hold.order_id",
        "balances.Journal.reference",
        "balances.Journal.subject",
        "balances.Journal.cause_id",
        "balances.Journal.request_id",
        "balances.InstructionMove.cause_id",
        "backoffice.Note.subject",
        "balances.InstructionMove.request_id",
        "backoffice.Look.subject",
        "backoffice.Look.request_id",
    },
    "the bank's or the provider's reference of a payment, by which money is found": {
        "payments.Confirmation.provider_reference",
        "payments.Receipt.transaction_id",
        "payments.Receipt.stockpiling_id",
        "postbacks.LetterItem.transaction_id",
    },
    "the product's own words, of which the API says that no account data belongs into them": {
        "products.Customer.external_id",
        "payments.Deposit.reference",
        "payments.Deposit.return_urls",
        "payments.Deposit.metadata",
        *(f"payments.CheckoutSession.{name}" for name in ("reference", "return_urls", "metadata")),
        "withdrawals.Withdrawal.reference",
        "withdrawals.Withdrawal.comment",
        "withdrawals.Withdrawal.metadata",
        "withdrawals.WithdrawalBatch.reference",
        *(f"withdrawals.BatchRow.{name}" for name in ("reference", "customer", "comment", "metadata")),
        "api.IdempotencyKey.key",
        "webhooks.WebhookEndpoint.url",
        "providers.RedirectHash.url",
    },
    "one of a few words of ours, or a sentence made of them, of ids and of amounts": {
        "backoffice.Counted.what",  # or a day
        "backoffice.SavedView.list_name",
        "backoffice.SavedView.query",  # filters alone, never a search
        "balances.Journal.cause",
        *(f"backoffice.ExportMove.{name}" for name in ("from_status", "to_status", "cause", "detail")),
        *(f"backoffice.Export.{name}" for name in ("subject", "columns", "failure")),
        "balances.Instruction.verb",
        "balances.Instruction.parameters",
        "balances.Instruction.preview",
        *(f"balances.InstructionMove.{name}" for name in ("from_status", "to_status", "cause")),
        "providers.ProviderAccount.pause_reason",
        "providers.PayoutPause.reason",
        "providers.PayoutPause.end_reason",
        "providers.BalanceCheck.note",
        "providers.ConnectionTest.findings",
        "providers.ProviderCall.operation",
        "providers.ProviderCall.outcome",
        "providers.ProviderCall.note",
        "payments.Deposit.language",
        "payments.CheckoutSession.language",
        *(
            f"{move}.{name}"
            for move in (
                "payments.DepositMove",
                "payments.ConfirmationMove",
                "payments.ReceiptMove",
                "withdrawals.WithdrawalMove",
                "withdrawals.WithdrawalBatchMove",
            )
            for name in ("from_status", "to_status", "cause", "detail")
        ),
        "payments.Confirmation.provider_word",
        "payments.Receipt.contradiction",
        "withdrawals.Withdrawal.last_answer",
        "withdrawals.Withdrawal.contradiction",
        "withdrawals.Withdrawal.approvals_needed",
        "withdrawals.Withdrawal.held_for",
        "withdrawals.Approval.held_for",
        "withdrawals.SlabSet.slabs",
        "withdrawals.BlockedRecipient.hint",
        "withdrawals.BatchRow.code",
        "withdrawals.BatchRow.detail",
        "postbacks.Letter.disagreements",
        "postbacks.Letter.variant",
        "postbacks.LetterItem.note",
        "postbacks.RejectedLetter.reason",
        "products.ApiKey.scopes",
        "webhooks.WebhookEndpoint.event_types",
        "payments.Screenshot.suspicions",
    },
    "a code of a currency or of a payment system": {
        "backoffice.DayFigure.currency",
        "backoffice.SystemFigure.payment_system",
        "payments.Deposit.currency",
        *(f"payments.CheckoutSession.{name}" for name in ("currency", "payment_systems")),
        "payments.Receipt.currency",
        "payments.Receipt.wallet_type",
        "withdrawals.Withdrawal.currency",
        "withdrawals.BatchRow.currency",
        "postbacks.LetterItem.currency",
        "postbacks.LetterItem.wallet_type",
        "providers.SystemObservation.code",
        "providers.SystemObservation.currency",
        "providers.MediaHint.code",
        "providers.ObservedBalance.wallet_type",
        "providers.ObservedBalance.currency",
        "payments.Savings.currency",
        "balances.Account.currency",
        "balances.Account.payment_system",
        "balances.Entry.currency",
        "balances.Hold.currency",
        "balances.Fee.currency",
        "withdrawals.SlabSet.currency",
        "withdrawals.WithdrawalLimit.currency",
        "withdrawals.OutflowCap.currency",
    },
    "a point in time as the provider wrote it; anything else is not kept": {"payments.Receipt.provider_time"},
    "a keyed hash: without the key, which is not in the database, it can be tried on nothing": {
        "withdrawals.Withdrawal.recipient_hashes",
        "withdrawals.BlockedRecipient.account_hashes",
        "api.IdempotencyKey.fingerprint",
        "withdrawals.WithdrawalBatch.fingerprint",
    },
    "a digest of something with more unknown bits than anybody can try: a key, a signature, a picture": {
        "products.ApiKey.digest",
        "withdrawals.Withdrawal.body_digest",
        "payments.CheckoutSession.token_digest",  # of 256 random bits
        "payments.Screenshot.digest",
        "payments.Screenshot.pixel_digest",
        "payments.Screenshot.look",
    },
    "a digest of what everybody may see": {
        "products.Branding.logo_digest",
        "providers.MediaFile.url_digest",
        "providers.MediaFile.content_digest",
    },
    "a word of the provider for a product's return address, handed out to whoever opens the window": {
        "providers.RedirectHash.hash",
    },
    "a digest of evidence, to recognise it by; it covers many more things than an account": {
        "providers.ProviderCall.response_digest",
        "postbacks.Letter.signed_digest",
        "balances.Instruction.digest",
        "backoffice.Export.digest",  # of the whole file
    },
    "settings that finance and operators enter, or that the provider publishes": {
        "products.Product.name",
        *(f"products.Branding.{name}" for name in ("display_name", "colour", "logo", "frame_origins")),
        "products.Branding.support_address",  # a company's, for everybody to see
        "products.ApiKey.name",
        "products.ApiKey.prefix",
        "providers.ProviderAccount.name",
        "providers.ProviderAccount.base_url",
        "providers.ProviderAccount.time_zone",
        "providers.ProviderAccount.paths",
        "providers.ProviderAccount.widget_url",
        "providers.PaymentSystem.language_wire",
        "providers.MediaHint.url",
        "providers.MediaFile.url",
        "providers.MediaFile.content",
        "products.ApiKey.allowed_networks",
        "providers.PaymentSystem.code",
        "providers.PaymentSystem.name",
        "providers.PaymentSystem.currencies",
        "providers.PaymentSystem.receipt_currencies",
        "providers.PaymentSystem.manual_path",
        "providers.PaymentSystem.reference_pattern",
        "providers.PaymentSystem.reference_example",
        "providers.PaymentSystem.reference_label",
        "providers.PaymentSystem.detail_fields",
        "providers.PaymentSystem.recipient_fields",
        "providers.PaymentSystem.constants",
        "providers.PaymentSystem.return_url_keys",
        "providers.SystemObservation.name",
        "providers.SystemObservation.logo",
    },
    "an address, no key: whoever knows it may write to us, and is believed only with a signature and a pull": {
        "providers.ProviderAccount.postback_token",
    },
    "what people write down about money, with a bank statement's line, of which the form says that it is kept plain": {
        "balances.Journal.detail",
        "balances.Instruction.reason",
        "balances.Instruction.document",
        "balances.Instruction.decision_reason",
        "balances.InstructionMove.detail",
        "balances.Journal.document",
        "balances.Fee.reason",
        "withdrawals.Approval.reason",
        "backoffice.Handled.reason",
        "withdrawals.SlabSet.reason",
        "withdrawals.WithdrawalLimit.reason",
        "withdrawals.DuplicateWindow.reason",
        "withdrawals.OutflowCap.reason",
        "withdrawals.BlockedRecipient.reason",
        "withdrawals.BlockedRecipient.ended_reason",
    },
    "of a change of settings: who made it and why, and the names of secrets that changed, never a secret": {
        "kept_history.pgh_context",
        "kept_history.secret_changes",
    },
    "the history library's own, of which nothing is used": {"pghistory.Context.metadata"},
    "Django's own, about our staff": {
        "backoffice.SavedView.name",  # or what they call their own views
        "admin.LogEntry.object_id",
        "admin.LogEntry.object_repr",
        "admin.LogEntry.change_message",
        "auth.Permission.name",
        "auth.Permission.codename",
        "auth.Group.name",
        "auth.User.password",
        "auth.User.username",
        "auth.User.first_name",
        "auth.User.last_name",
        "auth.User.email",
        "contenttypes.ContentType.app_label",
        "contenttypes.ContentType.model",
        "sessions.Session.session_key",
        "sessions.Session.session_data",
    },
    "of whoever failed to sign in; what was sent is masked, and a name that nobody has is kept as a digest": {
        *(
            f"axes.{table}.{name}"
            for table in ("AccessAttempt", "AccessFailureLog", "AccessLog")
            for name in ("user_agent", "ip_address", "username", "http_accept", "path_info")
        ),
        "axes.AccessAttempt.get_data",
        "axes.AccessAttempt.post_data",
        "axes.AccessLog.session_hash",
    },
}


def undecided() -> set[str]:
    """Columns of every model of every app, Django's own included, that are neither harmless nor encrypted.

    What a setting was is kept in columns of the same names, with the same decisions: the history leaves the others out.
    """
    return {
        f"{getattr(model, 'pgh_tracked_model', model)._meta.label}.{column.attname}"
        if column.attname not in OF_A_HISTORY
        else f"kept_history.{column.attname}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for column in model._meta.local_concrete_fields
        if not isinstance(column, (*HARMLESS, EncryptedTextField)) and not getattr(column, "choices", None)
    }


def test_every_column_has_a_decision() -> None:
    decided = Counter(name for names in PLAIN_BECAUSE.values() for name in names)
    assert undecided() - set(decided) == set(), "encrypt it, or say in PLAIN_BECAUSE why it may be plain"
    assert set(decided) - undecided() == set(), "there is no such plain column any more"
    assert {name for name, times in decided.items() if times > 1} == set()


def test_a_plain_column_is_never_named_like_account_data_or_a_secret() -> None:
    words = ("phone", "email", "iban", "account_n", "recipient", "payer", "secret", "signature", "private", "password")
    allowed = {"auth.User.email", "auth.User.password", "withdrawals.Withdrawal.recipient_hashes"}
    allowed |= {"providers.PaymentSystem.recipient_fields"}
    allowed |= {"kept_history.secret_changes"}  # their names
    suspicious = {name for name in undecided() if any(word in name.rpartition(".")[2] for word in words)}
    assert suspicious == allowed


def test_hashes_of_encrypted_columns_are_keyed() -> None:
    columns = [column for model in apps.get_models() for column in model._meta.local_concrete_fields]
    hashes = [column for column in columns if column.attname.endswith("_hashes")]
    assert hashes
    assert all(isinstance(column, KeyedHashesField) and column.purpose for column in hashes)
