"""The provider's address: what is kept is acknowledged with exactly the expected bytes, and nothing else is."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gateway.providers.models import ProviderAccount
from postbacks.models import Letter, LetterItem, RejectedLetter
from tests.postbacks.letters import ACKNOWLEDGED, deliver, encoded, envelope, item, kept, letter, path, signature
from tests.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.django_db

VECTORS = json.loads(
    (Path(__file__).parents[1] / "gateway" / "paykassma" / "signature-vectors.json").read_text(encoding="utf-8")
)["postbacks"]
MAX_BYTES = 200 * 1024


def assert_nothing_kept() -> None:
    assert not Letter.objects.exists()
    assert not LetterItem.objects.exists()
    assert not RejectedLetter.objects.exists()


def test_a_letter_is_kept_as_it_came_and_then_acknowledged(
    account: ProviderAccount, provider: ScriptedProvider
) -> None:
    items = [item(transaction_id="T1", plugin_custom_order_id="order-1"), item(transaction_id="T2", amount=7)]
    raw = letter(account, items)

    answer = deliver(account, raw)

    assert (answer.status_code, answer.content) == (200, b'{"status":"ok"}')
    assert answer.headers["Content-Type"] == "application/json"
    kept_letter = Letter.objects.get()
    assert bytes(kept_letter.body) == raw
    assert kept_letter.signed_digest == hashlib.sha256(encoded(items).encode()).hexdigest()
    assert (kept_letter.account, kept_letter.copies, kept_letter.envelope_agrees) == (account, 1, True)
    assert (kept_letter.variant, kept_letter.key_index, kept_letter.disagreements) == ("unescaped", 0, "")
    rows = LetterItem.objects.order_by("position")
    assert [(row.order_id, row.transaction_id, str(row.amount), row.currency, row.status) for row in rows] == [
        ("order-1", "T1", "1000.0000", "INR", "received"),
        ("", "T2", "7.0000", "INR", "received"),
    ]
    assert provider.requests == []  # nothing is asked before the acknowledgement


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/json", "text/plain", ""],
)
def test_content_types_that_a_letter_may_have(account: ProviderAccount, content_type: str) -> None:
    answer = deliver(account, letter(account, [item()]), content_type)
    assert (answer.status_code, answer.content) == (200, ACKNOWLEDGED)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "x", "json"],
)
def test_other_content_types_are_refused_unread(account: ProviderAccount, content_type: str) -> None:
    assert deliver(account, letter(account, [item()]), content_type).status_code == 415
    assert_nothing_kept()


@pytest.mark.parametrize(("size", "status"), [(MAX_BYTES, 200), (MAX_BYTES + 1, 413), (MAX_BYTES * 10, 413)])
def test_a_letter_has_a_largest_size(account: ProviderAccount, size: int, status: int) -> None:
    raw = letter(account, [item()])
    raw += b" " * (size - len(raw))
    assert deliver(account, raw).status_code == status
    if status != 200:
        assert_nothing_kept()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(account: ProviderAccount, method: str) -> None:
    answer = Client().generic(method, path(account), letter(account, [item()]), content_type="application/json")
    assert answer.status_code == 405
    assert_nothing_kept()


@pytest.mark.parametrize(
    "token",
    [
        "unknown-token",
        "",
        "%00",
        "{token}%00",
        "%00{token}",
        "{token}%0A",
        "{token}%20",
        "{token}%2F",
        "{token}/x",
        "{TOKEN}",
        "{token}x",
        "{token}%E2%80%AE",
        "%25",
        "..",
        "a" * 128,
        "a" * 129,
        "a" * 5000,
        "%FF",
        "'%20OR%20''='",
        "*",
    ],
)
def test_an_unknown_address_is_nobodys(account: ProviderAccount, token: str) -> None:
    text = token.replace("{token}", account.postback_token).replace("{TOKEN}", account.postback_token.upper())
    raw = letter(account, [item()])

    answer = Client().generic("POST", f"/postbacks/paykassma/{text}/", raw, content_type="application/json")

    assert answer.status_code == 404
    assert account.postback_token.encode() not in answer.content
    assert_nothing_kept()


def test_a_letter_to_the_address_without_its_last_slash_is_kept(account: ProviderAccount) -> None:
    """A redirect would lose the body."""
    answer = Client().generic("POST", path(account)[:-1], letter(account, [item()]), content_type="application/json")
    assert (answer.status_code, answer.content) == (200, ACKNOWLEDGED)
    assert Letter.objects.count() == 1


UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"signature=1",
    "a list": b"[]",
    "a text": b'"x"',
    "no signature": encoded(envelope([item()])).encode(),
    "signature null": encoded({"signature": None, **envelope([item()])}).encode(),
    "signature an object": encoded({"signature": {}, **envelope([item()])}).encode(),
    "nothing signed": b'{"signature":"x"}',
    "a text signed": b'{"signature":"x","additional_data":"x"}',
    "a key twice": b'{"signature":"x","additional_data":[],"additional_data":[]}',
    "NaN": b'{"signature":"x","additional_data":[{"amount":NaN}]}',
    "Infinity": b'{"signature":"x","additional_data":[{"amount":-Infinity}]}',
    "too deep": b'{"signature":"x","additional_data":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "not UTF-8": b'{"signature":"\xff","additional_data":[]}',
    "with a mark in front": b'\xef\xbb\xbf{"signature":"x","additional_data":[]}',
    "two letters": b'{"signature":"x","additional_data":[]}{}',
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_letter_is_not_acknowledged(account: ProviderAccount, raw: bytes) -> None:
    answer = deliver(account, raw)

    assert answer.status_code == 400
    assert json.loads(answer.content)["status"] == "fail"
    assert not Letter.objects.exists()
    assert [bytes(row.body) for row in RejectedLetter.objects.all()] == [raw[: 8 * 1024]]


def test_letters_of_an_account_that_takes_no_new_orders_are_kept(account: ProviderAccount) -> None:
    ProviderAccount.objects.update(is_active=False)
    kept(account, letter(account, [item()]))


# Signatures: every variant that PHP computed, and both pairs of keys while they are rotated.


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_every_letter_that_php_signed_is_kept(account: ProviderAccount, vector: dict[str, str]) -> None:
    ProviderAccount.objects.update(postback_access_key=vector["access_key"], postback_private_key=vector["private_key"])
    kept(account, vector["body"].encode())
    assert Letter.objects.get().signed_digest == hashlib.sha256(vector["signed_text"].encode()).hexdigest()


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_no_letter_of_php_is_kept_with_another_key(account: ProviderAccount, vector: dict[str, str]) -> None:
    ProviderAccount.objects.update(
        postback_access_key=vector["access_key"], postback_private_key=vector["private_key"] + "x"
    )
    assert deliver(account, vector["body"].encode()).status_code == 403
    assert not Letter.objects.exists()


ODD_ITEM = item(transaction_id="T1", comment="тест / \u2028x 😀", rate="a/b")


def variants() -> dict[str, tuple[str, str, str]]:
    """Variant, the text that was signed, and how the body writes it."""
    raw = encoded([ODD_ITEM]).replace("\u2028", "\\u2028")
    escaped = json.dumps([ODD_ITEM], separators=(",", ":")).replace("/", "\\/")
    pretty = json.dumps([ODD_ITEM], indent=1)
    return {
        "documented, body written alike": ("unescaped", raw, raw),
        "documented, body escaped": ("unescaped", raw, escaped),
        "documented, body pretty": ("unescaped", raw, pretty),
        "default flags, body written alike": ("slice", escaped, escaped),
        "default flags, body raw": ("escaped", escaped, raw),
        "the bytes of the body": ("slice", pretty, pretty),
    }


@pytest.mark.parametrize(("variant", "signed", "written"), variants().values(), ids=variants().keys())
def test_all_variants_of_signing(account: ProviderAccount, variant: str, signed: str, written: str) -> None:
    sign = signature(signed, account.postback_access_key, account.postback_private_key)
    rest = encoded({"signature": sign, "direction": "ingoing"})[:-1]

    kept(account, f'{rest},"additional_data":{written}}}'.encode())

    assert Letter.objects.get().variant == variant
    assert LetterItem.objects.get().transaction_id == "T1"


def test_while_keys_are_rotated_the_old_pair_counts_too(account: ProviderAccount) -> None:
    old = letter(account, [item(transaction_id="T1")])
    ProviderAccount.objects.update(
        postback_access_key="new-access-key-0123456789",
        postback_private_key="new-private-key-0123456789",
        previous_postback_access_key=account.postback_access_key,
        previous_postback_private_key=account.postback_private_key,
    )
    account.refresh_from_db()
    kept(account, old)
    kept(account, letter(account, [item(transaction_id="T2")]))
    assert [row.key_index for row in Letter.objects.order_by("id")] == [1, 0]

    ProviderAccount.objects.update(previous_postback_access_key=None, previous_postback_private_key=None)
    assert deliver(account, old).status_code == 403


def test_half_of_an_old_pair_is_no_pair(account: ProviderAccount) -> None:
    old = letter(account, [item()])
    changes: dict[str, Any] = {"postback_access_key": "new-access-key", "postback_private_key": "new-private-key"}
    ProviderAccount.objects.update(**changes, previous_postback_access_key=account.postback_access_key)
    assert deliver(account, old).status_code == 403
    crossed = signature(encoded([]), account.postback_access_key, "new-private-key")
    assert deliver(account, encoded({"signature": crossed, "additional_data": []}).encode()).status_code == 403


@pytest.mark.parametrize("sign", ["upper", "blank", "empty", "md5", "other account"])
def test_almost_right_signatures_are_wrong(account: ProviderAccount, live_account: ProviderAccount, sign: str) -> None:
    items = [item()]
    right = signature(encoded(items), account.postback_access_key, account.postback_private_key)
    wrong = {
        "upper": right.upper(),
        "blank": right + " ",
        "empty": "",
        "md5": hashlib.md5(encoded(items).encode()).hexdigest(),
        "other account": signature(encoded(items), live_account.postback_access_key, live_account.postback_private_key),
    }[sign]
    assert deliver(account, encoded({"signature": wrong, **envelope(items)}).encode()).status_code == 403
    assert not Letter.objects.exists()
