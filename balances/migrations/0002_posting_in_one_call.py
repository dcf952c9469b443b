"""The function through which journals are posted: one call, whatever their number."""

from django.db import migrations

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
    dependencies = [("balances", "0001_ledger")]

    operations = [migrations.RunSQL(_CREATE, "DROP FUNCTION balances_post")]
