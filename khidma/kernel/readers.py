"""What the database's reading role does not get to see: sealed values, hashes of secrets, codes."""

from django.db.migrations.operations import RunSQL

HIDE = """
DO $$
DECLARE
    shown text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO shown FROM pg_attribute
     WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL ('{{{columns}}}');
    REVOKE SELECT ON {table} FROM khidma_readonly;
    EXECUTE format('GRANT SELECT (%s) ON {table} TO khidma_readonly', shown);
END $$;
"""
SHOW = """
REVOKE SELECT ON {table} FROM khidma_readonly;
GRANT SELECT ON {table} TO khidma_readonly;
"""


def hide_from_readers(table: str, *columns: str) -> RunSQL:
    """Take these columns from the reading role. It reads the table's others as they are now: one that a later
    migration adds is hidden too, until that migration grants it."""
    return RunSQL(
        HIDE.format(table=table, columns=",".join(columns)),
        SHOW.format(table=table),
    )
