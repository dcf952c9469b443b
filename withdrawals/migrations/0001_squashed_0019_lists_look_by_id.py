"""Migrations 0001 to 0019 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import balances.guards
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import gateway.encryption
import gateway.ids
import gateway.keyed_hashes
import gateway.lifecycles
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('withdrawals', '0001_initial'),
        ('withdrawals', '0002_the_whole_contract'),
        ('withdrawals', '0003_no_index_for_nothing'),
        ('withdrawals', '0005_money_follows'),
        ('withdrawals', '0006_opening_holds'),
        ('withdrawals', '0007_histories_are_never_emptied'),
        ('withdrawals', '0008_corrected_by_a_journal'),
        ('withdrawals', '0009_people_decide'),
        ('withdrawals', '0010_approvals'),
        ('withdrawals', '0011_limits_blocks_and_caps'),
        ('withdrawals', '0012_doubts_end_by_proof_or_people'),
        ('withdrawals', '0013_refunds_within_receipts'),
        ('withdrawals', '0014_batches'),
        ('withdrawals', '0015_batches_hold_on'),
        ('withdrawals', '0016_what_was_asked_stays'),
        ('withdrawals', '0017_slabs_are_agreed_on_as_limits_are'),
        ('withdrawals', '0018_reasons_are_kept_whole'),
        ('withdrawals', '0019_lists_look_by_id'),
    ]

    initial = True

    dependencies = [
        ('balances', '0002_posting_in_one_call'),
        ('payments', '0006_opening_journals'),
        ('products', '0007_keys_keep_their_networks'),
        ('providers', '0009_a_second_active_account_is_refused_in_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='products.customer')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('payment_system', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.paymentsystem')),
                ('reference', models.CharField(max_length=128)),
                ('currency', models.CharField(max_length=3)),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20)),
                ('recipient', gateway.encryption.EncryptedJSONField()),
                ('recipient_hashes', gateway.keyed_hashes.KeyedHashesField(base_field=models.CharField(max_length=64), blank=True, default=list, help_text="Keyed hashes of the recipient's accounts.", size=None)),
                ('comment', models.CharField(blank=True, max_length=64)),
                ('metadata', models.JSONField(default=dict)),
                ('refund_of', models.UUIDField(blank=True, help_text='The deposit whose money goes back, if any.', null=True)),
                ('approvals_needed', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('approver', 'anybody who may approve withdrawals'), ('finance_lead', 'somebody who may approve large withdrawals')], max_length=16), default=list, help_text='Whose approvals it takes before it is sent, as decided when it was made; a role for each.', size=None)),
                ('held_for', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('duplicate_likely', 'the same recipient was sent the same amount a short time ago'), ('limit_exceeded', 'it goes beyond a limit that is there to be looked at')], max_length=24), default=list, help_text='Why a person has to look at it, whatever its amount.', size=None)),
                ('body', gateway.encryption.EncryptedBytesField(help_text='The request, frozen; signed anew only where the key has changed.')),
                ('body_digest', models.CharField(help_text='SHA-256 of the frozen request.', max_length=64)),
                ('sent_at', models.DateTimeField(help_text='Written before the first byte leaves.', null=True)),
                ('refused_unproven', models.BooleanField(default=False, help_text='The provider refused in words that prove nothing; a pull has to agree.')),
                ('refused_unread', models.BooleanField(default=False, help_text='The provider refused our credentials and read no further; a pull has to agree.')),
                ('last_answer', models.CharField(blank=True, help_text='What the last pull said.', max_length=24)),
                ('last_asked_at', models.DateTimeField(blank=True, help_text='When the last pull said it.', null=True)),
                ('send_again', models.BooleanField(default=False, help_text='The same bytes go out once more, as soon as the provider says again that it has none.')),
                ('resend_allowed_by', models.UUIDField(blank=True, help_text='The instruction by which two persons had it sent again; used up by that.', null=True)),
                ('resends', models.PositiveSmallIntegerField(default=0, help_text='How often it was sent again while nobody knew whether it had arrived.')),
                ('status', models.CharField(choices=[('pending_approval', 'another person has to say yes'), ('queued', 'to be sent'), ('sending', 'being sent; it may have arrived'), ('accepted', 'the provider has it; it is not yet paid'), ('waiting_funds', 'the provider has too little money; it is tried again'), ('unknown', 'nobody knows whether it arrived; the provider is being asked'), ('manual_review', 'a person has to find out'), ('paid', 'the recipient has the money'), ('rejected', 'the provider did not pay'), ('failed', 'it was never created at the provider'), ('cancelled', 'called off before it was sent'), ('reversed', 'paid, and the money came back')], default='queued', max_length=20)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('failure_code', models.CharField(blank=True, choices=[('provider_refused', 'the provider refused the order; it was never created'), ('provider_rejected', 'the provider took the order and did not pay it'), ('outcome_unknown', 'nobody knows yet whether it was paid'), ('declared_failed', 'two persons found that it was never paid'), ('approval_refused', 'a person refused it; nothing was sent'), ('approval_expired', 'nobody approved it in time; nothing was sent'), ('recipient_blocked', 'its recipient was blocked before it was sent')], max_length=40)),
                ('hinted_at', models.DateTimeField(help_text='When an unproven letter last made it due.', null=True)),
                ('contradiction', models.CharField(blank=True, help_text='What a person has to look at.', max_length=200)),
                ('redacted_at', models.DateTimeField(blank=True, help_text='When the recipient was reduced to a mask and the request to its digest.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'permissions': [
                    ('approve_withdrawal', 'Can approve and reject withdrawals that others asked for'),
                    ('approve_large_withdrawal', 'Can approve them as a finance lead, too'),
                ],
                'indexes': [
                    models.Index(fields=['product', 'mode', '-id'], name='withdrawals_of_a_product'),
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='withdrawals_due'),
                    django.contrib.postgres.indexes.GinIndex(fields=['recipient_hashes'], name='withdrawals_by_account'),
                    models.Index(condition=models.Q(('redacted_at', None), ('status__in', ['cancelled', 'failed', 'paid', 'rejected', 'reversed'])), fields=['updated_at'], name='withdrawals_to_redact'),
                    models.Index(condition=models.Q(('status', 'pending_approval')), fields=['id'], name='withdrawals_to_approve'),
                    models.Index(condition=models.Q(('status__in', ['cancelled', 'failed', 'rejected']), _negated=True), fields=['product', 'mode', 'currency', 'created_at'], include=('amount', 'payment_system'), name='withdrawals_that_count'),
                    models.Index(condition=models.Q(('sent_at__isnull', False), models.Q(('status__in', ['cancelled', 'failed', 'pending_approval', 'queued', 'rejected', 'waiting_funds']), _negated=True)), fields=['mode', 'currency', 'sent_at'], include=('product', 'account', 'amount'), name='withdrawals_that_are_out'),
                    models.Index(condition=models.Q(('status__in', ['accepted', 'manual_review', 'unknown', 'waiting_funds']), models.Q(('contradiction', ''), _negated=True), _connector='OR'), fields=['id'], name='withdrawals_for_a_person'),
                    models.Index(condition=models.Q(('refund_of__isnull', False)), fields=['refund_of'], name='withdrawals_that_refund'),
                    models.Index(condition=models.Q(('mode', 'test')), fields=['id'], name='withdrawals_in_test'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('product', 'mode', 'reference'), name='one_withdrawal_per_reference'),
                    models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='withdrawal_amount_is_positive'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['pending_approval', 'queued', 'sending', 'accepted', 'waiting_funds', 'unknown', 'manual_review', 'paid', 'rejected', 'failed', 'cancelled', 'reversed'])), name='withdrawal_status_is_known'),
                    models.CheckConstraint(condition=models.Q(('redacted_at', None), ('status__in', ['cancelled', 'failed', 'paid', 'rejected', 'reversed']), _connector='OR'), name='withdrawal_redacted_only_at_its_end'),
                    models.CheckConstraint(condition=models.Q(('approvals_needed__contained_by', ['approver', 'finance_lead']), models.Q(('held_for', []), models.Q(('approvals_needed', []), _negated=True), _connector='OR')), name='withdrawal_held_is_looked_at'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM withdrawals_withdrawalmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'withdrawal: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='15b7f0cd2482ec978bb092dc185abf9028eec86a', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_8ad8c', table='withdrawals_withdrawal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='money_follows', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_hold AS hold\n                WHERE hold.id = NEW.id AND hold.product_id = NEW.product_id AND hold.mode = NEW.mode\n                    AND hold.currency = NEW.currency AND hold.amount = NEW.amount\n                    AND CASE\n                        WHEN NEW.status IN ('cancelled', 'failed', 'rejected') THEN hold.status = 'released'\n                        WHEN NEW.status IN ('paid', 'reversed') THEN hold.status = 'spent' OR EXISTS (\n                            SELECT 1 FROM balances_journal\n                            WHERE kind = 'withdrawal_proved_paid' AND reference = hold.order_id\n                        )\n                        ELSE hold.status = 'open' END\n            ) AND NEW.status = (SELECT status FROM withdrawals_withdrawal WHERE id = NEW.id) THEN\n                RAISE EXCEPTION 'withdrawal % is % and its hold is not', NEW.id, NEW.status USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='4b9c8e7ede899c97c26cfc6ccb71670bf9ff2e03', operation='INSERT OR UPDATE OF "status", "amount"', pgid='pgtrigger_money_follows_5fce8', table='withdrawals_withdrawal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='corrected_by_a_journal', sql=balances.guards.LedgerSql(condition="WHEN (NEW.status = 'reversed' OR (NEW.status = 'paid' AND OLD.status IN ('cancelled', 'failed', 'rejected')))", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_hold AS hold JOIN balances_journal AS journal\n                    ON journal.reference = hold.order_id AND journal.kind = CASE NEW.status\n                        WHEN 'paid' THEN 'withdrawal_proved_paid' ELSE 'withdrawal_returned' END\n                WHERE hold.id = NEW.id AND journal.xact = pg_current_xact_id()::text::bigint\n            ) THEN\n                RAISE EXCEPTION 'withdrawal % is % without its journal', NEW.id, NEW.status USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='647a93ba389421839183b699bc2257a0cadef356', operation='UPDATE OF "status"', pgid='pgtrigger_corrected_by_a_journal_222c1', table='withdrawals_withdrawal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='waits_as_agreed', sql=balances.guards.LedgerSql(declare='DECLARE agreed text;', func="\n            IF TG_OP = 'UPDATE' THEN\n                IF (NEW.approvals_needed, NEW.held_for, NEW.currency, NEW.product_id, NEW.mode)\n                        IS DISTINCT FROM\n                        (OLD.approvals_needed, OLD.held_for, OLD.currency, OLD.product_id, OLD.mode) THEN\n                    RAISE EXCEPTION 'what withdrawal % was approved for is never changed', NEW.id USING ERRCODE = '23514';\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF (NEW.status = 'queued') <> (cardinality(NEW.approvals_needed) = 0) THEN\n                RAISE EXCEPTION 'a withdrawal that takes approvals begins by waiting for them, and no other one does' USING ERRCODE = '23514';\n            END IF;\n            IF NEW.mode <> 'live' THEN\n                RETURN NEW;\n            END IF;\n            SELECT split_part(slab, ': ', 2) INTO agreed\n            FROM unnest(string_to_array((\n                SELECT slabs FROM withdrawals_slabset\n                WHERE product_id = NEW.product_id AND mode = NEW.mode AND currency = NEW.currency\n                ORDER BY version DESC LIMIT 1\n            ), '; ')) AS slab\n            WHERE split_part(slab, ': ', 1)::numeric <= NEW.amount\n            ORDER BY split_part(slab, ': ', 1)::numeric DESC LIMIT 1;\n            -- Nothing was agreed: real money is looked at.\n            agreed := coalesce(agreed, 'approver');\n            IF agreed <> 'none' AND array_to_string(NEW.approvals_needed, ' + ') <> agreed THEN\n                RAISE EXCEPTION 'a withdrawal of % % takes the approval of: %', NEW.amount, NEW.currency, agreed USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='2a82b293f2e5858b8a76b415275598e452579ba6', operation='INSERT OR UPDATE OF "approvals_needed", "held_for", "currency", "product_id", "mode"', pgid='pgtrigger_waits_as_agreed_b85eb', table='withdrawals_withdrawal', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='approved_by_enough', sql=balances.guards.LedgerSql(condition="WHEN (OLD.status = 'pending_approval')", constraint='CONSTRAINT', declare='DECLARE given text[]; is_rejected boolean;', func="\n            SELECT coalesce(array_agg(role::text ORDER BY role) FILTER (WHERE decision = 'approve'), '{}'),\n                coalesce(bool_or(decision = 'reject'), false)\n            INTO given, is_rejected FROM withdrawals_approval WHERE withdrawal_id = NEW.id;\n            IF NEW.status = 'queued'\n                    AND given <> ARRAY(SELECT unnest(NEW.approvals_needed)::text AS role ORDER BY role) THEN\n                RAISE EXCEPTION 'withdrawal % has not the approvals that it takes', NEW.id USING ERRCODE = '23514';\n            END IF;\n            -- Each move of one that goes on waiting is one of several approvals.\n            IF NEW.status = 'pending_approval' AND cardinality(given) < NEW.sequence - 1 THEN\n                RAISE EXCEPTION 'withdrawal % has not the approvals that it moved for', NEW.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.failure_code = 'approval_refused' AND NOT is_rejected THEN\n                RAISE EXCEPTION 'withdrawal % was rejected by nobody', NEW.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='7a72a702eb4609fa1654422a1a08cd3160334cb5', operation='UPDATE OF "status"', pgid='pgtrigger_approved_by_enough_7044f', table='withdrawals_withdrawal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='refund_within_receipts', sql=balances.guards.LedgerSql(condition='WHEN (NEW.refund_of IS NOT NULL)', constraint='CONSTRAINT', declare='DECLARE deposit record; refunded numeric; credited numeric;', func="\n            -- Whoever waited for the lock below counts what was committed meanwhile; at other levels one sees less.\n            IF current_setting('transaction_isolation') <> 'read committed' THEN\n                RAISE EXCEPTION 'refunds are written at READ COMMITTED' USING ERRCODE = '23514';\n            END IF;\n            SELECT * INTO deposit FROM payments_deposit WHERE id = NEW.refund_of FOR NO KEY UPDATE;\n            IF (deposit.product_id, deposit.mode, deposit.customer_id, deposit.currency)\n                    IS DISTINCT FROM (NEW.product_id, NEW.mode::varchar, NEW.customer_id, NEW.currency) THEN\n                RAISE EXCEPTION 'refund % is not of the deposit of its customer', NEW.id USING ERRCODE = '23514';\n            END IF;\n            SELECT coalesce(sum(amount), 0) INTO credited FROM payments_receipt\n                WHERE deposit_id = NEW.refund_of AND status = 'credited'\n                    AND product_id = NEW.product_id AND currency = NEW.currency;\n            SELECT coalesce(sum(amount), 0) INTO refunded FROM withdrawals_withdrawal\n                WHERE refund_of = NEW.refund_of AND status NOT IN ('cancelled', 'failed', 'rejected');\n            IF refunded > credited THEN\n                RAISE EXCEPTION 'refund %: its deposit was credited less', NEW.id USING ERRCODE = '23514', CONSTRAINT = 'refund_within_receipts';\n            END IF;\n            RETURN NULL;\n        ", hash='201b1918320ec23bc7ef8d0245516dba8aa1340b', operation='INSERT', pgid='pgtrigger_refund_within_receipts_959eb', table='withdrawals_withdrawal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('pending_approval', 'queued') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'withdrawal may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('accepted>manual_review', 'accepted>paid', 'accepted>rejected', 'cancelled>paid', 'failed>paid', 'manual_review>failed', 'manual_review>paid', 'manual_review>rejected', 'manual_review>sending', 'paid>reversed', 'pending_approval>cancelled', 'pending_approval>pending_approval', 'pending_approval>queued', 'queued>cancelled', 'queued>manual_review', 'queued>sending', 'rejected>paid', 'sending>accepted', 'sending>failed', 'sending>manual_review', 'sending>paid', 'sending>queued', 'sending>rejected', 'sending>unknown', 'sending>waiting_funds', 'unknown>accepted', 'unknown>failed', 'unknown>manual_review', 'unknown>paid', 'unknown>queued', 'unknown>rejected', 'unknown>sending', 'waiting_funds>accepted', 'waiting_funds>manual_review', 'waiting_funds>paid', 'waiting_funds>rejected', 'waiting_funds>sending', 'waiting_funds>unknown')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'withdrawal: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='3c776b29b389f2eae374ebc8e07b6c1db4c98bb9', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_974b8', table='withdrawals_withdrawal', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='doubts_end_by_proof_or_people', sql=balances.guards.LedgerSql(condition="WHEN ((OLD.status || '>' || NEW.status IN ('sending>queued', 'unknown>queued', 'unknown>failed', 'manual_review>failed', 'manual_review>paid', 'unknown>sending', 'manual_review>sending')) OR (NEW.resend_allowed_by IS NOT NULL AND NEW.resend_allowed_by IS DISTINCT FROM OLD.resend_allowed_by))", constraint='CONSTRAINT', func="\n            IF NOT coalesce(CASE OLD.status || '>' || NEW.status\n                WHEN 'sending>queued' THEN NEW.resends = 0\n                WHEN 'unknown>queued' THEN OLD.refused_unread AND OLD.resends = 0\n                WHEN 'unknown>failed' THEN OLD.refused_unproven OR EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'payout_declared_failed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode\n                    AND parameters ->> 'withdrawal' = (SELECT order_id FROM balances_hold WHERE id = NEW.id)\n            )\n                WHEN 'manual_review>failed' THEN EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'payout_declared_failed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode\n                    AND parameters ->> 'withdrawal' = (SELECT order_id FROM balances_hold WHERE id = NEW.id)\n            )\n                WHEN 'manual_review>paid' THEN EXISTS (\n                SELECT 1 FROM withdrawals_withdrawalmove\n                WHERE subject_id = NEW.id AND sequence = NEW.sequence AND cause = 'pull'\n            ) OR EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'payout_declared_paid' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode\n                    AND parameters ->> 'withdrawal' = (SELECT order_id FROM balances_hold WHERE id = NEW.id)\n            )\n                WHEN 'unknown>sending' THEN NEW.resend_allowed_by IS NULL AND NEW.resends = OLD.resends + 1 AND (EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE id = OLD.resend_allowed_by\n                    AND decided_at > transaction_timestamp() - interval '3600 seconds'\n            ) OR (EXISTS (\n                SELECT 1 FROM withdrawals_withdrawalmove\n                WHERE subject_id = NEW.id AND sequence = NEW.sequence AND cause = 'pull'\n            ) AND (\n                SELECT ids_proven_unique FROM providers_provideraccount WHERE id = NEW.account_id\n            )))\n                WHEN 'manual_review>sending' THEN NEW.resend_allowed_by IS NULL AND NEW.resends = OLD.resends + 1 AND EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE id = OLD.resend_allowed_by\n                    AND decided_at > transaction_timestamp() - interval '3600 seconds'\n            )\n                ELSE true END, false) THEN\n                RAISE EXCEPTION 'withdrawal % may not go from % to % without proof or two persons',\n                    NEW.id, OLD.status, NEW.status USING ERRCODE = '23514';\n            END IF;\n            IF NEW.resend_allowed_by IS NOT NULL AND NEW.resend_allowed_by IS DISTINCT FROM OLD.resend_allowed_by AND NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'payout_resent' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND id = NEW.resend_allowed_by AND mode = NEW.mode\n                    AND parameters ->> 'withdrawal' = (SELECT order_id FROM balances_hold WHERE id = NEW.id)\n            ) THEN\n                RAISE EXCEPTION 'withdrawal % may be sent again by two persons alone', NEW.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='2962b1228d39650497307f7deb1d8ac03905cad9', operation='UPDATE OF "status", "resend_allowed_by"', pgid='pgtrigger_doubts_end_by_proof_or_people_c820b', table='withdrawals_withdrawal', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='what_proves_is_not_made_up', sql=balances.guards.LedgerSql(func="\n            IF ((NEW.refused_unproven AND NOT OLD.refused_unproven) OR (NEW.refused_unread AND NOT OLD.refused_unread))\n                    AND NOT (OLD.status = 'sending' AND NEW.status <> OLD.status) THEN\n                RAISE EXCEPTION 'withdrawal % is refused where it was being sent, and nowhere else', OLD.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.resends < OLD.resends THEN\n                RAISE EXCEPTION 'how often withdrawal % was sent again is never less', OLD.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='ca473cf231295000b009371c0b7ce45dedd9fccf', operation='UPDATE OF "refused_unproven", "refused_unread", "resends"', pgid='pgtrigger_what_proves_is_not_made_up_ebe8f', table='withdrawals_withdrawal', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='what_was_asked_stays', sql=balances.guards.LedgerSql(func="\n            IF (NEW.id, NEW.product_id, NEW.mode, NEW.customer_id, NEW.account_id, NEW.payment_system_id, NEW.reference, NEW.currency, NEW.amount, NEW.metadata, NEW.refund_of, NEW.created_at)\n                    IS DISTINCT FROM\n                    (OLD.id, OLD.product_id, OLD.mode, OLD.customer_id, OLD.account_id, OLD.payment_system_id, OLD.reference, OLD.currency, OLD.amount, OLD.metadata, OLD.refund_of, OLD.created_at) THEN\n                RAISE EXCEPTION 'what withdrawal % asks for is never changed', OLD.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.comment <> OLD.comment AND NOT (NEW.comment = '' AND NEW.redacted_at IS NOT NULL) THEN\n                RAISE EXCEPTION 'the comment of withdrawal % is never changed', OLD.id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.body_digest <> OLD.body_digest\n                    AND NOT (NEW.status = 'sending' AND OLD.status <> NEW.status) THEN\n                RAISE EXCEPTION 'the request of withdrawal % is signed anew only where it is sent', OLD.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='38073e9713ee3935f35c4019ceebdc05b20b9e8f', operation='UPDATE OF "id", "product_id", "mode", "customer_id", "account_id", "payment_system_id", "reference", "currency", "amount", "metadata", "refund_of", "created_at", "comment", "body_digest"', pgid='pgtrigger_what_was_asked_stays_0a2c4', table='withdrawals_withdrawal', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='WithdrawalMove',
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
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='withdrawals.withdrawal')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_withdrawal_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a withdrawal are never changed' USING ERRCODE = '23514';", hash='78bc99a0e911a11cf538012f71418ec205e7a762', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e136c', table='withdrawals_withdrawalmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a withdrawal are never emptied' USING ERRCODE = '23514';", hash='ebb6b5a6c9f6c863a625eb21a18b514c546856e6', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_7dce6', table='withdrawals_withdrawalmove', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('withdrawal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='withdrawals.withdrawal')),
                ('decision', models.CharField(choices=[('approve', 'it may be sent, for all they know'), ('reject', 'it is never sent')], max_length=8)),
                ('role', models.CharField(choices=[('approver', 'anybody who may approve withdrawals'), ('finance_lead', 'somebody who may approve large withdrawals')], help_text='Of an approval: which of those that are needed it is. Of a rejection: as what they could decide.', max_length=16)),
                ('person', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('key', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.apikey')),
                ('reason', models.CharField(help_text='Why, in their words.', max_length=500)),
                ('held_for', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('duplicate_likely', 'the same recipient was sent the same amount a short time ago'), ('limit_exceeded', 'it goes beyond a limit that is there to be looked at')], max_length=24), default=list, help_text='What it was held for, and what they knew when they decided.', size=None)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('decision__in', ['approve', 'reject'])), name='approval_decision_is_known'),
                    models.CheckConstraint(condition=models.Q(('role__in', ['approver', 'finance_lead'])), name='approval_role_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('key', None), ('person__isnull', False)), models.Q(('key__isnull', False), ('person', None), ('role', 'approver')), _connector='OR'), name='approval_is_of_a_person_or_a_key'),
                    models.CheckConstraint(condition=models.Q(('reason__regex', '\\S.{2,}\\S')), name='approval_has_a_reason'),
                    models.UniqueConstraint(fields=('withdrawal', 'person'), name='one_decision_of_a_person'),
                    models.UniqueConstraint(fields=('withdrawal', 'key'), name='one_decision_of_a_key'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='is_open_to_its_giver', sql=balances.guards.LedgerSql(declare='DECLARE waiting withdrawals_withdrawal%ROWTYPE; so_far bigint; by_keys bigint;', func="\n            SELECT * INTO waiting FROM withdrawals_withdrawal WHERE id = NEW.withdrawal_id FOR NO KEY UPDATE;\n            IF waiting.status IS DISTINCT FROM 'pending_approval' THEN\n                RAISE EXCEPTION 'withdrawal % waits for no approval', NEW.withdrawal_id USING ERRCODE = '23514';\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM withdrawals_withdrawalmove\n                WHERE subject_id = NEW.withdrawal_id AND sequence = 1 AND (\n                    (cause = 'person' AND cause_id = NEW.person_id::text)\n                    OR (cause = 'api_key' AND cause_id = NEW.key_id::text))\n            ) THEN\n                RAISE EXCEPTION 'whoever asked for withdrawal % decides nothing about it', NEW.withdrawal_id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.key_id IS NOT NULL AND NOT EXISTS (\n                SELECT 1 FROM products_apikey\n                WHERE id = NEW.key_id AND product_id = waiting.product_id AND mode = waiting.mode\n                    AND 'withdrawals:approve' = ANY (scopes) AND revoked_at IS NULL\n            ) THEN\n                RAISE EXCEPTION 'this API key decides nothing about withdrawal %', NEW.withdrawal_id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.person_id IS NOT NULL AND NOT EXISTS (\n                SELECT 1 FROM auth_user WHERE id = NEW.person_id AND is_active AND is_staff\n            ) THEN\n                RAISE EXCEPTION 'this person decides nothing about withdrawal %', NEW.withdrawal_id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.held_for IS DISTINCT FROM waiting.held_for THEN\n                RAISE EXCEPTION 'withdrawal % is held for something else', NEW.withdrawal_id USING ERRCODE = '23514';\n            END IF;\n            IF NEW.decision = 'approve' THEN\n                SELECT count(*) FILTER (WHERE role = NEW.role), count(key_id) INTO so_far, by_keys\n                FROM withdrawals_approval WHERE withdrawal_id = NEW.withdrawal_id AND decision = 'approve';\n                IF so_far >= cardinality(array_positions(waiting.approvals_needed::text[], NEW.role::text)) THEN\n                    RAISE EXCEPTION 'withdrawal % takes no further approval of a %', NEW.withdrawal_id, NEW.role USING ERRCODE = '23514';\n                END IF;\n                IF NEW.key_id IS NOT NULL AND by_keys > 0 THEN\n                    RAISE EXCEPTION 'only one approval of withdrawal % may come from an API key', NEW.withdrawal_id USING ERRCODE = '23514';\n                END IF;\n            END IF;\n            RETURN NEW;\n        ", hash='63b4ff54cb36d5ca2a2948a0df50b195e7a13c19', operation='INSERT', pgid='pgtrigger_is_open_to_its_giver_5ceb0', table='withdrawals_approval', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='comes_with_its_move', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM withdrawals_withdrawalmove\n                WHERE subject_id = NEW.withdrawal_id AND from_status = 'pending_approval'\n                    AND cause = CASE WHEN NEW.person_id IS NULL THEN 'api_key'\n                        ELSE 'person' END\n                    AND cause_id = coalesce(NEW.person_id::text, NEW.key_id::text)\n                    AND to_status IN ('pending_approval', 'queued', 'cancelled')\n                    AND (to_status = 'cancelled') = (NEW.decision = 'reject')\n            ) THEN\n                RAISE EXCEPTION 'withdrawal % did not move with its decision', NEW.withdrawal_id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='830b8aa46bca436f9fca484fe065dd52f9578652', operation='INSERT', pgid='pgtrigger_comes_with_its_move_7b3e6', table='withdrawals_approval', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'decisions about withdrawals are never changed' USING ERRCODE = '23514';", hash='3e555b54e0eab3dee83b28e8394610d46a1c587e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e7259', table='withdrawals_approval', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'decisions about withdrawals are never emptied' USING ERRCODE = '23514';", hash='8a4d9a85b6155bdfda4bf94f5f19cb9c4dfb2e04', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_edf04', table='withdrawals_approval', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='SlabSet',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('reason', models.CharField(help_text='Kept plain: no account data.', max_length=500)),
                ('created_by', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('currency', models.CharField(help_text='ISO 4217 code.', max_length=3)),
                ('slabs', models.CharField(help_text='Such as "0: none; 10000.00: approver; 100000.00: approver + finance_lead".', max_length=190)),
            ],
            options={
                'verbose_name': 'slabs of approval',
                'verbose_name_plural': 'slabs of approval',
                'ordering': ['product', 'mode', 'currency', '-version'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='slabs_mode_is_known'),
                    models.CheckConstraint(condition=models.Q(('slabs__regex', '^0: (none|(approver|finance_lead)( \\+ (approver|finance_lead))?)(; [0-9]+(\\.[0-9]+)?: (none|(approver|finance_lead)( \\+ (approver|finance_lead))?))*$')), name='slabs_are_read_by_all'),
                    models.UniqueConstraint(fields=('product', 'mode', 'currency', 'version'), name='one_set_of_slabs_per_version', nulls_distinct=False),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'slabs of approval are never changed' USING ERRCODE = '23514';", hash='0734b0be04ac058194269a5fa1b607e96186c13f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fb1ab', table='withdrawals_slabset', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'slabs of approval are never emptied' USING ERRCODE = '23514';", hash='5ef4e009c642005ea736d3bba40ea853d76407eb', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_5051b', table='withdrawals_slabset', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='decided_by_two_persons', sql=balances.guards.LedgerSql(condition="WHEN (NEW.mode = 'live')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'slabs_agreed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode AND parameters ->> 'product' = NEW.product_id::text AND parameters ->> 'currency' = NEW.currency\n                    AND parameters ->> 'slabs' = NEW.slabs\n            ) THEN\n                RAISE EXCEPTION 'slabs of approval of live money need an instruction that two persons decided in their transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='9972603b00ed4ca7554cf6e7dd3119c522d2959a', operation='INSERT', pgid='pgtrigger_decided_by_two_persons_f510c', table='withdrawals_slabset', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='BlockedRecipient',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', gateway.encryption.EncryptedTextField(help_text='As it was entered; never shown.')),
                ('account_hashes', gateway.keyed_hashes.KeyedHashesField(base_field=models.CharField(max_length=64), default=list, help_text='The keyed hash by which it is found.', size=None)),
                ('hint', models.CharField(help_text='The account, masked.', max_length=190)),
                ('product', models.ForeignKey(blank=True, db_index=False, help_text='Empty: no product pays to it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('reason', models.CharField(help_text='Kept plain: no account data.', max_length=500)),
                ('created_by', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_reason', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(condition=models.Q(('ended_at', None)), fields=['account_hashes'], name='blocks_by_account'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None), ('ended_reason', '')), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False), models.Q(('ended_reason', ''), _negated=True)), _connector='OR'), name='block_ends_whole'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='begins_open', sql=balances.guards.LedgerSql(func="\n            IF NEW.ended_at IS NOT NULL OR cardinality(NEW.account_hashes) = 0 THEN\n                RAISE EXCEPTION 'a block begins open, with what it is found by' USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='83d0db35b40e6bf4ff1ad2e1019fc06edff13ac5', operation='INSERT', pgid='pgtrigger_begins_open_24e34', table='withdrawals_blockedrecipient', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='ends_once', sql=balances.guards.LedgerSql(func="\n            IF TG_OP = 'UPDATE' THEN\n                IF to_jsonb(NEW) - ARRAY['account', 'account_hashes'] = to_jsonb(OLD) - ARRAY['account', 'account_hashes']\n                        AND cardinality(NEW.account_hashes) > 0 THEN\n                    RETURN NEW;\n                END IF;\n                IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL\n                        AND to_jsonb(NEW) - ARRAY['ended_at', 'ended_by_id', 'ended_reason'] = to_jsonb(OLD) - ARRAY['ended_at', 'ended_by_id', 'ended_reason'] THEN\n                    RETURN NEW;\n                END IF;\n            END IF;\n            RAISE EXCEPTION 'a block is ended once and never changed' USING ERRCODE = '23514';\n        ", hash='2c4c62e788164a9f50709600da4f0ea5deacc7ce', operation='UPDATE OR DELETE', pgid='pgtrigger_ends_once_40368', table='withdrawals_blockedrecipient', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='ended_by_two_persons', sql=balances.guards.LedgerSql(condition='WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)', constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'recipient_unblocked' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND parameters ->> 'blocked' = NEW.id::text\n            ) THEN\n                RAISE EXCEPTION 'a block is ended by an instruction that two persons decided in its transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='78210c4c30e7c3719ad174c7321ad9da230eb9f6', operation='UPDATE', pgid='pgtrigger_ended_by_two_persons_e76bd', table='withdrawals_blockedrecipient', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'blocks are never emptied' USING ERRCODE = '23514';", hash='5aa15de17f873c714e51d71974781439cb264b94', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_f4781', table='withdrawals_blockedrecipient', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='DuplicateWindow',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('reason', models.CharField(help_text='Kept plain: no account data.', max_length=500)),
                ('created_by', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('minutes', models.PositiveIntegerField(help_text='0: nothing is ever taken for a duplicate.')),
            ],
            options={
                'ordering': ['product', 'mode', '-version'],
                'constraints': [
                    models.UniqueConstraint(fields=('product', 'mode', 'version'), name='one_duplicate_window_per_version', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('minutes__lte', 43200)), name='duplicate_window_is_a_month_at_most', violation_error_message='At most 43200 minutes, which are 30 days.'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='decided_by_two_persons', sql=balances.guards.LedgerSql(condition="WHEN (NEW.mode = 'live')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'duplicate_window_agreed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode AND parameters ->> 'product' = NEW.product_id::text AND (parameters ->> 'minutes')::integer = NEW.minutes\n            ) THEN\n                RAISE EXCEPTION 'duplicate windows of live money need an instruction that two persons decided in their transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='859a1a65ef3866b021138a6c1bb640ded754820e', operation='INSERT', pgid='pgtrigger_decided_by_two_persons_9fa1d', table='withdrawals_duplicatewindow', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'duplicate windows are never changed' USING ERRCODE = '23514';", hash='fb8188e07f18b0ab2fcf24dd1506f7ce8c3de087', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_42296', table='withdrawals_duplicatewindow', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'duplicate windows are never emptied' USING ERRCODE = '23514';", hash='dd403005e35fc2d0d4fab5a26bd60667a0598cd1', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_e0389', table='withdrawals_duplicatewindow', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='OutflowCap',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('reason', models.CharField(help_text='Kept plain: no account data.', max_length=500)),
                ('created_by', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('currency', models.CharField(help_text='ISO 4217 code.', max_length=3)),
                ('product', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('account', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.provideraccount')),
                ('maximum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
            ],
            options={
                'ordering': ['mode', 'currency', 'product', 'account', '-version'],
                'constraints': [
                    models.UniqueConstraint(fields=('mode', 'currency', 'product', 'account', 'version'), name='one_outflow_cap_per_version', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(models.Q(('account__isnull', False), ('product', None)), models.Q(('account', None), ('product__isnull', False)), _connector='OR'), name='outflow_cap_is_of_one', violation_error_message='A cap is of a product or of a provider account: name one of them.'),
                    models.CheckConstraint(condition=models.Q(('maximum', None), ('maximum__gt', 0), _connector='OR'), name='outflow_cap_leaves_something', violation_error_message='A cap leaves room for something; to stop everything there are pauses.'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='decided_by_two_persons', sql=balances.guards.LedgerSql(condition="WHEN (NEW.mode = 'live')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'outflow_cap_agreed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode AND parameters ->> 'currency' = NEW.currency\n                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')\n                    AND coalesce(parameters ->> 'provider_account', '') = coalesce(NEW.account_id::text, '')\n                    AND (parameters ->> 'maximum')::numeric IS NOT DISTINCT FROM NEW.maximum\n            ) THEN\n                RAISE EXCEPTION 'outflow caps of live money need an instruction that two persons decided in their transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='c69f7184523cc3ff373a838a545d7dd96d60e5b0', operation='INSERT', pgid='pgtrigger_decided_by_two_persons_28edb', table='withdrawals_outflowcap', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'outflow caps are never changed' USING ERRCODE = '23514';", hash='adbe8de4e775f28716fea47ab75d793137527ec7', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_888da', table='withdrawals_outflowcap', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'outflow caps are never emptied' USING ERRCODE = '23514';", hash='71a6a66d98282110ea841582e62e6a947caa68ac', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_fc946', table='withdrawals_outflowcap', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='WithdrawalLimit',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('reason', models.CharField(help_text='Kept plain: no account data.', max_length=500)),
                ('created_by', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('currency', models.CharField(help_text='ISO 4217 code.', max_length=3)),
                ('product', models.ForeignKey(blank=True, db_index=False, help_text='Empty: every product, each by itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('per', models.CharField(choices=[('product', 'all of a product'), ('customer', 'each customer of a product'), ('recipient', 'each account that a product pays to'), ('payment_system', 'each payment system, or the one that is named')], max_length=14)),
                ('payment_system', models.ForeignKey(blank=True, db_index=False, help_text='Of a limit per payment system alone. Empty: each of them, by itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.paymentsystem')),
                ('period', models.CharField(choices=[('hour', 'the last 60 minutes'), ('day', 'the last 24 hours'), ('month', 'the last 30 days')], max_length=5)),
                ('on_excess', models.CharField(choices=[('refuse', 'it is not made'), ('hold', 'it is made and waits for a person')], max_length=6)),
                ('maximum_amount', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('maximum_count', models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['mode', 'currency', 'product', 'per', 'payment_system', 'period', 'on_excess', '-version'],
                'constraints': [
                    models.UniqueConstraint(fields=('mode', 'currency', 'product', 'per', 'payment_system', 'period', 'on_excess', 'version'), name='one_limit_per_version', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('payment_system', None), ('per', 'payment_system'), _connector='OR'), name='limit_of_a_system_is_per_system', violation_error_message='Only a limit per payment system names one.'),
                    models.CheckConstraint(condition=models.Q(('on_excess__in', ['refuse', 'hold']), ('per__in', ['product', 'customer', 'recipient', 'payment_system']), ('period__in', ['hour', 'day', 'month'])), name='limit_words_are_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('maximum_amount', None), ('maximum_amount__gt', 0), _connector='OR'), models.Q(('maximum_count', None), ('maximum_count__gt', 0), _connector='OR')), name='limit_leaves_something', violation_error_message='A limit leaves room for something; to stop everything there are pauses.'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='decided_by_two_persons', sql=balances.guards.LedgerSql(condition="WHEN (NEW.mode = 'live')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'limit_agreed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode AND parameters ->> 'currency' = NEW.currency AND parameters ->> 'per' = NEW.per\n                    AND parameters ->> 'period' = NEW.period AND parameters ->> 'on_excess' = NEW.on_excess\n                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')\n                    AND coalesce(parameters ->> 'payment_system', '') = coalesce(NEW.payment_system_id, '')\n                    AND (parameters ->> 'maximum_amount')::numeric IS NOT DISTINCT FROM NEW.maximum_amount\n                    AND (parameters ->> 'maximum_count')::integer IS NOT DISTINCT FROM NEW.maximum_count\n            ) THEN\n                RAISE EXCEPTION 'limits of live money need an instruction that two persons decided in their transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='1c6d5fb39e491a71e8675fb002c0cbb6b9ae990d', operation='INSERT', pgid='pgtrigger_decided_by_two_persons_c9711', table='withdrawals_withdrawallimit', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='append_only', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'limits are never changed' USING ERRCODE = '23514';", hash='e24610453f0a3c9d7cf85972832cbf304aeb1640', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_121dd', table='withdrawals_withdrawallimit', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=balances.guards.LedgerSql(func="RAISE EXCEPTION 'limits are never emptied' USING ERRCODE = '23514';", hash='1417bed54c6847bd41f9e3b3a92565af2e790ecd', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_15524', table='withdrawals_withdrawallimit', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='WithdrawalBatch',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('reference', models.CharField(max_length=128)),
                ('source', models.CharField(choices=[('json', 'the body of a call'), ('csv', 'a CSV file'), ('xlsx', 'an XLSX file')], max_length=4)),
                ('row_count', models.PositiveIntegerField()),
                ('fingerprint', models.CharField(help_text='Keyed hash of its rows; the file itself is not kept.', max_length=64)),
                ('asked_by', models.CharField(choices=[('api_key', "a product's call"), ('person', 'a person in the admin'), ('provider_answer', "the provider's answer to our call"), ('pull', 'the provider, asked by us'), ('clock', 'time that passed')], help_text='What kind of caller sent it.', max_length=24)),
                ('asked_by_id', models.CharField(help_text='Which one: a key or a person.', max_length=80)),
                ('status', models.CharField(choices=[('checked', 'every row is valid; the person who sent it has not said yes yet'), ('accepted', 'its withdrawals are to be made'), ('working', 'its withdrawals are being made, in the order of its rows'), ('done', 'each row was made or refused'), ('cancelled', 'called off; the withdrawals that it had made go on')], default='accepted', max_length=10)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name_plural': 'withdrawal batches',
                'indexes': [
                    models.Index(fields=['product', 'mode', '-id'], name='batches_of_a_product'),
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='batches_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('product', 'mode', 'reference'), name='one_batch_per_reference'),
                    models.CheckConstraint(condition=models.Q(('row_count__gt', 0)), name='batch_has_rows'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['checked', 'accepted', 'working', 'done', 'cancelled'])), name='batch_status_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('status__in', ['cancelled', 'done'])), models.Q(('finished_at__isnull', True), models.Q(('status__in', ['cancelled', 'done']), _negated=True)), _connector='OR'), name='batch_finished_at_its_end'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('accepted', 'checked') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'withdrawal batch may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('accepted>cancelled', 'accepted>working', 'checked>accepted', 'checked>cancelled', 'working>cancelled', 'working>done')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'withdrawal batch: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='01bcd97c0b8b77f839a9012461b845fdc62a598b', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_f8adf', table='withdrawals_withdrawalbatch', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM withdrawals_withdrawalbatchmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'withdrawal batch: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='25cd289d666da1416816870c6356093c1064e169', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_ad4d6', table='withdrawals_withdrawalbatch', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='all_rows_ended', sql=balances.guards.LedgerSql(condition="WHEN (NEW.status IN ('cancelled', 'done'))", constraint='CONSTRAINT', func="\n            IF EXISTS (SELECT 1 FROM withdrawals_batchrow WHERE batch_id = NEW.id AND status = 'waiting') THEN\n                RAISE EXCEPTION 'batch % has rows that wait', NEW.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='bb626ce82aadf17a5a613bccfb0837ee54b8b450', operation='INSERT OR UPDATE OF "status"', pgid='pgtrigger_all_rows_ended_ac997', table='withdrawals_withdrawalbatch', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='same_wish_for_ever', sql=gateway.lifecycles.GuardSql(func="\n                    IF TG_OP = 'DELETE' THEN\n                        RAISE EXCEPTION 'batches are never deleted' USING ERRCODE = '23514';\n                    END IF;\n                    IF (NEW.product_id, NEW.mode, NEW.reference, NEW.source, NEW.row_count, NEW.fingerprint,\n                            NEW.asked_by, NEW.asked_by_id, NEW.created_at) IS DISTINCT FROM\n                            (OLD.product_id, OLD.mode, OLD.reference, OLD.source, OLD.row_count, OLD.fingerprint,\n                            OLD.asked_by, OLD.asked_by_id, OLD.created_at) THEN\n                        RAISE EXCEPTION 'what was asked for in a batch is never changed' USING ERRCODE = '23514';\n                    END IF;\n                    RETURN NEW;\n                ", hash='98da9f9824b617c5daafcff6118407c12cd656a3', operation='DELETE OR UPDATE OF "product_id", "mode", "reference", "source", "row_count", "fingerprint", "asked_by", "asked_by_id", "created_at"', pgid='pgtrigger_same_wish_for_ever_c4da6', table='withdrawals_withdrawalbatch', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'batches are never emptied' USING ERRCODE = '23514';", hash='910607d4b9881151de7f78d1e626803ca6be3a71', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_2e851', table='withdrawals_withdrawalbatch', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='has_all_rows', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF NEW.row_count <> (SELECT count(*) FROM withdrawals_batchrow WHERE batch_id = NEW.id) THEN\n                RAISE EXCEPTION 'batch % has not as many rows as it says', NEW.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='bd6f85d85d1441a01dcfb65ab2aba65d6085ad05', operation='INSERT', pgid='pgtrigger_has_all_rows_2d0b4', table='withdrawals_withdrawalbatch', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='BatchRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='withdrawals.withdrawalbatch')),
                ('number', models.PositiveIntegerField(help_text='Counts the rows of a batch from 1.')),
                ('reference', models.CharField(max_length=128)),
                ('payment_system', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.paymentsystem')),
                ('currency', models.CharField(max_length=3)),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20)),
                ('customer', models.CharField(max_length=128)),
                ('recipient', gateway.encryption.EncryptedJSONField(help_text='A mask, or nothing, once the row has ended.')),
                ('comment', models.CharField(blank=True, help_text='Empty, once the row has ended.', max_length=64)),
                ('metadata', models.JSONField(default=dict)),
                ('status', models.CharField(choices=[('waiting', 'its withdrawal is to be made'), ('made', 'there is its withdrawal'), ('refused', 'no withdrawal could be made; its code says why'), ('cancelled', 'its batch was called off before')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0, help_text='How often making it failed unexpectedly.')),
                ('code', models.CharField(blank=True, max_length=40)),
                ('detail', models.CharField(blank=True, max_length=200)),
                ('withdrawal', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='withdrawals.withdrawal')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('withdrawal__isnull', False)), fields=['withdrawal'], name='batch_rows_by_withdrawal'),
                    models.Index(fields=['reference'], name='batch_rows_by_reference'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('batch', 'number'), name='one_batch_row_per_number'),
                    models.UniqueConstraint(fields=('batch', 'reference'), name='one_batch_row_per_reference'),
                    models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='batch_row_amount_is_positive'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'made', 'refused', 'cancelled'])), name='batch_row_status_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status', 'made'), ('withdrawal__isnull', False)), models.Q(models.Q(('status', 'made'), _negated=True), ('withdrawal__isnull', True)), _connector='OR'), name='batch_row_made_has_its_withdrawal'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status', 'refused'), models.Q(('code', ''), _negated=True)), models.Q(models.Q(('status', 'refused'), _negated=True), ('code', '')), _connector='OR'), name='batch_row_refused_has_its_code'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='made_as_asked', sql=balances.guards.LedgerSql(condition="WHEN (NEW.status = 'made')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM withdrawals_withdrawal AS made JOIN withdrawals_withdrawalbatch AS batch\n                    ON batch.product_id = made.product_id AND batch.mode = made.mode\n                WHERE made.id = NEW.withdrawal_id AND batch.id = NEW.batch_id AND made.reference = NEW.reference\n                    AND made.currency = NEW.currency AND made.amount = NEW.amount\n                    AND made.payment_system_id = NEW.payment_system_id\n            ) THEN\n                RAISE EXCEPTION 'row % of a batch was made otherwise than it was asked for', NEW.number USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='18b95a572d44c75027df525760941840ec029bc1', operation='UPDATE OF "status"', pgid='pgtrigger_made_as_asked_908b4', table='withdrawals_batchrow', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of batches are never emptied' USING ERRCODE = '23514';", hash='05f5e22b2b7f83c8ab528f687056810b2e0d4804', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_c6acc', table='withdrawals_batchrow', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'rows of batches are never deleted' USING ERRCODE = '23514';\n            END IF;\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.status <> 'waiting' THEN\n                    RAISE EXCEPTION 'a row of a batch may not begin as %', NEW.status USING ERRCODE = '23514';\n                END IF;\n                -- All numbers up to this are taken at the COMMIT of the batch, so nobody adds one later.\n                IF NOT EXISTS (\n                    SELECT 1 FROM withdrawals_withdrawalbatch\n                    WHERE id = NEW.batch_id AND NEW.number BETWEEN 1 AND row_count\n                ) THEN\n                    RAISE EXCEPTION 'a batch has as many rows as it was sent with' USING ERRCODE = '23514';\n                END IF;\n                RETURN NEW;\n            END IF;\n            -- The rotation of keys writes the recipient anew; a worker counts how often it failed.\n            IF to_jsonb(NEW) - ARRAY['recipient', 'attempts'] = to_jsonb(OLD) - ARRAY['recipient', 'attempts'] THEN\n                RETURN NEW;\n            END IF;\n            IF OLD.status <> 'waiting' OR NEW.status = 'waiting'\n                    OR to_jsonb(NEW) - ARRAY['status', 'code', 'detail', 'withdrawal_id', 'recipient', 'comment', 'ended_at'] <> to_jsonb(OLD) - ARRAY['status', 'code', 'detail', 'withdrawal_id', 'recipient', 'comment', 'ended_at'] THEN\n                RAISE EXCEPTION 'a row of a batch ends once, and what was asked for stays' USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='8437de800dc566abe4216005843c92214d5c5820', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_legal_moves_28747', table='withdrawals_batchrow', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='WithdrawalBatchMove',
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
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='withdrawals.withdrawalbatch')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_batch_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a batch are never changed' USING ERRCODE = '23514';", hash='fd081675d02f58fd759aa9a25a4915d3a3ac0ae1', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_076c6', table='withdrawals_withdrawalbatchmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a batch are never emptied' USING ERRCODE = '23514';", hash='d0adc846a62d6e17121a00b0e1011cd39155d9b0', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_f32ca', table='withdrawals_withdrawalbatchmove', when='BEFORE')),
                ],
            },
        ),
    ]
