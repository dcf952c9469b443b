"""What the provider was asked and what it answered, and what it wrote to us by itself."""

from collections.abc import Collection
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode

from gateway.backoffice.story import answers
from gateway.backoffice.story.bounded import first_and_last, with_gap
from gateway.backoffice.story.entries import Entry, Fold, Kind, Rank, anchor
from gateway.causes import page
from gateway.encryption import readable_or
from gateway.in_words import in_words
from gateway.money import shown_amount
from gateway.paykassma.answers import Outcome
from gateway.providers.models import ProviderCall
from gateway.status_tones import Tone, tone_of
from postbacks.models import Letter, LetterItem

_OUTCOMES: Final = {Outcome.ACCEPTED: Tone.GOOD, Outcome.REFUSED: Tone.BAD, Outcome.CREDENTIAL_ERROR: Tone.BAD}


def about(names: Collection[str]) -> Q:
    """Calls about any of these ids, alone or among others, written so that both indexes serve it."""
    listed = sorted(names)
    return Q(subject__in=listed) | (Q(also_about__overlap=listed) & ~Q(also_about=[]))


def calls(names: Collection[str]) -> list[Entry]:
    """Every call that was about one of the ids; request and answer as far as they are about these ids."""
    rows = first_and_last(ProviderCall.objects.filter(about(names)), "started_at", "id")
    return with_gap(Kind.CALL, rows, lambda row: _call(row, names), where=_found("providers_providercall", names))


def _call(row: ProviderCall, names: Collection[str]) -> Entry:
    others = len({row.subject, *row.also_about} - {*names, ""})
    facts = [
        ("HTTP", str(row.http_status or "no answer")),
        ("Took", "-" if row.duration_ms is None else f"{row.duration_ms:,} ms"),
        ("Request id", row.request_id or "-"),
    ]
    outcome, tone = _outcome(row)
    said = [one for one in (row.note and f"Understood as: {row.note}.",) if one]
    if others:
        said.append(f"Asked about {others} other {'order' if others == 1 else 'orders'} in the same call.")
    return Entry(
        kind=Kind.CALL,
        at=row.started_at,
        rank=Rank.CALLED,
        tie=(0, str(row.pk)),
        title=row.operation,
        address=page(ProviderCall, row.pk),
        status=outcome,
        tone=tone,
        said=said,
        facts=[one for one in facts if one[1] != "-"],
        folds=[
            Fold(title="Request", text=answers.asked(readable_or(row, "request", None), names)),
            Fold(
                title="Answer",
                text=answers.shown(readable_or(row, "response", None), names),
                # Of all that came, whatever of it is shown; that of a frozen request stands in the request.
                digest=row.response_digest,
            ),
        ],
        anchor=anchor(Kind.CALL, row.pk),
    )


def _outcome(call: ProviderCall) -> tuple[str, str]:
    if call.sent is None:
        return "none: we died meanwhile", Tone.WARN
    if not call.sent:
        return f"{in_words(call.outcome)}: no byte left", Tone.WARN
    return in_words(call.outcome), _OUTCOMES.get(Outcome(call.outcome), Tone.WARN)


def letters(found: Q) -> list[Entry]:
    """The items of the provider's letters that the filter finds, each with what became of it."""
    items = LetterItem.objects.filter(found).select_related("letter").defer("letter__body")
    rows = first_and_last(items, "created_at", "id")
    names = {row.order_id for row in rows}
    return with_gap(Kind.LETTER, rows, _item, where=_found("postbacks_letteritem", names))


def _item(row: LetterItem) -> Entry:
    letter = row.letter
    said = [str(row.get_status_display()).capitalize() + "."]
    if not letter.envelope_agrees:
        said.append(f"Its unsigned part contradicts the signed one: {letter.disagreements or 'in what, is not kept'}.")
    said += [f"{row.note}."] if row.note else []
    facts = [
        ("Signed part", "the signature is right" + ("" if letter.envelope_agrees else ", the rest does not agree")),
        ("Amount", "-" if row.amount is None else shown_amount(row.amount, row.currency)),
        ("Order", row.order_id or "none"),
        ("Transaction id", row.transaction_id or "-"),
        ("Copies", str(letter.copies)),
    ]
    return Entry(
        kind=Kind.LETTER,
        at=row.created_at,
        rank=Rank.LETTER,
        tie=(row.position, str(row.pk)),
        title=f"The provider wrote, item {row.position}",
        address=page(Letter, row.letter_id),
        status=in_words(row.status),
        tone=tone_of(row.status),
        said=said,
        facts=[one for one in facts if one[1] != "-"],
    )


def _found(name: str, values: Collection[str]) -> str:
    """The list of all of them, where it is about one thing; found by a search, which an index serves at any age."""
    if len(values) != 1:
        return reverse(f"admin:{name}_changelist")
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode({'q': next(iter(values))})}"
