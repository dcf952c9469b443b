"""Migrations 0001 to 0005 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import django.db.models.deletion
import django.utils.timezone
import gateway.encryption
import gateway.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('postbacks', '0001_initial'),
        ('postbacks', '0002_the_whole_contract'),
        ('postbacks', '0003_no_index_for_nothing'),
        ('postbacks', '0004_for_a_person'),
        ('postbacks', '0005_lists_look_by_id'),
    ]

    initial = True

    dependencies = [
        ('providers', '0009_a_second_active_account_is_refused_in_words'),
    ]

    operations = [
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('body', gateway.encryption.EncryptedBytesField(help_text='Exactly as it came.')),
                ('signed_digest', models.CharField(help_text='SHA-256 of the signed part.', max_length=64)),
                ('envelope_agrees', models.BooleanField(help_text='False: the unsigned rest contradicts the signed part.')),
                ('disagreements', models.CharField(blank=True, max_length=200)),
                ('variant', models.CharField(help_text='Which encoding of the signed part matched (C§5 row 15).', max_length=20)),
                ('key_index', models.PositiveSmallIntegerField(help_text='0: the current pair of keys; 1: the one before.')),
                ('copies', models.PositiveIntegerField(default=1)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('redacted_at', models.DateTimeField(blank=True, help_text='When the body was taken away; its digest stays.', null=True)),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('redacted_at', None)), fields=['last_received_at'], name='letters_to_redact'),
                    models.Index(condition=models.Q(('envelope_agrees', False)), fields=['id'], name='letters_that_disagree'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'signed_digest', 'envelope_agrees'), name='one_letter_per_signed_part'),
                ],
            },
        ),
        migrations.CreateModel(
            name='LetterItem',
            fields=[
                ('next_at', models.DateTimeField(blank=True, help_text='When this row is due; empty: nothing to do.', null=True)),
                ('attempts', models.PositiveIntegerField(default=0, help_text='How often the present work was begun.')),
                ('token', models.UUIDField(blank=True, editable=False, help_text='Fences off a worker that lost its lease.', null=True)),
                ('id', models.UUIDField(default=gateway.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('letter', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='postbacks.letter')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='providers.provideraccount')),
                ('position', models.PositiveSmallIntegerField()),
                ('is_withdrawal', models.BooleanField(default=False)),
                ('order_id', models.CharField(blank=True, help_text='custom_transaction_id or withdrawal_id.', max_length=190)),
                ('transaction_id', models.CharField(blank=True, max_length=190)),
                ('is_stray', models.BooleanField(default=False, help_text='A deposit that names no order of ours: asked about by its transaction (C§1.10).')),
                ('wallet_type', models.CharField(blank=True, max_length=190)),
                ('withdrawal_status', models.IntegerField(null=True)),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('status', models.CharField(choices=[('received', 'kept; the provider is being asked'), ('unconfirmed', 'well signed, but the provider, asked, does not know it (yet)'), ('confirmed', 'the provider, asked, says the same'), ('contradicted', 'the provider, asked, says something else; a person decides'), ('unusable', 'it cannot be read')], default='received', max_length=12)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('asked_at', models.DateTimeField(help_text='When it last had its order asked about.', null=True)),
                ('settled_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='letter_items_due'),
                    models.Index(fields=['order_id'], name='letter_items_of_an_order'),
                    models.Index(condition=models.Q(('status__in', ['unconfirmed', 'contradicted', 'unusable'])), fields=['id'], name='letter_items_for_a_person'),
                    models.Index(condition=models.Q(('transaction_id', ''), _negated=True), fields=['transaction_id'], name='letter_items_of_a_transaction'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('letter', 'position'), name='one_row_per_item'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['received', 'unconfirmed', 'confirmed', 'contradicted', 'unusable'])), name='letter_item_status_is_known'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RejectedLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='providers.provideraccount')),
                ('slot', models.PositiveSmallIntegerField()),
                ('reason', models.CharField(max_length=40)),
                ('body', gateway.encryption.EncryptedBytesField(help_text='The first kilobytes.')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'slot'), name='one_sample_per_slot'),
                ],
            },
        ),
    ]
