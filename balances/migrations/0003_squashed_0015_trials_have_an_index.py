"""Migrations 0003 to 0015 in one: fees, instructions, and the two functions that write the ledger.

They are apart from 0001 and 0002 because older orders are opened in between, by migrations of payments and withdrawals.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import balances.guards
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import gateway.encryption
import gateway.ids
import gateway.lifecycles
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from importlib import import_module

from django.conf import settings
from django.db import migrations, models

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

_FORMER = import_module("balances.migrations.0001_squashed_0002_posting_in_one_call")._CREATE


class Migration(migrations.Migration):

    replaces = [
        ('balances', '0003_fees'),
        ('balances', '0004_instructions'),
        ('balances', '0005_suspense_is_credited_by_the_pull_alone'),
        ('balances', '0006_cheaper_guards'),
        ('balances', '0007_one_transfer_in_one_call'),
        ('balances', '0008_one_door'),
        ('balances', '0009_fee_rows_take_two_persons'),
        ('balances', '0010_one_clause_asks_for_two_persons'),
        ('balances', '0011_one_person_sets_aside'),
        ('balances', '0012_instructions_keep_secrets'),
        ('balances', '0013_reasons_are_kept_whole'),
        ('balances', '0014_instructions_by_parameters'),
        ('balances', '0015_trials_have_an_index'),
    ]

    dependencies = [
        ('balances', '0002_posting_in_one_call'),
        ('payments', '0009_opening_savings'),
        ('products', '0004_takes_savings'),
        ('providers', '0003_no_index_for_nothing'),
        ('withdrawals', '0006_opening_holds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Instruction',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('verb', models.CharField(max_length=40)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('parameters', models.JSONField(help_text='What the verb was given: texts by name; of a secret its fingerprint (`balances.verb_secrets`).')),
                ('secrets', gateway.encryption.EncryptedJSONField(help_text='The secrets among what the verb was given, until it is decided.', null=True)),
                ('reason', models.CharField(help_text='Why, in the words of whoever asked for it.', max_length=500)),
                ('document', models.CharField(blank=True, help_text="The paper behind it: a bank statement's line.", max_length=190)),
                ('preview', models.JSONField(help_text='The journals with their legs, and what else is to be known.')),
                ('digest', models.CharField(help_text='Of the verb, its parameters and the preview.', max_length=64)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('status', models.CharField(choices=[('proposed', 'it waits for a second person'), ('posted', 'another person approved it, and it was carried out'), ('rejected', 'another person refused it'), ('withdrawn', 'whoever asked for it took it back'), ('expired', 'nobody decided in time')], default='proposed', max_length=12)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decision_reason', models.CharField(blank=True, max_length=500)),
                ('decided_at', models.DateTimeField(editable=False, help_text='When the deciding transaction began.', null=True)),
                ('decided_xact', models.BigIntegerField(editable=False, help_text='That transaction; the journals come in it alone.', null=True)),
            ],
            options={
                'permissions': [
                    ('propose_instruction', 'Can ask for money to be moved'),
                    ('approve_instruction', 'Can decide on what others asked for'),
                ],
                'indexes': [
                    models.Index(condition=models.Q(('status', 'proposed')), fields=['requested_at'], name='instructions_undecided'),
                    django.contrib.postgres.indexes.GinIndex(fields=['parameters'], name='instructions_by_parameters', opclasses=['jsonb_path_ops']),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('status__in', ['proposed', 'posted', 'rejected', 'withdrawn', 'expired'])), name='instruction_status_is_known'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='instruction_mode_is_known'),
                    models.CheckConstraint(condition=models.Q(('reason__regex', '\\S.{2,}\\S')), name='instruction_has_a_reason'),
                    models.CheckConstraint(condition=models.Q(models.Q(('decided_by', None), ('status__in', ['proposed', 'expired'])), models.Q(('decided_by', models.F('requested_by')), ('decided_by__isnull', False), ('status', 'withdrawn')), models.Q(('decided_by__isnull', False), ('status__in', ['posted', 'rejected']), models.Q(('decided_by', models.F('requested_by')), _negated=True)), _connector='OR'), name='instruction_is_decided_by_another_person'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status', 'rejected'), _negated=True), models.Q(('decision_reason', ''), _negated=True), _connector='OR'), name='instruction_is_rejected_with_a_reason'),
                    models.CheckConstraint(condition=models.Q(('status', 'proposed'), ('secrets', None), _connector='OR'), name='instruction_forgets_its_secrets'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('proposed') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'instruction may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('proposed>expired', 'proposed>posted', 'proposed>rejected', 'proposed>withdrawn')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'instruction: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='7845243f9b60efb46d01ba15354986d5b178b3f4', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_74cb6', table='balances_instruction', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_instructionmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'instruction: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='c60148a72a41dab456f5c744b2120effa7119fd3', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_d9f31', table='balances_instruction', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='has_what_it_showed', sql=balances.guards.LedgerSql(condition="WHEN (NEW.status = 'posted')", constraint='CONSTRAINT', func="\n            IF (coalesce(jsonb_array_length(NEW.preview -> 'journals'), 0) > 0)\n                    <> EXISTS (SELECT 1 FROM balances_journal WHERE instruction_id = NEW.id) THEN\n                RAISE EXCEPTION 'instruction % is posted and its journals are not those that were shown', NEW.id\n                    USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='18b0b6d037c2300a6575e6db6b54cfcc9bce4ec9', operation='UPDATE', pgid='pgtrigger_has_what_it_showed_58ea9', table='balances_instruction', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'instructions are never emptied' USING ERRCODE = '23514';", hash='dcc9b9f5f38e7ac6149dd9259bffc0f4fc556a8e', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_3e23e', table='balances_instruction', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='written_once_and_decided_once', sql=balances.guards.LedgerSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'instructions are never deleted' USING ERRCODE = '23514';\n            END IF;\n            IF TG_OP = 'UPDATE' THEN\n                -- Secrets that wait for a decision are encrypted anew when keys are rotated. What was asked for is\n                -- known by their fingerprints, which stay: others in their place would not be carried out.\n                IF OLD.status = 'proposed' AND OLD.secrets IS NOT NULL AND NEW.secrets IS NOT NULL\n                        AND to_jsonb(NEW) - 'secrets' = to_jsonb(OLD) - 'secrets' THEN\n                    RETURN NEW;\n                END IF;\n                IF (NEW.id, NEW.verb, NEW.parameters, NEW.reason, NEW.document, NEW.mode)\n                        IS DISTINCT FROM (OLD.id, OLD.verb, OLD.parameters, OLD.reason, OLD.document, OLD.mode)\n                        OR (NEW.requested_by_id, NEW.requested_at)\n                        IS DISTINCT FROM (OLD.requested_by_id, OLD.requested_at) THEN\n                    RAISE EXCEPTION 'what an instruction asks for is never changed' USING ERRCODE = '23514';\n                END IF;\n                IF OLD.status <> 'proposed' OR NEW.status = 'proposed' THEN\n                    RAISE EXCEPTION 'an instruction is decided once, and never changed otherwise'\n                        USING ERRCODE = '23514';\n                END IF;\n                IF NEW.status <> 'posted'\n                        AND (NEW.preview, NEW.digest) IS DISTINCT FROM (OLD.preview, OLD.digest) THEN\n                    RAISE EXCEPTION 'what was shown changes with the approval alone' USING ERRCODE = '23514';\n                END IF;\n                -- As journals know their transaction, so that one of another transaction cannot name this decision.\n                NEW.decided_xact := pg_current_xact_id()::text::bigint;\n                NEW.decided_at := transaction_timestamp();\n            ELSE\n                NEW.decided_xact := NULL;\n                NEW.decided_at := NULL;\n            END IF;\n            RETURN NEW;\n        ", hash='9f2c66028278334d18d3a9a37cca9d2035f61fb4', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_written_once_and_decided_once_f05e5', table='balances_instruction', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Fee',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('provider', 'what the provider takes of us'), ('product', 'what a product pays us')], max_length=8)),
                ('direction', models.CharField(choices=[('deposit', 'for money in'), ('withdrawal', 'for money out')], max_length=10)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('currency', models.CharField(help_text='ISO 4217 code.', max_length=3)),
                ('payment_system', models.ForeignKey(blank=True, db_index=False, help_text='Empty: all that no other row names.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.paymentsystem')),
                ('product', models.ForeignKey(blank=True, db_index=False, help_text="Of a product's fee alone. Empty: all that no other row names.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('provider_account', models.ForeignKey(blank=True, db_index=False, help_text="Of a provider's fee alone. Empty: all that no other row names.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.provideraccount')),
                ('percent', models.DecimalField(decimal_places=4, help_text='Of the amount, 0 to 100 with at most four decimals.', max_digits=20)),
                ('fixed', models.DecimalField(decimal_places=4, default=Decimal('0'), help_text='Added to it, in units of the currency.', max_digits=20)),
                ('valid_from', models.DateTimeField(blank=True, help_text='UTC, now or later. Empty: at once. Counts until a later row of the same kind of event.')),
                ('reason', models.CharField(help_text='Kept plain: no personal data.', max_length=500)),
                ('created_by', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['direction', 'mode', 'currency', 'kind', 'payment_system_id', '-valid_from'],
                'constraints': [
                    models.UniqueConstraint(fields=('direction', 'mode', 'currency', 'kind', 'product', 'provider_account', 'payment_system', 'valid_from'), name='one_fee_per_time', nulls_distinct=False, violation_error_message='There is a row of the same with this time; choose another one.'),
                    models.CheckConstraint(condition=models.Q(('direction__in', ['deposit', 'withdrawal'])), name='fee_direction_is_known'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='fee_mode_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'product'), ('provider_account__isnull', True)), models.Q(('kind', 'provider'), ('product__isnull', True)), _connector='OR'), name='fee_is_of_one_owner', violation_error_message="A product's fee names no provider account, and a provider's no product."),
                    models.CheckConstraint(condition=models.Q(('percent__gte', 0), ('percent__lte', Decimal('100'))), name='fee_percent_is_a_part', violation_error_message='The percentage is from 0 to 100.'),
                    models.CheckConstraint(condition=models.Q(('fixed__gte', 0), ('fixed__lt', Decimal('1000000000000'))), name='fee_fixed_is_an_amount', violation_error_message='The fixed amount is 0 or more, and less than a trillion.'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'fee rows are never changed' USING ERRCODE = '23514';", hash='dc63b34f2ee82443f1f8416a3c80683b5fedb1ff', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_465f8', table='balances_fee', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'fee rows are never emptied' USING ERRCODE = '23514';", hash='eba267ab3187725ab82fb5fa8dbcd04d962ef608', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_b793d', table='balances_fee', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='decided_by_two_persons', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'fee_agreed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode\n                    AND parameters ->> 'fee_kind' = NEW.kind AND parameters ->> 'direction' = NEW.direction\n                    AND parameters ->> 'currency' = NEW.currency\n                    AND (parameters ->> 'percent')::numeric = NEW.percent\n                    AND (parameters ->> 'fixed')::numeric = NEW.fixed\n                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')\n                    AND coalesce(parameters ->> 'provider_account', '') = coalesce(NEW.provider_account_id::text, '')\n                    AND coalesce(parameters ->> 'payment_system', '') = coalesce(NEW.payment_system_id, '')\n                    AND coalesce(nullif(parameters ->> 'valid_from', '')::timestamptz, NEW.valid_from)\n                        = NEW.valid_from\n            ) THEN\n                RAISE EXCEPTION 'a fee row needs an instruction that two persons decided in its transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='38dca130814895336892b50f4d88122f3f032935', operation='INSERT', pgid='pgtrigger_decided_by_two_persons_08428', table='balances_fee', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='InstructionMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField(help_text='Counts the moves of one thing from 1.')),
                ('from_status', models.CharField(blank=True, max_length=24)),
                ('to_status', models.CharField(max_length=24)),
                ('cause', models.CharField(help_text='What kind of thing made it move.', max_length=24)),
                ('cause_id', models.CharField(blank=True, help_text='Which one: a key, a person, a letter, a pull.', max_length=80)),
                ('detail', models.CharField(blank=True, max_length=200)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='balances.instruction')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_instruction_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of instructions are never changed' USING ERRCODE = '23514';", hash='616c4c202aa0868598a72b4f33d2045fec2a166f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a01bd', table='balances_instructionmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of instructions are never emptied' USING ERRCODE = '23514';", hash='696f86663419ba823cf39d1c5da445e868f79813', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_3d20f', table='balances_instructionmove', when='BEFORE')),
                ],
            },
        ),
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
            model_name='snapshot',
            name='counts_by_itself',
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
            name='account_within_its_limit',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_overdraft_is_of_available_money',
        ),
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_amount_is_a_number',
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
        migrations.AddField(
            model_name='journal',
            name='instruction',
            field=models.ForeignKey(db_index=False, help_text='By which two persons decided it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journals', to='balances.instruction'),
        ),
        migrations.AddIndex(
            model_name='journal',
            index=models.Index(condition=models.Q(('mode', 'test')), fields=['id'], name='journals_in_test'),
        ),
        migrations.AddIndex(
            model_name='journal',
            index=models.Index(condition=models.Q(('instruction__isnull', False)), fields=['instruction'], name='journals_of_an_instruction'),
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
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='limit_decided_by_two_persons', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.overdraft_limit = 0 THEN\n                    RETURN NULL;\n                END IF;\n            ELSIF NEW.overdraft_limit = OLD.overdraft_limit THEN\n                RETURN NULL;\n            END IF;\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'overdraft_limit' AND status = 'posted' AND mode = NEW.mode\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND parameters ->> 'product' = NEW.product_id::text AND parameters ->> 'currency' = NEW.currency\n                    AND (parameters ->> 'limit')::numeric = NEW.overdraft_limit\n            ) THEN\n                RAISE EXCEPTION 'an overdraft limit needs an instruction that two persons decided in its transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='18ecf7fe32dadd36fe819203e68aa1feed5d2141', operation='INSERT OR UPDATE OF "overdraft_limit"', pgid='pgtrigger_limit_decided_by_two_persons_c77b2', table='balances_account', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
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
            trigger=pgtrigger.compiler.Trigger(name='right_at_commit', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; held numeric; currency_held text; owner_held text;', func='\n            IF clock_timestamp() > NEW.created_at + interval \'60 seconds\' THEN\n                RAISE EXCEPTION \'journal % is committed too late after it was written\', NEW.id USING ERRCODE = \'23514\';\n            END IF;\n            -- With most journals nothing else has to agree.\n            IF NEW.instruction_id IS NULL AND NEW.cause <> \'person\'\n                    AND NOT \'{"withdrawal_held": 1, "withdrawal_released": 1, "withdrawal_paid": 1, "suspense_credited": 1, "suspense_returned": 1, "suspense_written_off": 1, "receipt_reversed": 1, "withdrawal_returned": 1, "withdrawal_proved_paid": 1, "product_funded": 1, "product_settled": 1, "provider_topped_up": 1, "moved_to_settlement": 1, "settled_to_bank": 1, "exchanged": 1, "adjusted": 1, "written_off": 1, "reversed": 1}\'::jsonb ? (NEW.kind) THEN\n                RETURN NULL;\n            END IF;\n            IF NEW.kind IN (\'withdrawal_held\', \'withdrawal_released\', \'withdrawal_paid\') THEN\n                SELECT count(*), sum(entry.amount), min(account.currency), min(account.product_id::text)\n                INTO legs, held, currency_held, owner_held\n                FROM balances_entry AS entry JOIN balances_account AS account ON account.id = entry.account_id\n                WHERE entry.journal_id = NEW.id AND account.kind = \'held\';\n                IF legs <> 1 OR NOT EXISTS (\n                    SELECT 1 FROM balances_hold\n                    WHERE order_id = NEW.reference AND mode = NEW.mode AND currency = currency_held\n                        AND product_id::text = owner_held AND (\n                        (NEW.kind = \'withdrawal_held\' AND held = -amount)\n                        OR (NEW.kind = \'withdrawal_paid\' AND held = amount\n                            AND status = \'spent\')\n                        OR (NEW.kind = \'withdrawal_released\' AND held = amount\n                            AND status = \'released\')\n                    )\n                ) THEN\n                    RAISE EXCEPTION \'journal % does not agree with the hold of its withdrawal\', NEW.id USING ERRCODE = \'23514\';\n                END IF;\n            END IF;\n            -- The provider, asked, may say whose waiting money is, and then names the order. Nothing else may say it.\n            -- What one person asks for, or refuses, sets money of a product aside, or gives it back to it: nobody\n            -- else has it then, and the withdrawal has to say the same.\n            IF NEW.instruction_id IS NOT NULL\n                    OR (NEW.cause = \'person\' AND NEW.kind NOT IN (\'withdrawal_held\', \'withdrawal_released\'))\n                    OR \'{"suspense_returned": 1, "suspense_written_off": 1, "receipt_reversed": 1, "withdrawal_returned": 1, "withdrawal_proved_paid": 1, "product_funded": 1, "product_settled": 1, "provider_topped_up": 1, "moved_to_settlement": 1, "settled_to_bank": 1, "exchanged": 1, "adjusted": 1, "written_off": 1, "reversed": 1}\'::jsonb ? (NEW.kind)\n                    OR (NEW.kind = \'suspense_credited\'\n                        AND (NEW.cause <> \'pull\' OR NEW.subject = \'\')) THEN\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_instruction\n                    WHERE id = NEW.instruction_id AND status = \'posted\' AND mode = NEW.mode\n                        AND decided_xact = NEW.xact AND decided_at = NEW.begun_at\n                ) THEN\n                    RAISE EXCEPTION \'a % journal needs an instruction that two persons decided in its transaction\', NEW.kind USING ERRCODE = \'23514\';\n                END IF;\n            END IF;\n            RETURN NULL;\n        ', hash='c9d518545f6a8604f70b27b191d8fa96be556200', operation='INSERT', pgid='pgtrigger_right_at_commit_c960a', table='balances_journal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='snapshot',
            trigger=pgtrigger.compiler.Trigger(name='counts_by_itself', sql=balances.guards.DefinerSql(declare='DECLARE account record; since record;', func="\n            -- A transaction that sees everything as it was when it began may not see what was committed long since.\n            IF current_setting('transaction_isolation') <> 'read committed' THEN\n                RAISE EXCEPTION 'snapshots are taken in a read committed transaction' USING ERRCODE = '23514';\n            END IF;\n            -- Locked: two snapshots of one account come one after the other, and the second builds on the first.\n            SELECT kind, covered_until INTO account FROM balances_account WHERE id = NEW.account_id FOR NO KEY UPDATE;\n            IF NOT FOUND OR account.kind IN ('available', 'held', 'savings', 'product_receivable') THEN\n                RAISE EXCEPTION 'snapshots are of accounts without a live balance' USING ERRCODE = '23514';\n            END IF;\n            NEW.created_at := clock_timestamp();\n            NEW.covered_until := clock_timestamp() - interval '300 seconds';\n            IF account.covered_until >= NEW.covered_until THEN\n                RAISE EXCEPTION 'the last snapshot of this account is newer' USING ERRCODE = '23514';\n            END IF;\n            SELECT coalesce(sum(amount), 0) * CASE WHEN account.kind IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'provider_fees', 'write_off', 'fx_position') THEN 1 ELSE -1 END\n                INTO NEW.balance FROM balances_entry\n                WHERE account_id = NEW.account_id AND created_at < NEW.covered_until\n                    AND (account.covered_until IS NULL OR created_at >= account.covered_until);\n            SELECT balance INTO since FROM balances_snapshot\n                WHERE account_id = NEW.account_id ORDER BY covered_until DESC LIMIT 1;\n            IF FOUND THEN\n                NEW.balance := NEW.balance + since.balance;\n            END IF;\n            UPDATE balances_account SET covered_until = NEW.covered_until WHERE id = NEW.account_id;\n            RETURN NEW;\n        ", hash='7710e8872047f955a6a387da7b87f3fe9a266dff', operation='INSERT', pgid='pgtrigger_counts_by_itself_47a0a', table='balances_snapshot', when='BEFORE')),
        ),
        # What a trigger that is gone leaves behind.
        migrations.RunSQL(
            [
                "DROP FUNCTION pgtrigger_written_by_entries_alone_b1f22",
                "DROP FUNCTION pgtrigger_belongs_and_counts_7268b",
                "DROP FUNCTION pgtrigger_leaves_the_journal_whole_b052e",
                "DROP FUNCTION pgtrigger_knows_its_transaction_fc6ca",
                "DROP FUNCTION pgtrigger_sums_to_zero_a42b0",
            ],
            migrations.RunSQL.noop,
        ),
        # The function of the former days would insert what nobody may insert any more.
        migrations.RunSQL("DROP FUNCTION balances_post", _FORMER),
        migrations.RunSQL(_TRANSFER, "DROP FUNCTION balances_post_transfer"),
        migrations.RunSQL(_MANY, "DROP FUNCTION balances_post"),
        # At once: what is granted comes after the last migration, should all of them succeed.
        migrations.RunSQL(
            "REVOKE ALL ON FUNCTION balances_post_transfer, balances_post FROM PUBLIC", migrations.RunSQL.noop
        ),
    ]
