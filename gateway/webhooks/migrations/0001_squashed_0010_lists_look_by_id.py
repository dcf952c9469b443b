"""Migrations 0001 to 0010 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import gateway.encryption
import gateway.ids
import gateway.kept_history
import gateway.lifecycles
import pghistory.utils
import pgtrigger.compiler
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('webhooks', '0001_initial'),
        ('webhooks', '0002_the_whole_contract'),
        ('webhooks', '0003_no_index_for_nothing'),
        ('webhooks', '0004_savings_are_news'),
        ('webhooks', '0005_histories_are_never_emptied'),
        ('webhooks', '0006_approvals_are_news'),
        ('webhooks', '0007_batches_are_news'),
        ('webhooks', '0008_endpoints_have_a_history'),
        ('webhooks', '0009_staff_manage_endpoints'),
        ('webhooks', '0010_lists_look_by_id'),
    ]

    initial = True

    dependencies = [
        ('products', '0008_settings_have_a_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('type', models.CharField(choices=[('deposit.created', 'a deposit was accepted and its payment details are being fetched'), ('deposit.awaiting_payment', 'payment details are there; the customer may pay'), ('deposit.verifying', 'the customer says that the money was sent; it is being looked for'), ('deposit.credited', 'exactly the expected money arrived'), ('deposit.credited_with_difference', 'money arrived and was credited, but in another amount or currency than expected'), ('deposit.accumulating', "money arrived below the system's minimum and waits for more"), ('deposit.in_review', 'money or news arrived that a person has to look at'), ('deposit.failed', 'the deposit cannot be paid; its failure says whether to try another'), ('deposit.expired', 'no money was found in time; late money is still credited'), ('deposit.cancelled', 'the product called the deposit off'), ('deposit.reversed', 'the provider took credited money back'), ('savings.increased', 'the provider reports more savings of a customer; nothing is credited yet'), ('savings.released', 'savings of a customer became money of a deposit'), ('confirmation.refused', 'one reference of the customer was not accepted; another may be'), ('withdrawal.pending_approval', 'it waits for approval, or for one more; its money is held'), ('withdrawal.queued', 'it is to be sent, approved where that was needed; its money is held'), ('withdrawal.waiting_funds', 'the provider lacks funds; the withdrawal waits and its money stays held'), ('withdrawal.accepted', 'the provider has taken the withdrawal; it is not paid yet'), ('withdrawal.unknown', 'nobody knows yet whether the provider has it; never pay it again'), ('withdrawal.manual_review', 'a person has to look; the money stays held'), ('withdrawal.paid', 'the money was paid out'), ('withdrawal.rejected', 'the provider rejected it; the money is available again'), ('withdrawal.failed', 'it was surely never created; the money is available again'), ('withdrawal.cancelled', 'it was called off before it was sent: by the product, by a person, or because nobody approved it in time'), ('withdrawal_batch.finished', 'each row of a batch was made, refused or called off'), ('withdrawal.reversed', 'it was paid and the money came back'), ('webhook_endpoint.test', 'somebody tries whether the endpoint takes what it is told; nothing happened')], max_length=48)),
                ('subject', models.CharField(help_text='TypeID of the object it is about.', max_length=40)),
                ('sequence', models.PositiveIntegerField(help_text='Counts the moves of one object.')),
                ('data', gateway.encryption.EncryptedJSONField(help_text='The object as the API showed it at that moment.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['product', 'mode', 'id'], name='event_by_owner'),
                    models.Index(fields=['product', 'mode', 'type', 'id'], name='event_by_type'),
                    models.Index(condition=models.Q(('mode', 'test')), fields=['id'], name='event_in_test'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_event_per_move'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='event_mode_known'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="\n            IF TG_OP = 'UPDATE' THEN\n                IF to_jsonb(NEW) - ARRAY['data'] = to_jsonb(OLD) - ARRAY['data'] THEN\n                    RETURN NEW;\n                END IF;\n            END IF;\n            RAISE EXCEPTION 'webhook events are never changed' USING ERRCODE = '23514';\n        ", hash='c98a21915a13fe2fb32a1743e0f949090ef79227', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_51e92', table='webhooks_event', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'webhook events are never emptied' USING ERRCODE = '23514';", hash='d5fb67ff32809c7079f9e56d6357c93fdbcaaf72', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_7343b', table='webhooks_event', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='webhook_endpoints', to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('url', models.CharField(max_length=2048)),
                ('secrets', gateway.encryption.EncryptedJSONField(help_text='Live signing secrets, newest first: [{secret, until}].')),
                ('event_types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('deposit.created', 'a deposit was accepted and its payment details are being fetched'), ('deposit.awaiting_payment', 'payment details are there; the customer may pay'), ('deposit.verifying', 'the customer says that the money was sent; it is being looked for'), ('deposit.credited', 'exactly the expected money arrived'), ('deposit.credited_with_difference', 'money arrived and was credited, but in another amount or currency than expected'), ('deposit.accumulating', "money arrived below the system's minimum and waits for more"), ('deposit.in_review', 'money or news arrived that a person has to look at'), ('deposit.failed', 'the deposit cannot be paid; its failure says whether to try another'), ('deposit.expired', 'no money was found in time; late money is still credited'), ('deposit.cancelled', 'the product called the deposit off'), ('deposit.reversed', 'the provider took credited money back'), ('savings.increased', 'the provider reports more savings of a customer; nothing is credited yet'), ('savings.released', 'savings of a customer became money of a deposit'), ('confirmation.refused', 'one reference of the customer was not accepted; another may be'), ('withdrawal.pending_approval', 'it waits for approval, or for one more; its money is held'), ('withdrawal.queued', 'it is to be sent, approved where that was needed; its money is held'), ('withdrawal.waiting_funds', 'the provider lacks funds; the withdrawal waits and its money stays held'), ('withdrawal.accepted', 'the provider has taken the withdrawal; it is not paid yet'), ('withdrawal.unknown', 'nobody knows yet whether the provider has it; never pay it again'), ('withdrawal.manual_review', 'a person has to look; the money stays held'), ('withdrawal.paid', 'the money was paid out'), ('withdrawal.rejected', 'the provider rejected it; the money is available again'), ('withdrawal.failed', 'it was surely never created; the money is available again'), ('withdrawal.cancelled', 'it was called off before it was sent: by the product, by a person, or because nobody approved it in time'), ('withdrawal_batch.finished', 'each row of a batch was made, refused or called off'), ('withdrawal.reversed', 'it was paid and the money came back'), ('webhook_endpoint.test', 'somebody tries whether the endpoint takes what it is told; nothing happened')], max_length=48), blank=True, default=list, help_text='Empty: all.', size=None)),
                ('is_enabled', models.BooleanField(default=True)),
                ('disabled_at', models.DateTimeField(blank=True, null=True)),
                ('disabled_reason', models.CharField(blank=True, choices=[('product', 'the product disabled it'), ('gone', 'it answered 410')], max_length=16)),
                ('failing_since', models.DateTimeField(blank=True, help_text='First failure since the last success.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['product', 'mode', 'id'], name='endpoint_by_owner'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('is_enabled', True)), fields=('product', 'mode', 'url'), name='one_enabled_endpoint_per_url'),
                    models.CheckConstraint(condition=models.Q(models.Q(('disabled_at', None), ('disabled_reason', ''), ('is_enabled', True)), models.Q(('disabled_at__isnull', False), ('is_enabled', False), models.Q(('disabled_reason', ''), _negated=True)), _connector='OR'), name='disabled_endpoint_says_why'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='endpoint_mode_known'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='history', sql=gateway.kept_history.HistorySql(func='\n            IF TG_OP = \'INSERT\' OR NEW."product_id" IS DISTINCT FROM OLD."product_id" OR NEW."mode" IS DISTINCT FROM OLD."mode" OR NEW."url" IS DISTINCT FROM OLD."url" OR NEW."event_types" IS DISTINCT FROM OLD."event_types" OR NEW."is_enabled" IS DISTINCT FROM OLD."is_enabled" OR NEW."disabled_reason" IS DISTINCT FROM OLD."disabled_reason" OR NEW."secrets" IS DISTINCT FROM OLD."secrets" THEN\n                INSERT INTO webhooks_webhookendpointhistory ("product_id", "mode", "url", "event_types", "is_enabled", "disabled_reason", "pgh_obj_id", "pgh_created_at", "pgh_label", "pgh_context", "secret_changes")\n                VALUES (NEW."product_id", NEW."mode", NEW."url", NEW."event_types", NEW."is_enabled", NEW."disabled_reason", NEW."id", transaction_timestamp(), lower(TG_OP), nullif(current_setting(\'pghistory.context_metadata\', true), \'\')::jsonb, jsonb_strip_nulls(jsonb_build_object(\'secrets\', CASE WHEN NEW.secrets IS NOT DISTINCT FROM OLD.secrets THEN NULL WHEN OLD.secrets IS NULL THEN \'set\' WHEN NEW.secrets IS NULL THEN \'emptied\' ELSE \'changed\' END)));\n            END IF;\n            RETURN NULL;\n        ', hash='8dd0220bb4acca97269b4abc8383a9c3021d76aa', operation='INSERT OR UPDATE OF "product_id", "mode", "url", "event_types", "is_enabled", "disabled_reason", "secrets"', pgid='pgtrigger_history_bdb33', table='webhooks_webhookendpoint', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='webhooks.event')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='webhooks.webhookendpoint')),
                ('status', models.CharField(choices=[('pending', 'owed; the next attempt has its time'), ('delivered', 'the endpoint answered 2xx'), ('exhausted', 'every attempt failed; no more are made'), ('cancelled', 'the endpoint was disabled before it took the event')], default='pending', max_length=16)),
                ('sending_until', models.DateTimeField(blank=True, help_text="Takes one of the endpoint's few places while an attempt is under way.", null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('former_attempts', models.PositiveIntegerField(default=0, help_text='Attempts of the rounds before this one: whoever replays a delivery begins a new round.')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'indexes': [
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['endpoint', 'next_at'], name='delivery_due'),
                    models.Index(condition=models.Q(('sending_until__isnull', False)), fields=['endpoint', 'sending_until'], name='delivery_under_way'),
                    models.Index(condition=models.Q(('status', 'exhausted')), fields=['id'], name='delivery_given_up'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('event', 'endpoint'), name='one_delivery_per_endpoint'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'delivered', 'exhausted', 'cancelled'])), name='delivery_status_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('next_at__isnull', False), ('status', 'pending')), models.Q(models.Q(('status', 'pending'), _negated=True), ('finished_at__isnull', False), ('next_at', None), ('token', None)), _connector='OR'), name='pending_delivery_is_due'),
                    models.CheckConstraint(condition=models.Q(('sending_until', None), ('token__isnull', False), _connector='OR'), name='only_a_claimed_delivery_is_under_way'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                    IF TG_OP = 'INSERT' THEN\n                        IF NEW.status <> 'pending' THEN\n                            RAISE EXCEPTION 'webhook delivery may not begin as %', NEW.status\n                                USING ERRCODE = '23514';\n                        END IF;\n                    ELSIF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status\n                            NOT IN ('cancelled>pending', 'exhausted>pending', 'pending>cancelled', 'pending>delivered', 'pending>exhausted') THEN\n                        RAISE EXCEPTION 'webhook delivery: % may not become %', OLD.status, NEW.status\n                            USING ERRCODE = '23514';\n                    END IF;\n                    RETURN NEW;\n                ", hash='e282358a69752260b73c9ba8910ac16ff7440083', operation='INSERT OR UPDATE OF "status"', pgid='pgtrigger_legal_moves_56c9d', table='webhooks_delivery', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='DeliveryAttempt',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('delivery', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tries', to='webhooks.delivery')),
                ('number', models.PositiveIntegerField(help_text='Counts from 1; a worker that died leaves a gap.')),
                ('outcome', models.CharField(choices=[('delivered', 'answered 2xx'), ('refused', 'answered with another code'), ('gone', 'answered 410: the endpoint wants no more'), ('redirected', 'answered 3xx, which is never followed'), ('timed_out', 'no status line within the time limit; it may have been received'), ('broken', 'the connection broke or the answer was not HTTP; it may have been received'), ('unreachable', 'no name, no connection or no TLS; nothing was sent'), ('forbidden_address', 'the name leads to an address that is not public; nothing was sent')], max_length=24)),
                ('http_status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('started_at', models.DateTimeField()),
                ('duration_ms', models.PositiveIntegerField()),
                ('answer', gateway.encryption.EncryptedBytesField(help_text="The first 64 KiB of the answer's body.")),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('delivery', 'number'), name='one_row_per_attempt'),
                    models.CheckConstraint(condition=models.Q(('outcome__in', ['delivered', 'refused', 'gone', 'redirected', 'timed_out', 'broken', 'unreachable', 'forbidden_address'])), name='attempt_outcome_known'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="\n            IF TG_OP = 'UPDATE' THEN\n                IF to_jsonb(NEW) - ARRAY['answer'] = to_jsonb(OLD) - ARRAY['answer'] THEN\n                    RETURN NEW;\n                END IF;\n            END IF;\n            RAISE EXCEPTION 'webhook attempts are never changed' USING ERRCODE = '23514';\n        ", hash='682d943d3bc2e7abcfc9f895de6068577a7a2406', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_7c9ba', table='webhooks_deliveryattempt', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'webhook attempts are never emptied' USING ERRCODE = '23514';", hash='ff40f543329c6199a3e26a99f30c165744decb7a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_66731', table='webhooks_deliveryattempt', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpointHistory',
            fields=[
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField()),
                ('pgh_label', models.CharField(choices=[('insert', 'was added'), ('update', 'was changed'), ('begin', 'was as it is when its history began')], max_length=6)),
                ('secret_changes', models.JSONField(default=dict, help_text='Which secrets were set, changed or emptied.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='webhooks.webhookendpoint')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('product', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', related_query_name='+', to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('url', models.CharField(max_length=2048)),
                ('event_types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('deposit.created', 'a deposit was accepted and its payment details are being fetched'), ('deposit.awaiting_payment', 'payment details are there; the customer may pay'), ('deposit.verifying', 'the customer says that the money was sent; it is being looked for'), ('deposit.credited', 'exactly the expected money arrived'), ('deposit.credited_with_difference', 'money arrived and was credited, but in another amount or currency than expected'), ('deposit.accumulating', "money arrived below the system's minimum and waits for more"), ('deposit.in_review', 'money or news arrived that a person has to look at'), ('deposit.failed', 'the deposit cannot be paid; its failure says whether to try another'), ('deposit.expired', 'no money was found in time; late money is still credited'), ('deposit.cancelled', 'the product called the deposit off'), ('deposit.reversed', 'the provider took credited money back'), ('savings.increased', 'the provider reports more savings of a customer; nothing is credited yet'), ('savings.released', 'savings of a customer became money of a deposit'), ('confirmation.refused', 'one reference of the customer was not accepted; another may be'), ('withdrawal.pending_approval', 'it waits for approval, or for one more; its money is held'), ('withdrawal.queued', 'it is to be sent, approved where that was needed; its money is held'), ('withdrawal.waiting_funds', 'the provider lacks funds; the withdrawal waits and its money stays held'), ('withdrawal.accepted', 'the provider has taken the withdrawal; it is not paid yet'), ('withdrawal.unknown', 'nobody knows yet whether the provider has it; never pay it again'), ('withdrawal.manual_review', 'a person has to look; the money stays held'), ('withdrawal.paid', 'the money was paid out'), ('withdrawal.rejected', 'the provider rejected it; the money is available again'), ('withdrawal.failed', 'it was surely never created; the money is available again'), ('withdrawal.cancelled', 'it was called off before it was sent: by the product, by a person, or because nobody approved it in time'), ('withdrawal_batch.finished', 'each row of a batch was made, refused or called off'), ('withdrawal.reversed', 'it was paid and the money came back'), ('webhook_endpoint.test', 'somebody tries whether the endpoint takes what it is told; nothing happened')], max_length=48), blank=True, default=list, help_text='Empty: all.', size=None)),
                ('is_enabled', models.BooleanField(default=True)),
                ('disabled_reason', models.CharField(blank=True, choices=[('product', 'the product disabled it'), ('gone', 'it answered 410')], max_length=16)),
            ],
            options={
                'default_permissions': (),
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of webhook endpoints are never changed' USING ERRCODE = '23514';", hash='75aeb1e1d41fefeeb3ea0300fe04139c9eac140d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_59fe5', table='webhooks_webhookendpointhistory', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of webhook endpoints are never emptied' USING ERRCODE = '23514';", hash='806469759a7b029c2e9810dab92704cceef041a0', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_06991', table='webhooks_webhookendpointhistory', when='BEFORE')),
                ],
            },
        ),
    ]
