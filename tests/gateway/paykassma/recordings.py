"""What the provider says, one file in `recorded/` for each case of the contract, and what our client must make of it.

Files hold the contract's own samples with the noise of its printing taken out, or made-up values in a documented
shape. `sandbox` says why the simulated provider does not answer so; where it is empty, it must (see
`tests/gateway/sandbox/test_recorded.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from gateway.paykassma.answers import Answer
from gateway.paykassma.client import Client
from gateway.paykassma.messages import (
    AvailableSystem,
    Balance,
    Postback,
    PostbackItem,
    PullEntry,
    PullState,
    RedirectHashes,
    Savings,
    UnusableItem,
    parse_available,
    parse_balances,
    parse_details,
    parse_media_hints,
    parse_pull,
    parse_push_message,
    parse_read_postback,
    parse_redirect_hashes,
    parse_redirect_url,
    parse_savings,
)
from gateway.paykassma.withdrawal_verdicts import classify_withdrawal

DIRECTORY: Final = Path(__file__).parent / "recorded"

Call = Callable[[Client], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded answer.

    Attributes:
        file: in `recorded/`.
        contract: where the contract has it.
        call: what was asked.
        outcome: as `read_answer` puts it.
        read: what is made of the answer, and `expected` what must come of it.
        sandbox: why the sandbox does not answer so; empty where it does.
    """

    file: str
    contract: str
    call: Call
    outcome: str
    http_status: int = 200
    read: Callable[[Answer], Any] | None = None
    expected: Any = None
    sandbox: str = ""

    @property
    def body(self) -> bytes:
        """As it came over the wire."""
        return (DIRECTORY / self.file).read_bytes()


def item(**fields: Any) -> PostbackItem:
    """An item of which only these fields say something."""
    texts = dict.fromkeys(
        (
            *("currency", "label", "wallet_type", "transaction_id", "custom_id", "withdrawal_id", "stockpiling_id"),
            *("activated_datetime", "exchanger_identifier", "comment", "account_number", "account_name"),
            *("account_email", "bank_code", "branch_code"),
        ),
        "",
    )
    return PostbackItem(**{**texts, "withdrawal_status": None, "transaction_type": None, **fields})


SEED_ITEM: Final = item(
    amount=Decimal("13628.5"),
    currency="INR",
    label="6424468",
    wallet_type="paytm_api",
    transaction_id="160028076535305",
    custom_id="6424468",
    stockpiling_id="262402",
    transaction_type=0,
    activated_datetime="2023-06-30 13:59:24",
    exchanger_identifier="97489343",
)
SEED: Final = Postback(
    items=(SEED_ITEM,),
    wallet_type="paytm_api",
    amount=Decimal(13629),
    currency="INR",
    label="6424468",
    direction="ingoing",
    created_datetime="2023-06-30 10:59:24",
    malformed=(),
)


def paid_out(status: int, **changes: Any) -> Postback:
    """The contract's withdrawal with this status; `changes` of its item."""
    one = item(
        **{
            "amount": Decimal(820),
            "currency": "BDT",
            "label": "autotest898404792700response_500",
            "wallet_type": "nagad_api",
            "withdrawal_id": "autotest984047927037",
            "withdrawal_status": status,
            "comment": "autotest approve by file",
            "account_number": "00000000000",
            "account_name": "autotest983948600573",
            **changes,
        }
    )
    return Postback(
        items=(one,),
        wallet_type=one.wallet_type,
        amount=one.amount,
        currency=one.currency,
        label=one.label,
        direction="outgoing",
        created_datetime="2023-06-29 10:22:33",
        malformed=(),
    )


_KNOWN: Final = PullEntry(
    state=PullState.FOUND,
    postback=Postback(
        items=(
            item(
                amount=Decimal(100),
                currency="INR",
                label="1293912939kkee13",
                wallet_type="phone_pe",
                transaction_id="3279********",
                custom_id="1923912939dd912ddpppdd99test",
                stockpiling_id="2233",
                transaction_type=0,
                activated_datetime="2025-03-19 12:49:47",
                exchanger_identifier="635*****8",
                comment="95*****98",
            ),
        ),
        wallet_type="phone_pe",
        amount=Decimal(100),
        currency="INR",
        label="1293912939kkee13",
        direction="ingoing",
        created_datetime="2025-03-19 12:49:49",
        malformed=(),
    ),
)
_PULLED: Final = {
    "autotest51191116971521": PullEntry(state=PullState.NO_POSTBACK),
    "1923912939dd912ddpppdd99test": _KNOWN,
}
_PULLED_OUT: Final = {
    "ID_05613331ret": PullEntry(state=PullState.NOT_FOUND),
    "ID_03213331asd": PullEntry(
        state=PullState.FOUND,
        postback=paid_out(
            5,
            amount=Decimal(3000),
            currency="PKR",
            wallet_type="easypaisa_api",
            label="label",
            withdrawal_id="87be1f94-04ba-11f0-bf20-0243a4aa6442",
            account_number="03*********",
            account_name="Test Name",
        ),
        inner_id_agrees=False,  # the contract's own sample (C§5 row 24)
    ),
}


def _available(client: Client) -> Answer:
    return client.available(currencies=["INR", "USD"], label="55")


def _details(client: Client) -> Answer:
    return client.create_transaction(wallet_type="paytm", currency="INR", label="55")


def _activate(client: Client) -> Answer:
    return client.activate(
        wallet_type="upi_l",
        currency="INR",
        label="55",
        key1="000000000000",
        amount=Decimal(1200),
        custom_transaction_id="cnf_1",
    )


def _activate_manually(client: Client) -> Answer:
    return client.activate_manually(
        wallet_type="bnb_ml",
        currency="BTN",
        label="55",
        key1="000000000000",
        amount=Decimal(1200),
        screenshot=None,
        custom_transaction_id="cnf_1",
    )


def _pay(client: Client) -> Answer:
    return client.create_payment(
        wallet_type="mpesa",
        currency="KES",
        amount=Decimal(100),
        label="55",
        custom_transaction_id="dep_1",
        fields={"phone_number": "254700000000"},
    )


def _savings(client: Client) -> Answer:
    return client.savings(wallet_type="paytm", currency="INR", label="55")


def _hash(client: Client) -> Answer:
    return client.hash_redirects(success=["https://shop.example/1", "https://shop.example/2"], fail=[])


def _withdraw(client: Client) -> Answer:
    return client.send_withdrawal(b'{"withdrawal_id":"wd_1"}')


def _balances(client: Client) -> Answer:
    return client.balances()


def _reread(client: Client) -> Answer:
    return client.postback(kind="deposit", custom_id="6424468")


def _reread_withdrawal(client: Client) -> Answer:
    return client.postback(kind="withdrawal", withdrawal_id="autotest984047927037")


def _pull(client: Client) -> Answer:
    return client.pull(kind="deposit", ids=["autotest51191116971521", "1923912939dd912ddpppdd99test"])


def _pull_withdrawals(client: Client) -> Answer:
    return client.pull(kind="withdrawal", ids=["ID_05613331ret", "ID_03213331asd"])


def _of_payload(parser: Callable[[Any], Any]) -> Callable[[Answer], Any]:
    return lambda answer: parser(answer.payload)


_LINES: Final = _of_payload(parse_details)
_MESSAGES: Final[Callable[[Answer], Any]] = lambda answer: (answer.messages, answer.is_field_refusal)  # noqa: E731
_VERDICT: Final[Callable[[Answer], Any]] = lambda answer: str(classify_withdrawal(answer))  # noqa: E731
_PAGE: Final = _of_payload(parse_redirect_url)
_PULLED_DEPOSITS: Final = _of_payload(lambda payload: parse_pull("deposit", payload))
_PULLED_WITHDRAWALS: Final = _of_payload(lambda payload: parse_pull("withdrawal", payload))

_WRONG_LENGTH: Final = (("key1", "Transaction field has wrong length"),)
_CHECK_STARTED: Final = (
    "Check of deposit status started. The operation may take longer than expected. "
    "Once checked the funds will credit to you account"
)
_OLDER_PAGE: Final = "an older page of the contract; nobody has been seen to answer so lately"
_PHP: Final = "a list that PHP writes otherwise: the sandbox has one way of writing"
_OTHER_SYSTEM: Final = "the sandbox plays no system that answers so"

ANSWERS: Final = (
    # C§0: shapes that any call may get.
    Recording(
        file="error_text.json",
        contract="C§0 ERR-1",
        call=_details,
        outcome="refused",
        read=_MESSAGES,
        expected=(((None, "MESSAGE"),), False),
    ),
    Recording(
        file="error_fields.json",
        contract="C§0 ERR-2",
        call=_activate,
        outcome="refused",
        read=_MESSAGES,
        expected=(_WRONG_LENGTH, True),
    ),
    Recording(
        file="error_coded.json",
        contract="C§0 ERR-3, C§1.11",
        call=_balances,
        outcome="credential_error",
        read=_MESSAGES,
        expected=((("secret", "Wrong secret"), (None, "Data validation error")), False),
    ),
    Recording(
        file="error_coded_list.json",
        contract="C§1.11",
        call=_balances,
        outcome="credential_error",
        read=_MESSAGES,
        expected=((("secret", "Wrong secret"), (None, "Data validation error")), False),
        sandbox="accepted by inference; the contract's sample has an object",
    ),
    Recording(
        file="error_not_found.txt", contract="C§0 ERR-4", http_status=404, call=_available, outcome="credential_error"
    ),
    Recording(file="error_down.txt", contract="C§5 row 13", http_status=502, call=_withdraw, outcome="unknown"),
    Recording(file="error_cut_off.txt", contract="C§5 row 13", call=_withdraw, outcome="unknown"),
    # C§1.1
    Recording(
        file="available.json",
        contract="C§1.1",
        call=_available,
        outcome="accepted",
        read=_of_payload(parse_available),
        expected=(
            AvailableSystem(
                wallet_type="staging_b_ml",
                currency="INR",
                name="staging B ml",
                logo="https://img.example.com/staging_b_ml.png",
                order=6,
                is_manual=True,
                uploading_payment_bill=True,
            ),
            AvailableSystem(
                wallet_type="nagad",
                currency="USD",
                name="Nagad",
                logo="https://img.example.com/nagad_default.svg",
                order=17,
                is_manual=False,
                uploading_payment_bill=False,
            ),
        ),
    ),
    Recording(
        file="available_v4.json",
        contract="C§1.1 (v4)",
        call=_available,
        outcome="accepted",
        read=_of_payload(parse_available),
        expected=(
            AvailableSystem(
                wallet_type="imps",
                currency="INR",
                name="IMPS",
                logo="https://img.example.com/imps.png",
                order=1,
                is_manual=None,
                uploading_payment_bill=None,
            ),
        ),
        sandbox=_OLDER_PAGE,
    ),
    # C§1.2
    Recording(
        file="images.json",
        contract="C§1.2",
        call=lambda client: client.media_hints(),
        outcome="accepted",
        read=_of_payload(parse_media_hints),
        expected={
            "imps": "https://img.example.com/imps.mp4",
            "paytm": "https://img.example.com/paytm.gif",
            "upi": "https://img.example.com/upi.mp4",
        },
    ),
    # C§1.3
    Recording(
        file="details_identifier.json",
        contract="C§1.3",
        call=_details,
        outcome="accepted",
        read=_LINES,
        expected=(("identifier", "6234234234"),),
    ),
    Recording(
        file="details_upi.json",
        contract="C§1.3",
        call=_details,
        outcome="accepted",
        read=_LINES,
        expected=(("identifier", "test@upi"),),
    ),
    *(
        Recording(
            file=f"details_{kind}.json",
            contract="C§1.3",
            call=_details,
            outcome="accepted",
            read=_LINES,
            expected=(("identifier", "00000000000"), ("account_type", kind)),
            sandbox=_OTHER_SYSTEM if kind == "merchant" else "",
        )
        for kind in ("personal", "agent", "merchant")
    ),
    Recording(
        file="details_check_amount.json",
        contract="C§1.3",
        call=_details,
        outcome="accepted",
        read=_LINES,
        expected=(("identifier", "00000000"),),
        sandbox=_OTHER_SYSTEM,
    ),
    Recording(
        file="details_labels.json",
        contract="C§1.3",
        call=_details,
        outcome="accepted",
        read=_LINES,
        expected=(("kbzpay number", "12321"),),
    ),
    Recording(
        file="details_account.json",
        contract="C§1.3",
        call=_details,
        outcome="accepted",
        read=_LINES,
        expected=(("Wallet number", "000000000"), ("Account name", "Test Name")),
    ),
    # C§1.4a: none of these credits anything (C§5 row 11).
    Recording(file="activate_ok.json", contract="C§1.4a", call=_activate, outcome="accepted"),
    Recording(file="activate_other_amount.json", contract="C§1.4a (6000 for 1200)", call=_activate, outcome="accepted"),
    Recording(file="activate_saved.json", contract="C§1.4a (deposit: false)", call=_activate, outcome="accepted"),
    Recording(file="activate_possible.json", contract="C§1.4a PEND", call=_activate, outcome="pending"),
    Recording(
        file="activate_check_started.json",
        contract="C§1.4a ERR-5",
        http_status=400,
        call=_activate,
        outcome="pending",
        read=_MESSAGES,
        expected=(((None, _CHECK_STARTED),), False),
    ),
    Recording(
        file="activate_check_started.txt",
        contract="C§1.4a ERR-5",
        http_status=400,
        call=_activate,
        outcome="pending",
        sandbox="the contract gives the words and not the shape; the sandbox answers in JSON",
    ),
    # C§1.4b
    Recording(file="possible_ok.json", contract="C§1.4b", call=_activate_manually, outcome="accepted"),
    # C§1.5
    Recording(
        file="payment_bare.json",
        contract="C§1.5",
        call=_pay,
        outcome="accepted",
        read=_PAGE,
        expected=None,
        sandbox="the generic page, which fits no system",
    ),
    Recording(
        file="payment_push.json",
        contract="C§1.5 (mpesa)",
        call=_pay,
        outcome="accepted",
        read=_of_payload(parse_push_message),
        expected="Success. Request accepted for processing",
    ),
    *(
        Recording(
            file=f"payment_{name}.json",
            contract="C§1.5, C§5 row 25",
            call=_pay,
            outcome="accepted",
            read=_PAGE,
            expected=f"https://pay.example.com/{number}",
            sandbox="" if name == "url" else "one of the places where an address may stand; the sandbox has one",
        )
        for number, name in enumerate(("url", "redirect_url", "payment_url", "top_url"), start=1)
    ),
    Recording(
        file="payment_without_url.json",
        contract="C§1.5, C§5 row 25",
        call=_pay,
        outcome="accepted",
        read=_PAGE,
        expected=None,
    ),
    # C§1.6
    Recording(
        file="savings.json",
        contract="C§1.6",
        call=_savings,
        outcome="accepted",
        read=_of_payload(parse_savings),
        expected=Savings(stockpiling_sum=Decimal(0), lacks_sum=Decimal(0), minimum_deposit=Decimal(148)),
    ),
    # C§1.7
    Recording(
        file="hashes.json",
        contract="C§1.7 (orders 3 and 4 come back as 1 and 2)",
        call=_hash,
        outcome="accepted",
        read=_of_payload(parse_redirect_hashes),
        expected=RedirectHashes(
            success=(
                "a93558ba9e4f04eef3b1f759ae4281305776559ce86ae2af5f6e6498d84b99be",
                "7c51f9d6b35a80a8fcce9cf3f4f0ae56b818c2e375a8b3297cb3fafb41a921eb",
            ),
            fail=(
                "8b99db57e0bda63400b0e852d7fe73d8c6da52b8e32894987a8bd00bcadf8c66",
                "e72ed31e2f3814563a3bc446f6a59f43c946c3a4339c7b2f5c29d12e8066b37c",
            ),
            pending=(
                "8b99db57e0bda63400b0e852d7fe73d8c6da52b8e32894987a8bd00bcadf9v69",
                "e72ed31e2f3814563a3bc446f6a59f43c946c3a4339c7b2f5c29d12e8066b37f",
            ),
        ),
    ),
    Recording(
        file="hashes_unordered.json",
        contract="C§1.7",
        call=_hash,
        outcome="accepted",
        read=_of_payload(parse_redirect_hashes),
        expected=RedirectHashes(
            success=(
                "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
            ),
            fail=(),
            pending=(),
        ),
        sandbox="the sandbox sorts, as the contract says; we do not rely on it",
    ),
    # C§1.9
    Recording(
        file="withdrawal_ok.json",
        contract="C§1.9",
        call=_withdraw,
        outcome="accepted",
        read=_VERDICT,
        expected="accepted",
    ),
    Recording(
        file="withdrawal_success.json",
        contract="C§1.9",
        call=_withdraw,
        outcome="accepted",
        read=_VERDICT,
        expected="accepted",
        sandbox="seen in somebody's client only",
    ),
    Recording(
        file="withdrawal_insufficient.json",
        contract="C§1.9",
        call=_withdraw,
        outcome="refused",
        read=_VERDICT,
        expected="insufficient_balance",
    ),
    Recording(
        file="withdrawal_field.json",
        contract="C§1.9",
        call=_withdraw,
        outcome="refused",
        read=_VERDICT,
        expected="refused",
    ),
    Recording(
        file="withdrawal_signature.json",
        contract="C§1.9 (its shape is unknown)",
        call=_withdraw,
        outcome="credential_error",
        read=_VERDICT,
        expected="credential_error",
    ),
    Recording(
        file="withdrawal_taken.json",
        contract="C§1.9 (its shape is unknown)",
        call=_withdraw,
        outcome="refused",
        read=_VERDICT,
        expected="unknown",
    ),
    # C§1.10
    Recording(
        file="postback_deposit.json",
        contract="C§1.10, C§5 row 10",
        call=_reread,
        outcome="accepted",
        read=_of_payload(parse_read_postback),
        expected=SEED,
    ),
    Recording(
        file="postback_withdrawal.json",
        contract="C§1.10",
        call=_reread_withdrawal,
        outcome="accepted",
        read=_of_payload(parse_read_postback),
        expected=paid_out(1),
    ),
    Recording(
        file="postback_missing.json",
        contract="C§1.10",
        call=_reread,
        outcome="refused",
        read=_of_payload(parse_read_postback),
        expected=UnusableItem(reason="no_postback", raw=None),
    ),
    # C§1.11
    Recording(
        file="balances.json",
        contract="C§1.11",
        call=_balances,
        outcome="accepted",
        read=_of_payload(parse_balances),
        expected=(
            Balance(wallet_type="paytm", currency="IDR", amount=Decimal("-324324.00")),
            Balance(wallet_type="paytm", currency="USD", amount=Decimal("-10800.00")),
            Balance(wallet_type="bkash", currency="VND", amount=Decimal("155.00")),
            Balance(wallet_type="bkash", currency="BRL", amount=Decimal("187239.195")),
            Balance(wallet_type="bkash", currency="EUR", amount=Decimal("23.9375")),
        ),
    ),
    # C§1.12
    Recording(
        file="pull_deposits.json",
        contract="C§1.12",
        call=_pull,
        outcome="accepted",
        read=_PULLED_DEPOSITS,
        expected=_PULLED,
    ),
    *(
        Recording(
            file=f"pull_deposits_{how}.json",
            contract="C§1.12 (array or object)",
            call=_pull,
            outcome="accepted",
            read=_PULLED_DEPOSITS,
            expected=_PULLED,
            sandbox=_PHP,
        )
        for how in ("bare_list", "numbered", "postback_list")
    ),
    Recording(
        file="pull_deposits_empty.json",
        contract="C§1.12",
        call=_pull,
        outcome="accepted",
        read=_PULLED_DEPOSITS,
        expected={},
        sandbox=_PHP,
    ),
    Recording(
        file="pull_withdrawals.json",
        contract="C§1.12, C§5 row 24 (inner id and page differ)",
        call=_pull_withdrawals,
        outcome="accepted",
        read=_PULLED_WITHDRAWALS,
        expected=_PULLED_OUT,
    ),
    Recording(
        file="pull_withdrawals_no_result.json",
        contract="C§1.12",
        call=_pull_withdrawals,
        outcome="accepted",
        read=_PULLED_WITHDRAWALS,
        expected={"ID_03213331asd": PullEntry(state=PullState.NO_POSTBACK)},
    ),
    Recording(
        file="pull_field_required.json",
        contract="C§1.12, C§5 row 8",
        call=_pull,
        outcome="refused",
        read=_MESSAGES,
        expected=(
            (
                (
                    "plugin_custom_order_id",
                    "The plugin custom order id field is required when type is deposit.",
                ),
            ),
            True,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLetter:
    """One recorded letter, signed with the access key ACCESS and the private key PRIVATE.

    Attributes:
        variant: how the signature is found.
        postback: what it says.
        is_older: one of the formats behind the switch (C§2.3).
    """

    file: str
    contract: str
    variant: str
    postback: Postback
    is_older: bool = False

    @property
    def body(self) -> bytes:
        """As it came over the wire."""
        return (DIRECTORY / self.file).read_bytes()


def _older(one: PostbackItem, direction: str) -> Postback:
    """The older formats have no envelope to agree with."""
    return Postback(
        items=(one,),
        wallet_type=None,
        amount=None,
        currency=None,
        label=one.label,
        direction=direction,
        created_datetime=None,
        malformed=(),
    )


def _saved() -> Postback:
    """The contract's deposit as the release of two small ones."""
    shared: dict[str, Any] = {name: getattr(SEED_ITEM, name) for name in SEED_ITEM.__slots__}
    first = PostbackItem(**{**shared, "amount": Decimal("60.5")})
    second = PostbackItem(
        **{**shared, "amount": Decimal(100), "transaction_id": "160028076535306", "custom_id": "6424469"}
    )
    envelope: dict[str, Any] = {name: getattr(SEED, name) for name in SEED.__slots__}
    return Postback(**{**envelope, "items": (first, second), "amount": Decimal(161)})


LETTERS: Final = (
    RecordedLetter(
        file="letter_deposit.json", contract="C§2.1 (13629 over 13628.5)", variant="unescaped", postback=SEED
    ),
    RecordedLetter(file="letter_savings.json", contract="C§2.1 (stockpiling)", variant="unescaped", postback=_saved()),
    RecordedLetter(file="letter_paid.json", contract="C§2.1 (status 1)", variant="unescaped", postback=paid_out(1)),
    RecordedLetter(file="letter_rejected.json", contract="C§2.1 (status 5)", variant="unescaped", postback=paid_out(5)),
    RecordedLetter(
        file="letter_processing.json", contract="C§2.1 (any other)", variant="unescaped", postback=paid_out(3)
    ),
    RecordedLetter(
        file="letter_older_deposit.json",
        contract="C§2.3",
        variant="older_escaped",
        is_older=True,
        postback=_older(
            item(
                amount=Decimal("100.50"),
                currency="INR",
                label="55",
                wallet_type="paytm",
                transaction_id="T/1",
                transaction_type=0,
                exchanger_identifier="000*****0",
                activated_datetime="2020-01-02 03:05:06",
                custom_id="order-1",
                stockpiling_id="2233",
            ),
            "ingoing",
        ),
    ),
    RecordedLetter(
        file="letter_older_withdrawal.json",
        contract="C§2.3",
        variant="older_joined",
        is_older=True,
        postback=_older(
            item(
                amount=Decimal(1000),
                currency="INR",
                label="55",
                wallet_type="imps",
                withdrawal_id="1234567",
                withdrawal_status=1,
                comment="withdrawal",
                account_number="000000000",
                account_name="Test Name",
                bank_code="TEST0000001",
            ),
            "outgoing",
        ),
    ),
)
