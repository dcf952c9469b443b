"""The same by hand: four statements in a transaction, six round trips."""

from benchmarks.ledger.sides import AMOUNT, Transfer
from benchmarks.ledger.sides.bare_tables import connect, create


def prepare(accounts: int) -> None:
    """The bare tables."""
    create(accounts)


def transfers(accounts: int) -> Transfer:
    """What a careful person writes with psycopg; whoever is debited comes first, so nobody waits in a circle."""
    connection = connect()

    def transfer(left: int, right: int) -> None:
        credited = accounts + right
        with connection.transaction(), connection.cursor() as cursor:
            row = cursor.execute("INSERT INTO journal DEFAULT VALUES RETURNING id").fetchone()
            assert row
            cursor.execute(
                "INSERT INTO leg (journal_id, account_id, amount) VALUES (%s, %s, %s), (%s, %s, %s)",
                [row[0], left, AMOUNT, row[0], credited, -AMOUNT],
            )
            cursor.execute("UPDATE account SET balance = balance + %s WHERE id = %s", [AMOUNT, left])
            cursor.execute("UPDATE account SET balance = balance - %s WHERE id = %s", [AMOUNT, credited])

    return transfer
