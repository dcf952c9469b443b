"""Migrations 0001 to 0013 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import balances.guards
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import gateway.encryption
import gateway.ids
import gateway.lifecycles
import pgtrigger.compiler
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('payments', '0001_initial'),
        ('payments', '0002_the_whole_contract'),
        ('payments', '0003_no_index_for_nothing'),
        ('payments', '0005_receipt_columns'),
        ('payments', '0006_opening_journals'),
        ('payments', '0007_receipts_move_money'),
        ('payments', '0008_savings_are_posted'),
        ('payments', '0009_opening_savings'),
        ('payments', '0010_histories_are_never_emptied'),
        ('payments', '0011_waiting_money_is_decided'),
        ('payments', '0012_for_a_person'),
        ('payments', '0013_lists_look_by_id'),
    ]

    initial = True

    dependencies = [
        ('balances', '0002_posting_in_one_call'),
        ('products', '0007_keys_keep_their_networks'),
        ('providers', '0009_a_second_active_account_is_refused_in_words'),
    ]

    operations = [
        migrations.CreateModel(
            name='Savings',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='products.customer')),
                ('payment_system', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='providers.paymentsystem')),
                ('currency', models.CharField(max_length=3)),
                ('saved', models.DecimalField(decimal_places=4, max_digits=20)),
                ('lacking', models.DecimalField(decimal_places=4, max_digits=20)),
                ('minimum', models.DecimalField(decimal_places=4, max_digits=20)),
                ('is_reported', models.BooleanField(default=True, help_text='False once the provider said nothing usable any more: not reported is not zero.')),
                ('observed_at', models.DateTimeField()),
                ('sequence', models.PositiveIntegerField(default=0, help_text='Counts its changes, and so its journals and news.')),
                ('missing', models.DecimalField(decimal_places=4, default=Decimal('0'), help_text='What the sum fell by without a release: a person has to ask the provider.', max_digits=20)),
            ],
            options={
                'verbose_name_plural': 'savings',
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'customer', 'payment_system', 'currency'), name='one_savings_per_customer_and_system'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Deposit',
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
                ('return_urls', models.JSONField(default=dict)),
                ('language', models.CharField(default='en', max_length=2)),
                ('details', gateway.encryption.EncryptedJSONField(default=dict, help_text='What the system wants to know of the customer.')),
                ('metadata', models.JSONField(default=dict)),
                ('flow', models.CharField(choices=[('activation', 'show details, the customer pays by hand and enters the reference'), ('redirect', 'the customer is sent to a payment page'), ('push', 'the customer approves a request on the phone'), ('none', 'takes no deposits')], help_text='Frozen from the payment system.', max_length=10)),
                ('is_manual', models.BooleanField(help_text='Frozen when the provider opens the order; selects the endpoint.', null=True)),
                ('in_widget', models.BooleanField(default=False, help_text="Frozen from the account: it is paid in the provider's payment window (C§1.8).")),
                ('status', models.CharField(choices=[('created', 'the order is kept; the provider has not yet been heard'), ('awaiting_payment', 'the customer knows how to pay'), ('verifying', 'the customer says it is paid; the provider is being asked'), ('accumulating', 'received below the minimum; in savings until more comes'), ('in_review', 'money or an answer that a person has to look at'), ('credited', 'the money arrived'), ('failed', 'the provider refused the order'), ('expired', 'nothing arrived in time'), ('cancelled', 'the product called it off'), ('reversed', 'the provider took the money back')], default='created', max_length=20)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('failure_code', models.CharField(blank=True, choices=[('provider_refused', 'the provider refused to open the payment'), ('provider_unavailable', 'the provider could not be reached in time'), ('provider_answer_unusable', "the provider's answer makes no sense"), ('not_paid_in_time', 'nobody paid, or nobody said so'), ('not_confirmed', 'the provider never confirmed the payment'), ('reference_refused', 'the provider does not accept this reference'), ('money_returned', 'what arrived was not for this order and did not stay')], max_length=40)),
                ('hinted_at', models.DateTimeField(help_text='When an unproven letter last made it due.', null=True)),
                ('deadline_at', models.DateTimeField(help_text='When the present status ends by itself.', null=True)),
                ('shown', gateway.encryption.EncryptedJSONField(help_text='What the customer was told: details, address or message.', null=True)),
                ('shown_at', models.DateTimeField(null=True)),
                ('payment_created_at', models.DateTimeField(help_text="Written before payment/create is sent, which is never sent twice, or with the widget's address.", null=True)),
                ('savings', models.ForeignKey(help_text='What was last said of the savings it may be among.', null=True, on_delete=django.db.models.deletion.PROTECT, to='payments.savings')),
                ('received_amount', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('amount_check', models.CharField(blank=True, choices=[('exact', 'the same amount'), ('over', 'more'), ('under', 'less'), ('other_currency', 'money of another currency')], max_length=16)),
                ('late', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('redacted_at', models.DateTimeField(blank=True, help_text='When what the customer entered and was shown was taken away.', null=True)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['product', 'mode', '-id'], name='deposits_of_a_product'),
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='deposits_due'),
                    models.Index(condition=models.Q(('status__in', ['created', 'awaiting_payment', 'verifying'])), fields=['deadline_at'], name='deposits_by_deadline'),
                    models.Index(condition=models.Q(('redacted_at', None), ('status__in', ['cancelled', 'credited', 'expired', 'failed', 'reversed'])), fields=['updated_at'], name='deposits_to_redact'),
                    models.Index(condition=models.Q(('status__in', ['in_review', 'accumulating', 'reversed'])), fields=['id'], name='deposits_for_a_person'),
                    models.Index(condition=models.Q(('mode', 'test')), fields=['id'], name='deposits_in_test'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('product', 'mode', 'reference'), name='one_deposit_per_reference'),
                    models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='deposit_amount_is_positive'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['created', 'awaiting_payment', 'verifying', 'accumulating', 'in_review', 'credited', 'failed', 'expired', 'cancelled', 'reversed'])), name='deposit_status_is_known'),
                    models.CheckConstraint(condition=models.Q(('received_amount__isnull', True), ('received_amount__gt', 0), _connector='OR'), name='deposit_received_is_positive'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('created') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'deposit may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('accumulating>credited', 'accumulating>in_review', 'awaiting_payment>accumulating', 'awaiting_payment>cancelled', 'awaiting_payment>credited', 'awaiting_payment>expired', 'awaiting_payment>in_review', 'awaiting_payment>verifying', 'cancelled>credited', 'cancelled>in_review', 'created>awaiting_payment', 'created>cancelled', 'created>credited', 'created>expired', 'created>failed', 'created>in_review', 'created>verifying', 'credited>credited', 'credited>reversed', 'expired>credited', 'expired>in_review', 'failed>credited', 'failed>in_review', 'in_review>credited', 'in_review>failed', 'in_review>in_review', 'in_review>reversed', 'verifying>accumulating', 'verifying>awaiting_payment', 'verifying>credited', 'verifying>expired', 'verifying>in_review')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'deposit: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='b325ecc537dbb03d84714be32a75c51f0059d610', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_89765', table='payments_deposit', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM payments_depositmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'deposit: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='eadad7d61d2f750c5a5c5a631ff9595b1cc96332', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_9a683', table='payments_deposit', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Confirmation',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('deposit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='confirmations', to='payments.deposit')),
                ('provider_reference', models.CharField(help_text="The bank's reference, normalised (key1).", max_length=190)),
                ('amount', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('status', models.CharField(choices=[('created', 'kept, not yet sent'), ('sending', 'being sent; it may have arrived'), ('verifying', "sent; the provider's final word is awaited"), ('credited', 'its money arrived'), ('refused', 'the provider refused the reference'), ('expired', 'never confirmed by the provider')], default='created', max_length=20)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('failure_code', models.CharField(blank=True, choices=[('provider_refused', 'the provider refused to open the payment'), ('provider_unavailable', 'the provider could not be reached in time'), ('provider_answer_unusable', "the provider's answer makes no sense"), ('not_paid_in_time', 'nobody paid, or nobody said so'), ('not_confirmed', 'the provider never confirmed the payment'), ('reference_refused', 'the provider does not accept this reference'), ('money_returned', 'what arrived was not for this order and did not stay')], max_length=40)),
                ('provider_word', models.CharField(blank=True, help_text='What the provider answered when it was sent.', max_length=20)),
                ('is_contested', models.BooleanField(default=False, help_text='Another customer claims the same reference.')),
                ('sent_at', models.DateTimeField(help_text='Written before the first byte leaves.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'permissions': [
                    ('confirm_for_customer', "Can confirm a deposit on a customer's behalf"),
                ],
                'indexes': [
                    models.Index(fields=['provider_reference'], name='confirmations_by_reference'),
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='confirmations_due'),
                    models.Index(condition=models.Q(('status', 'verifying')), fields=['created_at'], name='confirmations_being_verified'),
                    models.Index(condition=models.Q(('is_contested', True)), fields=['id'], name='confirmations_contested'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('status__in', ['created', 'sending', 'verifying', 'credited', 'refused', 'expired'])), name='confirmation_status_is_known'),
                    models.UniqueConstraint(condition=models.Q(('status__in', ['created', 'sending', 'credited']), models.Q(('status', 'verifying'), models.Q(('provider_word', 'unknown'), _negated=True)), _connector='OR'), fields=('deposit', 'provider_reference'), name='one_open_confirmation_per_reference'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('created') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'confirmation may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('created>credited', 'created>expired', 'created>refused', 'created>sending', 'expired>credited', 'refused>credited', 'sending>created', 'sending>credited', 'sending>refused', 'sending>verifying', 'verifying>credited', 'verifying>expired', 'verifying>refused')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'confirmation: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='f17e559a23b24e44b7bb1cbf43b522f59dbef169', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_9de42', table='payments_confirmation', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM payments_confirmationmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'confirmation: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='d26c6d978e17f9dd5d0f39897ec47aeaa2732b23', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_366be', table='payments_confirmation', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='DepositMove',
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
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='payments.deposit')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_deposit_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a deposit are never changed' USING ERRCODE = '23514';", hash='dfacb330828f47779fe102c572ff84abac362566', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_28ad4', table='payments_depositmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a deposit are never emptied' USING ERRCODE = '23514';", hash='f4551e2146b8853cb6519855bbfaf2b975f8edfa', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_b83dd', table='payments_depositmove', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('wallet_type', models.CharField(max_length=190)),
                ('transaction_id', models.CharField(blank=True, max_length=190)),
                ('custom_id', models.CharField(blank=True, max_length=190)),
                ('deposit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='payments.deposit')),
                ('confirmation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='payments.confirmation')),
                ('label', models.CharField(blank=True, max_length=190)),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20)),
                ('currency', models.CharField(max_length=3)),
                ('product', models.ForeignKey(db_index=False, help_text='To whom it was credited.', null=True, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('status', models.CharField(choices=[('received', 'just read; settled before its transaction ends'), ('credited', 'the product has it'), ('in_review', 'in suspense; it belongs to a deposit that a person has to look at'), ('suspense', 'in suspense; we know no order for it'), ('reversed', 'the provider took it back after it was credited'), ('returned', 'the provider took it back out of suspense'), ('written_off', 'nobody could say whose it is; we keep it')], default='received', max_length=12)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('contradiction', models.CharField(blank=True, help_text='The provider said the same item differently; a person decides.', max_length=200)),
                ('stockpiling_id', models.CharField(blank=True, max_length=40)),
                ('provider_time', models.CharField(blank=True, help_text='As the provider wrote it, without a zone.', max_length=40)),
                ('provider_at', models.DateTimeField(blank=True, help_text="The same read with the account's zone of that time; empty where it cannot be. Decides nothing.", null=True)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['transaction_id'], name='receipts_by_transaction'),
                    models.Index(django.db.models.functions.text.Upper('transaction_id'), name='receipts_by_any_spelling'),
                    models.Index(condition=models.Q(('status__in', ['in_review', 'suspense']), models.Q(('contradiction', ''), _negated=True), _connector='OR'), fields=['-id'], name='receipts_for_a_person'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('transaction_id', ''), _negated=True), fields=('account', 'wallet_type', 'transaction_id'), name='one_receipt_per_transaction'),
                    models.UniqueConstraint(condition=models.Q(('transaction_id', '')), fields=('account', 'custom_id'), name='one_receipt_per_order_without_transaction'),
                    models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='receipt_amount_is_positive'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['received', 'credited', 'in_review', 'suspense', 'reversed', 'returned', 'written_off'])), name='receipt_status_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('product__isnull', False), ('status__in', ['credited', 'reversed'])), models.Q(('product__isnull', True), models.Q(('status__in', ['credited', 'reversed']), _negated=True)), _connector='OR'), name='receipt_credited_has_its_product'),
                    models.CheckConstraint(condition=models.Q(('deposit__isnull', False), models.Q(('status', 'in_review'), _negated=True), _connector='OR'), name='receipt_in_review_has_its_deposit'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('received') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'receipt may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('credited>reversed', 'in_review>credited', 'in_review>returned', 'in_review>written_off', 'received>credited', 'received>in_review', 'received>suspense', 'suspense>credited', 'suspense>in_review', 'suspense>returned', 'suspense>written_off')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'receipt: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='d6733608b40e14d0eeb1b4ada2ad92773541e114', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_6129e', table='payments_receipt', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM payments_receiptmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'receipt: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='568137d93d60fbc8f87150926a0e602d73e77022', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_1ddab', table='payments_receipt', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='settled_at_once', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n                    IF EXISTS (SELECT 1 FROM payments_receipt WHERE id = NEW.id AND status = 'received') THEN\n                        RAISE EXCEPTION 'receipt % was not settled', NEW.id USING ERRCODE = '23514';\n                    END IF;\n                    RETURN NULL;\n                ", hash='abc6fbcb175709251efe809855a6cb636c0368d9', operation='INSERT', pgid='pgtrigger_settled_at_once_9ecc9', table='payments_receipt', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='same_money_for_ever', sql=balances.guards.LedgerSql(func="\n                    IF TG_OP = 'DELETE' THEN\n                        RAISE EXCEPTION 'receipts are never deleted' USING ERRCODE = '23514';\n                    END IF;\n                    IF (NEW.amount, NEW.currency, NEW.account_id, NEW.wallet_type, NEW.transaction_id, NEW.custom_id)\n                            IS DISTINCT FROM\n                            (OLD.amount, OLD.currency, OLD.account_id, OLD.wallet_type, OLD.transaction_id,\n                                OLD.custom_id)\n                            OR (OLD.product_id IS NOT NULL AND NEW.product_id IS DISTINCT FROM OLD.product_id) THEN\n                        RAISE EXCEPTION 'what a receipt says of its money is never changed' USING ERRCODE = '23514';\n                    END IF;\n                    RETURN NEW;\n                ", hash='3ee8aab4e6f8a2e2d66de36d0105dbdb5e3bb8e1', operation='UPDATE OR DELETE', pgid='pgtrigger_same_money_for_ever_a9854', table='payments_receipt', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='money_follows', sql=balances.guards.LedgerSql(condition="WHEN (OLD.status IN ('in_review', 'suspense', 'credited') AND NEW.status NOT IN ('in_review', 'suspense') AND NEW.status <> OLD.status)", constraint='CONSTRAINT', declare='DECLARE journal record;', func="\n            SELECT instruction_id INTO journal FROM balances_journal\n                WHERE xact = pg_current_xact_id()::text::bigint AND kind = CASE NEW.status\n                    WHEN 'credited' THEN 'suspense_credited'\n                    WHEN 'returned' THEN 'suspense_returned'\n                    WHEN 'written_off' THEN 'suspense_written_off'\n                    WHEN 'reversed' THEN 'receipt_reversed' END\n                AND reference = \n    'rcp_' || (\n        SELECT string_agg(\n            substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + substring(bits FROM 5 * place + 1 FOR 5)::int, 1),\n            '' ORDER BY place\n        )\n        FROM (SELECT B'00' || ('x' || replace(NEW.id::text, '-', ''))::bit(128) AS bits) AS id,\n            generate_series(0, 25) AS place\n    )\n;\n            IF NOT FOUND THEN\n                RAISE EXCEPTION 'receipt % is % without its journal', NEW.id, NEW.status USING ERRCODE = '23514';\n            END IF;\n            IF journal.instruction_id IS NULL AND NOT (\n                NEW.contradiction = '' AND EXISTS (\n                    SELECT 1 FROM payments_deposit WHERE id = NEW.deposit_id AND product_id = NEW.product_id\n                )\n            ) THEN\n                RAISE EXCEPTION 'receipt %: what it becomes is decided by two persons', NEW.id USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='b2f6c774ab7044e96a655a6049e14c1af74b83aa', operation='UPDATE OF "status"', pgid='pgtrigger_money_follows_2d205', table='payments_receipt', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Screenshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('confirmation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='screenshot', to='payments.confirmation')),
                ('picture', gateway.encryption.EncryptedBytesField()),
                ('digest', models.CharField(db_index=True, help_text='SHA-256 of the re-encoded picture.', max_length=64)),
                ('pixel_digest', models.CharField(blank=True, help_text='SHA-256 of the decoded pixels, in whatever format they came.', max_length=64)),
                ('look', models.CharField(blank=True, help_text='Coarse brightness steps: alike where pictures are.', max_length=16)),
                ('suspicions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('same_picture', 'the same pixels came with another confirmation'), ('looks_alike', 'a picture that looks the same came with another confirmation'), ('same_reference', 'its reference stands in another confirmation, too')], max_length=16), blank=True, default=list, size=None)),
                ('duplicate_of', models.ForeignKey(blank=True, help_text='The screenshot that it resembles.', null=True, on_delete=django.db.models.deletion.PROTECT, to='payments.screenshot')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'permissions': [('see_picture', 'Can look at the picture of a screenshot')],
                'indexes': [
                    models.Index(condition=models.Q(('pixel_digest', ''), _negated=True), fields=['pixel_digest'], name='screenshots_by_pixels'),
                    models.Index(condition=models.Q(('look', ''), _negated=True), fields=['look'], name='screenshots_by_look'),
                    models.Index(condition=models.Q(('suspicions', []), _negated=True), fields=['id'], name='screenshots_for_a_person'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ConfirmationMove',
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
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='payments.confirmation')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_confirmation_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a confirmation are never changed' USING ERRCODE = '23514';", hash='6efedd0cb63b96ea776acc71327caa7ef08dfd9f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_cdf76', table='payments_confirmationmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a confirmation are never emptied' USING ERRCODE = '23514';", hash='d3dd26446dd2536446897bb6dcd65c612be275a9', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_840be', table='payments_confirmationmove', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReceiptMove',
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
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='payments.receipt')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_receipt_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a receipt are never changed' USING ERRCODE = '23514';", hash='686fa9aec27058ddd74e610a82ad8bd9edbc9e6d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fc64e', table='payments_receiptmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of a receipt are never emptied' USING ERRCODE = '23514';", hash='d44fa74b5d1ca2975ecdae8fedb175d9949b61cd', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_f1ddd', table='payments_receiptmove', when='BEFORE')),
                ],
            },
        ),
    ]
