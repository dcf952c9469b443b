"""How one person asks for money to be moved: a look at what would be posted, then an instruction that says it.

Another person looks at the same and decides (`balances.instructions`).
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from django.contrib.auth.models import AbstractUser
from django.db import DataError, transaction

from balances import previews, verb_fields, verb_secrets, verbs, wording
from balances.instruction_models import Instruction
from balances.instruction_moves import begin_instruction
from balances.instruction_rights import PROPOSE
from balances.posting import AlreadyPosted, InsufficientFunds, is_no_room
from balances.previews import Preview
from balances.states import InstructionStatus
from balances.verb_fields import Refused
from balances.verbs import Verb
from gateway import ids
from gateway.lifecycles import Cause, CauseKind
from gateway.people import check_permission

log = structlog.get_logger(__name__)


class Changed(Refused):
    """What would be posted is no longer what the person saw. Nothing was.

    Attributes:
        preview: what would be posted now.
    """

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        super().__init__("What would be posted has changed since you looked at it. Look at it again, then decide.")


def look(verb_name: str, parameters: Mapping[str, str], *, kept: Mapping[str, str] | None = None) -> Preview:
    """What would be posted, without writing anything down.

    Args:
        verb_name: one of `balances.verbs`.
        parameters: by name of the verb's fields, as texts.
        kept: the same as an instruction keeps them, where there is one: its fingerprints may be those of an older key.

    Raises:
        Refused: it cannot be done.
    """
    verb = verbs.named(verb_name)
    ask_outside(verb, parameters)
    return _look(verb, parameters, kept)


@transaction.atomic(durable=True)
def _look(verb: Verb, parameters: Mapping[str, str], kept: Mapping[str, str] | None) -> Preview:
    with sentences(verb):
        values = verb_fields.read(verb.fields, parameters)
        if kept is None:
            kept, _ = verb_secrets.parted(verb.fields, verb_fields.written(verb.fields, values))
        shown = previews.preview(verb.name, kept, verb.plan(values))
    # A look leaves nothing, not even an account that it opened to lock it.
    transaction.set_rollback(True)
    return shown


def current_preview(instruction: Instruction) -> Preview:
    """What would be posted if it were approved now; what was shown last where it was decided.

    Raises:
        Refused: it cannot be done any more.
    """
    if instruction.status != InstructionStatus.PROPOSED:
        return Preview(content=instruction.preview, digest=instruction.digest)
    fields = verbs.named(instruction.verb).fields
    texts = verb_secrets.texts_of(fields, instruction)
    return look(instruction.verb, texts, kept=instruction.parameters)


def propose(
    verb_name: str,
    parameters: Mapping[str, str],
    reason: str,
    document: str,
    by: AbstractUser,
    *,
    digest_seen: str | None = None,
    instruction_id: uuid.UUID | None = None,
) -> Instruction:
    """Ask for it: written down together with what would be posted.

    Args:
        verb_name: one of `balances.verbs`.
        parameters: by name of the verb's fields, as texts; what is secret is kept apart and encrypted.
        reason: why, in the person's words.
        document: the paper behind it, or "" where the verb needs none.
        by: who asks.
        digest_seen: of the preview that the person saw; whatever would be posted if None.
        instruction_id: of a form, so that it makes one instruction however often it is sent. Sent with something else
            in it, it is refused.

    Raises:
        Refused: it cannot be done; `Changed` where it is not what the person saw.
        PermissionDenied: the person may not ask for it.
    """
    verb = verbs.named(verb_name)
    ask_outside(verb, parameters)
    return _propose(verb, parameters, reason, document, by, digest_seen=digest_seen, instruction_id=instruction_id)


@transaction.atomic(durable=True)
def _propose(
    verb: Verb,
    parameters: Mapping[str, str],
    reason: str,
    document: str,
    by: AbstractUser,
    *,
    digest_seen: str | None,
    instruction_id: uuid.UUID | None,
) -> Instruction:
    check_permission(by, PROPOSE, lock=True)
    reason, document = wording.reason(reason), wording.document(document, verb)
    values = verb_fields.read(verb.fields, parameters)
    kept, secrets = verb_secrets.parted(verb.fields, verb_fields.written(verb.fields, values))
    told: dict[str, Any] = {"verb": verb.name, "parameters": kept, "reason": reason, "document": document}
    # Before it is planned: what the form has asked for already may have been done since, and cannot be done again.
    if instruction_id is not None and (sent_before := _sent_before(instruction_id, by, told)):
        return sent_before
    with sentences(verb):
        plan = verb.plan(values)
    shown = previews.preview(verb.name, kept, plan)
    if digest_seen not in {None, shown.digest}:
        raise Changed(shown)
    instruction = Instruction(
        id=instruction_id or ids.new_id(),
        mode=plan.mode,
        **told,
        secrets=secrets,
        preview=shown.content,
        digest=shown.digest,
        requested_by_id=by.pk,
    )
    # Where another one inserts the same at this moment, theirs is the one.
    if begin_instruction(instruction, Cause(kind=CauseKind.PERSON, id=str(by.pk), detail=reason)):
        return instruction
    theirs = _sent_before(instruction.pk, by, told)
    assert theirs is not None
    return theirs


def _sent_before(instruction_id: uuid.UUID, by: AbstractUser, told: Mapping[str, object]) -> Instruction | None:
    """What a form that is sent again, with the same in it, has made already."""
    found = Instruction.objects.filter(pk=instruction_id, moves__sequence=1).first()
    if found is None:
        return None
    if found.requested_by_id != by.pk:
        raise Refused("This belongs to another form. Begin anew.")
    if any(getattr(found, name) != value for name, value in told.items()):
        raise Refused(
            f"This form was sent before with something else in it, which {found.public_id} asks for; that stays as it"
            " was. To ask for this as well, look at what would be posted once more."
        )
    return found


def ask_outside(verb: Verb, parameters: Mapping[str, str]) -> None:
    """Have a verb ask the outside what its plan reads from our rows; called with no transaction open.

    Raises:
        Refused: the parameters cannot be read.
    """
    if verb.before is not None:
        verb.before(verb_fields.read(verb.fields, parameters))


@contextmanager
def sentences(verb: Verb) -> Iterator[None]:
    """Expected refusals of the ledger and of the verb, as sentences."""
    try:
        yield
    except InsufficientFunds:
        raise Refused("One of the accounts does not have so much.") from None
    except AlreadyPosted:
        raise Refused("It was posted before.") from None
    except DataError as error:
        if not is_no_room(error):
            raise
        log.exception("balance_has_no_room", verb=verb.name)
        raise Refused("One of the sums would be larger than the books can hold.") from None
    except verb.refusals as error:
        raise Refused(str(error)) from error
