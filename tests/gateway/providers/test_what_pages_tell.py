"""What pages tell of a payment system: the catalogue's words, and how they come into rows from before them."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from gateway.providers.catalogue import SYSTEMS
from gateway.providers.models import Flow, PaymentSystem, PaymentSystemHistory
from gateway.providers.system_rules import objections

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

COLUMNS = ("reference_label", "usual_minutes", "qr")
DEFAULTS = {"reference_label": "Transaction ID", "usual_minutes": None, "qr": "none"}
MIGRATION: Any = import_module("gateway.providers.migrations.0013_what_pages_tell_of_known_systems")
SAID = {one.code: {name: getattr(one, name) for name in COLUMNS} for one in SYSTEMS}


def told() -> dict[str, dict[str, Any]]:
    return {
        row["code"]: {name: row[name] for name in COLUMNS} for row in PaymentSystem.objects.values("code", *COLUMNS)
    }


def test_the_catalogue_says_what_apps_call_a_reference() -> None:
    labels = {one["reference_label"] for one in SAID.values()}
    assert labels == {
        *("Transaction ID", "UPI transaction ID (UTR)", "UTR", "TrxID", "TxnID", "Transaction ID (TID)"),
        "Comprobante / Documento",
    }
    assert {SAID[code]["reference_label"] for code in ("nagad", "rocket")} == {"TxnID"}
    assert SAID["bkash"]["reference_label"] == "TrxID"
    assert SAID["sinpemovil"]["reference_label"] == "Comprobante / Documento"


def test_a_upi_code_is_drawn_where_details_are_a_upi_address() -> None:
    assert {code for code, one in SAID.items() if one["qr"] == "upi"} == {
        *("upi_l", "upi_ib", "upi_hb", "upi_in", "upi_w", "upi_m")
    }


def test_how_long_it_takes_is_told_of_everything_that_takes_deposits() -> None:
    minutes = {one.code: one.usual_minutes for one in SYSTEMS}
    for one in SYSTEMS:
        match one.flow:
            case Flow.NONE:
                expected = None
            case Flow.ACTIVATION:
                expected = 30 if one.is_manual else 5
            case _:
                expected = 2
        assert minutes[one.code] == expected, one.code


def test_rows_from_before_are_told_what_the_catalogue_says() -> None:
    PaymentSystem.objects.update(**DEFAULTS)
    MIGRATION._tell(apps, None)
    assert told() == SAID
    # As of every other change, there is a history of it.
    last = PaymentSystemHistory.objects.filter(pgh_obj="upi_l").latest("pgh_id")
    assert (last.reference_label, last.usual_minutes, last.qr) == ("UPI transaction ID (UTR)", 5, "upi")


@pytest.mark.parametrize("said", [{"reference_label": "UTR"}, {"usual_minutes": 60}, {"qr": "upi"}])
def test_what_a_person_has_said_meanwhile_stays(said: dict[str, Any]) -> None:
    PaymentSystem.objects.update(**DEFAULTS)
    PaymentSystem.objects.filter(code="rocket").update(**said)
    PaymentSystem.objects.create(code="ours", name="Ours", flow=Flow.ACTIVATION, currencies=["INR"])
    MIGRATION._tell(apps, None)
    assert told()["rocket"] == {**DEFAULTS, **said}
    assert told()["ours"] == DEFAULTS


@pytest.mark.parametrize(
    ("code", "changes", "column"),
    [
        ("rocket", {"reference_label": "Trx\u202eID"}, "reference_label"),
        ("rocket", {"qr": "upi"}, "qr"),
        ("upi_s", {"qr": "upi"}, "qr"),
    ],
)
def test_nonsense_is_objected_to(code: str, changes: dict[str, Any], column: str) -> None:
    system = PaymentSystem.objects.get(code=code)
    assert objections(system) == []
    for name, value in changes.items():
        setattr(system, name, value)
    assert [name for name, _ in objections(system)] == [column]
