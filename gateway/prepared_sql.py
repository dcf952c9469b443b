"""Hand-written SQL for the few statements that stand in the way of every order and every letter.

The ORM puts its SQL together anew each time and PostgreSQL plans it anew each time: together more than half of what
an order cost (docs/performance.md). What runs from here is put together once in a process and planned once in a
connection. The columns come from the models, so a column that is added later is not forgotten.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.models import AutoField
from django.db.models.fields import NOT_PROVIDED
from psycopg import sql

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
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    cursor: Any = _Cursor(database.connection)
    # Through Django's own wrappers: they translate errors, refuse a broken transaction and are seen by whoever counts.
    cursor.keeps_plan = not database.queries_logged  # a statement that is known by its number has no text to be logged
    make = database.make_debug_cursor if database.queries_logged else database.make_cursor
    with make(cursor) as wrapped:
        wrapped.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = wrapped.fetchall()
    return rows


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
