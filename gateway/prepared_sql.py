"""Hand-written SQL for the few statements that stand in the way of every order and every letter.

The ORM puts its SQL together anew each time and PostgreSQL plans it anew each time: together more than half of what
an order cost (docs/performance.md). What runs from here is put together once in a process and planned once in a
connection. The columns come from the models, so a column that is added later is not forgotten.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.models import AutoField
from django.db.models.fields import NOT_PROVIDED
from psycopg import sql
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

_Model = TypeVar("_Model", bound=models.Model)


class _Cursor(psycopg.Cursor[Any]):
    """Binds parameters at the server, which the connection's own cursors do not, and has the server keep the plan."""

    keeps_plan = True

    def execute(self, query: Any, params: Any = None, **_: Any) -> "_Cursor":
        return super().execute(query, params, prepare=self.keeps_plan)


def one_line(statement: str) -> str:
    """A statement without its line breaks and indents.

    Up to 4,096 characters and 50 parameters the driver translates a statement once, and anew each time beyond that.
    """
    return " ".join(statement.split())


def run(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection, in whatever transaction it is in, and give all of its rows.

    Args:
        statement: a constant with ``%(name)s`` parameters, each cast to its type (``%(name)s::uuid``): the server has
            to know the types before it sees a value.
        parameters: by name.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if database.connection is None:  # asked by Django, too, which looks around for coroutines first
        database.ensure_connection()
    if _may_run_directly(database):
        return _run_directly(database, _direct(statement), parameters)
    if database.execute_wrappers:
        # Who changes a setting is told to the database in the same breath (pghistory): two statements in one text, of
        # which the server keeps no plan. It is a person's page then, and nobody counts its microseconds.
        cursor: Any = database.create_cursor()
    else:
        cursor = _Cursor(database.connection)
        cursor.keeps_plan = not database.queries_logged  # known by its number it has no text to be logged
    # Through Django's own wrappers: they translate errors, refuse a broken transaction and are seen by whoever counts.
    make = database.make_debug_cursor if database.queries_logged else database.make_cursor
    with make(cursor) as wrapped:
        wrapped.execute(statement, dict(parameters))  # a copy: they put values of their own into it
        rows: list[tuple[Any, ...]] = wrapped.fetchall()
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direct:
    """A statement as the server wants it.

    Attributes:
        name: of its plan, in every connection the same.
        text: with ``$1`` for the first of the parameters.
        parameters: their names, in order.
    """

    name: bytes
    text: bytes
    parameters: tuple[str, ...]


_NAMED: Final = re.compile(r"%(?:\((\w+)\)s|%)")
_INVALID_SQL_STATEMENT_NAME: Final = b"26000"
#: Which plans a connection has. It goes with the connection.
_plans: Final[WeakKeyDictionary[psycopg.Connection[Any], set[bytes]]] = WeakKeyDictionary()


@cache  # there are a handful
def _direct(statement: str) -> _Direct:
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${places.setdefault(found[1], len(places) + 1)}" if found[1] else "%"

    text = _NAMED.sub(place, statement).encode()
    return _Direct(name=b"direct_" + sha256(text).hexdigest()[:16].encode(), text=text, parameters=tuple(places))


def _may_run_directly(database: Any) -> bool:
    # Psycopg begins transactions, and whoever counts, logs or wraps statements listens to Django's cursors.
    in_transaction = database.in_atomic_block or not database.autocommit
    listened_to = database.queries_logged or database.execute_wrappers
    return not in_transaction and not listened_to and database.connection.prepare_threshold is not None


def _run_directly(database: Any, statement: _Direct, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a cursor does, in one call of libpq (docs/adr/hot-statements-go-straight-to-libpq.md).

    Values and rows are converted by psycopg as for a cursor, texts to the same bytes without it; everything is text but
    bytes, because each parameter says its type in the statement.
    """
    connection: psycopg.Connection[Any] = database.connection
    values = [parameters[name] for name in statement.parameters]
    with database.wrap_database_errors:
        transformer = Transformer(connection)
        dumped: Sequence[Any] | None = _as_text(values)
        formats = None
        if dumped is None:
            dumped = transformer.dump_sequence(
                values, [PyFormat.BINARY if isinstance(value, bytes) else PyFormat.TEXT for value in values]
            )
            formats = transformer.formats
        result = _executed(connection, statement, dumped, formats)
        if result.status != ExecStatus.TUPLES_OK and _has_no_plan(result):
            # Psycopg gives up all plans of a connection after a ROLLBACK or a DROP, ours with its own. Nothing was done
            # for want of a plan, so it can be done again. Of the other plans some may have been made since then.
            _plans[connection].discard(statement.name)
            result = _executed(connection, statement, dumped, formats)
        _check(connection, result, ExecStatus.TUPLES_OK)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)


def _as_text(values: Sequence[Any]) -> "list[bytes | None] | None":
    """What psycopg makes of values that are all texts or nothing, for a third of the price; None where one is not."""
    try:
        together = "".join([value for value in values if value is not None])
    except TypeError:
        return None
    if "\0" in together:
        return None  # psycopg says why not
    return [value if value is None else value.encode() for value in values]  # Django speaks UTF-8 to PostgreSQL


def _executed(
    connection: "psycopg.Connection[Any]", statement: _Direct, values: Sequence[Any], formats: Sequence[Any] | None
) -> PGresult:
    known = _plans.setdefault(connection, set())
    if statement.name not in known:
        _check(connection, connection.pgconn.prepare(statement.name, statement.text), ExecStatus.COMMAND_OK)
        known.add(statement.name)
    return connection.pgconn.exec_prepared(statement.name, values, formats)


def _has_no_plan(result: PGresult) -> bool:
    return result.error_field(DiagnosticField.SQLSTATE) == _INVALID_SQL_STATEMENT_NAME


def _check(connection: "psycopg.Connection[Any]", result: PGresult, wanted: ExecStatus) -> None:
    if result.status == wanted:
        return
    if connection.closed:  # what broke it off has no code by which it could be told from other errors
        raise psycopg.OperationalError(connection.pgconn.get_error_message())
    raise error_from_result(result, connection.info.encoding)


def run_durably(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement that is a transaction of its own: committed when this returns, and whole or not at all.

    What ``@transaction.atomic(durable=True)`` says of a function, without the round trips of BEGIN and COMMIT.

    Raises:
        RuntimeError: a transaction is open, which could still take it back.
    """
    if connection.in_atomic_block:
        # Refuses, unless the transaction is that of a test, where it becomes a savepoint.
        with transaction.atomic(durable=True):
            return run(statement, parameters)
    return run(statement, parameters)


class Columns(Generic[_Model]):
    """The columns of a model for a SELECT, and its instances from what the SELECT gave.

    Args:
        model: whose columns.
        alias: of its table in the statement.
        only: names of fields; the others are left out, and fetched by Django should anybody ask for them.
    """

    def __init__(self, model: type[_Model], alias: str, only: Collection[str] | None = None) -> None:
        fields = [field for field in _columns_of(model) if only is None or field.name in only]
        self._model = model
        self._names = [field.attname for field in fields]
        self._converters = [
            (place, converter)
            for place, field in enumerate(fields)
            for converter in field.get_db_converters(connection)
        ]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self.width = len(fields)

    def read(self, values: Sequence[Any]) -> _Model:
        """The instance behind `width` values of a row."""
        row = list(values)
        for place, converter in self._converters:
            row[place] = converter(row[place], None, connection)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, row)


class Insertion:
    """``INSERT INTO … SELECT … FROM source``, as a part of a larger statement.

    Args:
        model: whose table.
        values: SQL by attribute (``"account_id": "account.id"``); every other column gets the default of its field.
        source: what stands after FROM; its rows are inserted.

    Attributes:
        sql: the part.

    Raises:
        ValueError: a column has neither a value here nor a default that is always the same.
    """

    def __init__(self, model: type[models.Model], values: Mapping[str, str], source: str) -> None:
        self._defaults: list[tuple[str, Any]] = []
        columns, selected, left = [], [], dict(values)
        for field in _columns_of(model):
            if field.attname not in left and isinstance(field, AutoField):
                continue  # the database counts
            columns.append(f'"{field.column}"')
            selected.append(left.pop(field.attname, "") or self._default(field))
        if left:
            raise ValueError(f"{model.__name__} has no column for {', '.join(left)}")
        table = model._meta.db_table  # noqa: SLF001 - Django's documented way to the table
        self.sql = f'INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(selected)} FROM {source}'  # noqa: S608 - our own

    def check(self, row: models.Model) -> None:
        """Refuse a row with a value in a column that the statement fills with the default.

        Raises:
            ValueError: it names the column. Whoever gives it values has to name it in the statement, too.
        """
        for name, default in self._defaults:
            if getattr(row, name) != default:
                raise ValueError(f"{type(row).__name__}.{name} has a value that would not be written")

    def _default(self, field: "models.Field[Any, Any]") -> str:
        is_constant = not callable(field.default)
        if field.default is NOT_PROVIDED:
            is_constant = field.null or field.blank
        if not is_constant:
            raise ValueError(f"{field.model.__name__}.{field.attname} needs a value: it has no constant default")
        self._defaults.append((field.attname, field.get_default()))
        value = field.get_db_prep_save(field.get_default(), connection)
        return sql.Literal(value).as_string().replace("%", "%%")


def field_of(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    """A field, for values that are stored in another form: its `get_prep_value` encrypts."""
    return next(field for field in _columns_of(model) if field.name == name)


def _columns_of(model: type[models.Model]) -> Sequence["models.Field[Any, Any]"]:
    return model._meta.concrete_fields  # noqa: SLF001 - Django's documented way to the fields
