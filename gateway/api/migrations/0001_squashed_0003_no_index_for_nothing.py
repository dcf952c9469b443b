"""Migrations 0001 to 0003 in one: the tables in the form that the last of them gives them.

Why, and what whoever adds a migration does: docs/adr/a-new-database-begins-with-squashed-migrations.md.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('api', '0001_initial'),
        ('api', '0002_the_whole_contract'),
        ('api', '0003_no_index_for_nothing'),
    ]

    initial = True

    dependencies = [
        ('products', '0003_no_index_for_nothing'),
    ]

    operations = [
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='products.product')),
                ('mode', models.CharField(choices=[('live', 'real money, through a live provider account'), ('test', 'play money, always against the sandbox')], max_length=4)),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(help_text='Keyed hash of method, path and body.', max_length=64)),
                ('response_status', models.PositiveSmallIntegerField()),
                ('object_id', models.UUIDField()),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('product', 'mode', 'key'), name='one_request_per_idempotency_key'),
                ],
            },
        ),
    ]
