import re
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import ids

PREFIXES = [value for name, value in vars(ids).items() if name.isupper()]


def test_prefixes_are_at_most_three_letters_and_all_different() -> None:
    assert len(PREFIXES) >= 7
    assert all(prefix.isascii() and prefix.isalpha() and prefix.islower() and len(prefix) <= 3 for prefix in PREFIXES)
    assert len(set(PREFIXES)) == len(PREFIXES)


def test_every_id_fits_the_narrowest_field_of_the_provider() -> None:
    """36 safe characters: a withdrawal_id or a label; a custom_transaction_id has 64 (C§5 rows 2 and 3)."""
    for prefix in (ids.DEPOSIT, ids.CONFIRMATION, ids.WITHDRAWAL, ids.CUSTOMER):
        sent = ids.encode(prefix, ids.new_id())
        assert len(sent) <= 30
        assert re.fullmatch(r"[a-z]{2,3}_[0-9a-z]{26}", sent)


def test_new_ids_are_of_version_7_and_grow() -> None:
    before = time.time_ns() // 1_000_000
    made = [ids.new_id() for _ in range(2_000)]
    after = time.time_ns() // 1_000_000
    assert type(made[0]) is uuid.UUID
    assert {one.version for one in made} == {7}
    assert made == sorted(set(made))
    assert all(before <= one.int >> 80 <= after for one in made)


@given(st.uuids(), st.sampled_from(PREFIXES))
def test_what_is_encoded_is_decoded(value: uuid.UUID, prefix: str) -> None:
    text = ids.encode(prefix, value)
    assert text.startswith(f"{prefix}_")
    assert len(text) == len(prefix) + 27 <= 30
    assert text.isascii()
    assert ids.decode(prefix, text) == value
    assert type(ids.decode(prefix, text)) is uuid.UUID
    for other in PREFIXES:
        assert other == prefix or ids.decode(other, text) is None


def test_the_known_pair_of_the_specification() -> None:
    assert ids.encode("dep", uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")) == "dep_01h455vb4pex5vsknk084sn02q"
    assert ids.decode("dep", "dep_01h455vb4pex5vsknk084sn02q") == uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert ids.decode("dep", "dep_7zzzzzzzzzzzzzzzzzzzzzzzzz") == uuid.UUID(int=2**128 - 1)


@pytest.mark.parametrize(
    "text",
    [
        None,
        1,
        b"dep_01h455vb4pex5vsknk084sn02q",
        uuid.UUID(int=1),
        "",
        "_",
        "dep",
        "dep_",
        "dep__01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "01h455vb4pex5vsknk084sn02q",
        "DEP_01h455vb4pex5vsknk084sn02q",
        "dep_01H455VB4PEX5VSKNK084SN02Q",
        "dep_01h455vb4pex5vsknk084sn02",
        "dep_01h455vb4pex5vsknk084sn02qq",
        "dep_01h455vb4pex5vsknk084sn02q\n",
        " dep_01h455vb4pex5vsknk084sn02q",
        "dep_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "dep_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "dep_o1h455vb4pex5vsknk084sn02q",
        "dep_01h455vb4pex5vsknk084sno2q",
        "dep_01h455vb4pex5vsknk084sni2q",
        "dep_01h455vb4pex5vsknk084snl2q",
        "dep_01h455vb4pex5vsknk084snu2q",
        "dep_01h455vb4pex5vsknk084sn02\u0661",
        "dep_01h455vb4pex5vsknk084sn02\0",
        "dep_" + "\ud800" * 26,
        "d\u0435p_01h455vb4pex5vsknk084sn02q",
        "dep_" + "0" * 10_000,
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_nothing_but_the_exact_spelling_is_an_id(text: object) -> None:
    assert ids.decode("dep", text) is None


@given(st.text(max_size=40) | st.from_regex(r"dep_[0-9a-z]{26}", fullmatch=True))
def test_any_text_is_an_id_of_one_spelling_or_none(text: str) -> None:
    value = ids.decode("dep", text)
    assert value is None or ids.encode("dep", value) == text


def test_the_first_id_of_a_time_lies_between_those_before_and_those_after() -> None:
    before = datetime.now(UTC)
    made = ids.new_id()
    after = datetime.now(UTC)
    assert ids.first_at(before) <= made < ids.first_at(after, plus=timedelta(milliseconds=1))
    assert ids.first_at(before, plus=timedelta(hours=1)) > made > ids.first_at(after, plus=timedelta(hours=-1))
    assert ids.first_at(datetime(1970, 1, 1, tzinfo=UTC)).int == 0
    # Beyond what an id can hold, and where time zones leave the calendar.
    east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))
    assert ids.first_at(datetime(1, 1, 1, tzinfo=east), plus=timedelta(days=-1)).int == 0
    assert ids.first_at(datetime(9999, 12, 31, 23, 59, 59, tzinfo=west), plus=timedelta(days=1)) > made
