"""Withdrawals that ended long ago: what copies of one have of their own."""

from typing import Final

from benchmarks.growth.copies import LONG_AGO, OLD_ID
from gateway.keyed_hashes import HASH_LENGTH

#: The request is cut short: it is in no index, and nothing here reads it.
ENDED: Final = {
    "id": OLD_ID,
    "reference": "'grown-' || n",
    "recipient_hashes": f"ARRAY[left(md5(n::text) || md5((-n)::text), {HASH_LENGTH})]",
    "body": "'\\x00'::bytea",
    "status": "'paid'",
    "sequence": "4",
    "next_at": "NULL",
    "token": "NULL",
    "created_at": LONG_AGO,
    "updated_at": LONG_AGO,
}
