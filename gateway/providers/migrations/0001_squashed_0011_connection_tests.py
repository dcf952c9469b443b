"""Migrations 0001 to 0011 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import gateway.encryption
import gateway.ids
import gateway.kept_history
import gateway.lifecycles
import gateway.providers.models.accounts
import gateway.providers.models.system_guards
import gateway.providers.paths
import pghistory.utils
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('providers', '0001_initial'),
        ('providers', '0002_the_whole_contract'),
        ('providers', '0003_no_index_for_nothing'),
        ('providers', '0004_payout_pauses'),
        ('providers', '0005_calls_about_many'),
        ('providers', '0006_live_accounts_take_two_persons'),
        ('providers', '0007_pauses_of_long_codes'),
        ('providers', '0008_payouts_take_two_persons'),
        ('providers', '0009_a_second_active_account_is_refused_in_words'),
        ('providers', '0010_settings_have_a_history'),
        ('providers', '0011_connection_tests'),
    ]

    initial = True

    dependencies = [
        ('products', '0002_the_whole_contract'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PaymentSystem',
            fields=[
                ('code', models.CharField(max_length=190, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('is_enabled', models.BooleanField(default=True, help_text='Offered to products.')),
                ('is_complete', models.BooleanField(default=True, help_text='A person has checked every column. What the provider lists and we did not know begins without.')),
                ('flow', models.CharField(choices=[('activation', 'show details, the customer pays by hand and enters the reference'), ('redirect', 'the customer is sent to a payment page'), ('push', 'the customer approves a request on the phone'), ('none', 'takes no deposits')], max_length=10)),
                ('pays_out', models.BooleanField(default=False, help_text='Withdrawals go through this system.')),
                ('currencies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), size=None)),
                ('receipt_currencies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), blank=True, default=list, help_text='Currencies its receipts may come in; empty: its own.', size=None)),
                ('is_manual', models.BooleanField(default=False, help_text='Selects the activation endpoint (C§1.4b).')),
                ('manual_path', models.CharField(blank=True, help_text='Path of the manual activation, where it differs (C§5 row 4).', max_length=190)),
                ('wants_amount', models.BooleanField(default=False, help_text='A confirmation names the amount (C§1.4a).')),
                ('screenshot', models.CharField(choices=[('never', 'a screenshot is refused'), ('optional', 'a screenshot helps'), ('required', 'no confirmation without a screenshot')], default='never', max_length=8)),
                ('reference_kind', models.CharField(choices=[('digits', 'digits only; blanks and hyphens are dropped'), ('code', 'letters and digits; blanks are dropped, letters are made capital'), ('text', 'as the customer typed it')], default='text', max_length=6)),
                ('reference_pattern', models.CharField(blank=True, help_text='Of the normalised reference.', max_length=190)),
                ('reference_example', models.CharField(blank=True, max_length=190)),
                ('deposit_minimum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('deposit_maximum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('withdrawal_minimum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('withdrawal_maximum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('detail_fields', models.JSONField(blank=True, default=list, help_text='Fields of `details` (see detail_fields.py: DetailField).')),
                ('recipient_fields', models.JSONField(blank=True, default=list, help_text='Fields of `recipient` (see detail_fields.py: DetailField).')),
                ('constants', models.JSONField(blank=True, default=dict, help_text='Sent with every payment/create (C§1.5).')),
                ('return_url_keys', models.JSONField(blank=True, default=dict, help_text='Wire key → which return URL it takes: success, failure or pending.')),
                ('language_wire', models.CharField(blank=True, default='language', help_text="What payment/create by redirect calls the customer's language (C§1.5); empty: it is not sent.", max_length=64)),
                ('confirm_days', models.PositiveSmallIntegerField(default=7, help_text='A deposit that nobody confirms for so many days expires as not_confirmed.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(30)])),
                ('saves_up', models.BooleanField(default=False, help_text='Sums below its minimum add up at the provider and are credited together (C§1.6).')),
            ],
            options={
                'ordering': ['code'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('is_complete', True), ('is_enabled', False), _connector='OR'), name='only_complete_systems_are_offered'),
                    models.CheckConstraint(condition=models.Q(('confirm_days__gte', 1), ('confirm_days__lte', 30)), name='system_leaves_days_to_confirm'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='payouts_changed_by_two_persons', sql=gateway.lifecycles.PlacedSql(condition="WHEN (NEW.pays_out AND (\n            (OLD.pays_out, OLD.code, OLD.recipient_fields)\n                IS DISTINCT FROM (NEW.pays_out, NEW.code, NEW.recipient_fields)\n            OR coalesce(NEW.withdrawal_minimum, 0) < coalesce(OLD.withdrawal_minimum, 0)\n            OR coalesce(NEW.withdrawal_maximum, 'Infinity') > coalesce(OLD.withdrawal_maximum, 'Infinity')\n        ))", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'payment_system_payouts_changed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND parameters ->> 'code' = NEW.code AND OLD.code = NEW.code\n                    AND parameters ->> 'pays_out' = 'yes'\n                    AND nullif(parameters ->> 'withdrawal_minimum', '-')::numeric\n                        IS NOT DISTINCT FROM NEW.withdrawal_minimum\n                    AND nullif(parameters ->> 'withdrawal_maximum', '-')::numeric\n                        IS NOT DISTINCT FROM NEW.withdrawal_maximum\n                    AND (parameters ->> 'recipient_fields')::jsonb = NEW.recipient_fields\n            ) THEN\n                RAISE EXCEPTION 'to let money out through a payment system takes two persons' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='c75e738356ce8a8edba9e9ad5110470e8f1fedc7', operation='UPDATE OF "code", "pays_out", "withdrawal_minimum", "withdrawal_maximum", "recipient_fields"', pgid='pgtrigger_payouts_changed_by_two_persons_75d91', table='providers_paymentsystem', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='begins_without_payouts', sql=gateway.providers.models.system_guards.BeforeStatementSql(condition='WHEN (NEW.pays_out)', func="\n            IF EXISTS (SELECT 1 FROM providers_paymentsystem) THEN\n                RAISE EXCEPTION 'a payment system begins without payouts: to let money out takes two persons'\n                    USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='9812d4b910241172a11626a98885c7a921540614', operation='INSERT', pgid='pgtrigger_begins_without_payouts_7d005', table='providers_paymentsystem', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='history', sql=gateway.kept_history.HistorySql(func='\n            IF TG_OP = \'INSERT\' OR NEW."name" IS DISTINCT FROM OLD."name" OR NEW."is_enabled" IS DISTINCT FROM OLD."is_enabled" OR NEW."is_complete" IS DISTINCT FROM OLD."is_complete" OR NEW."flow" IS DISTINCT FROM OLD."flow" OR NEW."pays_out" IS DISTINCT FROM OLD."pays_out" OR NEW."currencies" IS DISTINCT FROM OLD."currencies" OR NEW."receipt_currencies" IS DISTINCT FROM OLD."receipt_currencies" OR NEW."is_manual" IS DISTINCT FROM OLD."is_manual" OR NEW."manual_path" IS DISTINCT FROM OLD."manual_path" OR NEW."wants_amount" IS DISTINCT FROM OLD."wants_amount" OR NEW."screenshot" IS DISTINCT FROM OLD."screenshot" OR NEW."reference_kind" IS DISTINCT FROM OLD."reference_kind" OR NEW."reference_pattern" IS DISTINCT FROM OLD."reference_pattern" OR NEW."reference_example" IS DISTINCT FROM OLD."reference_example" OR NEW."deposit_minimum" IS DISTINCT FROM OLD."deposit_minimum" OR NEW."deposit_maximum" IS DISTINCT FROM OLD."deposit_maximum" OR NEW."withdrawal_minimum" IS DISTINCT FROM OLD."withdrawal_minimum" OR NEW."withdrawal_maximum" IS DISTINCT FROM OLD."withdrawal_maximum" OR NEW."detail_fields" IS DISTINCT FROM OLD."detail_fields" OR NEW."recipient_fields" IS DISTINCT FROM OLD."recipient_fields" OR NEW."constants" IS DISTINCT FROM OLD."constants" OR NEW."return_url_keys" IS DISTINCT FROM OLD."return_url_keys" OR NEW."language_wire" IS DISTINCT FROM OLD."language_wire" OR NEW."confirm_days" IS DISTINCT FROM OLD."confirm_days" OR NEW."saves_up" IS DISTINCT FROM OLD."saves_up" THEN\n                INSERT INTO providers_paymentsystemhistory ("name", "is_enabled", "is_complete", "flow", "pays_out", "currencies", "receipt_currencies", "is_manual", "manual_path", "wants_amount", "screenshot", "reference_kind", "reference_pattern", "reference_example", "deposit_minimum", "deposit_maximum", "withdrawal_minimum", "withdrawal_maximum", "detail_fields", "recipient_fields", "constants", "return_url_keys", "language_wire", "confirm_days", "saves_up", "pgh_obj_id", "pgh_created_at", "pgh_label", "pgh_context", "secret_changes")\n                VALUES (NEW."name", NEW."is_enabled", NEW."is_complete", NEW."flow", NEW."pays_out", NEW."currencies", NEW."receipt_currencies", NEW."is_manual", NEW."manual_path", NEW."wants_amount", NEW."screenshot", NEW."reference_kind", NEW."reference_pattern", NEW."reference_example", NEW."deposit_minimum", NEW."deposit_maximum", NEW."withdrawal_minimum", NEW."withdrawal_maximum", NEW."detail_fields", NEW."recipient_fields", NEW."constants", NEW."return_url_keys", NEW."language_wire", NEW."confirm_days", NEW."saves_up", NEW."code", transaction_timestamp(), lower(TG_OP), nullif(current_setting(\'pghistory.context_metadata\', true), \'\')::jsonb, jsonb_strip_nulls(jsonb_build_object()));\n            END IF;\n            RETURN NULL;\n        ', hash='4bea4b7a9850eecc50ad078419e93e9fd9f5f23b', operation='INSERT OR UPDATE OF "name", "is_enabled", "is_complete", "flow", "pays_out", "currencies", "receipt_currencies", "is_manual", "manual_path", "wants_amount", "screenshot", "reference_kind", "reference_pattern", "reference_example", "deposit_minimum", "deposit_maximum", "withdrawal_minimum", "withdrawal_maximum", "detail_fields", "recipient_fields", "constants", "return_url_keys", "language_wire", "confirm_days", "saves_up"', pgid='pgtrigger_history_b3e12', table='providers_paymentsystem', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProviderAccount',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('base_url', models.URLField(help_text='Scheme and host of the API, for example https://api.example.com')),
                ('api_secret', gateway.encryption.EncryptedTextField(help_text='PLUGINAPI_SECRET, sent as ?secret= on every call but withdrawals.')),
                ('withdrawal_key', gateway.encryption.EncryptedTextField(help_text='Private key that signs withdrawals; never sent.')),
                ('postback_access_key', gateway.encryption.EncryptedTextField()),
                ('postback_private_key', gateway.encryption.EncryptedTextField()),
                ('previous_postback_access_key', gateway.encryption.EncryptedTextField(blank=True, null=True)),
                ('previous_postback_private_key', gateway.encryption.EncryptedTextField(blank=True, null=True)),
                ('postback_token', models.CharField(help_text='The unguessable part of our address.', max_length=128, unique=True)),
                ('time_zone', models.CharField(default='Asia/Manila', help_text="Zone of the provider's times (C§0).", max_length=40, validators=[gateway.providers.models.accounts.validate_time_zone])),
                ('is_active', models.BooleanField(default=True)),
                ('ids_proven_unique', models.BooleanField(default=False, help_text='The provider has shown that a withdrawal_id can never be paid twice (C§5 row 13).')),
                ('json_body_on_get', models.BooleanField(default=False, help_text='Repeat GET parameters as a JSON body (C§5 row 6).')),
                ('accepts_older_postbacks', models.BooleanField(default=False, help_text='Take the two older formats of letters, too (C§2.3, C§5 row 15).')),
                ('paths', models.JSONField(blank=True, default=dict, help_text='Paths unlike the contract\'s, by operation: {"savings": "/api/v2/deposit-info"} (C§5 row 5).', validators=[gateway.providers.paths.check_paths])),
                ('widget_url', models.URLField(blank=True, help_text='Base of the payment window, for example https://plugin.example.com (C§1.8).')),
                ('prefers_widget', models.BooleanField(default=False, help_text="New deposits are paid in the provider's payment window, not on our details.")),
                ('calls_per_minute', models.PositiveIntegerField(default=30000, help_text='The most calls that may leave.', validators=[django.core.validators.MinValueValidator(1)])),
                ('calls_at_once', models.PositiveIntegerField(default=100, help_text='How many of them may leave at once.', validators=[django.core.validators.MinValueValidator(1)])),
                ('pause_kind', models.CharField(choices=[('none', 'calls go out'), ('credentials', 'the provider does not know us; a probe finds out when it does again'), ('outage', 'the provider does not answer; a probe finds out when it does again'), ('slow_down', 'the provider asked for fewer calls; a probe finds out when it takes them again'), ('person', 'a person stopped it, and a person resumes it')], default='none', max_length=12)),
                ('pause_reason', models.CharField(blank=True, max_length=200)),
                ('paused_since', models.DateTimeField(blank=True, null=True)),
                ('paused_until', models.DateTimeField(blank=True, help_text='Not before this a probe asks whether the pause may end.', null=True, verbose_name='next probe')),
                ('failed_probes', models.PositiveIntegerField(default=0, help_text='Probes since a call last went well.')),
                ('not_found_streak', models.PositiveIntegerField(default=0, help_text='Refusals without a word (404, 401, 403) in a row; some make a pause.')),
                ('unknown_streak', models.PositiveIntegerField(default=0, help_text='Calls in a row of which nobody knows what they did; some make a pause.')),
                ('payout_refusal_streak', models.PositiveIntegerField(default=0, help_text='Withdrawals in a row that were refused without a word; some stop the others.')),
                ('strays_asked_until', models.DateTimeField(blank=True, help_text='How far questions about letters without an order of ours are spent.', null=True)),
                ('rejected_letters', models.PositiveIntegerField(default=0, help_text='Letters in a row whose signature failed.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'permissions': [
                    ('test_provideraccount', 'Can ask the provider whether an account works'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('mode',), name='one_active_account_per_mode', violation_error_message='Another account of this mode is active: switch it off first.'),
                    models.CheckConstraint(condition=models.Q(('prefers_widget', False), models.Q(('widget_url', ''), _negated=True), _connector='OR'), name='preferred_widget_has_address', violation_error_message='An account that prefers the payment window needs its address.'),
                    models.CheckConstraint(condition=models.Q(('pause_kind__in', ['none', 'credentials', 'outage', 'slow_down', 'person'])), name='account_pause_kind_is_known'),
                    models.CheckConstraint(condition=models.Q(('calls_at_once__gte', 1), ('calls_per_minute__gte', 1)), name='account_pace_is_positive'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='opened_by_two_persons', sql=gateway.lifecycles.PlacedSql(condition="WHEN (NEW.mode = 'live')", constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'provider_account_opened' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND mode = NEW.mode AND parameters ->> 'name' = NEW.name AND coalesce(parameters ->> 'base_url', '') = NEW.base_url AND coalesce(parameters ->> 'widget_url', '-') = coalesce(nullif(NEW.widget_url, ''), '-') AND coalesce((parameters ->> 'paths')::jsonb::text, '{}') = NEW.paths::text AND coalesce(parameters ->> 'is_active', 'yes') = CASE WHEN NEW.is_active THEN 'yes' ELSE 'no' END AND coalesce(parameters ->> 'ids_proven_unique', 'no') = CASE WHEN NEW.ids_proven_unique THEN 'yes' ELSE 'no' END AND coalesce(parameters ->> 'accepts_older_postbacks', 'no') = CASE WHEN NEW.accepts_older_postbacks THEN 'yes' ELSE 'no' END AND (NEW.api_secret IS NULL OR parameters ? 'api_secret') AND (NEW.withdrawal_key IS NULL OR parameters ? 'withdrawal_key') AND (NEW.postback_access_key IS NULL OR parameters ? 'postback_access_key') AND (NEW.postback_private_key IS NULL OR parameters ? 'postback_private_key') AND (NEW.previous_postback_access_key IS NULL OR parameters ? 'previous_postback_access_key') AND (NEW.previous_postback_private_key IS NULL OR parameters ? 'previous_postback_private_key') AND (NEW.postback_token IS NULL OR parameters ? 'postback_token')\n            ) THEN\n                RAISE EXCEPTION 'a live provider account takes two persons' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='1a57c49312d94817bfb4384c90c30becac6577f5', operation='INSERT', pgid='pgtrigger_opened_by_two_persons_13242', table='providers_provideraccount', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='changed_by_two_persons', sql=gateway.lifecycles.PlacedSql(condition="WHEN (OLD.mode = 'live' AND (NEW.base_url IS DISTINCT FROM OLD.base_url OR NEW.widget_url IS DISTINCT FROM OLD.widget_url OR NEW.paths IS DISTINCT FROM OLD.paths OR NEW.is_active IS DISTINCT FROM OLD.is_active OR NEW.ids_proven_unique IS DISTINCT FROM OLD.ids_proven_unique OR NEW.accepts_older_postbacks IS DISTINCT FROM OLD.accepts_older_postbacks OR NEW.api_secret IS DISTINCT FROM OLD.api_secret OR NEW.withdrawal_key IS DISTINCT FROM OLD.withdrawal_key OR NEW.postback_access_key IS DISTINCT FROM OLD.postback_access_key OR NEW.postback_private_key IS DISTINCT FROM OLD.postback_private_key OR NEW.previous_postback_access_key IS DISTINCT FROM OLD.previous_postback_access_key OR NEW.previous_postback_private_key IS DISTINCT FROM OLD.previous_postback_private_key OR NEW.postback_token IS DISTINCT FROM OLD.postback_token))", constraint='CONSTRAINT', func="\n            IF NOT (NEW.base_url IS DISTINCT FROM OLD.base_url OR NEW.widget_url IS DISTINCT FROM OLD.widget_url OR NEW.paths IS DISTINCT FROM OLD.paths OR NEW.is_active IS DISTINCT FROM OLD.is_active OR NEW.ids_proven_unique IS DISTINCT FROM OLD.ids_proven_unique OR NEW.accepts_older_postbacks IS DISTINCT FROM OLD.accepts_older_postbacks OR NEW.postback_token IS DISTINCT FROM OLD.postback_token) AND current_user = (\n                SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID\n            ) THEN\n                RETURN NULL;\n            END IF;\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'provider_account_changed' AND status = 'posted'\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND parameters ->> 'provider_account' = NEW.id::text AND (NEW.base_url = OLD.base_url OR parameters ->> 'base_url' = NEW.base_url) AND (NEW.widget_url = OLD.widget_url OR parameters ->> 'widget_url' = coalesce(nullif(NEW.widget_url, ''), '-')) AND (NEW.paths = OLD.paths OR (parameters ->> 'paths')::jsonb::text = NEW.paths::text) AND (NEW.is_active = OLD.is_active OR parameters ->> 'is_active' = CASE WHEN NEW.is_active THEN 'yes' ELSE 'no' END) AND (NEW.ids_proven_unique = OLD.ids_proven_unique OR parameters ->> 'ids_proven_unique' = CASE WHEN NEW.ids_proven_unique THEN 'yes' ELSE 'no' END) AND (NEW.accepts_older_postbacks = OLD.accepts_older_postbacks OR parameters ->> 'accepts_older_postbacks' = CASE WHEN NEW.accepts_older_postbacks THEN 'yes' ELSE 'no' END) AND (NEW.api_secret IS NOT DISTINCT FROM OLD.api_secret OR parameters ? 'api_secret') AND (NEW.withdrawal_key IS NOT DISTINCT FROM OLD.withdrawal_key OR parameters ? 'withdrawal_key') AND (NEW.postback_access_key IS NOT DISTINCT FROM OLD.postback_access_key OR parameters ? 'postback_access_key') AND (NEW.postback_private_key IS NOT DISTINCT FROM OLD.postback_private_key OR parameters ? 'postback_private_key') AND (NEW.previous_postback_access_key IS NOT DISTINCT FROM OLD.previous_postback_access_key OR parameters ? 'previous_postback_access_key') AND (NEW.previous_postback_private_key IS NOT DISTINCT FROM OLD.previous_postback_private_key OR parameters ? 'previous_postback_private_key') AND (NEW.postback_token IS NOT DISTINCT FROM OLD.postback_token OR parameters ? 'postback_token')\n            ) THEN\n                RAISE EXCEPTION 'to change a live provider account takes two persons' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='4ea2efdd1b312e4d83f5b34a59bc4c29b978e7de', operation='UPDATE OF "base_url", "widget_url", "paths", "is_active", "ids_proven_unique", "accepts_older_postbacks", "api_secret", "withdrawal_key", "postback_access_key", "postback_private_key", "previous_postback_access_key", "previous_postback_private_key", "postback_token"', pgid='pgtrigger_changed_by_two_persons_05ad7', table='providers_provideraccount', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='keeps_its_mode', sql=gateway.lifecycles.PlacedSql(condition='WHEN (NEW.mode <> OLD.mode)', func="RAISE EXCEPTION 'a provider account keeps its mode' USING ERRCODE = '23514';", hash='65293a5b573344d717c82a68d062bb0f7ef80f07', operation='UPDATE OF "mode"', pgid='pgtrigger_keeps_its_mode_4ca65', table='providers_provideraccount', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='history', sql=gateway.kept_history.HistorySql(func='\n            IF TG_OP = \'INSERT\' OR NEW."name" IS DISTINCT FROM OLD."name" OR NEW."mode" IS DISTINCT FROM OLD."mode" OR NEW."base_url" IS DISTINCT FROM OLD."base_url" OR NEW."time_zone" IS DISTINCT FROM OLD."time_zone" OR NEW."is_active" IS DISTINCT FROM OLD."is_active" OR NEW."ids_proven_unique" IS DISTINCT FROM OLD."ids_proven_unique" OR NEW."json_body_on_get" IS DISTINCT FROM OLD."json_body_on_get" OR NEW."accepts_older_postbacks" IS DISTINCT FROM OLD."accepts_older_postbacks" OR NEW."paths" IS DISTINCT FROM OLD."paths" OR NEW."widget_url" IS DISTINCT FROM OLD."widget_url" OR NEW."prefers_widget" IS DISTINCT FROM OLD."prefers_widget" OR NEW."calls_per_minute" IS DISTINCT FROM OLD."calls_per_minute" OR NEW."calls_at_once" IS DISTINCT FROM OLD."calls_at_once" OR NEW."api_secret" IS DISTINCT FROM OLD."api_secret" OR NEW."withdrawal_key" IS DISTINCT FROM OLD."withdrawal_key" OR NEW."postback_access_key" IS DISTINCT FROM OLD."postback_access_key" OR NEW."postback_private_key" IS DISTINCT FROM OLD."postback_private_key" OR NEW."previous_postback_access_key" IS DISTINCT FROM OLD."previous_postback_access_key" OR NEW."previous_postback_private_key" IS DISTINCT FROM OLD."previous_postback_private_key" OR NEW."postback_token" IS DISTINCT FROM OLD."postback_token" THEN\n                INSERT INTO providers_provideraccounthistory ("name", "mode", "base_url", "time_zone", "is_active", "ids_proven_unique", "json_body_on_get", "accepts_older_postbacks", "paths", "widget_url", "prefers_widget", "calls_per_minute", "calls_at_once", "pgh_obj_id", "pgh_created_at", "pgh_label", "pgh_context", "secret_changes")\n                VALUES (NEW."name", NEW."mode", NEW."base_url", NEW."time_zone", NEW."is_active", NEW."ids_proven_unique", NEW."json_body_on_get", NEW."accepts_older_postbacks", NEW."paths", NEW."widget_url", NEW."prefers_widget", NEW."calls_per_minute", NEW."calls_at_once", NEW."id", transaction_timestamp(), lower(TG_OP), nullif(current_setting(\'pghistory.context_metadata\', true), \'\')::jsonb, jsonb_strip_nulls(jsonb_build_object(\'api_secret\', CASE WHEN NEW.api_secret IS NOT DISTINCT FROM OLD.api_secret THEN NULL WHEN OLD.api_secret IS NULL THEN \'set\' WHEN NEW.api_secret IS NULL THEN \'emptied\' ELSE \'changed\' END, \'withdrawal_key\', CASE WHEN NEW.withdrawal_key IS NOT DISTINCT FROM OLD.withdrawal_key THEN NULL WHEN OLD.withdrawal_key IS NULL THEN \'set\' WHEN NEW.withdrawal_key IS NULL THEN \'emptied\' ELSE \'changed\' END, \'postback_access_key\', CASE WHEN NEW.postback_access_key IS NOT DISTINCT FROM OLD.postback_access_key THEN NULL WHEN OLD.postback_access_key IS NULL THEN \'set\' WHEN NEW.postback_access_key IS NULL THEN \'emptied\' ELSE \'changed\' END, \'postback_private_key\', CASE WHEN NEW.postback_private_key IS NOT DISTINCT FROM OLD.postback_private_key THEN NULL WHEN OLD.postback_private_key IS NULL THEN \'set\' WHEN NEW.postback_private_key IS NULL THEN \'emptied\' ELSE \'changed\' END, \'previous_postback_access_key\', CASE WHEN NEW.previous_postback_access_key IS NOT DISTINCT FROM OLD.previous_postback_access_key THEN NULL WHEN OLD.previous_postback_access_key IS NULL THEN \'set\' WHEN NEW.previous_postback_access_key IS NULL THEN \'emptied\' ELSE \'changed\' END, \'previous_postback_private_key\', CASE WHEN NEW.previous_postback_private_key IS NOT DISTINCT FROM OLD.previous_postback_private_key THEN NULL WHEN OLD.previous_postback_private_key IS NULL THEN \'set\' WHEN NEW.previous_postback_private_key IS NULL THEN \'emptied\' ELSE \'changed\' END, \'postback_token\', CASE WHEN NEW.postback_token IS NOT DISTINCT FROM OLD.postback_token THEN NULL WHEN OLD.postback_token IS NULL THEN \'set\' WHEN NEW.postback_token IS NULL THEN \'emptied\' ELSE \'changed\' END)));\n            END IF;\n            RETURN NULL;\n        ', hash='be02411135ccf4655d98b4b7748fd8d0cb6923e2', operation='INSERT OR UPDATE OF "name", "mode", "base_url", "time_zone", "is_active", "ids_proven_unique", "json_body_on_get", "accepts_older_postbacks", "paths", "widget_url", "prefers_widget", "calls_per_minute", "calls_at_once", "api_secret", "withdrawal_key", "postback_access_key", "postback_private_key", "previous_postback_access_key", "previous_postback_private_key", "postback_token"', pgid='pgtrigger_history_d130e', table='providers_provideraccount', when='AFTER')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProviderCall',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('operation', models.CharField(max_length=40)),
                ('subject', models.CharField(blank=True, help_text='Our id of what it was about.', max_length=40)),
                ('also_about', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, help_text='Our ids of what else: a pull asks about many.', size=None)),
                ('request', gateway.encryption.EncryptedJSONField(null=True)),
                ('sent', models.BooleanField(help_text='False: proven that no byte left. Empty: we died meanwhile.', null=True)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=20)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('response', gateway.encryption.EncryptedBytesField(null=True)),
                ('response_digest', models.CharField(blank=True, max_length=64)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('duration_ms', models.PositiveIntegerField(null=True)),
                ('redacted_at', models.DateTimeField(blank=True, help_text='When question and answer were taken away; the digest stays.', null=True)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['subject', 'started_at'], name='provider_calls_of_a_subject'),
                    models.Index(condition=models.Q(('redacted_at', None)), fields=['started_at'], name='provider_calls_to_redact'),
                    django.contrib.postgres.indexes.GinIndex(condition=models.Q(('also_about', []), _negated=True), fields=['also_about'], name='provider_calls_about_many'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SystemObservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='observations', to='providers.provideraccount')),
                ('code', models.CharField(max_length=190)),
                ('currency', models.CharField(max_length=3)),
                ('name', models.CharField(blank=True, max_length=190)),
                ('logo', models.CharField(blank=True, max_length=500)),
                ('position', models.IntegerField(default=0)),
                ('is_manual', models.BooleanField(null=True)),
                ('wants_screenshot', models.BooleanField(null=True)),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'code', 'currency'), name='one_observation_per_system'),
                ],
            },
        ),
        migrations.CreateModel(
            name='BalanceCheck',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='balance_check', to='providers.provideraccount')),
                ('asked_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(help_text='When the provider last gave balances.', null=True)),
                ('note', models.CharField(blank=True, help_text='How the last question was answered.', max_length=200)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CallPace',
            fields=[
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='providers.provideraccount')),
                ('used_until', models.DateTimeField(help_text='When all calls so far would have left, evenly spread.')),
            ],
        ),
        migrations.CreateModel(
            name='MediaHint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='media_hints', to='providers.provideraccount')),
                ('code', models.CharField(max_length=190)),
                ('url', models.CharField(max_length=2000)),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'code'), name='one_media_hint_per_system'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ObservedBalance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='balances', to='providers.provideraccount')),
                ('wallet_type', models.CharField(max_length=190)),
                ('currency', models.CharField(max_length=3)),
                ('amount', models.DecimalField(decimal_places=8, max_digits=23)),
                ('observed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'wallet_type', 'currency'), name='one_balance_per_system'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RedirectHash',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('kind', models.CharField(choices=[('success', 'the customer has paid'), ('failure', 'the customer has not paid'), ('pending', 'it is not yet known')], max_length=8)),
                ('url', models.CharField(max_length=500)),
                ('hash', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField(help_text='A day after the call that made it was begun.')),
                ('used_at', models.DateTimeField(help_text='When it was last asked for; what nobody uses is not renewed.')),
            ],
            options={
                'verbose_name_plural': 'redirect hashes',
                'indexes': [
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='redirect_hashes_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'product', 'kind', 'url'), name='one_hash_per_return_address'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PayoutPause',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('scope', models.CharField(choices=[('everything', 'everything'), ('provider_account', 'provider account'), ('product', 'product'), ('payment_system', 'payment system')], max_length=16)),
                ('key', models.CharField(blank=True, help_text='Which one: an id or a code; empty for everything.', max_length=190)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('kind', models.CharField(choices=[('person', 'a person stopped them'), ('refusals', 'the provider refuses our signature'), ('outflow_cap', 'more left than was expected')], max_length=12)),
                ('reason', models.CharField(max_length=200)),
                ('since', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(db_index=False, help_text='Who paused; nobody where the service did so by itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('ended_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('end_reason', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'permissions': [
                    ('pause_payouts', 'Can pause payouts'),
                    ('resume_payouts', 'Can let paused payouts go on'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('scope', 'key', 'mode', 'kind'), name='one_open_payout_pause'),
                    models.CheckConstraint(condition=models.Q(('scope__in', ['everything', 'provider_account', 'product', 'payment_system'])), name='payout_pause_scope_is_known'),
                    models.CheckConstraint(condition=models.Q(('mode__in', ['live', 'test'])), name='payout_pause_mode_is_known'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['person', 'refusals', 'outflow_cap'])), name='payout_pause_kind_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('key', ''), ('scope', 'everything')), models.Q(models.Q(('scope', 'everything'), _negated=True), models.Q(('key', ''), _negated=True)), _connector='OR'), name='payout_pause_says_of_what'),
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='payout_pause_has_a_reason'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'person'), _negated=True), ('by__isnull', False), _connector='OR'), name='payout_pause_of_a_person_names_them'),
                    models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True), models.Q(('ended_by__isnull', False), ('kind', 'refusals'), _connector='OR')), _connector='OR'), name='payout_pause_is_ended_by_somebody'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='ended_once', sql=gateway.lifecycles.GuardSql(func="\n            IF TG_OP = 'DELETE' THEN\n                RAISE EXCEPTION 'pauses of payouts are never deleted' USING ERRCODE = '23514';\n            ELSIF TG_OP = 'INSERT' THEN\n                IF NEW.ended_at IS NOT NULL THEN\n                    RAISE EXCEPTION 'a pause of payouts begins before it ends' USING ERRCODE = '23514';\n                END IF;\n            ELSIF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL\n                    OR to_jsonb(NEW) - ARRAY['ended_at', 'ended_by_id', 'end_reason']\n                    <> to_jsonb(OLD) - ARRAY['ended_at', 'ended_by_id', 'end_reason'] THEN\n                RAISE EXCEPTION 'a pause of payouts is ended once, and never changed otherwise' USING ERRCODE = '23514';\n            END IF;\n            RETURN NEW;\n        ", hash='e19ff27787d266253d2943331821c38cd552f789', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_ended_once_287da', table='providers_payoutpause', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'pauses of payouts are never emptied' USING ERRCODE = '23514';", hash='89437fcc8c45da5b885d758832488562d6225e89', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_8bc7a', table='providers_payoutpause', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='PaymentSystemHistory',
            fields=[
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField()),
                ('pgh_label', models.CharField(choices=[('insert', 'was added'), ('update', 'was changed'), ('begin', 'was as it is when its history began')], max_length=6)),
                ('secret_changes', models.JSONField(default=dict, help_text='Which secrets were set, changed or emptied.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.paymentsystem')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('name', models.CharField(max_length=80)),
                ('is_enabled', models.BooleanField(default=True, help_text='Offered to products.')),
                ('is_complete', models.BooleanField(default=True, help_text='A person has checked every column. What the provider lists and we did not know begins without.')),
                ('flow', models.CharField(choices=[('activation', 'show details, the customer pays by hand and enters the reference'), ('redirect', 'the customer is sent to a payment page'), ('push', 'the customer approves a request on the phone'), ('none', 'takes no deposits')], max_length=10)),
                ('pays_out', models.BooleanField(default=False, help_text='Withdrawals go through this system.')),
                ('currencies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), size=None)),
                ('receipt_currencies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3), blank=True, default=list, help_text='Currencies its receipts may come in; empty: its own.', size=None)),
                ('is_manual', models.BooleanField(default=False, help_text='Selects the activation endpoint (C§1.4b).')),
                ('manual_path', models.CharField(blank=True, help_text='Path of the manual activation, where it differs (C§5 row 4).', max_length=190)),
                ('wants_amount', models.BooleanField(default=False, help_text='A confirmation names the amount (C§1.4a).')),
                ('screenshot', models.CharField(choices=[('never', 'a screenshot is refused'), ('optional', 'a screenshot helps'), ('required', 'no confirmation without a screenshot')], default='never', max_length=8)),
                ('reference_kind', models.CharField(choices=[('digits', 'digits only; blanks and hyphens are dropped'), ('code', 'letters and digits; blanks are dropped, letters are made capital'), ('text', 'as the customer typed it')], default='text', max_length=6)),
                ('reference_pattern', models.CharField(blank=True, help_text='Of the normalised reference.', max_length=190)),
                ('reference_example', models.CharField(blank=True, max_length=190)),
                ('deposit_minimum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('deposit_maximum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('withdrawal_minimum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('withdrawal_maximum', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('detail_fields', models.JSONField(blank=True, default=list, help_text='Fields of `details` (see detail_fields.py: DetailField).')),
                ('recipient_fields', models.JSONField(blank=True, default=list, help_text='Fields of `recipient` (see detail_fields.py: DetailField).')),
                ('constants', models.JSONField(blank=True, default=dict, help_text='Sent with every payment/create (C§1.5).')),
                ('return_url_keys', models.JSONField(blank=True, default=dict, help_text='Wire key → which return URL it takes: success, failure or pending.')),
                ('language_wire', models.CharField(blank=True, default='language', help_text="What payment/create by redirect calls the customer's language (C§1.5); empty: it is not sent.", max_length=64)),
                ('confirm_days', models.PositiveSmallIntegerField(default=7, help_text='A deposit that nobody confirms for so many days expires as not_confirmed.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(30)])),
                ('saves_up', models.BooleanField(default=False, help_text='Sums below its minimum add up at the provider and are credited together (C§1.6).')),
            ],
            options={
                'default_permissions': (),
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of payment systems are never changed' USING ERRCODE = '23514';", hash='821fb56477168d2129e329bf3fab9d0cce4e264c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_78eea', table='providers_paymentsystemhistory', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of payment systems are never emptied' USING ERRCODE = '23514';", hash='9db69fdbd96f62b86ee56d14cfb30723629e18ac', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_9407e', table='providers_paymentsystemhistory', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProviderAccountHistory',
            fields=[
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField()),
                ('pgh_label', models.CharField(choices=[('insert', 'was added'), ('update', 'was changed'), ('begin', 'was as it is when its history began')], max_length=6)),
                ('secret_changes', models.JSONField(default=dict, help_text='Which secrets were set, changed or emptied.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='providers.provideraccount')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('name', models.CharField(max_length=80)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('base_url', models.URLField(help_text='Scheme and host of the API, for example https://api.example.com')),
                ('time_zone', models.CharField(default='Asia/Manila', help_text="Zone of the provider's times (C§0).", max_length=40, validators=[gateway.providers.models.accounts.validate_time_zone])),
                ('is_active', models.BooleanField(default=True)),
                ('ids_proven_unique', models.BooleanField(default=False, help_text='The provider has shown that a withdrawal_id can never be paid twice (C§5 row 13).')),
                ('json_body_on_get', models.BooleanField(default=False, help_text='Repeat GET parameters as a JSON body (C§5 row 6).')),
                ('accepts_older_postbacks', models.BooleanField(default=False, help_text='Take the two older formats of letters, too (C§2.3, C§5 row 15).')),
                ('paths', models.JSONField(blank=True, default=dict, help_text='Paths unlike the contract\'s, by operation: {"savings": "/api/v2/deposit-info"} (C§5 row 5).', validators=[gateway.providers.paths.check_paths])),
                ('widget_url', models.URLField(blank=True, help_text='Base of the payment window, for example https://plugin.example.com (C§1.8).')),
                ('prefers_widget', models.BooleanField(default=False, help_text="New deposits are paid in the provider's payment window, not on our details.")),
                ('calls_per_minute', models.PositiveIntegerField(default=30000, help_text='The most calls that may leave.', validators=[django.core.validators.MinValueValidator(1)])),
                ('calls_at_once', models.PositiveIntegerField(default=100, help_text='How many of them may leave at once.', validators=[django.core.validators.MinValueValidator(1)])),
            ],
            options={
                'default_permissions': (),
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of provider accounts are never changed' USING ERRCODE = '23514';", hash='4820f3e585af41a61a20f04230dc338156fa15ef', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_125e6', table='providers_provideraccounthistory', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'rows of the history of provider accounts are never emptied' USING ERRCODE = '23514';", hash='2fc38f914c6c20cfb10621b3173253290d0ff5cd', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_e8ae9', table='providers_provideraccounthistory', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ConnectionTest',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tests', to='providers.provideraccount')),
                ('asked_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(help_text='Empty: it is under way, or we died meanwhile.', null=True)),
                ('findings', models.JSONField(default=list, help_text='What was found, in sentences: [{about, works, sentence}].')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['account', '-asked_at'], name='connection_tests_of_an_account'),
                ],
            },
        ),
    ]
