"""One journal of two legs, as most are, is posted without packing it into arrays, and its rules ask less.

They hold what they held: each leg asks about its own currency, and the journal only whether there are two. The CHECKs
lose what the type of the column, or nothing being below nothing, says already.
"""

import balances.guards
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.db import migrations, models

# What `balances_post` does with many journals.
_CREATE = """
CREATE FUNCTION balances_post_transfer(
    journal_id uuid, kind text, mode text, reference_text text, subject text, reversed_id uuid,
    cause text, cause_id text, detail text, document text, request_id text, instruction_id uuid,
    first_id uuid, first_account uuid, first_amount numeric, first_keeps boolean,
    second_id uuid, second_account uuid, second_amount numeric, second_keeps boolean
) RETURNS uuid[] LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- By their numbers, for columns have the same names.
    INSERT INTO balances_journal (
        id, kind, mode, reference, subject, reverses_id, cause, cause_id, detail, document, request_id,
        instruction_id, xact, begun_at, created_at
    ) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, now(), now()
        FROM balances_account AS one, balances_account AS other
        WHERE one.id = first_account AND other.id = second_account;
    -- Accounts that nobody has used yet: the caller, who knows what they stand for, adds them and calls again.
    IF NOT FOUND THEN
        RETURN ARRAY(
            SELECT wanted FROM unnest(ARRAY[first_account, second_account]) AS wanted
            WHERE NOT EXISTS (SELECT FROM balances_account WHERE id = wanted)
        );
    END IF;
    -- In the order of their locks. The number says that the account keeps its balance; the guard writes the true one.
    INSERT INTO balances_entry (id, journal_id, account_id, amount, currency, mode, sequence, created_at) VALUES
        (first_id, $1, first_account, first_amount, '', '', CASE WHEN first_keeps THEN 0 END, now()),
        (second_id, $1, second_account, second_amount, '', '', CASE WHEN second_keeps THEN 0 END, now());
    RETURN '{}';
END;
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('balances', '0006_cheaper_guards'),
        ('products', '0004_takes_savings'),
        ('providers', '0003_no_index_for_nothing'),
    ]

    operations = [
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
            name='right_at_commit',
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
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='belongs_and_counts', sql=balances.guards.DefinerSql(declare='DECLARE given text := NEW.currency; kind_of_account text; mode_of_journal text;', func="\n            -- Who posts says with a number that the account keeps its balance, and saves a question. It is believed in\n            -- nothing: where it is not so, no row is found, and it is as if nothing had been said.\n            IF NEW.sequence IS NOT NULL THEN\n                \n    UPDATE balances_account SET\n        balance = balance + CASE WHEN kind IN ('product_receivable')\n            THEN NEW.amount ELSE -NEW.amount END,\n        entry_count = entry_count + 1,\n        last_entry_at = greatest(clock_timestamp(), last_entry_at)\n    WHERE id = NEW.account_id AND balance IS NOT NULL AND mode = (\n    SELECT journal.mode FROM balances_journal AS journal WHERE journal.id = NEW.journal_id\n        AND journal.xact = pg_current_xact_id()::text::bigint AND journal.begun_at = transaction_timestamp()\n)\n        AND (given IS NULL OR given IN ('', currency))\n    RETURNING currency, mode, product_id, balance, entry_count, last_entry_at\n        INTO NEW.currency, NEW.mode, NEW.product_id, NEW.balance_after, NEW.sequence, NEW.created_at;\n\n                IF FOUND THEN\n                    RETURN NEW;\n                END IF;\n            END IF;\n            -- One question about both, and its answers where they belong: each statement, and each value that is taken\n            -- from a record, costs as much as all that is compared below. An entry that comes after a snapshot is never\n            -- among what that has counted, wherever the clock was set.\n            SELECT one.kind, (\n    SELECT journal.mode FROM balances_journal AS journal WHERE journal.id = NEW.journal_id\n        AND journal.xact = pg_current_xact_id()::text::bigint AND journal.begun_at = transaction_timestamp()\n), one.currency, one.mode, one.product_id,\n                NULL, NULL, greatest(clock_timestamp(), one.covered_until)\n            INTO kind_of_account, mode_of_journal, NEW.currency, NEW.mode, NEW.product_id,\n                NEW.balance_after, NEW.sequence, NEW.created_at\n            FROM balances_account AS one WHERE one.id = NEW.account_id;\n            IF NOT FOUND THEN\n                RAISE EXCEPTION 'there is no such ledger account: %', NEW.account_id USING ERRCODE = '23514';\n            END IF;\n            IF mode_of_journal IS NULL THEN\n                RAISE EXCEPTION 'entries come in the transaction of their journal alone' USING ERRCODE = '23514';\n            END IF;\n            IF NEW.mode <> mode_of_journal THEN\n                RAISE EXCEPTION 'a % journal takes no entry of a % account', mode_of_journal, NEW.mode USING ERRCODE = '23514';\n            END IF;\n            IF given <> '' AND given <> NEW.currency THEN\n                RAISE EXCEPTION 'a % account takes no % entry', NEW.currency, given USING ERRCODE = '23514';\n            END IF;\n            IF kind_of_account IN ('available', 'held', 'savings', 'product_receivable') THEN\n                \n    UPDATE balances_account SET\n        balance = balance + CASE WHEN kind IN ('product_receivable')\n            THEN NEW.amount ELSE -NEW.amount END,\n        entry_count = entry_count + 1,\n        last_entry_at = greatest(clock_timestamp(), last_entry_at)\n    WHERE id = NEW.account_id AND balance IS NOT NULL AND mode = (\n    SELECT journal.mode FROM balances_journal AS journal WHERE journal.id = NEW.journal_id\n        AND journal.xact = pg_current_xact_id()::text::bigint AND journal.begun_at = transaction_timestamp()\n)\n        AND (given IS NULL OR given IN ('', currency))\n    RETURNING currency, mode, product_id, balance, entry_count, last_entry_at\n        INTO NEW.currency, NEW.mode, NEW.product_id, NEW.balance_after, NEW.sequence, NEW.created_at;\n\n            END IF;\n            RETURN NEW;\n        ", hash='ff6dfc0146fc64c5154c07424047123bb867c995', operation='INSERT', pgid='pgtrigger_belongs_and_counts_7268b', table='balances_entry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='leaves_the_journal_whole', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE total numeric;', func="\n            SELECT sum(amount) INTO total FROM balances_entry\n                WHERE journal_id = NEW.journal_id AND currency = NEW.currency;\n            IF total <> 0 THEN\n                RAISE EXCEPTION 'journal % does not sum to zero', NEW.journal_id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='8c9578a101f66f3b9f9a5ea9c440b7bdbecf284a', operation='INSERT', pgid='pgtrigger_leaves_the_journal_whole_b052e', table='balances_entry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='journal',
            trigger=pgtrigger.compiler.Trigger(name='right_at_commit', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; held numeric;', func="\n            -- Two are enough to know. What they sum to is asked by each of them.\n            PERFORM FROM balances_entry WHERE journal_id = NEW.id OFFSET 1;\n            IF NOT FOUND THEN\n                SELECT count(*) INTO legs FROM balances_entry WHERE journal_id = NEW.id;\n                RAISE EXCEPTION 'journal % has % legs; it needs two or more', NEW.id, legs USING ERRCODE = '23514';\n            END IF;\n            IF clock_timestamp() > NEW.created_at + interval '60 seconds' THEN\n                RAISE EXCEPTION 'journal % is committed too late after it was written', NEW.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.kind IN ('withdrawal_held', 'withdrawal_released', 'withdrawal_paid') THEN\n                SELECT sum(entry.amount) INTO held FROM balances_entry AS entry\n                JOIN balances_account AS account ON account.id = entry.account_id\n                WHERE entry.journal_id = NEW.id AND account.kind = 'held';\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_hold\n                    WHERE order_id = NEW.reference AND mode = NEW.mode AND (\n                        (NEW.kind = 'withdrawal_held' AND held = -amount)\n                        OR (NEW.kind = 'withdrawal_paid' AND held = amount\n                            AND status = 'spent')\n                        OR (NEW.kind = 'withdrawal_released' AND held = amount\n                            AND status = 'released')\n                    )\n                ) THEN\n                    RAISE EXCEPTION 'journal % does not agree with the hold of its withdrawal', NEW.id USING ERRCODE = '23514';\n                END IF;\n            END IF;\n            -- The provider, asked, may say whose waiting money is, and then names the order. Nothing else may say it.\n            IF NEW.instruction_id IS NOT NULL OR NEW.cause = 'person'\n                    OR NEW.kind IN ('suspense_returned', 'suspense_written_off', 'receipt_reversed', 'withdrawal_returned', 'withdrawal_proved_paid', 'product_funded', 'product_settled', 'provider_topped_up', 'moved_to_settlement', 'settled_to_bank', 'exchanged', 'adjusted', 'written_off', 'reversed')\n                    OR (NEW.kind = 'suspense_credited'\n                        AND (NEW.cause <> 'pull' OR NEW.subject = '')) THEN\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_instruction\n                    WHERE id = NEW.instruction_id AND status = 'posted' AND mode = NEW.mode\n                        AND decided_xact = NEW.xact AND decided_at = NEW.begun_at\n                ) THEN\n                    RAISE EXCEPTION 'a % journal needs an instruction that two persons decided in its transaction', NEW.kind USING ERRCODE = '23514';\n                END IF;\n            END IF;\n            RETURN NULL;\n        ", hash='48d1961eb3bf985feac8995ec6be13041ddc703e', operation='INSERT', pgid='pgtrigger_right_at_commit_c960a', table='balances_journal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('balance__gte', django.db.models.expressions.CombinedExpression(models.F('overdraft_limit'), '*', models.Value(-1)))), name='account_within_its_limit'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(('amount__lt', Decimal('10000000000000000')), models.Q(('amount', 0), _negated=True)), name='entry_amount_is_a_number'),
        ),
        migrations.RunSQL(_CREATE, "DROP FUNCTION balances_post_transfer"),
    ]
