"""What the database itself forbids about money, and the one function that posts to the ledger."""

from django.db import migrations

ACCOUNTS = """
CREATE FUNCTION payments_account_id(kind text, owner uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN md5(kind || ':' || coalesce(owner::text, ''))::uuid;

-- Locks are taken in this order, and by owner within a kind: escrows, payments, wallets by user, the rest; the platform's own last.
CREATE FUNCTION payments_lock_rank(kind text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(array_position(ARRAY['escrow', 'refund_pending', 'wallet', 'receivable', 'payout_pending', 'chargeback', 'suspense',
        'gateway', 'bank', 'payout_bank', 'gateway_fee', 'payout_fee', 'gst_input', 'platform_fee', 'gst_payable', 'tds_payable',
        'tcs_payable', 'supply_gst_payable', 'boost_income', 'loss', 'adjustment', 'owner'], kind), 99);

CREATE FUNCTION payments_forbid_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of % is forbidden: the ledger is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER payments_transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_change();
CREATE TRIGGER payments_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_entry
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_change();
CREATE TRIGGER payments_account_stays BEFORE DELETE OR TRUNCATE ON payments_account
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_change();

CREATE FUNCTION payments_guard_account() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.balance <> 0 OR NEW.id <> payments_account_id(NEW.kind, NEW.owner_id) THEN
            RAISE EXCEPTION 'an account opens empty, under its own id' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF (NEW.id, NEW.kind, NEW.owner_id, NEW.normal_side) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.owner_id, OLD.normal_side)
          OR (NEW.balance <> OLD.balance AND pg_trigger_depth() < 2) THEN
        RAISE EXCEPTION 'a balance changes by entries only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_account_guard BEFORE INSERT OR UPDATE ON payments_account
    FOR EACH ROW EXECUTE FUNCTION payments_guard_account();

-- The platform's own accounts are there from the start, so that no two first postings wait for each other.
INSERT INTO payments_account (id, kind, owner_id, normal_side, balance)
SELECT payments_account_id(kind, NULL), kind, NULL,
       CASE WHEN kind IN ('gateway', 'bank', 'payout_bank', 'gateway_fee', 'payout_fee', 'gst_input', 'loss') THEN 'debit' ELSE 'credit' END, 0
  FROM unnest(ARRAY['gateway', 'bank', 'payout_bank', 'gateway_fee', 'payout_fee', 'gst_input', 'platform_fee', 'gst_payable', 'tds_payable',
       'tcs_payable', 'supply_gst_payable', 'boost_income', 'loss', 'adjustment', 'owner']) AS platform(kind);

REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON payments_account FROM khidma_app;
REVOKE UPDATE, DELETE, TRUNCATE ON payments_transfer, payments_entry FROM khidma_app;
"""

BALANCES = """
CREATE FUNCTION payments_keep_balances() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE payments_account AS account
       SET balance = account.balance + CASE account.normal_side WHEN 'debit' THEN added.total ELSE -added.total END
      FROM (SELECT account_id, sum(amount)::bigint AS total FROM fresh GROUP BY account_id) AS added
     WHERE account.id = added.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_entry_balances AFTER INSERT ON payments_entry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION payments_keep_balances();

CREATE FUNCTION payments_check_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    subject uuid;
    total numeric;
    lines int;
    declared int;
BEGIN
    IF TG_TABLE_NAME = 'payments_entry' THEN
        subject := NEW.transfer_id;
    ELSE
        subject := NEW.id;
    END IF;
    SELECT coalesce(sum(amount), 0), count(*) INTO total, lines FROM payments_entry WHERE transfer_id = subject;
    SELECT entry_count INTO declared FROM payments_transfer WHERE id = subject;
    IF total <> 0 OR lines < 2 OR lines <> declared THEN
        RAISE EXCEPTION 'transfer % does not balance: % entries (% declared), sum %', subject, lines, declared, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_transfer_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_transfer_balances AFTER INSERT ON payments_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_transfer();
CREATE CONSTRAINT TRIGGER payments_entry_balanced AFTER INSERT ON payments_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_transfer();
"""

ESCROWS = """
CREATE FUNCTION payments_check_escrow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    subject uuid;
    state text;
    held bigint;
BEGIN
    IF TG_TABLE_NAME = 'payments_escrow' THEN
        subject := NEW.id;
    ELSE
        subject := NEW.owner_id;
    END IF;
    SELECT status INTO state FROM payments_escrow WHERE id = subject;
    SELECT balance INTO held FROM payments_account WHERE id = payments_account_id('escrow', subject);
    IF (state = 'funded') <> (coalesce(held, 0) > 0) OR (state IS NULL AND held <> 0) THEN
        RAISE EXCEPTION 'escrow % is % and holds %', subject, coalesce(state, 'unknown'), coalesce(held, 0)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_escrow_holds_what_it_says';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_escrow_holds AFTER INSERT OR UPDATE OF status ON payments_escrow
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_escrow();
CREATE CONSTRAINT TRIGGER payments_escrow_held AFTER UPDATE OF balance ON payments_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'escrow') EXECUTE FUNCTION payments_check_escrow();

CREATE FUNCTION payments_check_refunds() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    captured bigint;
    promised numeric;
BEGIN
    SELECT amount INTO captured FROM payments_capture WHERE id = NEW.capture_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount), 0) INTO promised FROM payments_refund WHERE capture_id = NEW.capture_id AND id <> NEW.id;
    IF promised + NEW.amount > captured THEN
        RAISE EXCEPTION 'refunds of capture % would be % of %', NEW.capture_id, promised + NEW.amount, captured
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_refunds_within_capture';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_refund_within_capture BEFORE INSERT OR UPDATE OF amount, capture_id ON payments_refund
    FOR EACH ROW EXECUTE FUNCTION payments_check_refunds();
"""

POSTING = """
CREATE FUNCTION payments_post(
    wanted_key text, wanted_kind text, wanted_reference uuid, wanted_note text, kinds text[], owners uuid[], amounts bigint[], wanted_reverses uuid,
    OUT transfer_id uuid, OUT posted_at timestamptz, OUT outcome text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asked bytea;
    first payments_transfer%ROWTYPE;
    wanted uuid[];
    locked uuid[];
    debtors uuid[];
    known int;
    line record;
    owed bigint;
    lines_accounts uuid[] := '{}';
    lines_amounts bigint[] := '{}';
BEGIN
    SELECT sha256(convert_to(wanted_kind || '|' || coalesce(wanted_reference::text, '') || '|' || string_agg(part, ',' ORDER BY part), 'UTF8')),
           array_agg(DISTINCT id), array_agg(owner) FILTER (WHERE kind = 'wallet' AND amount < 0)
      INTO asked, wanted, debtors
      FROM (SELECT kind, owner, amount, payments_account_id(kind, owner) AS id, kind || ':' || coalesce(owner::text, '') || ':' || amount AS part
              FROM unnest(kinds, owners, amounts) AS given(kind, owner, amount)) AS lines;

    SELECT * INTO first FROM payments_transfer WHERE key = wanted_key;
    IF NOT FOUND THEN
        -- Missing accounts are opened before anything is locked: whoever locked what it saw first, and the new ones afterwards,
        -- would take them in another order than those who come next and see them all.
        SELECT count(*) INTO known FROM payments_account WHERE id = ANY (wanted);
        IF known < cardinality(wanted) THEN
            INSERT INTO payments_account (id, kind, owner_id, normal_side, balance)
            SELECT DISTINCT payments_account_id(kind, owner), kind, owner,
                   CASE WHEN kind IN ('gateway', 'bank', 'payout_bank', 'receivable', 'chargeback', 'gateway_fee', 'payout_fee', 'gst_input', 'loss')
                        THEN 'debit' ELSE 'credit' END, 0
              FROM unnest(kinds, owners) AS given(kind, owner)
             ORDER BY 1
                ON CONFLICT DO NOTHING;
        END IF;
        -- What a user gets pays that user's debt first, so the debt is locked together with the wallet.
        locked := wanted || ARRAY(SELECT payments_account_id('receivable', debtor) FROM unnest(debtors) AS debtor);
        PERFORM 1 FROM payments_account WHERE id = ANY (locked) ORDER BY payments_lock_rank(kind), owner_id FOR NO KEY UPDATE;

        FOR line IN SELECT kind, owner, sum(amount)::bigint AS amount FROM unnest(kinds, owners, amounts) AS given(kind, owner, amount) GROUP BY kind, owner LOOP
            IF line.kind = 'wallet' AND line.amount < 0 THEN
                SELECT balance INTO owed FROM payments_account WHERE id = payments_account_id('receivable', line.owner);
                owed := least(coalesce(owed, 0), -line.amount);
                IF owed > 0 THEN
                    lines_accounts := lines_accounts || payments_account_id('receivable', line.owner);
                    lines_amounts := lines_amounts || -owed;
                    line.amount := line.amount + owed;
                END IF;
            END IF;
            IF line.amount <> 0 THEN
                lines_accounts := lines_accounts || payments_account_id(line.kind, line.owner);
                lines_amounts := lines_amounts || line.amount;
            END IF;
        END LOOP;

        INSERT INTO payments_transfer (id, key, kind, reference, note, content, entry_count, reverses_id, at)
        VALUES (uuidv7(), wanted_key, wanted_kind, wanted_reference, wanted_note, asked, cardinality(lines_accounts), wanted_reverses, khidma_now())
        ON CONFLICT (key) DO NOTHING
        RETURNING id, at INTO transfer_id, posted_at;
        IF FOUND THEN
            INSERT INTO payments_entry (transfer_id, account_id, amount)
            SELECT payments_post.transfer_id, account, amount FROM unnest(lines_accounts, lines_amounts) AS made(account, amount);
            outcome := 'posted';
            RETURN;
        END IF;
        SELECT * INTO first FROM payments_transfer WHERE key = wanted_key;
    END IF;
    transfer_id := first.id;
    posted_at := first.at;
    outcome := CASE WHEN first.content = asked THEN 'repeated' ELSE 'differs' END;
END $$;

-- Calls that the app's role may make; nobody else may call what runs with the owner's rights.
REVOKE ALL ON FUNCTION payments_post, payments_keep_balances, payments_check_transfer, payments_check_escrow FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments_post TO khidma_app;
"""

FROZEN = {
    "payments_escrow": ["reference", "payer_id", "payee_id", "amount", "commission_bp"],
    "payments_payment": ["payer_id", "purpose", "amount", "currency"],
    "payments_paymentitem": ["payment_id", "escrow_id", "amount"],
    "payments_capture": ["gateway_payment_id", "amount", "currency"],
    "payments_refund": ["capture_id", "payment_id", "escrow_id", "amount", "reason"],
    "payments_payout": ["user_id", "bank_account_id", "amount"],
    "payments_validation": ["bank_account_id"],
    "payments_gatewayattempt": ["subject_id", "operation", "key", "body"],
}
"""What was agreed, asked for or seen about money: written once, and never deleted."""

REWRITING = """
CREATE FUNCTION payments_forbid_rewrite() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of % is forbidden: what was agreed about money stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""


def frozen(table: str, columns: list[str]) -> str:
    """Triggers against changes of these columns and against deletion; the app's role loses what it may not use."""
    row = ", ".join(f"{{row}}.{column}" for column in columns)
    return f"""
CREATE TRIGGER {table}_frozen BEFORE UPDATE OF {", ".join(columns)} ON {table} FOR EACH ROW
    WHEN (({row.format(row="OLD")}) IS DISTINCT FROM ({row.format(row="NEW")})) EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON {table} FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(part, migrations.RunSQL.noop) for part in (ACCOUNTS, BALANCES, ESCROWS, POSTING, REWRITING)
    ]
    operations += [migrations.RunSQL(frozen(*table), migrations.RunSQL.noop) for table in FROZEN.items()]
