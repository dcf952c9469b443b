"""One call of a function that inserts a journal with two legs and writes both balances: the ceiling."""

from benchmarks.ledger.sides import AMOUNT, Transfer
from benchmarks.ledger.sides.bare_tables import connect, create

_TRANSFER = """
    CREATE FUNCTION transfer(debited bigint, credited bigint, moved numeric) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        entry bigint;
    BEGIN
        INSERT INTO journal DEFAULT VALUES RETURNING id INTO entry;
        INSERT INTO leg (journal_id, account_id, amount) VALUES (entry, debited, moved), (entry, credited, -moved);
        UPDATE account SET balance = balance + moved WHERE id = debited;
        UPDATE account SET balance = balance - moved WHERE id = credited;
    END;
    $$
"""


def prepare(accounts: int) -> None:
    """The bare tables and the function."""
    create(accounts, _TRANSFER)


def transfers(accounts: int) -> Transfer:
    """One round trip each; whoever is debited comes first, so nobody waits in a circle."""
    connection = connect()

    def transfer(left: int, right: int) -> None:
        connection.execute("SELECT transfer(%s, %s, %s)", [left, accounts + right, AMOUNT], prepare=True)

    return transfer
