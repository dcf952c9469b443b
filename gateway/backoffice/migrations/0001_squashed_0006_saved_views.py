"""Migrations 0001 to 0006 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import django.db.models.deletion
import django.utils.timezone
import gateway.encryption
import gateway.ids
import gateway.lifecycles
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('backoffice', '0001_access'),
        ('backoffice', '0002_handled'),
        ('backoffice', '0003_notes'),
        ('backoffice', '0004_figures'),
        ('backoffice', '0005_exports'),
        ('backoffice', '0006_saved_views'),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SecondFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_factor', to=settings.AUTH_USER_MODEL)),
                ('secret', gateway.encryption.EncryptedBytesField(help_text='Shared with the app; shown once, to this person alone.', null=True)),
                ('last_step', models.BigIntegerField(default=-1, help_text='The step of the last code; each code is taken once.')),
                ('open_until', models.DateTimeField(help_text='Until then its person may enrol; null once they have.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('confirmed', False), ('open_until__isnull', False)), models.Q(('confirmed', True), ('open_until', None), ('secret__isnull', False)), _connector='OR'), name='second_factor_is_open_or_confirmed'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Look',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('kind', models.CharField(choices=[('recipient', 'the recipient of a withdrawal'), ('details', 'what a customer entered for a deposit'), ('shown', 'where a customer was told to pay'), ('picture', 'the picture of a screenshot'), ('blocked', 'a blocked account'), ('batch_row', "the recipient of a batch's row")], max_length=16)),
                ('subject', models.CharField(db_index=True, help_text='Whose: the id of the record.', max_length=64)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [
                    ('see_personal_data', 'Can see personal data; each look is recorded'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('kind__in', ['recipient', 'details', 'shown', 'picture', 'blocked', 'batch_row'])), name='look_kind_is_known'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'looks at personal data are never changed' USING ERRCODE = '23514';", hash='bd9228568480796f5b1b465115d3a3caf3155434', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_8b7ad', table='backoffice_look', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'looks at personal data are never emptied' USING ERRCODE = '23514';", hash='21a347c4275dc37c96cd8caf0342026c32d04681', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_0d72c', table='backoffice_look', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Handled',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, help_text='That of the form: however often it is sent.', primary_key=True, serialize=False)),
                ('about', models.CharField(choices=[('withdrawal', 'a withdrawal'), ('letter_item', 'an item of a letter'), ('screenshot', 'the screenshot of a confirmation')], max_length=12)),
                ('subject', models.UUIDField(help_text="Id of the withdrawal, the letter's item or the picture's confirmation.")),
                ('deed', models.CharField(choices=[('asked', 'had the provider asked about it'), ('retried', 'had it tried again'), ('set_aside', 'looked at it and set it aside'), ('fine', 'found nothing wrong with it'), ('contested', 'does not believe it')], max_length=12)),
                ('reason', models.CharField(help_text="Why, in the person's words.", max_length=500)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'verbose_name_plural': 'handled',
                'permissions': [
                    ('ask_provider', 'Can have the provider asked at once, and a payout tried again at once'),
                    ('set_letter_aside', 'Can set aside letters that the provider does not confirm'),
                    ('judge_screenshot', 'Can say what to think of a suspicious screenshot'),
                ],
                'indexes': [models.Index(fields=['subject'], name='handled_of_a_thing')],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('about__in', ['withdrawal', 'letter_item', 'screenshot'])), name='handled_is_something_known'),
                    models.CheckConstraint(condition=models.Q(('deed__in', ['asked', 'retried', 'set_aside', 'fine', 'contested'])), name='handled_deed_is_known'),
                    models.UniqueConstraint(condition=models.Q(('deed__in', ('set_aside', 'fine', 'contested'))), fields=('about', 'subject'), name='handled_to_an_end_once'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'what people did in the queues are never changed' USING ERRCODE = '23514';", hash='0b15342b42c59dbf2c8aa23b81663a0421cb74ec', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_6d8da', table='backoffice_handled', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'what people did in the queues are never emptied' USING ERRCODE = '23514';", hash='673da1c6dacab99dc0ae47b5f0cfea5a1ecbe7f3', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_d565f', table='backoffice_handled', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, help_text='Given by the form: sent twice, it is one note.', primary_key=True, serialize=False)),
                ('subject', models.CharField(help_text='TypeID of the order that it is about.', max_length=40)),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('text', gateway.encryption.EncryptedTextField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'permissions': [('strike_note', 'Can strike out notes that others wrote')],
                'indexes': [
                    models.Index(fields=['subject', 'created_at'], name='notes_of_an_order'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('subject__regex', '^(dep|wd|rcp|wdb|sav)_[0-7][0-9a-hjkmnp-tv-z]{25}$')), name='note_is_about_an_order'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="\n            IF TG_OP = 'UPDATE' THEN\n                IF to_jsonb(NEW) - ARRAY['text'] = to_jsonb(OLD) - ARRAY['text'] THEN\n                    RETURN NEW;\n                END IF;\n            END IF;\n            RAISE EXCEPTION 'notes are never changed' USING ERRCODE = '23514';\n        ", hash='9cbae5912d9defc4e4477da3abec29c58729d651', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_718c1', table='backoffice_note', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'notes are never emptied' USING ERRCODE = '23514';", hash='b9f627512246bc46ec983f3b571c1dd44d3b9d7f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_62f3b', table='backoffice_note', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='StruckNote',
            fields=[
                ('note', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='struck', serialize=False, to='backoffice.note')),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', gateway.encryption.EncryptedTextField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'default_permissions': (),
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="\n            IF TG_OP = 'UPDATE' THEN\n                IF to_jsonb(NEW) - ARRAY['reason'] = to_jsonb(OLD) - ARRAY['reason'] THEN\n                    RETURN NEW;\n                END IF;\n            END IF;\n            RAISE EXCEPTION 'notes that were struck out are never changed' USING ERRCODE = '23514';\n        ", hash='fb97cc1e1d6c8549fceed23613d4567258b09b87', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ce6e0', table='backoffice_strucknote', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'notes that were struck out are never emptied' USING ERRCODE = '23514';", hash='90701093a29190bf9e9dabe71a05731ac4edda1c', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_2a688', table='backoffice_strucknote', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='Counted',
            fields=[
                ('what', models.CharField(max_length=10, primary_key=True, serialize=False)),
                ('counted_at', models.DateTimeField(help_text='Rows that were there then are among its figures.')),
                ('is_settled', models.BooleanField(default=False, help_text='Nothing can be added to it any more.')),
            ],
            options={
                'verbose_name_plural': 'counted',
            },
        ),
        migrations.CreateModel(
            name='DayFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('kind', models.CharField(choices=[('receipt_credited', 'money arrived for a deposit'), ('receipt_suspended', 'money arrived that a person has to look at'), ('suspense_credited', 'suspended money belongs to a product'), ('suspense_returned', 'the provider took suspended money back'), ('suspense_written_off', 'nobody could say whose suspended money is'), ('receipt_reversed', 'the provider took credited money back'), ('savings_observed', 'the provider reports another sum of savings than before'), ('savings_released', 'savings became a receipt'), ('withdrawal_held', 'a withdrawal reserves its amount'), ('withdrawal_released', 'a withdrawal ended without a payment'), ('withdrawal_paid', 'a withdrawal was paid'), ('withdrawal_returned', 'a paid withdrawal came back'), ('withdrawal_proved_paid', 'a withdrawal that had ended unpaid was paid after all'), ('receivable_repaid', "a product's money covers what it owed"), ('provider_fee', 'the provider took a fee'), ('product_fee', 'a product paid a fee'), ('product_funded', "a product's money arrived at our bank"), ('product_settled', 'a product was paid out from our bank'), ('provider_topped_up', 'our bank paid the provider'), ('moved_to_settlement', 'the provider set money aside for our bank'), ('settled_to_bank', 'the provider paid our bank'), ('exchanged', 'money was changed into another currency'), ('adjusted', 'a person corrected two accounts'), ('written_off', 'what a product owes was given up'), ('reversed', 'another journal was taken back, leg by leg')], help_text='Of a journal that takes another one back: of that one.', max_length=24)),
                ('is_reversal', models.BooleanField(help_text='They take other journals of this kind back.')),
                ('account_kind', models.CharField(choices=[('provider_balance', 'what the provider holds for us, by its account and payment system'), ('provider_settlement', 'what the provider has set aside to pay out to our bank'), ('bank', 'our own bank'), ('product_receivable', 'what a product owes us, because a correction found too little'), ('savings_observed', 'what the provider says customers have saved up there'), ('available', 'what a product may pay out'), ('held', 'what is reserved for withdrawals under way'), ('savings', "what a product's customers have saved up; nobody may spend it"), ('suspense', 'money whose owner is not yet known'), ('fee_income', 'fees that products paid'), ('provider_fees', 'fees that the provider took'), ('write_off', 'what was given up, or kept, because nobody could say whose it is'), ('fx_position', 'the other side of an exchange between two currencies')], max_length=24)),
                ('debit', models.DecimalField(decimal_places=4, max_digits=20)),
                ('credit', models.DecimalField(decimal_places=4, max_digits=20)),
                ('journals', models.PositiveBigIntegerField(help_text='How many journals have such a leg.')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('day', 'mode', 'currency', 'kind', 'is_reversal', 'account_kind'), name='one_figure_per_day_and_kind'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SystemFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('span', models.CharField(choices=[('day', 'last 24 hours'), ('week', 'last 7 days')], max_length=4)),
                ('direction', models.CharField(choices=[('deposit', 'for money in'), ('withdrawal', 'for money out')], max_length=10)),
                ('payment_system', models.CharField(max_length=190)),
                ('made', models.PositiveBigIntegerField(help_text='Orders made in the span, whatever became of them.')),
                ('ended', models.PositiveBigIntegerField(help_text='Those of which the end is known.')),
                ('succeeded', models.PositiveBigIntegerField(help_text='Those that were credited, or paid.')),
                ('middle_ms', models.BigIntegerField(help_text='Half of those that succeeded took less.', null=True)),
                ('slow_ms', models.BigIntegerField(help_text='One in twenty of them took longer.', null=True)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('mode', 'span', 'direction', 'payment_system'), name='one_figure_per_system_and_span'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('asked_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subject', models.CharField(help_text='Which list, as app.model; or: statement.', max_length=60)),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], help_text='Which money the page showed.', max_length=4)),
                ('query', gateway.encryption.EncryptedTextField(help_text='The address of the list after its question mark, or what the statement is of.')),
                ('format', models.CharField(choices=[('csv', 'csv'), ('xlsx', 'xlsx')], max_length=4)),
                ('columns', models.JSONField(blank=True, default=list, help_text='As they stand in the file; known once it begins.')),
                ('status', models.CharField(choices=[('queued', 'waits for a worker'), ('running', 'its rows are being written'), ('done', 'its file can be downloaded'), ('failed', 'it could not be made'), ('cancelled', 'called off; nothing of it is kept'), ('expired', 'its file was thrown away after its time')], default='queued', max_length=10)),
                ('sequence', models.PositiveIntegerField(default=1)),
                ('failure', models.CharField(blank=True, help_text='Why it could not be made.', max_length=200)),
                ('rows_done', models.PositiveBigIntegerField(default=0)),
                ('rows_expected', models.PositiveBigIntegerField(blank=True, help_text='Counted as it begins.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('begun_at', models.DateTimeField(blank=True, help_text='Rows that came later are not in it.', null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='When the file is thrown away.', null=True)),
                ('size', models.PositiveBigIntegerField(blank=True, help_text='Bytes of the file.', null=True)),
                ('digest', models.CharField(blank=True, help_text='SHA-256 of the file.', max_length=64)),
            ],
            options={
                'permissions': [
                    ('export_rows', 'Can export lists and statements as files, and download what they exported'),
                ],
                'indexes': [
                    models.Index(fields=['asked_by', '-id'], name='exports_of_a_person'),
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='exports_due'),
                    models.Index(condition=models.Q(('status', 'done')), fields=['expires_at'], name='exports_kept'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'running', 'done', 'failed', 'cancelled', 'expired'])), name='export_status_is_known'),
                    models.CheckConstraint(condition=models.Q(('format__in', ['csv', 'xlsx'])), name='export_format_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['done', 'expired']), _negated=True), models.Q(('expires_at__isnull', False), ('size__isnull', False), models.Q(('digest', ''), _negated=True)), _connector='OR'), name='export_done_has_its_file'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='legal_moves', sql=gateway.lifecycles.GuardSql(func="\n                IF TG_OP = 'INSERT' THEN\n                    IF NEW.status NOT IN ('queued') OR NEW.sequence <> 1 THEN\n                        RAISE EXCEPTION 'export may not begin as % (%)', NEW.status, NEW.sequence\n                            USING ERRCODE = '23514';\n                    END IF;\n                ELSIF NEW.status <> OLD.status OR NEW.sequence <> OLD.sequence THEN\n                    IF OLD.status || '>' || NEW.status NOT IN ('done>expired', 'queued>cancelled', 'queued>failed', 'queued>running', 'running>cancelled', 'running>done', 'running>failed', 'running>running')\n                            OR NEW.sequence <> OLD.sequence + 1 THEN\n                        RAISE EXCEPTION 'export: % (%) may not become % (%)',\n                            OLD.status, OLD.sequence, NEW.status, NEW.sequence USING ERRCODE = '23514';\n                    END IF;\n                END IF;\n                RETURN NEW;\n            ", hash='b49a9fd2051943901da136fc585793aa6a24a4b3', operation='INSERT OR UPDATE OF "status", "sequence"', pgid='pgtrigger_legal_moves_d14ce', table='backoffice_export', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='moves_have_causes', sql=gateway.lifecycles.GuardSql(constraint='CONSTRAINT', func="\n                IF NOT EXISTS (\n                    SELECT 1 FROM backoffice_exportmove\n                    WHERE subject_id = NEW.id AND sequence = NEW.sequence AND to_status = NEW.status\n                ) THEN\n                    RAISE EXCEPTION 'export: move % to % has no history row', NEW.sequence, NEW.status\n                        USING ERRCODE = '23514';\n                END IF;\n                RETURN NULL;\n            ", hash='4aae99072900586bdcdfeff1d01305ea254f8a0e', operation='INSERT OR UPDATE OF "sequence"', pgid='pgtrigger_moves_have_causes_5c264', table='backoffice_export', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'exports are never emptied' USING ERRCODE = '23514';", hash='6c855051f62648dae8ff3d5768fe6fc67d2554e5', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_8f9b0', table='backoffice_export', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ExportChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('export', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='chunks', to='backoffice.export')),
                ('number', models.PositiveIntegerField(help_text='Counts the parts of one file from 1.')),
                ('content', gateway.encryption.EncryptedBytesField()),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('export', 'number'), name='one_export_chunk_per_number'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='only_of_files_that_are_made', sql=gateway.lifecycles.PlacedSql(declare='DECLARE now_is text;', func="\n            IF TG_OP = 'UPDATE' THEN\n                IF to_jsonb(NEW) - 'content' <> to_jsonb(OLD) - 'content' THEN\n                    RAISE EXCEPTION 'parts of a file are never moved' USING ERRCODE = '23514';\n                END IF;\n                RETURN NEW;\n            END IF;\n            SELECT status INTO now_is FROM backoffice_export\n                WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.export_id ELSE OLD.export_id END;\n            IF TG_OP = 'INSERT' THEN\n                IF now_is IS DISTINCT FROM 'running' THEN\n                    RAISE EXCEPTION 'an export that is % takes no parts of a file', now_is USING ERRCODE = '23514';\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF now_is = 'done' THEN\n                RAISE EXCEPTION 'the file of an export stays whole until it expires' USING ERRCODE = '23514';\n            END IF;\n            RETURN OLD;\n        ", hash='bab72358229b3f607a3779608e4d224b0bc4cda3', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_only_of_files_that_are_made_4c98c', table='backoffice_exportchunk', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'parts of files are never emptied' USING ERRCODE = '23514';", hash='2e1a41c8d921acb365255d700007d24fa9fe870e', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_0bf5d', table='backoffice_exportchunk', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ExportDownload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='downloads', to='backoffice.export')),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'downloads are never changed' USING ERRCODE = '23514';", hash='21f343c93a0ba79831605055a8097f98c71a3e39', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_aeab9', table='backoffice_exportdownload', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'downloads are never emptied' USING ERRCODE = '23514';", hash='35dafb4c791458539dfbf09e5a98b3469234a52a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_51bc2', table='backoffice_exportdownload', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='ExportMove',
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
                ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='backoffice.export')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('subject', 'sequence'), name='one_export_move_per_step'),
                ],
                'triggers': [
                    pgtrigger.compiler.Trigger(name='append_only', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of an export are never changed' USING ERRCODE = '23514';", hash='a723e907fd6080b564da7c78ee717a5eadf9395a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_82bcb', table='backoffice_exportmove', when='BEFORE')),
                    pgtrigger.compiler.Trigger(name='never_truncated', sql=gateway.lifecycles.GuardSql(func="RAISE EXCEPTION 'moves of an export are never emptied' USING ERRCODE = '23514';", hash='feb1ebd05d1ad5cc326cfa43b42e05069c5604cb', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_4d858', table='backoffice_exportmove', when='BEFORE')),
                ],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('list_name', models.CharField(help_text='Whose list it is: app and model.', max_length=80)),
                ('name', models.CharField(max_length=60)),
                ('query', models.CharField(blank=True, help_text='Filters, as an address has them.', max_length=4000)),
                ('is_shared', models.BooleanField(default=False, help_text='Everybody who sees the list sees it, too.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'permissions': [
                    ('share_view', 'Can share saved views of lists with everybody, and take shared ones away'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('person', 'list_name', 'name'), name='one_saved_view_per_name'),
                    models.UniqueConstraint(condition=models.Q(('is_shared', True)), fields=('list_name', 'name'), name='one_shared_view_per_name'),
                ],
            },
        ),
    ]
