"""Three tables without any rule but their keys, for what SQL alone takes: nobody would trust them with money."""

import os

import psycopg

_TABLES = """
    CREATE TABLE account (id bigint PRIMARY KEY, balance numeric(20, 4) NOT NULL DEFAULT 0);
    CREATE TABLE journal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE leg (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        journal_id bigint NOT NULL REFERENCES journal, account_id bigint NOT NULL, amount numeric(20, 4) NOT NULL
    );
    CREATE INDEX ON leg (account_id, id);
"""


def connect() -> psycopg.Connection[tuple[object, ...]]:
    """A connection on which every statement is a transaction of its own."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def create(accounts: int, *more: str) -> None:
    """The tables and twice so many accounts: those that are debited come first."""
    with connect() as connection:
        connection.execute(_TABLES)
        connection.execute("INSERT INTO account SELECT * FROM generate_series(0, %s)", [2 * accounts - 1])
        for statement in more:
            connection.execute(statement.encode())
