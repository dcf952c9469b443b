"""The bank's reference: normalised once and for all, and refused with a sentence where it is none."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.providers.catalogue import SYSTEMS
from gateway.providers.models import Flow, PaymentSystem, ReferenceKind
from payments.references import BadReference, normalise
from tests.properties import PURE

TAKING = [PaymentSystem(**one.as_row()) for one in SYSTEMS if one.as_row()["flow"] == Flow.ACTIVATION]
FREE = PaymentSystem(code="free", name="Free", reference_kind=ReferenceKind.TEXT, reference_pattern="")

systems = st.sampled_from([*TAKING, FREE])
typed = (
    st.text(alphabet="0123456789 -", min_size=8, max_size=32)
    | st.text(alphabet="0123456789abcXYZ \t\u00a0", max_size=24)
    | st.text(max_size=30)
    | st.sampled_from(
        ["1234 5678 9012", "123456789012\n", "１２３４５６７８９０１２", "\u202e123456789012", "a" * 191, "\0"]
    )
)


@PURE
@given(systems, typed)
def test_what_is_taken_fits_the_format_and_is_normal_already(system: PaymentSystem, text: str) -> None:
    with contextlib.suppress(BadReference):
        reference = normalise(text, system)
        assert_normal(reference, system)


def assert_normal(reference: str, system: PaymentSystem) -> None:
    assert normalise(reference, system) == reference
    assert re.fullmatch(system.reference_pattern or r"[!-~][ -~]{0,189}", reference, re.ASCII)
    assert reference == reference.strip()
    assert 1 <= len(reference) <= 190
    assert reference.isascii()


@PURE
@given(systems, st.text(max_size=20).filter(lambda text: not text.isascii() and text.strip() == text))
def test_letters_of_other_scripts_are_no_reference(system: PaymentSystem, text: str) -> None:
    rest = re.sub(r"[\s-]", "", text)
    if rest.isascii() or rest.upper().isascii():
        return  # only blanks, or a letter whose capital is one of ours
    with pytest.raises(BadReference, match=rf"^This is no {re.escape(system.name)} reference.*\.\Z"):
        normalise(text, system)


@pytest.mark.parametrize("system", TAKING, ids=lambda one: one.code)
def test_every_system_takes_its_own_example_with_the_blanks_that_people_type(system: PaymentSystem) -> None:
    example = system.reference_example
    assert normalise(f"  {example}\n", system) == normalise(example, system)
