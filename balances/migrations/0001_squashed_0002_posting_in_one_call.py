"""Migrations 0001 and 0002 in one: the ledger as the opening of older orders finds it (`balances.opening`).

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import balances.guards
import django.db.models.deletion
import django.db.models.expressions
import gateway.ids
import pgtrigger.compiler
from decimal import Decimal
from django.db import migrations, models

_CREATE = """
CREATE FUNCTION balances_post(
    journal_ids uuid[], kinds text[], modes text[], reference_texts text[], subjects text[], reversed_ids uuid[],
    causes text[], cause_ids text[], details text[], documents text[], request_ids text[],
    entry_ids uuid[], entry_journals uuid[], entry_accounts uuid[], amounts numeric[]
) RETURNS uuid[] LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    missing uuid[];
BEGIN
    -- Accounts that nobody has used yet: the caller, who knows what they stand for, adds them and calls again.
    SELECT array_agg(DISTINCT wanted) INTO missing FROM unnest(entry_accounts) AS wanted
        WHERE NOT EXISTS (SELECT 1 FROM balances_account WHERE id = wanted);
    IF missing IS NOT NULL THEN
        RETURN missing;
    END IF;
    INSERT INTO balances_journal (
        id, kind, mode, reference, subject, reverses_id, cause, cause_id, detail, document, request_id,
        xact, begun_at, created_at
    ) SELECT *, 0, now(), now() FROM unnest(
        journal_ids, kinds, modes, reference_texts, subjects, reversed_ids, causes, cause_ids, details, documents,
        request_ids
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

    replaces = [('balances', '0001_ledger'), ('balances', '0002_posting_in_one_call')]

    initial = True

    dependencies = [
        ('products', '0003_no_index_for_nothing'),
        ('providers', '0003_no_index_for_nothing'),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('provider_balance', 'what the provider holds for us, by its account and payment system'), ('provider_settlement', 'what the provider has set aside to pay out to our bank'), ('bank', 'our own bank'), ('product_receivable', 'what a product owes us, because a correction found too little'), ('savings_observed', 'what the provider says customers have saved up there'), ('available', 'what a product may pay out'), ('held', 'what is reserved for withdrawals under way'), ('savings', "what a product's customers have saved up; nobody may spend it"), ('suspense', 'money whose owner is not yet known'), ('fee_income', 'fees that products paid'), ('provider_fees', 'fees that the provider took'), ('write_off', 'what was given up, or kept, because nobody could say whose it is'), ('fx_position', 'the other side of an exchange between two currencies')], max_length=24)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('currency', models.CharField(max_length=3)),
                ('product', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('provider_account', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('payment_system', models.CharField(blank=True, max_length=190)),
                ('balance', models.DecimalField(decimal_places=4, help_text="On the account's normal side, written by each posting; empty where no limit is enforced.", max_digits=20, null=True)),
                ('entry_count', models.BigIntegerField(default=0, help_text='How many entries made up the balance.')),
                ('last_entry_at', models.DateTimeField(null=True)),
                ('overdraft_limit', models.DecimalField(decimal_places=4, default=Decimal('0'), help_text='How far below zero the available money may go.', max_digits=20)),
                ('covered_until', models.DateTimeField(help_text='Up to when its last snapshot counts.', null=True)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('kind', 'mode', 'currency', 'product', 'provider_account', 'payment_system'), name='one_account_per_key', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'available', 'held', 'savings', 'suspense', 'fee_income', 'provider_fees', 'write_off', 'fx_position'])), name='account_kind_is_known'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='account_mode_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('balance__isnull', False), ('kind__in', ('available', 'held', 'savings', 'product_receivable'))), models.Q(('balance__isnull', True), models.Q(('kind__in', ('available', 'held', 'savings', 'product_receivable')), _negated=True)), _connector='OR'), name='account_keeps_a_balance_where_it_is_limited'),
                    models.CheckConstraint(condition=models.Q(('balance__isnull', True), ('balance__gte', django.db.models.expressions.CombinedExpression(models.F('overdraft_limit'), '*', models.Value(-1))), _connector='OR'), name='account_within_its_limit'),
                    models.CheckConstraint(condition=models.Q(('overdraft_limit', 0), models.Q(('kind', 'available'), ('overdraft_limit__gt', 0), ('overdraft_limit__lt', Decimal('10000000000000000'))), _connector='OR'), name='account_overdraft_is_of_available_money'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='written_by_entries_alone', sql=balances.guards.LedgerSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'ledger accounts are never deleted' USING ERRCODE = '23514';\n            END IF;\n            IF TG_OP = 'INSERT' THEN\n                IF coalesce(NEW.balance, 0) <> 0 OR NEW.entry_count <> 0 OR NEW.last_entry_at IS NOT NULL\n                        OR NEW.covered_until IS NOT NULL THEN\n                    RAISE EXCEPTION 'a ledger account begins without entries' USING ERRCODE = '23514';\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF (NEW.id, NEW.kind, NEW.mode, NEW.currency, NEW.payment_system)\n                    IS DISTINCT FROM (OLD.id, OLD.kind, OLD.mode, OLD.currency, OLD.payment_system)\n                    OR (NEW.product_id, NEW.provider_account_id)\n                    IS DISTINCT FROM (OLD.product_id, OLD.provider_account_id) THEN\n                RAISE EXCEPTION 'what a ledger account stands for is never changed' USING ERRCODE = '23514';\n            END IF;\n            -- The guards of entries and of snapshots write here, from inside their own trigger; nobody else does.\n            IF pg_trigger_depth() < 2 AND (NEW.balance, NEW.entry_count, NEW.last_entry_at, NEW.covered_until)\n                    IS DISTINCT FROM (OLD.balance, OLD.entry_count, OLD.last_entry_at, OLD.covered_until) THEN\n                RAISE EXCEPTION 'a balance is written by entries alone' USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='f1a0cec70630cf7952a9c6ae8e6abfca1f52d7b8', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_written_by_entries_alone_b1f22', table='balances_account', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'ledger accounts are never emptied' USING ERRCODE = '23514';", hash='955e7d422c1f159e30ecd6e7703c8679ab37d754', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_ebe3f', table='balances_account', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, help_text="The withdrawal's own.", primary_key=True, serialize=False)),
                ('order_id', models.CharField(help_text='TypeID of the withdrawal.', max_length=40, unique=True)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('currency', models.CharField(max_length=3)),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20)),
                ('status', models.CharField(choices=[('open', 'reserved'), ('spent', 'the withdrawal was paid from it'), ('released', 'given back to what is available')], default='open', max_length=8)),
                ('created_at', models.DateTimeField(editable=False)),
                ('closed_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('status', 'open')), fields=['product', 'mode', 'currency'], name='holds_open'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('amount__lt', Decimal('10000000000000000'))), name='hold_amount_is_positive'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['open', 'spent', 'released'])), name='hold_status_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status', 'open')), models.Q(('closed_at__isnull', False), models.Q(('status', 'open'), _negated=True)), _connector='OR'), name='hold_closed_has_its_time'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=balances.guards.LedgerSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'holds are never deleted' USING ERRCODE = '23514';\n            END IF;\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.status <> 'open' THEN\n                    RAISE EXCEPTION 'a hold begins open' USING ERRCODE = '23514';\n                END IF;\n                NEW.created_at := clock_timestamp();\n                RETURN NEW;\n            END IF;\n            IF (NEW.id, NEW.order_id, NEW.product_id, NEW.mode, NEW.currency, NEW.amount, NEW.created_at)\n                    IS DISTINCT FROM\n                    (OLD.id, OLD.order_id, OLD.product_id, OLD.mode, OLD.currency, OLD.amount, OLD.created_at)\n                    OR OLD.status <> 'open' OR NEW.status = 'open' THEN\n                RAISE EXCEPTION 'a hold is spent or released once, and never changed otherwise' USING ERRCODE = '23514';\n            END IF;\n            NEW.closed_at := clock_timestamp();\n            RETURN NEW;\n        ", hash='f95230175ffcb794e760550136b876f68d5b7195', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_legal_moves_e4f80', table='balances_hold', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='has_its_journal', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_journal WHERE reference = NEW.order_id AND kind = CASE NEW.status\n                    WHEN 'open' THEN 'withdrawal_held'\n                    WHEN 'spent' THEN 'withdrawal_paid'\n                    ELSE 'withdrawal_released' END\n            ) THEN\n                RAISE EXCEPTION 'hold of % is % without its journal', NEW.order_id, NEW.status USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='57d0110c7be22eccecf34d3973674cc4e35d52e6', operation='INSERT OR UPDATE', pgid='pgtrigger_has_its_journal_ce4dc', table='balances_hold', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'holds are never emptied' USING ERRCODE = '23514';", hash='1e2c29cac5888a29e84397a3506866c67db95ed4', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_8bcb5', table='balances_hold', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Journal',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('receipt_credited', 'money arrived for a deposit'), ('receipt_suspended', 'money arrived that a person has to look at'), ('suspense_credited', 'suspended money belongs to a product'), ('suspense_returned', 'the provider took suspended money back'), ('suspense_written_off', 'nobody could say whose suspended money is'), ('receipt_reversed', 'the provider took credited money back'), ('savings_observed', 'the provider reports another sum of savings than before'), ('savings_released', 'savings became a receipt'), ('withdrawal_held', 'a withdrawal reserves its amount'), ('withdrawal_released', 'a withdrawal ended without a payment'), ('withdrawal_paid', 'a withdrawal was paid'), ('withdrawal_returned', 'a paid withdrawal came back'), ('withdrawal_proved_paid', 'a withdrawal that had ended unpaid was paid after all'), ('receivable_repaid', "a product's money covers what it owed"), ('provider_fee', 'the provider took a fee'), ('product_fee', 'a product paid a fee'), ('product_funded', "a product's money arrived at our bank"), ('product_settled', 'a product was paid out from our bank'), ('provider_topped_up', 'our bank paid the provider'), ('moved_to_settlement', 'the provider set money aside for our bank'), ('settled_to_bank', 'the provider paid our bank'), ('exchanged', 'money was changed into another currency'), ('adjusted', 'a person corrected two accounts'), ('written_off', 'what a product owes was given up'), ('reversed', 'another journal was taken back, leg by leg')], max_length=24)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('reference', models.CharField(help_text='What was posted: with the kind, never twice.', max_length=190)),
                ('subject', models.CharField(blank=True, help_text='TypeID of the order that the money belongs to.', max_length=40)),
                ('reverses', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='balances.journal')),
                ('cause', models.CharField(help_text='What kind of thing moved the money.', max_length=24)),
                ('cause_id', models.CharField(blank=True, help_text='Which one: a key, a person, a pull.', max_length=80)),
                ('detail', models.CharField(blank=True, help_text="A person's reason, or the provider's words.", max_length=500)),
                ('document', models.CharField(blank=True, help_text="The paper behind it: a bank statement's line.", max_length=190)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('xact', models.BigIntegerField(editable=False, help_text='The transaction that posted it; entries come in it alone.')),
                ('begun_at', models.DateTimeField(editable=False, help_text='When that transaction began.')),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('subject', ''), _negated=True), fields=['subject'], name='journals_of_an_order'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('kind', 'reference'), name='one_journal_per_reference'),
                    models.UniqueConstraint(condition=models.Q(('reverses__isnull', False)), fields=('reverses',), name='one_reversal_per_journal'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['receipt_credited', 'receipt_suspended', 'suspense_credited', 'suspense_returned', 'suspense_written_off', 'receipt_reversed', 'savings_observed', 'savings_released', 'withdrawal_held', 'withdrawal_released', 'withdrawal_paid', 'withdrawal_returned', 'withdrawal_proved_paid', 'receivable_repaid', 'provider_fee', 'product_fee', 'product_funded', 'product_settled', 'provider_topped_up', 'moved_to_settlement', 'settled_to_bank', 'exchanged', 'adjusted', 'written_off', 'reversed'])), name='journal_kind_is_known'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='journal_mode_is_known'),
                    models.CheckConstraint(condition=models.Q(('reference', ''), _negated=True), name='journal_has_a_reference'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='knows_its_transaction', sql=balances.guards.LedgerSql(func='\n            NEW.xact := pg_current_xact_id()::text::bigint;\n            NEW.begun_at := transaction_timestamp();\n            NEW.created_at := clock_timestamp();\n            RETURN NEW;\n        ', hash='7417b3692d032390ec7c1ca3d024009be54ab941', operation='INSERT', pgid='pgtrigger_knows_its_transaction_fc6ca', table='balances_journal', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='sums_to_zero', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; is_balanced boolean; held numeric;', func="\n            \n        SELECT coalesce(sum(part.legs), 0), coalesce(bool_and(part.total = 0), false) INTO legs, is_balanced FROM (\n            SELECT count(*) AS legs, sum(amount) AS total FROM balances_entry\n            WHERE journal_id = NEW.id GROUP BY currency\n        ) AS part;\n        IF legs < 2 THEN\n            RAISE EXCEPTION 'journal % has % legs; it needs two or more', NEW.id, legs USING ERRCODE = '23514';\n        END IF;\n        IF NOT is_balanced THEN\n            RAISE EXCEPTION 'journal % does not sum to zero', NEW.id USING ERRCODE = '23514';\n        END IF;\n    \n            IF clock_timestamp() > NEW.created_at + interval '60 seconds' THEN\n                RAISE EXCEPTION 'journal % is committed too late after it was written', NEW.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.kind IN ('withdrawal_held', 'withdrawal_released', 'withdrawal_paid') THEN\n                SELECT sum(entry.amount) INTO held FROM balances_entry AS entry\n                JOIN balances_account AS account ON account.id = entry.account_id\n                WHERE entry.journal_id = NEW.id AND account.kind = 'held';\n                IF NOT EXISTS (\n                    SELECT 1 FROM balances_hold\n                    WHERE order_id = NEW.reference AND mode = NEW.mode AND (\n                        (NEW.kind = 'withdrawal_held' AND held = -amount)\n                        OR (NEW.kind = 'withdrawal_paid' AND held = amount\n                            AND status = 'spent')\n                        OR (NEW.kind = 'withdrawal_released' AND held = amount\n                            AND status = 'released')\n                    )\n                ) THEN\n                    RAISE EXCEPTION 'journal % does not agree with the hold of its withdrawal', NEW.id USING ERRCODE = '23514';\n                END IF;\n            END IF;\n            RETURN NULL;\n        ", hash='3fbe6835f6f9fb07eb1281845fec98d71b3d0698', operation='INSERT', pgid='pgtrigger_sums_to_zero_a42b0', table='balances_journal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'journals are never changed' USING ERRCODE = '23514';", hash='ae935b49bf59ce06be062658ad5db90438e63451', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e6e8e', table='balances_journal', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'journals are never emptied' USING ERRCODE = '23514';", hash='a6ee9980dbd0c0bbee1e3684332e5af8b8156003', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_00a7e', table='balances_journal', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('journal', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='balances.journal')),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='balances.account')),
                ('amount', models.DecimalField(decimal_places=4, help_text='Above zero: a debit; below zero: a credit.', max_digits=20)),
                ('currency', models.CharField(editable=False, help_text="The account's.", max_length=3)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], editable=False, help_text="The account's.", max_length=4)),
                ('product', models.ForeignKey(db_constraint=False, db_index=False, editable=False, help_text="The account's.", null=True, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('sequence', models.BigIntegerField(editable=False, help_text='Counts the entries of an account that keeps its balance.', null=True)),
                ('balance_after', models.DecimalField(decimal_places=4, editable=False, help_text="Such an account's balance with this entry.", max_digits=20, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'verbose_name_plural': 'entries',
                'indexes': [
                    models.Index(fields=['account', 'created_at', 'sequence'], name='entries_of_an_account'),
                    models.Index(condition=models.Q(('product__isnull', False)), fields=['product', 'mode', '-id'], name='entries_of_a_product'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('-10000000000000000')), ('amount__lt', Decimal('10000000000000000')), models.Q(('amount', 0), _negated=True)), name='entry_amount_is_a_number'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='belongs_and_counts', sql=balances.guards.DefinerSql(declare='DECLARE account record; journal_mode text;', func="\n            SELECT mode INTO journal_mode FROM balances_journal\n            WHERE id = NEW.journal_id AND xact = pg_current_xact_id()::text::bigint\n                AND begun_at = transaction_timestamp();\n            IF NOT FOUND THEN\n                RAISE EXCEPTION 'entries come in the transaction of their journal alone' USING ERRCODE = '23514';\n            END IF;\n            SELECT kind, mode, currency, product_id, covered_until INTO account\n            FROM balances_account WHERE id = NEW.account_id;\n            IF NOT FOUND THEN\n                RAISE EXCEPTION 'there is no such ledger account: %', NEW.account_id USING ERRCODE = '23514';\n            END IF;\n            IF account.mode <> journal_mode THEN\n                RAISE EXCEPTION 'a % journal takes no entry of a % account', journal_mode, account.mode USING ERRCODE = '23514';\n            END IF;\n            IF NEW.currency IS NOT NULL AND NEW.currency <> '' AND NEW.currency <> account.currency THEN\n                RAISE EXCEPTION 'a % account takes no % entry', account.currency, NEW.currency USING ERRCODE = '23514';\n            END IF;\n            NEW.currency := account.currency;\n            NEW.mode := account.mode;\n            NEW.product_id := account.product_id;\n            IF account.kind IN ('available', 'held', 'savings', 'product_receivable') THEN\n                -- The row lock that this takes puts everybody who posts to the account in line, and the CHECK of its\n                -- limit looks at the balance that all of them before us have left.\n                UPDATE balances_account SET\n                    balance = balance + CASE WHEN kind IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'provider_fees', 'write_off', 'fx_position')\n                        THEN NEW.amount ELSE -NEW.amount END,\n                    entry_count = entry_count + 1,\n                    last_entry_at = greatest(clock_timestamp(), last_entry_at)\n                WHERE id = NEW.account_id\n                RETURNING balance, entry_count, last_entry_at INTO NEW.balance_after, NEW.sequence, NEW.created_at;\n            ELSE\n                NEW.balance_after := NULL;\n                NEW.sequence := NULL;\n                -- Never among what a snapshot has counted, wherever the clock was set.\n                NEW.created_at := greatest(clock_timestamp(), account.covered_until);\n            END IF;\n            RETURN NEW;\n        ", hash='4d2f925e6292bca17afd0654e1c1d676c2f9ea80', operation='INSERT', pgid='pgtrigger_belongs_and_counts_7268b', table='balances_entry', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='leaves_the_journal_whole', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', declare='DECLARE legs bigint; is_balanced boolean;', func="\n            \n        SELECT coalesce(sum(part.legs), 0), coalesce(bool_and(part.total = 0), false) INTO legs, is_balanced FROM (\n            SELECT count(*) AS legs, sum(amount) AS total FROM balances_entry\n            WHERE journal_id = NEW.journal_id GROUP BY currency\n        ) AS part;\n        IF legs < 2 THEN\n            RAISE EXCEPTION 'journal % has % legs; it needs two or more', NEW.journal_id, legs USING ERRCODE = '23514';\n        END IF;\n        IF NOT is_balanced THEN\n            RAISE EXCEPTION 'journal % does not sum to zero', NEW.journal_id USING ERRCODE = '23514';\n        END IF;\n    \n            RETURN NULL;\n        ", hash='4cf05473d73f9f30d4549834be5b234c1f1534fd', operation='INSERT', pgid='pgtrigger_leaves_the_journal_whole_b052e', table='balances_entry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'entries are never changed' USING ERRCODE = '23514';", hash='a38b143ce810d2222441a1332cbf3c22a6b13393', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_437f0', table='balances_entry', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'entries are never emptied' USING ERRCODE = '23514';", hash='ce309b2223fe5ad66508f24d1dbf8017a7b3aaad', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_21ea7', table='balances_entry', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='balances.account')),
                ('covered_until', models.DateTimeField(editable=False, help_text='Entries before this time are counted.')),
                ('balance', models.DecimalField(decimal_places=4, editable=False, max_digits=20)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'covered_until'), name='one_snapshot_per_time'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='counts_by_itself', sql=balances.guards.DefinerSql(declare='DECLARE account record; since record;', func="\n            -- Locked: two snapshots of one account come one after the other, and the second builds on the first.\n            SELECT kind, covered_until INTO account FROM balances_account WHERE id = NEW.account_id FOR NO KEY UPDATE;\n            IF NOT FOUND OR account.kind IN ('available', 'held', 'savings', 'product_receivable') THEN\n                RAISE EXCEPTION 'snapshots are of accounts without a live balance' USING ERRCODE = '23514';\n            END IF;\n            NEW.created_at := clock_timestamp();\n            NEW.covered_until := clock_timestamp() - interval '300 seconds';\n            IF account.covered_until >= NEW.covered_until THEN\n                RAISE EXCEPTION 'the last snapshot of this account is newer' USING ERRCODE = '23514';\n            END IF;\n            SELECT coalesce(sum(amount), 0) * CASE WHEN account.kind IN ('provider_balance', 'provider_settlement', 'bank', 'product_receivable', 'savings_observed', 'provider_fees', 'write_off', 'fx_position') THEN 1 ELSE -1 END\n                INTO NEW.balance FROM balances_entry\n                WHERE account_id = NEW.account_id AND created_at < NEW.covered_until\n                    AND (account.covered_until IS NULL OR created_at >= account.covered_until);\n            SELECT balance INTO since FROM balances_snapshot\n                WHERE account_id = NEW.account_id ORDER BY covered_until DESC LIMIT 1;\n            IF FOUND THEN\n                NEW.balance := NEW.balance + since.balance;\n            END IF;\n            UPDATE balances_account SET covered_until = NEW.covered_until WHERE id = NEW.account_id;\n            RETURN NEW;\n        ", hash='c23ef8fe43c37b434742b85b27d709a5bd37d1b3', operation='INSERT', pgid='pgtrigger_counts_by_itself_47a0a', table='balances_snapshot', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'snapshots are never changed' USING ERRCODE = '23514';", hash='e8df4c0ae527c5fd24393973d443cb1798e77482', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_52c7b', table='balances_snapshot', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'snapshots are never emptied' USING ERRCODE = '23514';", hash='ea3a055649602d3c0ba3a58591e4cf846b3b1bcc', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_da063', table='balances_snapshot', when='BEFORE')),
                ],
            },
        ),
        migrations.RunSQL(_CREATE, "DROP FUNCTION balances_post"),
    ]
