"""Saying something in a conversation that is named by its id finds, checks and stores in one statement."""

import importlib

from django.db import migrations

SAY = """
DROP FUNCTION messaging_say;
-- `message` is the row to be, without its number and its time; `data` is what CHAT_MESSAGE says, without what only this
-- function knows; `own` is what one user alone is told besides, by user id. The outcome is
--   stored   it is a message now, and those who take part have it on their streams under these numbers
--   earlier  its sender said it before under the same client_message_id: here is the first one
--   blocked  nothing was done: one of those who take part has blocked another, and blocks were to be heeded
--   no_plain_case  nothing was done, as only a plain case was to be: the sender does not take part, the conversation is
--            with support, or its order was placed a moment ago
CREATE FUNCTION messaging_say(message jsonb, data jsonb, own jsonb, heed_blocks bool, only_plain bool) RETURNS TABLE (
    outcome text, id uuid, order_id uuid, sequence int, created_at timestamptz, users uuid[], numbers bigint[]
) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    _conversation uuid := messaging_say.message ->> 'conversation_id';
    _sender uuid := messaging_say.message ->> 'sender_id';
    _place record;
    _at timestamptz;
BEGIN
    IF messaging_say.only_plain AND NOT EXISTS (
        SELECT FROM messaging_participant AS party
         WHERE party.conversation_id = _conversation AND party.user_id = _sender
    ) THEN
        outcome := 'no_plain_case';
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT talk.last_sequence + 1 AS next, talk.order_id, talk.kind INTO STRICT _place
      FROM messaging_conversation AS talk WHERE talk.id = _conversation FOR NO KEY UPDATE;
    IF messaging_say.only_plain AND (_place.kind = 'support' OR _place.kind = 'application' AND EXISTS (
        SELECT FROM orders_order AS placed WHERE placed.conversation_id = _conversation
    )) THEN
        outcome := 'no_plain_case';
        RETURN NEXT;
        RETURN;
    END IF;
    IF messaging_say.message ->> 'client_message_id' <> '' THEN
        RETURN QUERY
        SELECT 'earlier', said.id, _place.order_id, said.sequence, said.created_at, NULL::uuid[], NULL::bigint[]
          FROM messaging_message AS said
         WHERE said.conversation_id = _conversation AND said.sender_id = _sender
           AND said.client_message_id = messaging_say.message ->> 'client_message_id' AND said.client_message_id <> '';
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF messaging_say.heed_blocks AND EXISTS (
        SELECT FROM messaging_participant AS one
          JOIN accounts_block AS block ON block.blocker_id = one.user_id
          JOIN messaging_participant AS other ON other.user_id = block.blocked_id
         WHERE one.conversation_id = _conversation AND other.conversation_id = _conversation
    ) THEN
        outcome := 'blocked';
        RETURN NEXT;
        RETURN;
    END IF;
    -- The clock at this moment: khidma_now() is the start of the statement, before the wait for the lock.
    _at := khidma_now() + (clock_timestamp() - statement_timestamp());
    INSERT INTO messaging_message
    SELECT fresh.* FROM jsonb_populate_record(NULL::messaging_message,
        messaging_say.message || jsonb_build_object('sequence', _place.next, 'created_at', _at)) AS fresh;
    UPDATE messaging_conversation AS talk
       SET last_sequence = _place.next, last_message_id = (messaging_say.message ->> 'id')::uuid, last_activity_at = _at
     WHERE talk.id = _conversation;
    UPDATE messaging_participant AS other SET unread_count = unread_count + 1
     WHERE other.conversation_id = _conversation AND other.user_id IS DISTINCT FROM _sender;
    RETURN QUERY
    SELECT 'stored', (messaging_say.message ->> 'id')::uuid, _place.order_id, _place.next, _at,
           coalesce(array_agg(pushed.user_id), '{}'), coalesce(array_agg(pushed.seq), '{}')
      FROM realtime_push(
          ARRAY(SELECT party.user_id FROM messaging_participant AS party WHERE party.conversation_id = _conversation),
          'CHAT_MESSAGE',
          messaging_say.data || jsonb_build_object('orderId', _place.order_id, 'sequence', _place.next,
              'createdAt', floor(extract(epoch FROM _at) * 1000)::bigint),
          messaging_say.own
      ) AS pushed;
END $$;
ALTER FUNCTION messaging_say SET plan_cache_mode = force_generic_plan;
"""

BEFORE: str = importlib.import_module("messaging.migrations.0003_say").SAY


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_support"), ("orders", "0001_initial"), ("accounts", "0001_initial")]

    operations = [migrations.RunSQL(SAY, "DROP FUNCTION messaging_say;" + BEFORE)]
