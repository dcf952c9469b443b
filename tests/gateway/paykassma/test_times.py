"""The provider's times have no zone: read by the account's, and empty where they cannot be."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.paykassma.times import read_time, zone


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name", "moment"),
    [
        ("2023-06-30 13:59:24", "Asia/Manila", "2023-06-30 05:59:24"),
        ("2024-01-01 07:59:59", "Asia/Manila", "2023-12-31 23:59:59"),
        ("2024-02-29 00:00:00", "Asia/Kolkata", "2024-02-28 18:30:00"),
        ("2024-07-01 12:00:00", "Europe/Berlin", "2024-07-01 10:00:00"),
        ("2024-12-01 12:00:00", "Europe/Berlin", "2024-12-01 11:00:00"),
        ("2024-10-27 01:59:59", "Europe/Berlin", "2024-10-26 23:59:59"),
        # Put back from three to two: this hour comes twice, and the first of the two counts.
        ("2024-10-27 02:30:00", "Europe/Berlin", "2024-10-27 00:30:00"),
        ("2024-10-27 03:00:00", "Europe/Berlin", "2024-10-27 02:00:00"),
        ("2024-03-31 01:59:59", "Europe/Berlin", "2024-03-31 00:59:59"),
        ("2024-03-31 03:00:00", "Europe/Berlin", "2024-03-31 01:00:00"),
    ],
)
def test_a_time_is_read_by_the_clocks_of_its_zone(text: str, name: str, moment: str) -> None:
    assert read_time(text, name) == utc(moment)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((text, "Asia/Manila") for text in ("", "2024-01-01", "2024-01-01T00:00:00", " 2024-01-01 00:00:00")),
        *((text, "Asia/Manila") for text in ("2024-01-01 00:00:00\n", "2024-01-01 00:00:00Z", "2024-1-1 0:0:0")),
        *((text, "Asia/Manila") for text in ("2023-02-29 00:00:00", "2024-13-01 00:00:00", "2024-01-01 24:00:00")),
        *((text, "Asia/Manila") for text in ("٢٠٢٤-٠١-٠١ ٠٠:٠٠:٠٠", "0000-00-00 00:00:00", "0001-01-01 00:00:00")),
        ("9999-12-31 23:59:59", "America/Los_Angeles"),
        # Put forward from two to three: there was no such time.
        ("2024-03-31 02:30:00", "Europe/Berlin"),
        *(("2024-01-01 00:00:00", name) for name in ("", "Asia/Nowhere", "../etc/passwd", "+08:00", "a\0b", "x" * 300)),
    ],
)
def test_what_cannot_be_read_is_empty(text: str, name: str) -> None:
    assert read_time(text, name) is None


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    moment=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2035, 1, 1)).map(  # noqa: DTZ001
        lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
    ),
    name=st.sampled_from(["Asia/Manila", "Europe/Berlin", "America/Costa_Rica", "Australia/Lord_Howe", "UTC"]),
)
def test_every_moment_that_is_written_is_read_back_but_for_the_repeated_hour(moment: datetime, name: str) -> None:
    written = moment.astimezone(zone(name))
    read = read_time(written.strftime("%Y-%m-%d %H:%M:%S"), name)
    assert read is not None
    assert read == moment if written.fold == 0 else read < moment


def test_no_zone_is_named_by_accident() -> None:
    with pytest.raises(ValueError, match="not a time zone"):
        zone("Manila")
