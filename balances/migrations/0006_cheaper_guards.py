"""The same rules for less: what PostgreSQL reads anew for each statement is read once in a session.

Words that must be known were CHECKs; the guards ask for them now (docs/adr/known-words-are-asked-for-by-guards.md).
"""

import balances.guards
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


_FUNCTION = """
CREATE OR REPLACE FUNCTION balances_post(
    journal_ids uuid[], kinds text[], modes text[], reference_texts text[], subjects text[], reversed_ids uuid[],
    causes text[], cause_ids text[], details text[], documents text[], request_ids text[],
    instruction_ids uuid[],
    entry_ids uuid[], entry_journals uuid[], entry_accounts uuid[], amounts numeric[]
) RETURNS uuid[] LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wanted uuid;
    missing uuid[];
BEGIN
    -- Accounts that nobody has used yet: the caller, who knows what they stand for, adds them and calls again. Each is
    -- looked up by its key: as one question about all of them it is planned as a walk through every account.
    FOREACH wanted IN ARRAY entry_accounts LOOP
        PERFORM 1 FROM balances_account WHERE id = wanted;
        IF NOT FOUND THEN
            missing := missing || wanted;
        END IF;
    END LOOP;
    IF missing IS NOT NULL THEN
        RETURN missing;
    END IF;
    INSERT INTO balances_journal (
        id, kind, mode, reference, subject, reverses_id, cause, cause_id, detail, document, request_id,
        instruction_id, xact, begun_at, created_at
    ) SELECT *, 0, now(), now() FROM unnest(
        journal_ids, kinds, modes, reference_texts, subjects, reversed_ids, causes, cause_ids, details, documents,
        request_ids, instruction_ids
    );
    -- In the order in which they come, which is that of their locks.
    INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, created_at)
        SELECT leg.id, leg.journal, leg.account, leg.amount, '', '', now()
        FROM unnest(entry_ids, entry_journals, entry_accounts, amounts) WITH ORDINALITY
            AS leg (id, journal, account, amount, place)
        ORDER BY leg.place;
    RETURN '{}';
END;
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('balances', '0005_suspense_is_credited_by_the_pull_alone'),
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
            name='sums_to_zero',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='journal',
            name='decided_by_two_persons',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_kind_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_mode_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_keeps_a_balance_where_it_is_limited',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_overdraft_is_of_available_money',
        ),
        migrations.RemoveConstraint(
            model_name='journal',
            name='journal_kind_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='journal',
            name='journal_mode_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='journal',
            name='journal_has_a_reference',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='written_by_entries_alone', sql=balances.guards.LedgerSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'ledger accounts are never deleted' USING ERRCODE = '23514';\n            END IF;\n            IF TG_OP = 'INSERT' THEN\n                IF coalesce(NEW.balance, 0) <> 0 OR NEW.entry_count <> 0 OR NEW.last_entry_at IS NOT NULL\n                        OR NEW.covered_until IS NOT NULL THEN\n                    RAISE EXCEPTION 'a ledger account begins without entries' USING ERRCODE = '23514';\n                END IF;\n                IF NEW.kind NOT IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'available', 'held', 'savings', 'suspense', 'fee_income', 'provider_fees', 'write_off', 'fx_position') OR NEW.mode NOT IN ('live', 'test') THEN\n                    RAISE EXCEPTION 'there are no % accounts of kind %', NEW.mode, NEW.kind USING ERRCODE = '23514';\n                END IF;\n                IF (NEW.balance IS NOT NULL) <> (NEW.kind IN ('available', 'held', 'savings', 'product_receivable')) THEN\n                    RAISE EXCEPTION 'a ledger account keeps a balance where it is limited, and nowhere else' USING ERRCODE = '23514';\n                END IF;\n            ELSIF (NEW.id, NEW.kind, NEW.mode, NEW.currency, NEW.payment_system)\n                    IS DISTINCT FROM (OLD.id, OLD.kind, OLD.mode, OLD.currency, OLD.payment_system)\n                    OR (NEW.product_id, NEW.provider_account_id, NEW.balance IS NULL)\n                    IS DISTINCT FROM (OLD.product_id, OLD.provider_account_id, OLD.balance IS NULL) THEN\n                RAISE EXCEPTION 'what a ledger account stands for is never changed' USING ERRCODE = '23514';\n            -- The guards of entries and of snapshots write here, from inside their own trigger; nobody else does.\n            ELSIF pg_trigger_depth() < 2 AND (NEW.balance, NEW.entry_count, NEW.last_entry_at, NEW.covered_until)\n                    IS DISTINCT FROM (OLD.balance, OLD.entry_count, OLD.last_entry_at, OLD.covered_until) THEN\n                RAISE EXCEPTION 'a balance is written by entries alone' USING ERRCODE = '23514';\n            END IF;\n            -- Not a number is above every number, for PostgreSQL.\n            IF NEW.overdraft_limit <> 0 AND (NEW.kind <> 'available'\n                    OR NEW.overdraft_limit < 0 OR NEW.overdraft_limit >= 1e16) THEN\n                RAISE EXCEPTION 'an overdraft is an amount, and of available money alone' USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='39de7472597e42771120fead3c54a4593b6eb803', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_written_by_entries_alone_b1f22', table='balances_account', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='belongs_and_counts', sql=balances.guards.DefinerSql(declare='DECLARE account record;', func="\n            -- One question about both: each costs as much as all that is compared below.\n            SELECT one.id, one.kind, one.mode, one.currency, one.product_id, one.covered_until,\n                journal.mode AS journal_mode\n            INTO account\n            FROM balances_journal AS journal LEFT JOIN balances_account AS one ON one.id = NEW.account_id\n            WHERE journal.id = NEW.journal_id AND journal.xact = pg_current_xact_id()::text::bigint\n                AND journal.begun_at = transaction_timestamp();\n            IF NOT FOUND THEN\n                RAISE EXCEPTION 'entries come in the transaction of their journal alone' USING ERRCODE = '23514';\n            END IF;\n            IF account.id IS NULL THEN\n                RAISE EXCEPTION 'there is no such ledger account: %', NEW.account_id USING ERRCODE = '23514';\n            END IF;\n            IF account.mode <> account.journal_mode THEN\n                RAISE EXCEPTION 'a % journal takes no entry of a % account', account.journal_mode, account.mode USING ERRCODE = '23514';\n            END IF;\n            IF NEW.currency IS NOT NULL AND NEW.currency <> '' AND NEW.currency <> account.currency THEN\n                RAISE EXCEPTION 'a % account takes no % entry', account.currency, NEW.currency USING ERRCODE = '23514';\n            END IF;\n            NEW.currency := account.currency;\n            NEW.mode := account.mode;\n            NEW.product_id := account.product_id;\n            IF account.kind IN ('available', 'held', 'savings', 'product_receivable') THEN\n                -- The row lock that this takes puts everybody who posts to the account in line, and the CHECK of its\n                -- limit looks at the balance that all of them before us have left.\n                UPDATE balances_account SET\n                    balance = balance + CASE WHEN kind IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'provider_fees', 'write_off', 'fx_position')\n                        THEN NEW.amount ELSE -NEW.amount END,\n                    entry_count = entry_count + 1,\n                    last_entry_at = greatest(clock_timestamp(), last_entry_at)\n                WHERE id = NEW.account_id\n                RETURNING balance, entry_count, last_entry_at INTO NEW.balance_after, NEW.sequence, NEW.created_at;\n            ELSE\n                NEW.balance_after := NULL;\n                NEW.sequence := NULL;\n                -- Never among what a snapshot has counted, wherever the clock was set.\n                NEW.created_at := greatest(clock_timestamp(), account.covered_until);\n            END IF;\n            RETURN NEW;\n        ", hash='3b5e4087626722c0a63ed94875da03c2bbbd1d95', operation='INSERT', pgid='pgtrigger_belongs_and_counts_7268b', table='balances_entry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='leaves_the_journal_whole', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; is_balanced boolean; is_of_one_currency boolean;', func="\n            \n        SELECT count(*), sum(amount) = 0, min(currency) = max(currency) INTO legs, is_balanced, is_of_one_currency\n            FROM balances_entry WHERE journal_id = NEW.journal_id;\n        IF NOT is_of_one_currency THEN\n            SELECT bool_and(part.total = 0) INTO is_balanced FROM (\n                SELECT sum(amount) AS total FROM balances_entry WHERE journal_id = NEW.journal_id GROUP BY currency\n            ) AS part;\n        END IF;\n        IF legs < 2 THEN\n            RAISE EXCEPTION 'journal % has % legs; it needs two or more', NEW.journal_id, legs USING ERRCODE = '23514';\n        END IF;\n        IF NOT is_balanced THEN\n            RAISE EXCEPTION 'journal % does not sum to zero', NEW.journal_id USING ERRCODE = '23514';\n        END IF;\n    \n            RETURN NULL;\n        ", hash='0196bb448c89a97e8d590e374f9c917a6e7a30b9', operation='INSERT', pgid='pgtrigger_leaves_the_journal_whole_b052e', table='balances_entry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='journal',
            trigger=pgtrigger.compiler.Trigger(name='knows_its_transaction', sql=balances.guards.LedgerSql(func="\n            NEW.xact := pg_current_xact_id()::text::bigint;\n            NEW.begun_at := transaction_timestamp();\n            NEW.created_at := clock_timestamp();\n            IF NEW.kind NOT IN ('receipt_credited', 'receipt_suspended', 'suspense_credited', 'suspense_returned', 'suspense_written_off', 'receipt_reversed', 'savings_observed', 'savings_released', 'withdrawal_held', 'withdrawal_released', 'withdrawal_paid', 'withdrawal_returned', 'withdrawal_proved_paid', 'receivable_repaid', 'provider_fee', 'product_fee', 'product_funded', 'product_settled', 'provider_topped_up', 'moved_to_settlement', 'settled_to_bank', 'exchanged', 'adjusted', 'written_off', 'reversed') OR NEW.mode NOT IN ('live', 'test') THEN\n                RAISE EXCEPTION 'there are no % journals of kind %', NEW.mode, NEW.kind USING ERRCODE = '23514';\n            END IF;\n            IF NEW.reference = '' THEN\n                RAISE EXCEPTION 'a journal has a reference' USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='bc50c92f72bef0e21e6d2baf7a55a36ed7e7d98a', operation='INSERT', pgid='pgtrigger_knows_its_transaction_fc6ca', table='balances_journal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='journal',
            trigger=pgtrigger.compiler.Trigger(name='right_at_commit', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; is_balanced boolean; is_of_one_currency boolean; held numeric;', func="\n            \n        SELECT count(*), sum(amount) = 0, min(currency) = max(currency) INTO legs, is_balanced, is_of_one_currency\n            FROM balances_entry WHERE journal_id = NEW.id;\n        IF NOT is_of_one_currency THEN\n            SELECT bool_and(part.total = 0) INTO is_balanced FROM (\n                SELECT sum(amount) AS total FROM balances_entry WHERE journal_id = NEW.id GROUP BY currency\n            ) AS part;\n        END IF;\n        IF legs < 2 THEN\n            RAISE EXCEPTION 'journal % has % legs; it needs two or more', NEW.id, legs USING ERRCODE = '23514';\n        END IF;\n        IF NOT is_balanced THEN\n            RAISE EXCEPTION 'journal % does not sum to zero', NEW.id USING ERRCODE = '23514';\n        END IF;\n    \n            IF clock_timestamp() > NEW.created_at + interval '60 seconds' THEN\n                RAISE EXCEPTION 'journal % is committed too late after it was written', NEW.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.kind IN ('withdrawal_held', 'withdrawal_released', 'withdrawal_paid') THEN\n                SELECT sum(entry.amount) INTO held FROM balances_entry AS entry\n                JOIN balances_account AS account ON account.id = entry.account_id\n                WHERE entry.journal_id = NEW.id AND account.kind = 'held';\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_hold\n                    WHERE order_id = NEW.reference AND mode = NEW.mode AND (\n                        (NEW.kind = 'withdrawal_held' AND held = -amount)\n                        OR (NEW.kind = 'withdrawal_paid' AND held = amount\n                            AND status = 'spent')\n                        OR (NEW.kind = 'withdrawal_released' AND held = amount\n                            AND status = 'released')\n                    )\n                ) THEN\n                    RAISE EXCEPTION 'journal % does not agree with the hold of its withdrawal', NEW.id USING ERRCODE = '23514';\n                END IF;\n            END IF;\n            -- The provider, asked, may say whose waiting money is, and then names the order. Nothing else may say it.\n            IF NEW.instruction_id IS NOT NULL OR NEW.cause = 'person'\n                    OR NEW.kind IN ('suspense_returned', 'suspense_written_off', 'receipt_reversed', 'withdrawal_returned', 'withdrawal_proved_paid', 'product_funded', 'product_settled', 'provider_topped_up', 'moved_to_settlement', 'settled_to_bank', 'exchanged', 'adjusted', 'written_off', 'reversed')\n                    OR (NEW.kind = 'suspense_credited'\n                        AND (NEW.cause <> 'pull' OR NEW.subject = '')) THEN\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_instruction\n                    WHERE id = NEW.instruction_id AND status = 'posted' AND mode = NEW.mode\n                        AND decided_xact = NEW.xact AND decided_at = NEW.begun_at\n                ) THEN\n                    RAISE EXCEPTION 'a % journal needs an instruction that two persons decided in its transaction', NEW.kind USING ERRCODE = '23514';\n                END IF;\n            END IF;\n            RETURN NULL;\n        ", hash='1e2b83eee3fbc7d81bb6e7f1a655be9824b3c559', operation='INSERT', pgid='pgtrigger_right_at_commit_c960a', table='balances_journal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        # Backwards, the function stays as it is: it does what the old one did.
        migrations.RunSQL(_FUNCTION, migrations.RunSQL.noop),
    ]
