"""Whom we call: provider accounts and their pace, the catalogue of payment systems, the evidence of every call."""

from gateway.providers.models.accounts import (
    ACCOUNT_NAME_MAX_LENGTH,
    BASE_URL_PATTERN,
    PAUSE_REASON_MAX_LENGTH,
    UNGUESSABLE_PATTERN,
    CallPace,
    PauseKind,
    ProviderAccount,
    not_paused,
    validate_time_zone,
)
from gateway.providers.models.balances import (
    BALANCE_DECIMAL_PLACES,
    BALANCE_MAX_DIGITS,
    BalanceCheck,
    ObservedBalance,
)
from gateway.providers.models.calls import (
    NOTE_MAX_LENGTH,
    ProviderCall,
)
from gateway.providers.models.connection_tests import ConnectionTest
from gateway.providers.models.history import PaymentSystemHistory, ProviderAccountHistory
from gateway.providers.models.media_files import (
    HINT_MAX_BYTES,
    LOGO_MAX_BYTES,
    MediaFailure,
    MediaFile,
    MediaKind,
    MediaType,
)
from gateway.providers.models.pauses import (
    PauseScope,
    PayoutPause,
    PayoutPauseKind,
    may_pay_out,
)
from gateway.providers.models.redirect_hashes import (
    RedirectHash,
    RedirectKind,
)
from gateway.providers.models.systems import (
    ANY_REFERENCE_LABEL,
    SYSTEM_CODE_MAX_LENGTH,
    Flow,
    MediaHint,
    PaymentSystem,
    QrKind,
    ReferenceKind,
    ScreenshotWish,
    SystemObservation,
)

__all__ = [
    "ACCOUNT_NAME_MAX_LENGTH",
    "ANY_REFERENCE_LABEL",
    "BALANCE_DECIMAL_PLACES",
    "BALANCE_MAX_DIGITS",
    "BASE_URL_PATTERN",
    "HINT_MAX_BYTES",
    "LOGO_MAX_BYTES",
    "NOTE_MAX_LENGTH",
    "PAUSE_REASON_MAX_LENGTH",
    "SYSTEM_CODE_MAX_LENGTH",
    "UNGUESSABLE_PATTERN",
    "BalanceCheck",
    "CallPace",
    "ConnectionTest",
    "Flow",
    "MediaFailure",
    "MediaFile",
    "MediaHint",
    "MediaKind",
    "MediaType",
    "ObservedBalance",
    "PauseKind",
    "PauseScope",
    "PaymentSystem",
    "PaymentSystemHistory",
    "PayoutPause",
    "PayoutPauseKind",
    "ProviderAccount",
    "ProviderAccountHistory",
    "ProviderCall",
    "QrKind",
    "RedirectHash",
    "RedirectKind",
    "ReferenceKind",
    "ScreenshotWish",
    "SystemObservation",
    "may_pay_out",
    "not_paused",
    "validate_time_zone",
]
