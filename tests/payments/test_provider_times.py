"""The provider's times: kept as written, read by the account's zone, and never what decides."""

import pytest
from django.core.exceptions import ValidationError

from gateway.providers.models import ProviderAccount
from payments.models import Receipt
from tests.payments.paid import Paid, states
from tests.payments.stage import money

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "written", "kept", "moment"),
    [
        ("Asia/Manila", "2026-03-01 20:00:00", "2026-03-01 20:00:00", "2026-03-01T12:00:00+00:00"),
        ("Europe/Berlin", "2026-07-01 20:00:00", "2026-07-01 20:00:00", "2026-07-01T18:00:00+00:00"),
        ("Asia/Manila", "2035-03-01 20:00:00", "2035-03-01 20:00:00", "2035-03-01T12:00:00+00:00"),
        ("Asia/Manila", "yesterday", "", None),  # no time: any other text could be account data
        ("Asia/Manila", None, "", None),
        ("No/Where", "2026-03-01 20:00:00", "2026-03-01 20:00:00", None),  # written past the validation
    ],
)
def test_a_receipt_keeps_the_time_as_written_and_as_a_moment(
    paid: Paid, zone: str, written: str | None, kept: str, moment: str | None
) -> None:
    ProviderAccount.objects.update(time_zone=zone)

    ended = paid.arrives(money(activated_datetime=written))

    receipt = Receipt.objects.get()
    assert (receipt.provider_time, receipt.provider_at and receipt.provider_at.isoformat()) == (kept, moment)
    # Years early, years late or unreadable: the money is there.
    assert (states(ended)[0], ended.late) == ("credited", False)


@pytest.mark.parametrize("name", ["Asia/Manila", "UTC", "Europe/Berlin"])
def test_a_zone_of_the_database_is_taken(account: ProviderAccount, name: str) -> None:
    account.time_zone = name
    account.full_clean()


@pytest.mark.parametrize("name", ["Manila", "+08:00", "Asia/Nowhere", "../etc/passwd", "Asia", "a\0b"])
def test_any_other_zone_is_refused_with_a_sentence(account: ProviderAccount, name: str) -> None:
    account.time_zone = name
    with pytest.raises(ValidationError) as refused:
        account.full_clean()
    assert "Use a name of the IANA database, for example Asia/Manila." in refused.value.message_dict["time_zone"]
