"""The life of a thing as a table, enforced in Python and once more in PostgreSQL.

Each app's ``states.py`` fills in a `Lifecycle`; its model takes the guards from here.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pgtrigger
from django.db import models
from pgtrigger import compiler

#: Of what made a thing move: a sentence or two.
CAUSE_DETAIL_MAX_LENGTH: Final = 200


class IllegalMove(Exception):  # noqa: N818 - reads as the fact it reports
    """A status change that the table does not allow."""

    def __init__(self, lifecycle: str, from_status: str, to_status: str) -> None:
        self.lifecycle, self.from_status, self.to_status = lifecycle, from_status, to_status
        super().__init__(f"{lifecycle}: {from_status} may not become {to_status}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """Which statuses a thing may begin in, and which may follow which.

    A move from a status to itself is news without a change of status (more money for a credited deposit) and has
    to be listed like any other.
    """

    name: str
    initial: frozenset[str]
    moves: Mapping[str, frozenset[str]]

    def may(self, from_status: str, to_status: str) -> bool:
        """True where the table allows the move."""
        return to_status in self.moves.get(from_status, frozenset())

    def check(self, from_status: str, to_status: str) -> None:
        """Raise `IllegalMove` unless the table allows the move."""
        if not self.may(from_status, to_status):
            raise IllegalMove(self.name, from_status, to_status)

    def pairs(self) -> list[str]:
        """Every legal move as ``from>to``, sorted, for the database guard."""
        return sorted(f"{one}>{other}" for one, others in self.moves.items() for other in others)


class GuardSql(compiler.UpsertTriggerSql):
    """Trigger SQL that obeys no session variable.

    The library's own template asks ``pgtrigger.ignore`` first, which any role may set; a rule about money must not
    be switched off by a SET.
    """

    def get_template(self) -> str:
        """The statements that install the guard."""
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class PlacedSql(GuardSql):
    """Trigger SQL whose function finds its tables where the owner put them."""

    _security = ""

    def get_template(self) -> str:
        """The statements that install the guard."""
        template: str = super().get_template()
        return template.replace("$$ LANGUAGE plpgsql;", f"$$ LANGUAGE plpgsql{self._security} {_SEARCH_PATH};", 1)


#: PostgreSQL looks at temporary tables first unless they are named, and then where they are named.
_SEARCH_PATH: Final = "SET search_path = public, pg_temp"


class Guard(pgtrigger.Trigger):
    """A rule of the database that no session may switch off. Refusals carry ERRCODE 23514 (IntegrityError)."""

    #: How the rule is written down.
    sql_class: type[GuardSql] = GuardSql

    def compile(self, model: Any) -> compiler.Trigger:
        """The trigger as migrations keep it."""
        return compiler.Trigger(
            name=self.name,
            sql=self.sql_class(
                pgid=self.get_pgid(model),
                declare=self.render_declare(model),
                func=self.render_func(model),
                table=model._meta.db_table,  # noqa: SLF001 - Django's documented way to the table
                constraint="CONSTRAINT" if self.timing else "",
                when=self.when,
                operation=self.operation,
                timing=f"DEFERRABLE INITIALLY {self.timing}" if self.timing else "",
                level=self.level,
                condition=self.render_condition(model),
                execute=self.render_execute(model),
            ),
        )


class PlacedGuard(Guard):
    """A rule that looks into other tables than its own."""

    sql_class: type[GuardSql] = PlacedSql


def update_of(*columns: str) -> pgtrigger.Operation:
    """An UPDATE that names one of the columns."""
    return pgtrigger.UpdateOf(*columns)  # type: ignore[no-untyped-call,no-any-return,unused-ignore]


def lifecycle_guards(lifecycle: Lifecycle, *, history_table: str) -> list[Guard]:
    """The guards of a model with ``status`` and ``sequence`` columns.

    The first refuses what the table does not allow, inserts included, and insists that every move counts
    ``sequence`` up by one. The second looks at COMMIT for the history row of each move: a status cannot change
    without its cause being written down.

    Args:
        lifecycle: the table.
        history_table: table with ``subject_id``, ``sequence`` and ``to_status``.
    """
    begin = ", ".join(f"'{status}'" for status in sorted(lifecycle.initial))
    pairs = ", ".join(f"'{pair}'" for pair in lifecycle.pairs())
    return [
        Guard(
            name="legal_moves",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | update_of("status", "sequence"),
            func=f"""
                IF TG_OP = 'INSERT' THEN
                    IF NEW.status NOT IN ({begin}) OR NEW.sequence <> 1 THEN
                        RAISE EXCEPTION '{lifecycle.name} may not begin as % (%)', NEW.status, NEW.sequence
                            USING ERRCODE = '23514';
                    END IF;
                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN
                    IF OLD.status || '>' || NEW.status NOT IN ({pairs})
                            OR NEW.sequence <> OLD.sequence + 1 THEN
                        RAISE EXCEPTION '{lifecycle.name}: % (%) may not become % (%)',
                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';
                    END IF;
                END IF;
                RETURN NEW;
            """,
        ),
        Guard(
            name="moves_have_causes",
            when=pgtrigger.After,
            operation=pgtrigger.Insert | update_of("sequence"),
            timing=pgtrigger.Deferred,
            func=f"""
                IF NOT EXISTS (
                    SELECT 1 FROM {history_table}
                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status
                ) THEN
                    RAISE EXCEPTION '{lifecycle.name}: move % to % has no history row', NEW.sequence, NEW.status
                        USING ERRCODE = '23514';
                END IF;
                RETURN NULL;
            """,  # noqa: S608 - the names are our own tables', no input
        ),
    ]


def append_only_guard(what: str, *, except_for: Sequence[str] = (), kind: type[Guard] = Guard) -> Guard:
    """Rows of this table are written once: UPDATE and DELETE are refused.

    Args:
        what: the rows' name in the refusal.
        except_for: encrypted columns, which the rotation of keys and the redaction rewrite. The guard does not see
            their text. A token is authenticated, so nobody without a key can write a text of their own there; but
            they can copy the token of another row, so nothing may be done on the word of such a column alone.
        kind: of guard.
    """
    refusal = f"RAISE EXCEPTION '{what} are never changed' USING ERRCODE = '23514';"
    if except_for:
        columns = ", ".join(f"'{name}'" for name in except_for)
        refusal = f"""
            IF TG_OP = 'UPDATE' THEN
                IF to_jsonb(NEW) - ARRAY[{columns}] = to_jsonb(OLD) - ARRAY[{columns}] THEN
                    RETURN NEW;
                END IF;
            END IF;
            {refusal}
        """
    return kind(name="append_only", when=pgtrigger.Before, operation=pgtrigger.Update | pgtrigger.Delete, func=refusal)


def truncate_guard(what: str, *, kind: type[Guard] = Guard) -> Guard:
    """The table is never emptied: TRUNCATE asks no guard of rows.

    Args:
        what: the rows' name in the refusal.
        kind: of guard.
    """
    return kind(
        name="never_truncated",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION '{what} are never emptied' USING ERRCODE = '23514';",
    )


def written_once(what: str, *, except_for: Sequence[str] = (), kind: type[Guard] = Guard) -> list[Guard]:
    """Both: rows that stay as they were written, one by one and all together."""
    return [append_only_guard(what, except_for=except_for, kind=kind), truncate_guard(what, kind=kind)]


class Move(models.Model):
    """One move of a thing's life with its cause. Subclasses add ``subject``, a foreign key to the thing."""

    sequence = models.PositiveIntegerField(help_text="Counts the moves of one thing from 1.")
    from_status = models.CharField(max_length=24, blank=True)
    to_status = models.CharField(max_length=24)
    cause = models.CharField(max_length=24, help_text="What kind of thing made it move.")
    cause_id = models.CharField(max_length=80, blank=True, help_text="Which one: a key, a person, a letter, a pull.")
    detail = models.CharField(max_length=CAUSE_DETAIL_MAX_LENGTH, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.from_status or '·'} → {self.to_status}"


class CauseKind(models.TextChoices):
    """What may make a thing move."""

    API_KEY = "api_key", "a product's call"
    CUSTOMER = "customer", "the customer, on the payment page"
    PERSON = "person", "a person in the admin"
    PROVIDER_ANSWER = "provider_answer", "the provider's answer to our call"
    PULL = "pull", "the provider, asked by us"
    CLOCK = "clock", "time that passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a thing moves: kind, and the id of the one that did it.

    Attributes:
        kind: what made it move.
        id: which one.
        detail: in words.
        instruction: id of the instruction by which two persons decided it (`balances.instructions`). It travels here,
            so that every journal that is posted on the way carries it, however deep the posting lies.
    """

    kind: CauseKind
    id: str = ""
    detail: str = ""
    instruction: uuid.UUID | None = None

    @property
    def kept_detail(self) -> str:
        """The detail as history rows keep it."""
        return self.detail[:CAUSE_DETAIL_MAX_LENGTH]


def recorded(move: type[Any], *, subject: Any, from_status: str, cause: Cause, request_id: str, at: Any) -> Any:
    """Write the history row that belongs to the subject's present status and sequence."""
    return move.objects.create(
        subject=subject,
        sequence=subject.sequence,
        from_status=from_status,
        to_status=subject.status,
        cause=cause.kind,
        cause_id=cause.id,
        detail=cause.kept_detail,
        request_id=request_id,
        created_at=at,
    )
