"""Journals, entries and balances are written by two functions alone, which ask all that the guards of each row asked.

Why: docs/adr/two-functions-write-the-ledger.md.
"""

import balances.guards
import gateway.lifecycles
import pgtrigger.compiler
import pgtrigger.migrations
from importlib import import_module

from django.db import migrations

_TRANSFER = """
CREATE FUNCTION balances_post_transfer(
    new_id uuid, new_kind text, new_mode text, new_reference text, new_subject text, new_reverses uuid,
    new_cause text, new_cause_id text, new_detail text, new_document text, new_request_id text, new_instruction uuid,
    first_id uuid, first_account uuid, first_amount numeric,
    second_id uuid, second_account uuid, second_amount numeric
) RETURNS uuid[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_kind text;
    first_mode text;
    first_currency text;
    first_product uuid;
    first_balance numeric;
    first_limit numeric;
    first_sequence bigint;
    first_at timestamptz;
    second_kind text;
    second_mode text;
    second_currency text;
    second_product uuid;
    second_balance numeric;
    second_limit numeric;
    second_sequence bigint;
    second_at timestamptz;
BEGIN
    SELECT one.kind, one.mode, one.currency, one.product_id, one.balance, one.covered_until,
        other.kind, other.mode, other.currency, other.product_id, other.balance, other.covered_until
    INTO first_kind, first_mode, first_currency, first_product, first_balance, first_at,
        second_kind, second_mode, second_currency, second_product, second_balance, second_at
    FROM balances_account AS one, balances_account AS other WHERE one.id = first_account AND other.id = second_account;
    -- Accounts that nobody has used yet: the caller, who knows what they stand for, adds them and calls again.
    IF NOT FOUND THEN
        RETURN ARRAY(
            SELECT wanted FROM unnest(ARRAY[first_account, second_account]) AS wanted
            WHERE NOT EXISTS (SELECT FROM balances_account WHERE id = wanted)
        );
    END IF;
    IF new_reference = '' THEN
        RAISE EXCEPTION 'a journal has a reference' USING ERRCODE = '23514';
    END IF;
    -- Each expression is prepared anew in each transaction: what follows from another one is not asked twice.
    IF first_currency <> second_currency OR first_amount + second_amount <> 0 THEN
        RAISE EXCEPTION 'journal % does not sum to zero', new_id USING ERRCODE = '23514';
    END IF;
    IF first_amount = 0 OR first_amount >= 1e16 OR first_amount <> round(first_amount, 4) THEN
        RAISE EXCEPTION '% is no amount of an entry', first_amount USING ERRCODE = '23514';
    END IF;
    IF first_mode <> new_mode THEN
        RAISE EXCEPTION 'a % journal takes no entry of a % account', new_mode, first_mode USING ERRCODE = '23514';
    END IF;
    IF NOT '{"receipt_credited>provider_balance": 1, "receipt_credited<available": 1, "receipt_suspended>provider_balance": 1, "receipt_suspended<suspense": 1, "suspense_credited>suspense": 1, "suspense_credited<available": 1, "suspense_returned>suspense": 1, "suspense_returned<provider_balance": 1, "suspense_written_off>suspense": 1, "suspense_written_off<write_off": 1, "receipt_reversed>available": 1, "receipt_reversed>product_receivable": 1, "receipt_reversed<provider_balance": 1, "savings_observed>savings_observed": 1, "savings_observed>savings": 1, "savings_observed<savings_observed": 1, "savings_observed<savings": 1, "savings_released>savings": 1, "savings_released<savings_observed": 1, "withdrawal_held>available": 1, "withdrawal_held<held": 1, "withdrawal_released>held": 1, "withdrawal_released<available": 1, "withdrawal_paid>held": 1, "withdrawal_paid<provider_balance": 1, "withdrawal_returned>provider_balance": 1, "withdrawal_returned<available": 1, "withdrawal_proved_paid>available": 1, "withdrawal_proved_paid>product_receivable": 1, "withdrawal_proved_paid<provider_balance": 1, "receivable_repaid>available": 1, "receivable_repaid<product_receivable": 1, "provider_fee>provider_fees": 1, "provider_fee<provider_balance": 1, "product_fee>available": 1, "product_fee>product_receivable": 1, "product_fee<fee_income": 1, "product_funded>bank": 1, "product_funded<available": 1, "product_settled>available": 1, "product_settled<bank": 1, "provider_topped_up>provider_balance": 1, "provider_topped_up<bank": 1, "moved_to_settlement>provider_settlement": 1, "moved_to_settlement<provider_balance": 1, "settled_to_bank>bank": 1, "settled_to_bank<provider_settlement": 1, "exchanged>available": 1, "exchanged>fx_position": 1, "exchanged<available": 1, "exchanged<fx_position": 1, "adjusted>provider_balance": 1, "adjusted>provider_settlement": 1, "adjusted>bank": 1, "adjusted>product_receivable": 1, "adjusted>savings_observed": 1, "adjusted>available": 1, "adjusted>held": 1, "adjusted>savings": 1, "adjusted>suspense": 1, "adjusted>fee_income": 1, "adjusted>provider_fees": 1, "adjusted>write_off": 1, "adjusted>fx_position": 1, "adjusted<provider_balance": 1, "adjusted<provider_settlement": 1, "adjusted<bank": 1, "adjusted<product_receivable": 1, "adjusted<savings_observed": 1, "adjusted<available": 1, "adjusted<held": 1, "adjusted<savings": 1, "adjusted<suspense": 1, "adjusted<fee_income": 1, "adjusted<provider_fees": 1, "adjusted<write_off": 1, "adjusted<fx_position": 1, "written_off>write_off": 1, "written_off<product_receivable": 1, "reversed>provider_balance": 1, "reversed>provider_settlement": 1, "reversed>bank": 1, "reversed>product_receivable": 1, "reversed>savings_observed": 1, "reversed>available": 1, "reversed>held": 1, "reversed>savings": 1, "reversed>suspense": 1, "reversed>fee_income": 1, "reversed>provider_fees": 1, "reversed>write_off": 1, "reversed>fx_position": 1, "reversed<provider_balance": 1, "reversed<provider_settlement": 1, "reversed<bank": 1, "reversed<product_receivable": 1, "reversed<savings_observed": 1, "reversed<available": 1, "reversed<held": 1, "reversed<savings": 1, "reversed<suspense": 1, "reversed<fee_income": 1, "reversed<provider_fees": 1, "reversed<write_off": 1, "reversed<fx_position": 1}'::jsonb ? (new_kind || CASE WHEN first_amount > 0 THEN '>' ELSE '<' END || first_kind) THEN
        RAISE EXCEPTION 'a % journal has no such entry of a % account: %', new_kind, first_kind, first_amount USING ERRCODE = '23514';
    END IF;
    IF second_mode <> new_mode THEN
        RAISE EXCEPTION 'a % journal takes no entry of a % account', new_mode, second_mode USING ERRCODE = '23514';
    END IF;
    IF NOT '{"receipt_credited>provider_balance": 1, "receipt_credited<available": 1, "receipt_suspended>provider_balance": 1, "receipt_suspended<suspense": 1, "suspense_credited>suspense": 1, "suspense_credited<available": 1, "suspense_returned>suspense": 1, "suspense_returned<provider_balance": 1, "suspense_written_off>suspense": 1, "suspense_written_off<write_off": 1, "receipt_reversed>available": 1, "receipt_reversed>product_receivable": 1, "receipt_reversed<provider_balance": 1, "savings_observed>savings_observed": 1, "savings_observed>savings": 1, "savings_observed<savings_observed": 1, "savings_observed<savings": 1, "savings_released>savings": 1, "savings_released<savings_observed": 1, "withdrawal_held>available": 1, "withdrawal_held<held": 1, "withdrawal_released>held": 1, "withdrawal_released<available": 1, "withdrawal_paid>held": 1, "withdrawal_paid<provider_balance": 1, "withdrawal_returned>provider_balance": 1, "withdrawal_returned<available": 1, "withdrawal_proved_paid>available": 1, "withdrawal_proved_paid>product_receivable": 1, "withdrawal_proved_paid<provider_balance": 1, "receivable_repaid>available": 1, "receivable_repaid<product_receivable": 1, "provider_fee>provider_fees": 1, "provider_fee<provider_balance": 1, "product_fee>available": 1, "product_fee>product_receivable": 1, "product_fee<fee_income": 1, "product_funded>bank": 1, "product_funded<available": 1, "product_settled>available": 1, "product_settled<bank": 1, "provider_topped_up>provider_balance": 1, "provider_topped_up<bank": 1, "moved_to_settlement>provider_settlement": 1, "moved_to_settlement<provider_balance": 1, "settled_to_bank>bank": 1, "settled_to_bank<provider_settlement": 1, "exchanged>available": 1, "exchanged>fx_position": 1, "exchanged<available": 1, "exchanged<fx_position": 1, "adjusted>provider_balance": 1, "adjusted>provider_settlement": 1, "adjusted>bank": 1, "adjusted>product_receivable": 1, "adjusted>savings_observed": 1, "adjusted>available": 1, "adjusted>held": 1, "adjusted>savings": 1, "adjusted>suspense": 1, "adjusted>fee_income": 1, "adjusted>provider_fees": 1, "adjusted>write_off": 1, "adjusted>fx_position": 1, "adjusted<provider_balance": 1, "adjusted<provider_settlement": 1, "adjusted<bank": 1, "adjusted<product_receivable": 1, "adjusted<savings_observed": 1, "adjusted<available": 1, "adjusted<held": 1, "adjusted<savings": 1, "adjusted<suspense": 1, "adjusted<fee_income": 1, "adjusted<provider_fees": 1, "adjusted<write_off": 1, "adjusted<fx_position": 1, "written_off>write_off": 1, "written_off<product_receivable": 1, "reversed>provider_balance": 1, "reversed>provider_settlement": 1, "reversed>bank": 1, "reversed>product_receivable": 1, "reversed>savings_observed": 1, "reversed>available": 1, "reversed>held": 1, "reversed>savings": 1, "reversed>suspense": 1, "reversed>fee_income": 1, "reversed>provider_fees": 1, "reversed>write_off": 1, "reversed>fx_position": 1, "reversed<provider_balance": 1, "reversed<provider_settlement": 1, "reversed<bank": 1, "reversed<product_receivable": 1, "reversed<savings_observed": 1, "reversed<available": 1, "reversed<held": 1, "reversed<savings": 1, "reversed<suspense": 1, "reversed<fee_income": 1, "reversed<provider_fees": 1, "reversed<write_off": 1, "reversed<fx_position": 1}'::jsonb ? (new_kind || CASE WHEN second_amount > 0 THEN '>' ELSE '<' END || second_kind) THEN
        RAISE EXCEPTION 'a % journal has no such entry of a % account: %', new_kind, second_kind, second_amount USING ERRCODE = '23514';
    END IF;
    INSERT INTO balances_journal (id, kind, mode, reference, subject, reverses_id, cause, cause_id, detail, document, request_id, instruction_id, xact, begun_at, created_at) VALUES (
        new_id, new_kind, new_mode, new_reference, new_subject, new_reverses, new_cause, new_cause_id, new_detail,
        new_document, new_request_id, new_instruction, pg_current_xact_id()::text::bigint, transaction_timestamp(), clock_timestamp()
    );
    -- In the order of their locks.
    IF first_balance IS NOT NULL THEN
        UPDATE balances_account AS one SET
            balance = one.balance + CASE WHEN kind = 'product_receivable' THEN first_amount ELSE -first_amount END,
            entry_count = entry_count + 1,
            last_entry_at = greatest(clock_timestamp(), last_entry_at)
        WHERE id = first_account RETURNING one.balance, entry_count, last_entry_at, overdraft_limit
        INTO first_balance, first_sequence, first_at, first_limit;
        IF first_balance < -first_limit THEN
            RAISE EXCEPTION 'an account would be below its limit' USING ERRCODE = '23514', CONSTRAINT = 'account_within_its_limit';
        END IF;
    ELSE
        -- Never among what a snapshot has counted, wherever the clock was set.
        first_at := greatest(clock_timestamp(), first_at);
    END IF;
    IF second_balance IS NOT NULL THEN
        UPDATE balances_account AS one SET
            balance = one.balance + CASE WHEN kind = 'product_receivable' THEN second_amount ELSE -second_amount END,
            entry_count = entry_count + 1,
            last_entry_at = greatest(clock_timestamp(), last_entry_at)
        WHERE id = second_account RETURNING one.balance, entry_count, last_entry_at, overdraft_limit
        INTO second_balance, second_sequence, second_at, second_limit;
        IF second_balance < -second_limit THEN
            RAISE EXCEPTION 'an account would be below its limit' USING ERRCODE = '23514', CONSTRAINT = 'account_within_its_limit';
        END IF;
    ELSE
        -- Never among what a snapshot has counted, wherever the clock was set.
        second_at := greatest(clock_timestamp(), second_at);
    END IF;
    INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, product_id, sequence, balance_after, created_at) VALUES
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
"""

_MANY = """
CREATE FUNCTION balances_post(
    new_ids uuid[], new_kinds text[], new_modes text[], new_references text[], new_subjects text[],
    new_reverses uuid[], new_causes text[], new_cause_ids text[], new_details text[], new_documents text[],
    new_request_ids text[], new_instructions uuid[],
    leg_ids uuid[], leg_journals uuid[], leg_accounts uuid[], leg_amounts numeric[]
) RETURNS uuid[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted uuid;
    leg record;
    wrong record;
    missing uuid[];
    journals uuid[];
    currencies text[];
    amounts numeric[];
    new_kind text;
    new_mode text;
    leg_kind text;
    leg_mode text;
    leg_currency text;
    leg_product uuid;
    leg_balance numeric;
    leg_limit numeric;
    leg_sequence bigint;
    leg_at timestamptz;
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
        RAISE EXCEPTION 'a journal has a reference' USING ERRCODE = '23514';
    END IF;
    INSERT INTO balances_journal (id, kind, mode, reference, subject, reverses_id, cause, cause_id, detail, document, request_id, instruction_id, xact, begun_at, created_at) SELECT *, pg_current_xact_id()::text::bigint, transaction_timestamp(), clock_timestamp() FROM unnest(
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
            RAISE EXCEPTION 'entries come with their journal alone' USING ERRCODE = '23514';
        END IF;
        SELECT one.kind, one.mode, one.currency, one.product_id, one.balance, one.covered_until
        INTO leg_kind, leg_mode, leg_currency, leg_product, leg_balance, leg_at
        FROM balances_account AS one WHERE one.id = leg.account;
        leg_sequence := NULL;
        IF leg.amount = 0 OR leg.amount >= 1e16 OR leg.amount <> round(leg.amount, 4) THEN
            RAISE EXCEPTION '% is no amount of an entry', leg.amount USING ERRCODE = '23514';
        END IF;
        IF leg_mode <> new_mode THEN
            RAISE EXCEPTION 'a % journal takes no entry of a % account', new_mode, leg_mode USING ERRCODE = '23514';
        END IF;
        IF NOT '{"receipt_credited>provider_balance": 1, "receipt_credited<available": 1, "receipt_suspended>provider_balance": 1, "receipt_suspended<suspense": 1, "suspense_credited>suspense": 1, "suspense_credited<available": 1, "suspense_returned>suspense": 1, "suspense_returned<provider_balance": 1, "suspense_written_off>suspense": 1, "suspense_written_off<write_off": 1, "receipt_reversed>available": 1, "receipt_reversed>product_receivable": 1, "receipt_reversed<provider_balance": 1, "savings_observed>savings_observed": 1, "savings_observed>savings": 1, "savings_observed<savings_observed": 1, "savings_observed<savings": 1, "savings_released>savings": 1, "savings_released<savings_observed": 1, "withdrawal_held>available": 1, "withdrawal_held<held": 1, "withdrawal_released>held": 1, "withdrawal_released<available": 1, "withdrawal_paid>held": 1, "withdrawal_paid<provider_balance": 1, "withdrawal_returned>provider_balance": 1, "withdrawal_returned<available": 1, "withdrawal_proved_paid>available": 1, "withdrawal_proved_paid>product_receivable": 1, "withdrawal_proved_paid<provider_balance": 1, "receivable_repaid>available": 1, "receivable_repaid<product_receivable": 1, "provider_fee>provider_fees": 1, "provider_fee<provider_balance": 1, "product_fee>available": 1, "product_fee>product_receivable": 1, "product_fee<fee_income": 1, "product_funded>bank": 1, "product_funded<available": 1, "product_settled>available": 1, "product_settled<bank": 1, "provider_topped_up>provider_balance": 1, "provider_topped_up<bank": 1, "moved_to_settlement>provider_settlement": 1, "moved_to_settlement<provider_balance": 1, "settled_to_bank>bank": 1, "settled_to_bank<provider_settlement": 1, "exchanged>available": 1, "exchanged>fx_position": 1, "exchanged<available": 1, "exchanged<fx_position": 1, "adjusted>provider_balance": 1, "adjusted>provider_settlement": 1, "adjusted>bank": 1, "adjusted>product_receivable": 1, "adjusted>savings_observed": 1, "adjusted>available": 1, "adjusted>held": 1, "adjusted>savings": 1, "adjusted>suspense": 1, "adjusted>fee_income": 1, "adjusted>provider_fees": 1, "adjusted>write_off": 1, "adjusted>fx_position": 1, "adjusted<provider_balance": 1, "adjusted<provider_settlement": 1, "adjusted<bank": 1, "adjusted<product_receivable": 1, "adjusted<savings_observed": 1, "adjusted<available": 1, "adjusted<held": 1, "adjusted<savings": 1, "adjusted<suspense": 1, "adjusted<fee_income": 1, "adjusted<provider_fees": 1, "adjusted<write_off": 1, "adjusted<fx_position": 1, "written_off>write_off": 1, "written_off<product_receivable": 1, "reversed>provider_balance": 1, "reversed>provider_settlement": 1, "reversed>bank": 1, "reversed>product_receivable": 1, "reversed>savings_observed": 1, "reversed>available": 1, "reversed>held": 1, "reversed>savings": 1, "reversed>suspense": 1, "reversed>fee_income": 1, "reversed>provider_fees": 1, "reversed>write_off": 1, "reversed>fx_position": 1, "reversed<provider_balance": 1, "reversed<provider_settlement": 1, "reversed<bank": 1, "reversed<product_receivable": 1, "reversed<savings_observed": 1, "reversed<available": 1, "reversed<held": 1, "reversed<savings": 1, "reversed<suspense": 1, "reversed<fee_income": 1, "reversed<provider_fees": 1, "reversed<write_off": 1, "reversed<fx_position": 1}'::jsonb ? (new_kind || CASE WHEN leg.amount > 0 THEN '>' ELSE '<' END || leg_kind) THEN
            RAISE EXCEPTION 'a % journal has no such entry of a % account: %', new_kind, leg_kind, leg.amount USING ERRCODE = '23514';
        END IF;
        IF leg_balance IS NOT NULL THEN
            UPDATE balances_account AS one SET
                balance = one.balance + CASE WHEN kind = 'product_receivable' THEN leg.amount ELSE -leg.amount END,
                entry_count = entry_count + 1,
                last_entry_at = greatest(clock_timestamp(), last_entry_at)
            WHERE id = leg.account RETURNING one.balance, entry_count, last_entry_at, overdraft_limit
            INTO leg_balance, leg_sequence, leg_at, leg_limit;
            IF leg_balance < -leg_limit THEN
                RAISE EXCEPTION 'an account would be below its limit' USING ERRCODE = '23514', CONSTRAINT = 'account_within_its_limit';
            END IF;
        ELSE
            -- Never among what a snapshot has counted, wherever the clock was set.
            leg_at := greatest(clock_timestamp(), leg_at);
        END IF;
        INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, product_id, sequence, balance_after, created_at) VALUES (
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
        RAISE EXCEPTION 'journal % has % legs; it needs two or more', wrong.id, wrong.legs USING ERRCODE = '23514';
    END IF;
    SELECT journal INTO wrong FROM unnest(journals, currencies, amounts) AS one (journal, currency, amount)
        GROUP BY journal, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not sum to zero', wrong.journal USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END;
$$;
"""

_FORMER = (
    import_module("balances.migrations.0007_one_transfer_in_one_call")._CREATE,
    import_module("balances.migrations.0006_cheaper_guards")._FUNCTION,
)


class Migration(migrations.Migration):

    dependencies = [
        ('balances', '0007_one_transfer_in_one_call'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='account',
            name='written_by_entries_alone',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='entry',
            name='belongs_and_counts',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='entry',
            name='leaves_the_journal_whole',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='journal',
            name='knows_its_transaction',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='journal',
            name='right_at_commit',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='snapshot',
            name='counts_by_itself',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_within_its_limit',
        ),
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_amount_is_a_number',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='by_functions_alone', sql=gateway.lifecycles.GuardSql(func="\n            IF current_user::pg_catalog.text OPERATOR(pg_catalog.=) (CASE WHEN pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' THEN session_user::pg_catalog.text ELSE pg_catalog.current_setting('role') END) THEN\n                RAISE EXCEPTION 'balances are written by balances_post alone, which the application calls' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='e974fef9cb7984ac31e332e95f8d7c145ad92eb6', level='STATEMENT', operation='UPDATE OF "balance", "entry_count", "last_entry_at", "covered_until"', pgid='pgtrigger_by_functions_alone_b8c2e', table='balances_account', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='stands_for_one_thing', sql=balances.guards.LedgerSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'ledger accounts are never deleted' USING ERRCODE = '23514';\n            END IF;\n            IF TG_OP = 'INSERT' THEN\n                IF coalesce(NEW.balance, 0) <> 0 OR NEW.entry_count <> 0 OR NEW.last_entry_at IS NOT NULL\n                        OR NEW.covered_until IS NOT NULL THEN\n                    RAISE EXCEPTION 'a ledger account begins without entries' USING ERRCODE = '23514';\n                END IF;\n                IF NEW.kind NOT IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'available', 'held', 'savings', 'suspense', 'fee_income', 'provider_fees', 'write_off', 'fx_position') OR NEW.mode NOT IN ('live', 'test') THEN\n                    RAISE EXCEPTION 'there are no % accounts of kind %', NEW.mode, NEW.kind USING ERRCODE = '23514';\n                END IF;\n                IF (NEW.balance IS NOT NULL) <> (NEW.kind IN ('available', 'held', 'savings', 'product_receivable')) THEN\n                    RAISE EXCEPTION 'a ledger account keeps a balance where it is limited, and nowhere else' USING ERRCODE = '23514';\n                END IF;\n            ELSIF (NEW.id, NEW.kind, NEW.mode, NEW.currency, NEW.payment_system)\n                    IS DISTINCT FROM (OLD.id, OLD.kind, OLD.mode, OLD.currency, OLD.payment_system)\n                    OR (NEW.product_id, NEW.provider_account_id, NEW.balance IS NULL)\n                    IS DISTINCT FROM (OLD.product_id, OLD.provider_account_id, OLD.balance IS NULL) THEN\n                RAISE EXCEPTION 'what a ledger account stands for is never changed' USING ERRCODE = '23514';\n            END IF;\n            -- Not a number is above every number, for PostgreSQL.\n            IF NEW.overdraft_limit <> 0 AND (NEW.kind <> 'available'\n                    OR NEW.overdraft_limit < 0 OR NEW.overdraft_limit >= 1e16) THEN\n                RAISE EXCEPTION 'an overdraft is an amount, and of available money alone' USING ERRCODE = '23514';\n            END IF;\n            IF NEW.balance < -NEW.overdraft_limit THEN\n            RAISE EXCEPTION 'an account would be below its limit' USING ERRCODE = '23514', CONSTRAINT = 'account_within_its_limit';\n        END IF;\n            RETURN NEW;\n        ", hash='cd86213df26ab63cacf296b5aa1789496eb926ea', operation='INSERT OR UPDATE OF "id", "kind", "mode", "currency", "product_id", "provider_account_id", "payment_system", "overdraft_limit" OR DELETE', pgid='pgtrigger_stands_for_one_thing_2345e', table='balances_account', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='by_functions_alone', sql=gateway.lifecycles.GuardSql(func="\n            IF current_user::pg_catalog.text OPERATOR(pg_catalog.=) (CASE WHEN pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' THEN session_user::pg_catalog.text ELSE pg_catalog.current_setting('role') END) THEN\n                RAISE EXCEPTION 'entries are posted by balances_post alone, which the application calls' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='7d4c22dcbcb6262115576ea0e8bea2d6c9d0d801', level='STATEMENT', operation='INSERT', pgid='pgtrigger_by_functions_alone_7ac5d', table='balances_entry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='journal',
            trigger=pgtrigger.compiler.Trigger(name='by_functions_alone', sql=gateway.lifecycles.GuardSql(func="\n            IF current_user::pg_catalog.text OPERATOR(pg_catalog.=) (CASE WHEN pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' THEN session_user::pg_catalog.text ELSE pg_catalog.current_setting('role') END) THEN\n                RAISE EXCEPTION 'journals are posted by balances_post alone, which the application calls' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='41804cecb0cf73e71e538a5f63d70414624d2e17', level='STATEMENT', operation='INSERT', pgid='pgtrigger_by_functions_alone_149f8', table='balances_journal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='journal',
            trigger=pgtrigger.compiler.Trigger(name='right_at_commit', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; held numeric; currency_held text; owner_held text;', func='\n            IF clock_timestamp() > NEW.created_at + interval \'60 seconds\' THEN\n                RAISE EXCEPTION \'journal % is committed too late after it was written\', NEW.id USING ERRCODE = \'23514\';\n            END IF;\n            -- With most journals nothing else has to agree.\n            IF NEW.instruction_id IS NULL AND NEW.cause <> \'person\'\n                    AND NOT \'{"withdrawal_held": 1, "withdrawal_released": 1, "withdrawal_paid": 1, "suspense_credited": 1, "suspense_returned": 1, "suspense_written_off": 1, "receipt_reversed": 1, "withdrawal_returned": 1, "withdrawal_proved_paid": 1, "product_funded": 1, "product_settled": 1, "provider_topped_up": 1, "moved_to_settlement": 1, "settled_to_bank": 1, "exchanged": 1, "adjusted": 1, "written_off": 1, "reversed": 1}\'::jsonb ? (NEW.kind) THEN\n                RETURN NULL;\n            END IF;\n            IF NEW.kind IN (\'withdrawal_held\', \'withdrawal_released\', \'withdrawal_paid\') THEN\n                SELECT count(*), sum(entry.amount), min(account.currency), min(account.product_id::text)\n                INTO legs, held, currency_held, owner_held\n                FROM balances_entry AS entry JOIN balances_account AS account ON account.id = entry.account_id\n                WHERE entry.journal_id = NEW.id AND account.kind = \'held\';\n                IF legs <> 1 OR NOT EXISTS (\n                    SELECT 1 FROM balances_hold\n                    WHERE order_id = NEW.reference AND mode = NEW.mode AND currency = currency_held\n                        AND product_id::text = owner_held AND (\n                        (NEW.kind = \'withdrawal_held\' AND held = -amount)\n                        OR (NEW.kind = \'withdrawal_paid\' AND held = amount\n                            AND status = \'spent\')\n                        OR (NEW.kind = \'withdrawal_released\' AND held = amount\n                            AND status = \'released\')\n                    )\n                ) THEN\n                    RAISE EXCEPTION \'journal % does not agree with the hold of its withdrawal\', NEW.id USING ERRCODE = \'23514\';\n                END IF;\n            END IF;\n            -- The provider, asked, may say whose waiting money is, and then names the order. Nothing else may say it.\n            IF NEW.instruction_id IS NOT NULL OR NEW.cause = \'person\'\n                    OR \'{"suspense_returned": 1, "suspense_written_off": 1, "receipt_reversed": 1, "withdrawal_returned": 1, "withdrawal_proved_paid": 1, "product_funded": 1, "product_settled": 1, "provider_topped_up": 1, "moved_to_settlement": 1, "settled_to_bank": 1, "exchanged": 1, "adjusted": 1, "written_off": 1, "reversed": 1}\'::jsonb ? (NEW.kind)\n                    OR (NEW.kind = \'suspense_credited\'\n                        AND (NEW.cause <> \'pull\' OR NEW.subject = \'\')) THEN\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_instruction\n                    WHERE id = NEW.instruction_id AND status = \'posted\' AND mode = NEW.mode\n                        AND decided_xact = NEW.xact AND decided_at = NEW.begun_at\n                ) THEN\n                    RAISE EXCEPTION \'a % journal needs an instruction that two persons decided in its transaction\', NEW.kind USING ERRCODE = \'23514\';\n                END IF;\n            END IF;\n            RETURN NULL;\n        ', hash='fb20476bf88364d0ce2ce6a55e61c7e002bf2f8b', operation='INSERT', pgid='pgtrigger_right_at_commit_c960a', table='balances_journal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='snapshot',
            trigger=pgtrigger.compiler.Trigger(name='counts_by_itself', sql=balances.guards.DefinerSql(declare='DECLARE account record; since record;', func="\n            -- A transaction that sees everything as it was when it began may not see what was committed long since.\n            IF current_setting('transaction_isolation') <> 'read committed' THEN\n                RAISE EXCEPTION 'snapshots are taken in a read committed transaction' USING ERRCODE = '23514';\n            END IF;\n            -- Locked: two snapshots of one account come one after the other, and the second builds on the first.\n            SELECT kind, covered_until INTO account FROM balances_account WHERE id = NEW.account_id FOR NO KEY UPDATE;\n            IF NOT FOUND OR account.kind IN ('available', 'held', 'savings', 'product_receivable') THEN\n                RAISE EXCEPTION 'snapshots are of accounts without a live balance' USING ERRCODE = '23514';\n            END IF;\n            NEW.created_at := clock_timestamp();\n            NEW.covered_until := clock_timestamp() - interval '300 seconds';\n            IF account.covered_until >= NEW.covered_until THEN\n                RAISE EXCEPTION 'the last snapshot of this account is newer' USING ERRCODE = '23514';\n            END IF;\n            SELECT coalesce(sum(amount), 0) * CASE WHEN account.kind IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'provider_fees', 'write_off', 'fx_position') THEN 1 ELSE -1 END\n                INTO NEW.balance FROM balances_entry\n                WHERE account_id = NEW.account_id AND created_at < NEW.covered_until\n                    AND (account.covered_until IS NULL OR created_at >= account.covered_until);\n            SELECT balance INTO since FROM balances_snapshot\n                WHERE account_id = NEW.account_id ORDER BY covered_until DESC LIMIT 1;\n            IF FOUND THEN\n                NEW.balance := NEW.balance + since.balance;\n            END IF;\n            UPDATE balances_account SET covered_until = NEW.covered_until WHERE id = NEW.account_id;\n            RETURN NEW;\n        ", hash='7710e8872047f955a6a387da7b87f3fe9a266dff', operation='INSERT', pgid='pgtrigger_counts_by_itself_47a0a', table='balances_snapshot', when='BEFORE')),
        ),
        # What a trigger that is gone leaves behind.
        migrations.RunSQL(
            [
                "DROP FUNCTION IF EXISTS pgtrigger_written_by_entries_alone_b1f22",
                "DROP FUNCTION IF EXISTS pgtrigger_belongs_and_counts_7268b",
                "DROP FUNCTION IF EXISTS pgtrigger_leaves_the_journal_whole_b052e",
                "DROP FUNCTION IF EXISTS pgtrigger_knows_its_transaction_fc6ca",
                "DROP FUNCTION IF EXISTS pgtrigger_sums_to_zero_a42b0",
                "DROP FUNCTION IF EXISTS pgtrigger_decided_by_two_persons_19378",
            ],
            migrations.RunSQL.noop,
        ),
        # The functions of the former days would insert what nobody may insert any more.
        migrations.RunSQL("DROP FUNCTION balances_post_transfer", _FORMER[0]),
        migrations.RunSQL("DROP FUNCTION balances_post", _FORMER[1]),
        migrations.RunSQL(_TRANSFER, "DROP FUNCTION balances_post_transfer"),
        migrations.RunSQL(_MANY, "DROP FUNCTION balances_post"),
        # At once: what is granted comes after the last migration, should all of them succeed.
        migrations.RunSQL(
            "REVOKE ALL ON FUNCTION balances_post_transfer, balances_post FROM PUBLIC", migrations.RunSQL.noop
        ),
    ]
