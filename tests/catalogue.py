"""All that PostgreSQL knows of a database's schema, so that two databases can be compared: names and texts, no numbers.

The order of columns within a table is left out: nothing asks for it.
"""

from typing import Any, Final

import psycopg

_QUERIES: Final = {
    "tables, indexes and sequences": """
        SELECT relname, relkind, relpersistence, relrowsecurity, reloptions::text, pg_get_userbyid(relowner),
            ARRAY(SELECT unnest(relacl)::text ORDER BY 1)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    """,
    "columns": """
        SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
            attcollation::regcollation::text, attstorage, attstattarget, pg_get_expr(adbin, adrelid),
            ARRAY(SELECT unnest(attacl)::text ORDER BY 1)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "definitions of indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgname, pg_get_triggerdef(pg_trigger.oid), tgenabled, obj_description(pg_trigger.oid, 'pg_trigger')
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
    """,
    "functions": """
        SELECT proname, pg_get_functiondef(oid), pg_get_userbyid(proowner),
            ARRAY(SELECT unnest(proacl)::text ORDER BY 1)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
    """,
    "steps of sequences": """
        SELECT sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle, cache_size
        FROM pg_sequences WHERE schemaname = 'public'
    """,
    "the schema, the database and extensions": """
        SELECT nspname, ARRAY(SELECT unnest(nspacl)::text ORDER BY 1) FROM pg_namespace WHERE nspname = 'public'
        UNION ALL
        SELECT 'this database', ARRAY(SELECT unnest(datacl)::text ORDER BY 1)
        FROM pg_database WHERE datname = current_database()
        UNION ALL
        SELECT extname, ARRAY[extversion] FROM pg_extension
    """,
    "kinds of things": "SELECT app_label, model FROM django_content_type",
    "what people may be allowed": """
        SELECT app_label, model, codename, name
        FROM auth_permission JOIN django_content_type ON django_content_type.id = content_type_id
    """,
}

Catalogue = dict[str, set[str]]


def catalogue(connection: "psycopg.Connection[Any]") -> Catalogue:
    """Whatever there is, as texts, by its kind."""
    return {
        kind: {repr(tuple(row)) for row in connection.execute(query.encode()).fetchall()}
        for kind, query in _QUERIES.items()
    }


#: By withdrawals 0016: the function of a rule that is gone. No trigger calls it, and nobody else may.
_LEFT_BEHIND: Final = "pgtrigger_refund_same_for_ever_409fd"


def differences(old: Catalogue, new: Catalogue) -> list[str]:
    """What only one has of a database that began with the old migrations and one that began with the squashed ones."""
    only_old = [f"old {kind}: {one}" for kind in _QUERIES for one in old[kind] - new[kind] if _LEFT_BEHIND not in one]
    only_new = [f"new {kind}: {one}" for kind in _QUERIES for one in new[kind] - old[kind]]
    return sorted(only_old + only_new)
