"""What pages tell of the systems of the built-in catalogue, in rows from before the columns for it."""

from typing import Any, Final

from django.db import migrations

_UPI: Final = {"reference_label": "UPI transaction ID (UTR)", "usual_minutes": 5, "qr": "upi"}
_TXN_ID: Final = {"reference_label": "TxnID", "usual_minutes": 5}
_TID: Final = {"reference_label": "Transaction ID (TID)", "usual_minutes": 5}
_COMPARED: Final = {"usual_minutes": 5}
_LOOKED_AT: Final = {"usual_minutes": 30}
_APPROVED: Final = {"usual_minutes": 2}

VALUES: Final[dict[str, dict[str, Any]]] = {
    **dict.fromkeys(("upi_l", "upi_ib", "upi_hb", "upi_in", "upi_w", "upi_m"), _UPI),
    "phone_pe": {"reference_label": "UTR", "usual_minutes": 5},
    "bkash": {"reference_label": "TrxID", "usual_minutes": 5},
    "nagad": _TXN_ID,
    "rocket": _TXN_ID,
    **dict.fromkeys(("easypaisa", "jazzcash", "jazzcash_business"), _TID),
    "sinpemovil": {"reference_label": "Comprobante / Documento", "usual_minutes": 5},
    **dict.fromkeys(("paytm", "paytm_api", "wavepay"), _COMPARED),
    **dict.fromkeys(
        ("staging_b_ml", "kbzpay_manual", "banktransfer_manual", "baciban_ml", "bnb_ml", "brou_ml"), _LOOKED_AT
    ),
    **dict.fromkeys(("upi_s", "bkash_api", "nagad_api", "easypaisa_api", "mpesa"), _APPROVED),
}


def _tell(apps: Any, _: Any) -> None:
    systems = apps.get_model("providers", "PaymentSystem").objects
    for code, values in VALUES.items():
        # Where somebody has said otherwise meanwhile, it stays.
        untouched = systems.filter(code=code, reference_label="Transaction ID", usual_minutes=None, qr="none")
        untouched.update(**values)


class Migration(migrations.Migration):
    dependencies = [("providers", "0012_media_files_and_what_pages_tell")]

    operations = [migrations.RunPython(_tell, migrations.RunPython.noop)]
