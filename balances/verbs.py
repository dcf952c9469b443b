"""The verbs by which people move money. Each is a row here; how two persons carry one out is `balances.instructions`.

An app adds its own verbs when it is ready::

    # payments/verbs.py
    GIVE_BACK = Verb(
        name="receipt_given_back",
        sentence="The provider took suspended money back.",
        fields=(verb_fields.typeid("receipt", "Receipt", "The money in question.", ids.RECEIPT),),
        plan=_plan_give_back,          # reads, locks, refuses; writes nothing
        execute=_give_back,            # lambda values, cause, instruction: give_back(values["receipt"], cause)
        refusals=(Unresolvable,),      # its message is a sentence for the person
    )

    # payments/apps.py
    def ready(self) -> None:
        from payments import verbs as own
        verbs.register(*own.VERBS)

``plan`` gives the journals that ``execute`` will post, as `PlannedJournal` or as the `NewJournal` of
`balances.journals` (with `NOBODY` for a cause). A verb without ``execute`` has them posted as planned; one with it
calls an action of its app, which posts them itself and hands ``cause`` on: it carries the instruction, so every
journal on the way is that instruction's. What was posted is compared with what was planned, and another sum undoes
everything. Journals by which a product repays what it owes come on top and need not be planned.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from balances.instruction_models import Instruction
from balances.kinds import JournalKind
from balances.posting import Leg
from balances.verb_fields import Field, Refused, Values
from gateway.in_words import titled
from gateway.lifecycles import Cause, CauseKind

#: For a journal that is only planned: who will have caused it is not known yet.
NOBODY: Final = Cause(kind=CauseKind.PERSON)


class Journal(Protocol):
    """A journal that is to be posted, as far as it can be shown before."""

    @property
    def kind(self) -> JournalKind:
        """Why money moves."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """How."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJournal:
    """A journal that is posted as it is planned, with the instruction for its reference."""

    kind: JournalKind
    legs: tuple[Leg, ...]
    subject: str = ""
    reverses: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a verb would do with these parameters at this moment.

    Attributes:
        mode: ``live`` or ``test``.
        journals: what it would post.
        notes: what else it would do, or what people should know before they agree; a sentence each.
    """

    mode: str
    journals: tuple[Journal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that people may do with money.

    Attributes:
        name: in snake case; rows name it, so it is never changed.
        sentence: what it does.
        fields: what it has to be told, in the order in which it is asked.
        before: asks the outside what the plan then reads from our rows; called with no transaction open, each time
            before people look, ask for it or approve.
        plan: what it would do; called in a transaction, may lock accounts (in the order of their ranks) and rows, and
            raises `Refused` where it cannot be done.
        execute: does it, in the transaction of the approval; None posts the journals of the plan, and lets a product
            that got money repay what it owes.
        needs_document: whether there has to be a paper behind it.
        wish: what a person asks for by it, on the buttons of the things that it is told; empty where no page has one.
        refusals: further exceptions of ``plan`` and ``execute`` whose message is a sentence for the person.
    """

    name: str
    sentence: str
    fields: tuple[Field, ...]
    plan: Callable[[Values], Plan]
    before: Callable[[Values], object] | None = None
    execute: Callable[[Values, Cause, Instruction], object] | None = None
    needs_document: bool = False
    wish: str = ""
    refusals: tuple[type[Exception], ...] = ()

    @property
    def title(self) -> str:
        """Its name for people."""
        return titled(self.name)


_verbs: Final[dict[str, Verb]] = {}


def register(*verbs: Verb) -> None:
    """Make verbs known; call it from `AppConfig.ready`.

    Raises:
        ValueError: there is one of this name.
    """
    for one in verbs:
        if one.name in _verbs:
            raise ValueError(f"there is a verb {one.name!r} already")
        _verbs[one.name] = one


def every() -> Iterable[Verb]:
    """All verbs, by name."""
    return [_verbs[name] for name in sorted(_verbs)]


def named(name: str) -> Verb:
    """The verb of this name.

    Raises:
        Refused: there is none.
    """
    if name not in _verbs:
        raise Refused(f"There is no verb {name!r}; there are {', '.join(sorted(_verbs))}.", field="verb")
    return _verbs[name]
