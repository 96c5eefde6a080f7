"""The one statement that writes to streams, as a function, so that other statements of the database can push too."""

from django.db import migrations

PUSH = """
-- The positions are locked in the order of the users' ids. `own` holds what one user alone is told more, by user id.
CREATE FUNCTION realtime_push(users uuid[], event text, data jsonb, own jsonb)
    RETURNS TABLE (user_id uuid, seq bigint) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH place AS (
        INSERT INTO realtime_streamposition AS position (user_id, last_seq, trimmed_to)
        SELECT id, 1, 0 FROM unnest(realtime_push.users) AS id ORDER BY id
        ON CONFLICT (user_id) DO UPDATE SET last_seq = position.last_seq + 1
        RETURNING position.user_id, position.last_seq
    )
    INSERT INTO realtime_streamevent AS stored (user_id, seq, event, data)
    SELECT place.user_id, place.last_seq, realtime_push.event,
           realtime_push.data || coalesce(realtime_push.own -> place.user_id::text, '{}')
      FROM place
    RETURNING stored.user_id, stored.seq;
END $$;
ALTER FUNCTION realtime_push SET plan_cache_mode = force_generic_plan;
"""


class Migration(migrations.Migration):
    dependencies = [("realtime", "0001_initial")]

    operations = [migrations.RunSQL(PUSH, "DROP FUNCTION realtime_push")]
