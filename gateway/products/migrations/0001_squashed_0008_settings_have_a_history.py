"""Migrations 0001 to 0008 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import gateway.ids
import gateway.kept_history
import gateway.lifecycles
import pghistory.utils
import pgtrigger.compiler
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('products', '0001_initial'),
        ('products', '0002_the_whole_contract'),
        ('products', '0003_no_index_for_nothing'),
        ('products', '0004_takes_savings'),
        ('products', '0005_asks_or_approves'),
        ('products', '0006_keys_take_two_persons'),
        ('products', '0007_keys_keep_their_networks'),
        ('products', '0008_settings_have_a_history'),
    ]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('is_active', models.BooleanField(default=True)),
                ('underpayment', models.CharField(choices=[('review', 'the deposit waits for a person'), ('credit', 'the deposit is credited with what came')], default='review', max_length=8)),
                ('takes_savings', models.BooleanField(default=False, help_text="Deposits below a system's minimum are taken where the provider saves them up.")),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'triggers': [
                    pgtrigger.compiler.Trigger(name='history', sql=gateway.kept_history.HistorySql(func='\n            IF TG_OP = \'INSERT\' OR NEW."name" IS DISTINCT FROM OLD."name" OR NEW."is_active" IS DISTINCT FROM OLD."is_active" OR NEW."underpayment" IS DISTINCT FROM OLD."underpayment" OR NEW."takes_savings" IS DISTINCT FROM OLD."takes_savings" THEN\n                INSERT INTO products_producthistory ("name", "is_active", "underpayment", "takes_savings", "pgh_obj_id", "pgh_created_at", "pgh_label", "pgh_context", "secret_changes")\n                VALUES (NEW."name", NEW."is_active", NEW."underpayment", NEW."takes_savings", NEW."id", transaction_timestamp(), lower(TG_OP), nullif(current_setting(\'pghistory.context_metadata\', true), \'\')::jsonb, jsonb_strip_nulls(jsonb_build_object()));\n            END IF;\n            RETURN NULL;\n        ', hash='00b89b3141028fb270b4f5499127676209f91c1c', operation='INSERT OR UPDATE OF "name", "is_active", "underpayment", "takes_savings"', pgid='pgtrigger_history_8c561', table='products_product', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_keys', to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('name', models.CharField(max_length=80)),
                ('prefix', models.CharField(help_text='The first characters of the key, to tell keys apart.', max_length=16)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', "read everything of the product in the key's mode"), ('deposits:write', 'create, confirm and cancel deposits'), ('withdrawals:write', 'create and cancel withdrawals'), ('withdrawals:approve', 'approve and reject withdrawals that another one asked for'), ('webhooks:write', 'manage webhook endpoints')], max_length=32), default=list, size=None)),
                ('rate_limit_per_minute', models.PositiveIntegerField(blank=True, help_text="Calls in a minute; empty or 0: the service's own limit.", null=True)),
                ('allowed_networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, default=list, help_text='Networks in CIDR notation from which the key may be used; none: from anywhere.', size=None)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'verbose_name': 'API key',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('scopes__contains', ['withdrawals:write', 'withdrawals:approve']), _negated=True), name='key_asks_or_approves', violation_error_message='A key asks for withdrawals or approves them, never both.'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='issued_by_two_persons', sql=gateway.lifecycles.PlacedSql(condition="WHEN (NEW.mode = 'live' AND array_to_string(NEW.scopes, ' ') ~ '(^| )withdrawals:')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'api_key_issued' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode AND parameters ->> 'digest' = NEW.digest AND parameters ->> 'product' = NEW.product_id::text AND string_to_array(parameters ->> 'scopes', ' ') @> NEW.scopes::text[]\n                    AND string_to_array(parameters ->> 'scopes', ' ') <@ NEW.scopes::text[]\n            ) THEN\n                RAISE EXCEPTION 'a live key by which money leaves takes two persons' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='6151e2e6e6b2ecefc844fdfb2d8af5c7a1491018', operation='INSERT', pgid='pgtrigger_issued_by_two_persons_a5fe3', table='products_apikey', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='never_widened', sql=gateway.lifecycles.PlacedSql(condition="WHEN (NEW.mode = 'live' AND array_to_string(NEW.scopes, ' ') ~ '(^| )withdrawals:' AND ((NEW.digest, NEW.product_id, NEW.mode, OLD.scopes @> NEW.scopes) IS DISTINCT FROM (OLD.digest, OLD.product_id, OLD.mode, true) OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL) OR (OLD.allowed_networks <> '{}' AND NOT (NEW.allowed_networks <> '{}' AND OLD.allowed_networks @> NEW.allowed_networks)) OR coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity')))", func="\n            RAISE EXCEPTION 'a live key by which money leaves is never widened: issue another one'\n                USING ERRCODE = '23514';\n        ", hash='3448476525eec64d6e097d40e7854a000a43456f', operation='UPDATE OF "digest", "product_id", "mode", "scopes", "allowed_networks", "expires_at", "revoked_at"', pgid='pgtrigger_never_widened_1426d', table='products_apikey', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='history', sql=gateway.kept_history.HistorySql(func='\n            IF TG_OP = \'INSERT\' OR NEW."product_id" IS DISTINCT FROM OLD."product_id" OR NEW."mode" IS DISTINCT FROM OLD."mode" OR NEW."name" IS DISTINCT FROM OLD."name" OR NEW."prefix" IS DISTINCT FROM OLD."prefix" OR NEW."scopes" IS DISTINCT FROM OLD."scopes" OR NEW."rate_limit_per_minute" IS DISTINCT FROM OLD."rate_limit_per_minute" OR NEW."allowed_networks" IS DISTINCT FROM OLD."allowed_networks" OR NEW."expires_at" IS DISTINCT FROM OLD."expires_at" OR NEW."revoked_at" IS DISTINCT FROM OLD."revoked_at" THEN\n                INSERT INTO products_apikeyhistory ("product_id", "mode", "name", "prefix", "scopes", "rate_limit_per_minute", "allowed_networks", "expires_at", "revoked_at", "pgh_obj_id", "pgh_created_at", "pgh_label", "pgh_context", "secret_changes")\n                VALUES (NEW."product_id", NEW."mode", NEW."name", NEW."prefix", NEW."scopes", NEW."rate_limit_per_minute", NEW."allowed_networks", NEW."expires_at", NEW."revoked_at", NEW."id", transaction_timestamp(), lower(TG_OP), nullif(current_setting(\'pghistory.context_metadata\', true), \'\')::jsonb, jsonb_strip_nulls(jsonb_build_object()));\n            END IF;\n            RETURN NULL;\n        ', hash='03161749c420005b6ca6881d1441b142a93a177a', operation='INSERT OR UPDATE OF "product_id", "mode", "name", "prefix", "scopes", "rate_limit_per_minute", "allowed_networks", "expires_at", "revoked_at"', pgid='pgtrigger_history_6f9de', table='products_apikey', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='customers', to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('external_id', models.CharField(help_text="The product's own id of this user.", max_length=128)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('product', 'mode', 'external_id'), name='one_customer_per_external_id'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ApiKeyHistory',
            fields=[
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField()),
                ('pgh_label', models.CharField(choices=[('insert', 'was added'), ('update', 'was changed'), ('begin', 'was as it is when its history began')], max_length=6)),
                ('secret_changes', models.JSONField(default=dict, help_text='Which secrets were set, changed or emptied.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.apikey')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('product', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', related_query_name='+', to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('name', models.CharField(max_length=80)),
                ('prefix', models.CharField(help_text='The first characters of the key, to tell keys apart.', max_length=16)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', "read everything of the product in the key's mode"), ('deposits:write', 'create, confirm and cancel deposits'), ('withdrawals:write', 'create and cancel withdrawals'), ('withdrawals:approve', 'approve and reject withdrawals that another one asked for'), ('webhooks:write', 'manage webhook endpoints')], max_length=32), default=list, size=None)),
                ('rate_limit_per_minute', models.PositiveIntegerField(blank=True, help_text="Calls in a minute; empty or 0: the service's own limit.", null=True)),
                ('allowed_networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, default=list, help_text='Networks in CIDR notation from which the key may be used; none: from anywhere.', size=None)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'default_permissions': (),
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of API keys are never changed' USING ERRCODE = '23514';", hash='502ceeb6156f6587068e69053fdc773c8834d714', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_8096f', table='products_apikeyhistory', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of API keys are never emptied' USING ERRCODE = '23514';", hash='2d6201d1a51f91d7ed216ac1437ee2a8a32b921f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_f59b1', table='products_apikeyhistory', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProductHistory',
            fields=[
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField()),
                ('pgh_label', models.CharField(choices=[('insert', 'was added'), ('update', 'was changed'), ('begin', 'was as it is when its history began')], max_length=6)),
                ('secret_changes', models.JSONField(default=dict, help_text='Which secrets were set, changed or emptied.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='products.product')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('name', models.CharField(max_length=80)),
                ('is_active', models.BooleanField(default=True)),
                ('underpayment', models.CharField(choices=[('review', 'the deposit waits for a person'), ('credit', 'the deposit is credited with what came')], default='review', max_length=8)),
                ('takes_savings', models.BooleanField(default=False, help_text="Deposits below a system's minimum are taken where the provider saves them up.")),
            ],
            options={
                'default_permissions': (),
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of products are never changed' USING ERRCODE = '23514';", hash='3866af0e99f45ae7bdae634c4076d4553e9bcdd1', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fa4aa', table='products_producthistory', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of products are never emptied' USING ERRCODE = '23514';", hash='05cf00d56f8c10e295b3edf699bb863026fca9d2', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_57de1', table='products_producthistory', when='BEFORE')),
                ],
            },
        ),
    ]
