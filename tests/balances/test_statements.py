"""Statements: what is there at the beginning, what moved, and what is there at the end, to the last decimal."""

import csv
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from balances import accounts, reading, views
from balances.posting import post
from balances.statement_files import MAX_MOVEMENTS, FileKind
from gateway.products.models import Mode, Product
from tests.balances.past import DAY, known, moved, post_at
from tests.conftest import Api, fund
from tests.gateway.api.refusals import assert_refused
from tests.two_persons import overdraft

pytestmark = pytest.mark.usefixtures("disguised")

BANK = accounts.bank("test", "INR")
STEP = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
ACCOUNTS = ["Available", "Available after", "Held", "Held after", "Owed", "Owed after"]
HEAD = ["Time", "What", "Order", "Cause", *ACCOUNTS, "Entry", "Journal"]
FORMATS = ["csv", "xlsx"]


@pytest.fixture
def mine(product: Product, new_api: Callable[..., Api]) -> Api:
    """The product's client in test mode; it has no money yet."""
    return new_api(product)


def asked(api: Api, kind: str, begin: datetime, end: datetime, currency: str = "INR") -> Any:
    return api.get(
        "reports/statement", **{"from": begin.isoformat(), "to": end.isoformat(), "currency": currency, "format": kind}
    )


def lines_of(content: bytes, kind: str) -> list[list[Any]]:
    """The cells of a file without the empty ones at the end of each line; numbers are `Decimal`."""
    if kind == "csv":
        rows: list[list[Any]] = list(csv.reader(io.StringIO(content.decode(), newline="")))
    else:
        sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        rows = [[_text_of(cell) for cell in row] for row in sheet.iter_rows()]
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    return rows


def _text_of(cell: Any) -> str:
    """As CSV has it."""
    if cell.value is None:
        return ""
    if cell.is_date:
        return str(cell.value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z"))
    if cell.data_type == "n":
        places = len(cell.number_format.partition(".")[2])
        return f"{Decimal(str(cell.value)):.{places}f}"
    assert cell.data_type == "s"
    return str(cell.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A statement as somebody reads it who has the file alone."""

    head: dict[str, str]
    opening: list[Decimal]
    movements: list[list[str]]
    closing: list[Decimal]

    @property
    def sums(self) -> list[Decimal]:
        """Of available, held and owed: what the movements come to."""
        return [sum((Decimal(row[at]) for row in self.movements if row[at]), Decimal(0)) for at in (4, 6, 8)]


def read(content: bytes, kind: str) -> Read:
    lines = lines_of(content, kind)
    head, [empty, titles, opening, *movements, closing] = lines[:6], lines[6:]
    assert (empty, titles) == ([], HEAD)
    assert (opening[1], closing[1]) == ("Opening balance", "Closing balance")
    return Read(
        head=dict(head),
        opening=[Decimal(opening[at]) for at in (5, 7, 9)],
        movements=movements,
        closing=[Decimal(closing[at]) for at in (5, 7, 9)],
    )


def statement(api: Api, kind: str, begin: datetime, end: datetime, currency: str = "INR") -> Read:
    answer = asked(api, kind, begin, end, currency)
    assert answer.status_code == 200, answer.content
    return read(answer.content, kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_line_of_a_statement(product: Product, mine: Api, kind: str) -> None:
    available, held = accounts.available(product.pk, "test", "INR"), accounts.held(product.pk, "test", "INR")
    before, first = moved(BANK, available, "1000.5"), moved(available, held, "218", subject="wd_1")
    second = moved(held, BANK, "218", subject="wd_1")
    post_at(DAY, before)
    post_at(DAY + HOUR, first)
    post_at(DAY + 2 * HOUR + timedelta(milliseconds=250), second)
    post(moved(BANK, available, "1"))
    answer = asked(mine, kind, DAY + HOUR, DAY + 3 * HOUR)
    name = f"statement-test-INR-20260115T130000Z-20260115T150000Z.{kind}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Content-Type"] == FileKind(kind).media_type
    lines = lines_of(answer.content, kind)
    assert lines[:9] == [
        ["Statement of", product.name],
        ["Mode", "test"],
        ["Currency", "INR"],
        ["From (included)", "2026-01-15T13:00:00Z"],
        ["To (not included)", "2026-01-15T15:00:00Z"],
        ["Time zone", "UTC"],
        [],
        HEAD,
        ["2026-01-15T13:00:00Z", "Opening balance", "", "", "", "1000.50", "", "0.00", "", "0.00"],
    ]
    what = ["a person corrected two accounts", "wd_1", "a person in the admin"]
    at = ["2026-01-15T13:00:00Z", "2026-01-15T13:00:00Z", "2026-01-15T14:00:00.250000Z"]
    assert [line[:10] for line in lines[9:12]] == [
        [at[0], *what, "-218.00", "782.50", "", "", "", ""],
        [at[1], *what, "", "", "218.00", "218.00", "", ""],
        [at[2], *what, "", "", "-218.00", "0.00", "", ""],
    ]
    listed = mine.get("ledger-entries", subject="wd_1").json()["data"]
    assert [line[10:] for line in lines[9:12]] == [[row["id"], row["journal"]] for row in reversed(listed)]
    assert lines[12:] == [["2026-01-15T15:00:00Z", "Closing balance", "", "", "", "782.50", "", "0.00", "", "0.00"]]


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_owed_has_its_columns_and_adds_up(product: Product, mine: Api, kind: str) -> None:
    available, owed = accounts.available(product.pk, "test", "INR"), accounts.receivable(product.pk, "test", "INR")
    post_at(DAY, moved(owed, BANK, "400"))
    more, less = moved(owed, BANK, "50.25", subject="rcp_1"), moved(available, owed, "150", kind="receivable_repaid")
    post_at(DAY + HOUR, more)
    post_at(DAY + 2 * HOUR, moved(BANK, available, "150"))
    post_at(DAY + 3 * HOUR, less)
    content = asked(mine, kind, DAY + HOUR, DAY + 4 * HOUR).content
    found = read(content, kind)
    assert [row[1:10] for row in found.movements] == [
        ["a person corrected two accounts", "rcp_1", "a person in the admin", "", "", "", "", "50.25", "450.25"],
        ["a person corrected two accounts", "", "a person in the admin", "150.00", "150.00", "", "", "", ""],
        ["a product's money covers what it owed", "", "time that passed", "-150.00", "0.00", "", "", "", ""],
        ["a product's money covers what it owed", "", "time that passed", "", "", "", "", "-150.00", "300.25"],
    ]
    assert found.opening == [Decimal(0), Decimal(0), Decimal(400)]
    assert found.closing == [Decimal(0), Decimal(0), Decimal("300.25")]
    assert found.sums == [Decimal(0), Decimal(0), Decimal("-99.75")]
    # It is the product's own word for it, too.
    [balance] = mine.get("balances", currency="INR").json()["data"]
    assert balance["owed"] == "300.25"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_period_has_its_first_instant_and_not_its_last(product: Product, mine: Api, kind: str) -> None:
    available = accounts.available(product.pk, "test", "INR")
    for hours in range(4):
        post_at(DAY + hours * HOUR, moved(BANK, available, 10**hours))

    def amounts(begin: datetime, end: datetime) -> list[str]:
        return [row[4] for row in statement(mine, kind, begin, end).movements]

    assert amounts(DAY + HOUR, DAY + 2 * HOUR) == ["10.00"]
    assert amounts(DAY + HOUR + STEP, DAY + 2 * HOUR + STEP) == ["100.00"]
    assert amounts(DAY, DAY + 4 * HOUR) == ["1.00", "10.00", "100.00", "1000.00"]
    assert amounts(DAY + 4 * HOUR, DAY + 5 * HOUR) == []
    assert statement(mine, kind, DAY + 4 * HOUR, DAY + 5 * HOUR).closing == [Decimal(1111), Decimal(0), Decimal(0)]


#: What may happen: which account is debited and which credited. None is our bank.
AVAILABLE, HELD, OWED = range(3)
MOVES = [
    *((None, AVAILABLE), (AVAILABLE, None), (AVAILABLE, HELD), (HELD, AVAILABLE), (HELD, None)),
    *((OWED, None), (OWED, HELD), (None, OWED), (AVAILABLE, OWED)),
]
happenings = st.lists(
    st.tuples(
        st.sampled_from(MOVES),
        st.decimals(min_value="0.0001", max_value="9999", places=4) | st.integers(1, 10**9).map(Decimal),
        st.sampled_from([0, 1, 59_000_000, 3_600_000_000]),  # microseconds since the one before
        st.sampled_from([0, 1, 5]),  # microseconds between its legs
    ),
    max_size=12,
)


@pytest.mark.parametrize("kind", FORMATS)
@settings(
    max_examples=25,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    happened=happenings,
    cuts=st.lists(st.integers(0, 40), min_size=1, max_size=3),
    currency=st.sampled_from(["INR", "JPY", "KWD"]),
)
def test_opening_and_movements_are_the_closing_balance_and_every_period_follows_the_last(
    new_api: Callable[..., Api], db: None, kind: str, happened: list[Any], cuts: list[int], currency: str
) -> None:
    product = Product.objects.create(name=f"product {Product.objects.count()}")
    api, bank = new_api(product), accounts.bank("test", currency)
    own = [one(product.pk, "test", currency) for one in (accounts.available, accounts.held, accounts.receivable)]
    known(currency)
    overdraft(product, "100000000000", currency)
    at, times = DAY, [DAY]
    held = owed = Decimal(0)
    for (left, right), amount, gap, apart in happened:
        # Of what is held there is no overdraft, and nobody repays more than is owed.
        taken = min(amount, held if left == HELD else amount, owed if right == OWED else amount)
        held += taken * ((right == HELD) - (left == HELD))
        owed += taken * ((left == OWED) - (right == OWED))
        if not taken:
            continue
        at += timedelta(microseconds=gap)
        sides = [bank if side is None else own[side] for side in (left, right)]
        post_at(at, moved(sides[0], sides[1], taken), apart=timedelta(microseconds=apart))
        at += timedelta(microseconds=2 * apart)
        times += [at - timedelta(microseconds=1), at, at + timedelta(microseconds=1)]
    fund(product, currency, amount="1")  # today, so in none of the periods
    borders = sorted({DAY - HOUR, *(times[cut % len(times)] for cut in cuts), at + HOUR})
    seen: list[str] = []
    last = [Decimal(0)] * 3
    for begin, end in itertools.pairwise(borders):
        found = statement(api, kind, begin, end, currency)
        assert found.opening == last
        last = [one + other for one, other in zip(found.opening, found.sums, strict=True)]
        assert found.closing == last
        [balance] = reading.product_balances(product.pk, "test", currencies=[currency], as_of=end - STEP)
        assert last == [balance.available, balance.held, balance.owed]
        for row in found.movements:
            assert begin.isoformat()[:19] <= row[0].replace("Z", "")[:19] <= end.isoformat()[:19]
        seen += [row[10] for row in found.movements]
    # Every entry stands in exactly one of them.
    entries = api.get("ledger-entries", kind="adjusted", limit=100).json()["data"]
    assert sorted(seen) == sorted(row["id"] for row in entries)


@pytest.mark.parametrize("kind", FORMATS)
def test_another_product_s_mode_s_or_currency_s_money_is_not_in_it(
    product: Product, mine: Api, new_api: Any, kind: str
) -> None:
    other = Product.objects.create(name="other")
    for number, (whose, mode, currency) in enumerate(
        [(product, "test", "INR"), (product, "live", "INR"), (other, "test", "INR"), (product, "test", "BDT")]
    ):
        post_at(DAY, moved(accounts.bank(mode, currency), accounts.available(whose.pk, mode, currency), 10**number))
    period = (DAY, DAY + HOUR)
    shown = {
        "mine": statement(mine, kind, *period),
        "live": statement(new_api(product, Mode.LIVE), kind, *period),
        "theirs": statement(new_api(other), kind, *period),
        "BDT": statement(mine, kind, *period, "BDT"),
        "PKR": statement(mine, kind, *period, "PKR"),
    }
    amounts = {name: [row[4] for row in one.movements] for name, one in shown.items()}
    assert amounts == {"mine": ["1.00"], "live": ["10.00"], "theirs": ["100.00"], "BDT": ["1000.00"], "PKR": []}
    assert shown["live"].head["Mode"] == "live"
    assert shown["theirs"].head["Statement of"] == "other"
    assert shown["PKR"].closing == [Decimal(0)] * 3


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"])
def test_a_name_is_no_formula(product: Product, mine: Api, name: str) -> None:
    Product.objects.filter(pk=product.pk).update(name=name)
    assert statement(mine, "csv", DAY, DAY + HOUR).head["Statement of"] == f"'{name}"
    assert statement(mine, "xlsx", DAY, DAY + HOUR).head["Statement of"] == name


@pytest.mark.parametrize("kind", FORMATS)
def test_amounts_that_a_spreadsheet_would_round_are_exact(product: Product, mine: Api, kind: str) -> None:
    post_at(DAY, moved(BANK, accounts.available(product.pk, "test", "INR"), "1234567890123456.7891"))
    found = statement(mine, kind, DAY, DAY + HOUR)
    assert found.sums[0] == found.closing[0] == Decimal("1234567890123456.7891")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_statement_never_changes(product: Product, mine: Api, kind: str) -> None:
    available = accounts.available(product.pk, "test", "INR")
    post_at(DAY, moved(BANK, available, "1"))
    first = asked(mine, kind, DAY, DAY + HOUR).content
    post(moved(BANK, available, "5"))
    assert asked(mine, kind, DAY, DAY + HOUR).content == first


def test_only_what_is_final_is_stated(mine: Api) -> None:
    now = datetime.fromisoformat(mine.get("balances").json()["as_of"])
    assert asked(mine, "csv", DAY, now - timedelta(minutes=5)).status_code == 200
    for end in (now - timedelta(minutes=4, seconds=50), now, now + HOUR):
        document = assert_refused(asked(mine, "csv", DAY, end), 400, "invalid_request", "/to")
        assert document["detail"] == "/to: Send an instant that is five minutes ago or earlier."


def test_what_is_no_question_is_refused(mine: Api, subtests: pytest.Subtests) -> None:
    right = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "currency": "INR"}
    wrong: dict[str, list[str | None]] = {
        "from": [None, "", "2026-01-01", "2026-02-01T00:00:00Z", "2026-02-01T05:30:00+05:30"],
        "to": [None, "x", "2026-01-01T00:00:00Z", "2025-12-01T00:00:00Z"],
        "currency": [None, "inr", "INR,BDT"],
        "format": ["", "pdf", "CSV"],
    }
    assert mine.get("reports/statement", **right).status_code == 200
    for name, values in wrong.items():
        for value in values:
            query = {key: text for key, text in {**right, name: value}.items() if text is not None}
            at = "/to" if name == "from" and value and value.startswith("2026-02") else f"/{name}"
            with subtests.test(name=name, value=value):
                assert_refused(mine.get("reports/statement", **query), 400, "invalid_request", at)
    assert_refused(mine.get("reports/statement", **right, mode="live"), 400, "invalid_request", "/mode")


@pytest.mark.parametrize(
    "accept", ["*/*", "text/csv", "application/json", "text/*", FileKind.XLSX.media_type, "text/html, text/csv;q=0.1"]
)
def test_files_are_accepted_as_json_is(mine: Api, accept: str) -> None:
    path = "/api/v1/reports/statement?currency=INR&from=2026-01-01T00:00:00Z"
    answer = mine.client.get(f"{path}&to=2026-02-01T00:00:00Z", HTTP_ACCEPT=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert_refused(mine.client.get(path, HTTP_ACCEPT=accept), 400, "invalid_request", "/to")


@pytest.mark.parametrize("accept", ["text/html", "image/png"])
def test_what_is_neither_is_not_acceptable(mine: Api, accept: str) -> None:
    path = "/api/v1/reports/statement?currency=INR&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
    assert_refused(mine.client.get(path, HTTP_ACCEPT=accept), 406, "not_acceptable")


def test_more_movements_than_a_request_has_time_for_are_refused(
    product: Product, mine: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    available = accounts.available(product.pk, "test", "INR")
    for _ in range(4):
        post_at(DAY, moved(BANK, available, "1"))
    monkeypatch.setattr(views, "STATEMENT_MAX_MOVEMENTS", 4)
    assert len(statement(mine, "csv", DAY, DAY + HOUR).movements) == 4
    monkeypatch.setattr(views, "STATEMENT_MAX_MOVEMENTS", 3)
    document = assert_refused(asked(mine, "csv", DAY, DAY + HOUR), 400, "invalid_request", "/to")
    assert document["detail"] == "/to: The period has more than 3 movements; ask for a shorter one."


def test_a_statement_costs_the_same_number_of_queries_however_long(
    product: Product, mine: Api, django_assert_num_queries: Any
) -> None:
    available = accounts.available(product.pk, "test", "INR")
    statement(mine, "csv", DAY, DAY + HOUR)  # the key is remembered from now on
    for _ in range(2):
        post_at(DAY, *(moved(BANK, available, "1") for _ in range(10)))
        with django_assert_num_queries(5):  # the key, two balances, the number of movements, the movements
            statement(mine, "csv", DAY, DAY + HOUR)


@pytest.mark.parametrize("path", ["balances", "reports/statement"])
def test_the_examples_of_the_document_are_answered(mine: Api, path: str) -> None:
    document: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    parameters = document["paths"][f"/api/v1/{path}"]["get"]["parameters"]
    query = {one["name"]: next(iter(one["examples"].values()))["value"] for one in parameters if "examples" in one}
    assert {one["name"] for one in parameters if one.get("required")} <= set(query) != set()
    assert mine.get(path, **query).status_code == 200


# The command.


def written(tmp_path: Path, **options: Any) -> Path:
    file = tmp_path / "statement"
    arguments = {
        "mode": "test",
        "currency": "INR",
        "from": "2026-01-15",
        "to": "2026-01-16",
        "file": str(file),
        **options,
    }
    call_command("statement", *(f"--{name}={value}" for name, value in arguments.items()), stdout=io.StringIO())
    return file


@pytest.mark.parametrize("kind", FORMATS)
def test_the_command_writes_what_the_api_answers(product: Product, mine: Api, tmp_path: Path, kind: str) -> None:
    post_at(DAY, moved(BANK, accounts.available(product.pk, "test", "INR"), "1"))
    file = written(tmp_path, product=product.name, format=kind)
    midnight = DAY.replace(hour=0)
    assert file.read_bytes() == asked(mine, kind, midnight, midnight + 24 * HOUR).content
    assert [one.name for one in tmp_path.iterdir()] == ["statement"]


def test_the_command_has_no_limit_but_that_of_a_sheet(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_at(DAY, *(moved(BANK, accounts.available(product.pk, "test", "INR"), "1") for _ in range(4)))
    monkeypatch.setattr(views, "STATEMENT_MAX_MOVEMENTS", 3)
    monkeypatch.setitem(MAX_MOVEMENTS, FileKind.XLSX, 3)
    with pytest.raises(CommandError, match="than the 3 that fit into one sheet; take csv"):
        written(tmp_path, product=product.name, format="xlsx")
    assert not list(tmp_path.iterdir())
    assert len(read(written(tmp_path, product=product.name).read_bytes(), "csv").movements) == 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"product": "nobody"}, "There is no product 'nobody'"),
        ({"to": "2026-01-15"}, "--to is later than --from"),
        ({"to": "2099-01-01"}, "--to is five minutes ago or earlier"),
        ({"from": "yesterday"}, "'yesterday' is no date or time"),
        ({"mode": "both"}, "invalid choice: 'both'"),
        ({"format": "pdf"}, "invalid choice: 'pdf'"),
        ({"file": "/nonexistent/file"}, "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong(product: Product, tmp_path: Path, options: Any, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        written(tmp_path, **{"product": product.name, **options})
    assert not list(tmp_path.iterdir())


def test_the_command_overwrites_nothing(product: Product, tmp_path: Path) -> None:
    (tmp_path / "statement").write_text("mine")
    with pytest.raises(CommandError, match="exists already"):
        written(tmp_path, product=product.name)
    assert (tmp_path / "statement").read_text() == "mine"
