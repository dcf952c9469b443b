"""The two functions of the database that write the ledger, and all that they ask of what is posted.

Nobody inserts a journal or an entry and nobody writes a balance but these (`balances.guards.by_functions_alone`): the
application may call them and nothing else, and the owner of the tables is refused. So what is asked here is asked of
every posting, once, while it is written (docs/adr/two-functions-write-the-ledger.md).

They run with the owner's rights and find tables in the schema ``public`` before any temporary one. Their refusals carry
ERRCODE 23514, so they arrive as ``IntegrityError``; what a column cannot hold arrives as ``DataError``.

Whoever changes a text here adds a migration with it, as the last one keeps its own: a test compares what the database
has with this file.
"""

from typing import Final

from balances.guards import among, refuse, within_limit
from balances.kinds import DEBIT_NORMAL, LIVE
from balances.sides import SIDES

_DEFINER: Final = "RETURNS uuid[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp"
_COLUMNS_OF_A_JOURNAL: Final = (
    "id, kind, mode, reference, subject, reverses_id, cause, cause_id, detail, document, request_id, instruction_id,"
    " xact, begun_at, created_at"
)
_NOW: Final = "pg_current_xact_id()::text::bigint, transaction_timestamp(), clock_timestamp()"
_COLUMNS_OF_AN_ENTRY: Final = (
    "id, journal_id, account_id, amount, currency, mode, product_id, sequence, balance_after, created_at"
)
#: Every leg that any kind of journal may have.
_LEGS: Final = [
    f"{kind}{side}{account}"
    for kind, (debited, credited) in SIDES.items()
    for side, accounts in ((">", debited), ("<", credited))
    for account in accounts
]
(_GROWS_WITH_DEBITS,) = (kind for kind in LIVE if kind in DEBIT_NORMAL)
_NO_REFERENCE: Final = refuse("a journal has a reference")


def _right_amount(amount: str) -> str:
    """What is not a number is above every number; what has more decimals than its column would be rounded there."""
    return f"""
    IF {amount} = 0 OR {amount} >= 1e16 OR {amount} <> round({amount}, 4) THEN
        {refuse("% is no amount of an entry", amount)}
    END IF;"""


def _right_leg(leg: str, amount: str, kind: str, mode: str) -> str:
    """Asked of a leg whose account is in ``{leg}_kind`` and ``{leg}_mode``."""
    return f"""
    IF {leg}_mode <> {mode} THEN
        {refuse("a % journal takes no entry of a % account", mode, f"{leg}_mode")}
    END IF;
    IF NOT {among(f"{kind} || CASE WHEN {amount} > 0 THEN '>' ELSE '<' END || {leg}_kind", _LEGS)} THEN
        {refuse("a % journal has no such entry of a % account: %", kind, f"{leg}_kind", amount)}
    END IF;"""


def _counted(leg: str, account: str, amount: str) -> str:
    """Adds a leg to the balance of its account, where that keeps one, and says when.

    It comes after its journal: how late that is committed is asked of the journal, and a snapshot counts what is so old
    that it has been committed, or never will be.

    The row lock that this takes puts everybody who posts to the account in line, and the limit is compared with the
    balance that all of them before us have left.
    """
    return f"""
    IF {leg}_balance IS NOT NULL THEN
        UPDATE balances_account AS one SET
            balance = one.balance + CASE WHEN kind = '{_GROWS_WITH_DEBITS}' THEN {amount} ELSE -{amount} END,
            entry_count = entry_count + 1,
            last_entry_at = greatest(clock_timestamp(), last_entry_at)
        WHERE id = {account} RETURNING one.balance, entry_count, last_entry_at, overdraft_limit
        INTO {leg}_balance, {leg}_sequence, {leg}_at, {leg}_limit;
        {within_limit(f"{leg}_balance", f"{leg}_limit")}
    ELSE
        -- Never among what a snapshot has counted, wherever the clock was set.
        {leg}_at := greatest(clock_timestamp(), {leg}_at);
    END IF;"""  # noqa: S608 - our own columns, no input


def _indented(statements: str) -> str:
    return statements.replace("\n", "\n    ")


def _variables(leg: str) -> str:
    """What is known of a leg besides what was given: its account's columns, and how that counts it."""
    return f"""
    {leg}_kind text;
    {leg}_mode text;
    {leg}_currency text;
    {leg}_product uuid;
    {leg}_balance numeric;
    {leg}_limit numeric;
    {leg}_sequence bigint;
    {leg}_at timestamptz;"""


def _of_account(alias: str) -> str:
    # Until it is counted, the time of a leg is that up to which a snapshot counts.
    return f"{alias}.kind, {alias}.mode, {alias}.currency, {alias}.product_id, {alias}.balance, {alias}.covered_until"


def _into(leg: str) -> str:
    return ", ".join(f"{leg}_{name}" for name in ("kind", "mode", "currency", "product", "balance", "at"))


#: One journal of two legs, which most are. Packing arrays and unpacking them would be a fifth of a posting.
POST_TRANSFER: Final = f"""
CREATE FUNCTION balances_post_transfer(
    new_id uuid, new_kind text, new_mode text, new_reference text, new_subject text, new_reverses uuid,
    new_cause text, new_cause_id text, new_detail text, new_document text, new_request_id text, new_instruction uuid,
    first_id uuid, first_account uuid, first_amount numeric,
    second_id uuid, second_account uuid, second_amount numeric
) {_DEFINER} AS $$
DECLARE{_variables("first")}{_variables("second")}
BEGIN
    SELECT {_of_account("one")},
        {_of_account("other")}
    INTO {_into("first")},
        {_into("second")}
    FROM balances_account AS one, balances_account AS other WHERE one.id = first_account AND other.id = second_account;
    -- Accounts that nobody has used yet: the caller, who knows what they stand for, adds them and calls again.
    IF NOT FOUND THEN
        RETURN ARRAY(
            SELECT wanted FROM unnest(ARRAY[first_account, second_account]) AS wanted
            WHERE NOT EXISTS (SELECT FROM balances_account WHERE id = wanted)
        );
    END IF;
    IF new_reference = '' THEN
        {_NO_REFERENCE}
    END IF;
    -- Each expression is prepared anew in each transaction: what follows from another one is not asked twice.
    IF first_currency <> second_currency OR first_amount + second_amount <> 0 THEN
        {refuse("journal % does not sum to zero", "new_id")}
    END IF;{_right_amount("first_amount")}{_right_leg("first", "first_amount", "new_kind", "new_mode")}{
    _right_leg("second", "second_amount", "new_kind", "new_mode")
}
    INSERT INTO balances_journal ({_COLUMNS_OF_A_JOURNAL}) VALUES (
        new_id, new_kind, new_mode, new_reference, new_subject, new_reverses, new_cause, new_cause_id, new_detail,
        new_document, new_request_id, new_instruction, {_NOW}
    );
    -- In the order of their locks.{_counted("first", "first_account", "first_amount")}{
    _counted("second", "second_account", "second_amount")
}
    INSERT INTO balances_entry ({_COLUMNS_OF_AN_ENTRY}) VALUES
        (
            first_id, new_id, first_account, first_amount, first_currency, first_mode, first_product,
            first_sequence, first_balance, first_at
        ),
        (
            second_id, new_id, second_account, second_amount, second_currency, second_mode, second_product,
            second_sequence, second_balance, second_at
        );
    RETURN NULL;
END;
$$;
"""  # noqa: S608 - our own columns, no input

#: Any journals. Legs come in the order of their locks, those of all journals together.
POST: Final = f"""
CREATE FUNCTION balances_post(
    new_ids uuid[], new_kinds text[], new_modes text[], new_references text[], new_subjects text[],
    new_reverses uuid[], new_causes text[], new_cause_ids text[], new_details text[], new_documents text[],
    new_request_ids text[], new_instructions uuid[],
    leg_ids uuid[], leg_journals uuid[], leg_accounts uuid[], leg_amounts numeric[]
) {_DEFINER} AS $$
DECLARE
    wanted uuid;
    leg record;
    wrong record;
    missing uuid[];
    journals uuid[];
    currencies text[];
    amounts numeric[];
    new_kind text;
    new_mode text;{_variables("leg")}
BEGIN
    -- Accounts that nobody has used yet: the caller, who knows what they stand for, adds them and calls again. Each is
    -- looked up by its key: as one question about all of them it is planned as a walk through every account.
    FOREACH wanted IN ARRAY leg_accounts LOOP
        PERFORM FROM balances_account WHERE id = wanted;
        IF NOT FOUND THEN
            missing := missing || wanted;
        END IF;
    END LOOP;
    IF missing IS NOT NULL THEN
        RETURN missing;
    END IF;
    IF '' = ANY (new_references) THEN
        {_NO_REFERENCE}
    END IF;
    INSERT INTO balances_journal ({_COLUMNS_OF_A_JOURNAL}) SELECT *, {_NOW} FROM unnest(
        new_ids, new_kinds, new_modes, new_references, new_subjects, new_reverses, new_causes, new_cause_ids,
        new_details, new_documents, new_request_ids, new_instructions
    );
    FOR leg IN SELECT * FROM unnest(leg_ids, leg_journals, leg_accounts, leg_amounts) AS one (
        id, journal, account, amount
    ) LOOP
        -- Of this call: what was written before is whole already, and takes no more.
        SELECT kind, mode INTO new_kind, new_mode FROM balances_journal
            WHERE id = leg.journal AND leg.journal = ANY (new_ids);
        IF NOT FOUND THEN
            {refuse("entries come with their journal alone")}
        END IF;
        SELECT {_of_account("one")}
        INTO {_into("leg")}
        FROM balances_account AS one WHERE one.id = leg.account;
        leg_sequence := NULL;{
    _indented(_right_amount("leg.amount") + _right_leg("leg", "leg.amount", "new_kind", "new_mode"))
}{_indented(_counted("leg", "leg.account", "leg.amount"))}
        INSERT INTO balances_entry ({_COLUMNS_OF_AN_ENTRY}) VALUES (
            leg.id, leg.journal, leg.account, leg.amount, leg_currency, leg_mode, leg_product, leg_sequence,
            leg_balance, leg_at
        );
        journals := journals || leg.journal;
        currencies := currencies || leg_currency;
        amounts := amounts || leg.amount;
    END LOOP;
    -- Of what was written, not of what was given.
    SELECT id, count(*) - 1 AS legs INTO wrong FROM unnest(new_ids || journals) AS id GROUP BY id
        HAVING count(*) < 3 LIMIT 1;
    IF FOUND THEN
        {refuse("journal % has % legs; it needs two or more", "wrong.id", "wrong.legs")}
    END IF;
    SELECT journal INTO wrong FROM unnest(journals, currencies, amounts) AS one (journal, currency, amount)
        GROUP BY journal, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        {refuse("journal % does not sum to zero", "wrong.journal")}
    END IF;
    RETURN NULL;
END;
$$;
"""  # noqa: S608 - our own columns, no input
