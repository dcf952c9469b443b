"""A row of fees is committed with the instruction of its transaction that says the same."""

import balances.guards
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('balances', '0008_one_door'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='fee',
            trigger=pgtrigger.compiler.Trigger(name='decided_by_two_persons', sql=balances.guards.LedgerSql(constraint='CONSTRAINT', func="\n            IF NOT EXISTS (\n                SELECT 1 FROM balances_instruction\n                WHERE verb = 'fee_agreed' AND status = 'posted' AND mode = NEW.mode\n                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()\n                    AND parameters ->> 'fee_kind' = NEW.kind AND parameters ->> 'direction' = NEW.direction\n                    AND parameters ->> 'currency' = NEW.currency\n                    AND (parameters ->> 'percent')::numeric = NEW.percent\n                    AND (parameters ->> 'fixed')::numeric = NEW.fixed\n                    AND coalesce(parameters ->> 'product', '') = coalesce(NEW.product_id::text, '')\n                    AND coalesce(parameters ->> 'provider_account', '') = coalesce(NEW.provider_account_id::text, '')\n                    AND coalesce(parameters ->> 'payment_system', '') = coalesce(NEW.payment_system_id, '')\n                    -- Empty: from the approval on, by the clock of whoever carried it out.\n                    AND coalesce(nullif(parameters ->> 'valid_from', '')::timestamptz, NEW.valid_from) = NEW.valid_from\n            ) THEN\n                RAISE EXCEPTION 'a fee row needs an instruction that two persons decided in its transaction' USING ERRCODE = '23514';\n            END IF;\n            RETURN NULL;\n        ", hash='09888f242830e57263224d9390f22c46af094d65', operation='INSERT', pgid='pgtrigger_decided_by_two_persons_08428', table='balances_fee', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
    ]
