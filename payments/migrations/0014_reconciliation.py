"""The books of bank and payout account, where ours differ from them, and money that matches nothing."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money
import khidma.kernel.states

GUARDS = """
CREATE TRIGGER payments_bankline_frozen BEFORE UPDATE OF "on", utr, amount, description, occurrence ON payments_bankline FOR EACH ROW
    WHEN ((OLD."on", OLD.utr, OLD.amount, OLD.description, OLD.occurrence) IS DISTINCT FROM (NEW."on", NEW.utr, NEW.amount, NEW.description, NEW.occurrence))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_bankline_stays BEFORE DELETE OR TRUNCATE ON payments_bankline
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_bankline FROM khidma_app;
CREATE TRIGGER payments_payoutbankline_frozen BEFORE UPDATE OF transaction_id, source_id, credit, debit, balance, made_at ON payments_payoutbankline FOR EACH ROW
    WHEN ((OLD.transaction_id, OLD.source_id, OLD.credit, OLD.debit, OLD.balance, OLD.made_at) IS DISTINCT FROM (NEW.transaction_id, NEW.source_id, NEW.credit, NEW.debit, NEW.balance, NEW.made_at))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_payoutbankline_stays BEFORE DELETE OR TRUNCATE ON payments_payoutbankline
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_payoutbankline FROM khidma_app;
CREATE TRIGGER payments_difference_frozen BEFORE UPDATE OF subject, reference ON payments_difference FOR EACH ROW
    WHEN ((OLD.subject, OLD.reference) IS DISTINCT FROM (NEW.subject, NEW.reference))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_difference_stays BEFORE DELETE OR TRUNCATE ON payments_difference
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_difference FROM khidma_app;
CREATE TRIGGER payments_foreignrefund_frozen BEFORE UPDATE OF gateway_refund_id, gateway_payment_id, amount, from_escrow ON payments_foreignrefund FOR EACH ROW
    WHEN ((OLD.gateway_refund_id, OLD.gateway_payment_id, OLD.amount, OLD.from_escrow) IS DISTINCT FROM (NEW.gateway_refund_id, NEW.gateway_payment_id, NEW.amount, NEW.from_escrow))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_foreignrefund_stays BEFORE DELETE OR TRUNCATE ON payments_foreignrefund
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_foreignrefund FROM khidma_app;
CREATE TRIGGER payments_suspenseitem_frozen BEFORE UPDATE OF amount, capture_id, foreign_refund_id ON payments_suspenseitem FOR EACH ROW
    WHEN ((OLD.amount, OLD.capture_id, OLD.foreign_refund_id) IS DISTINCT FROM (NEW.amount, NEW.capture_id, NEW.foreign_refund_id))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_suspenseitem_stays BEFORE DELETE OR TRUNCATE ON payments_suspenseitem
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_suspenseitem FROM khidma_app;
"""

SUSPENSE = """
-- What was set aside before there were items for it.
INSERT INTO payments_suspenseitem (id, amount, capture_id, status, decision, reason, created_at)
SELECT capture.id, capture.amount, capture.id, 'open', '', '', capture.created_at
  FROM payments_capture AS capture WHERE capture.use = 'suspense';

-- A suspense account is empty once it is decided, and holds its item's amount before.
CREATE FUNCTION payments_check_suspense() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    subject uuid;
    item payments_suspenseitem%ROWTYPE;
    held bigint;
BEGIN
    IF TG_TABLE_NAME = 'payments_suspenseitem' THEN
        subject := NEW.id;
    ELSE
        subject := NEW.owner_id;
    END IF;
    SELECT * INTO item FROM payments_suspenseitem WHERE id = subject;
    SELECT balance INTO held FROM payments_account WHERE id = payments_account_id('suspense', subject);
    IF coalesce(held, 0) <> (CASE WHEN item.status = 'open' THEN item.amount ELSE 0 END) THEN
        RAISE EXCEPTION 'suspense item % is % and holds %', subject, coalesce(item.status, 'unknown'), coalesce(held, 0)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_suspense_holds_what_it_says';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_suspense_holds AFTER INSERT OR UPDATE OF status ON payments_suspenseitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_suspense();
CREATE CONSTRAINT TRIGGER payments_suspense_held AFTER UPDATE OF balance ON payments_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'suspense') EXECUTE FUNCTION payments_check_suspense();
REVOKE ALL ON FUNCTION payments_check_suspense FROM PUBLIC;
"""

VIEWS = """
-- What our books say, item by item; money that came in is positive. The gateway's own ids are the references.
CREATE VIEW payments_our_items AS
WITH gateway_entries AS (
  SELECT transfer.kind, transfer.key, split_part(transfer.key, ':', 2) AS part, transfer.reference, transfer.at, entry.amount, entry.id
    FROM payments_entry AS entry JOIN payments_transfer AS transfer ON transfer.id = entry.transfer_id
   WHERE entry.account_id = payments_account_id('gateway', NULL) AND transfer.kind <> 'settlement'
), other_entries AS (
  SELECT gateway_entries.*, coalesce(capture.gateway_payment_id, foreign_refund.gateway_payment_id, '') AS payment_id
    FROM gateway_entries
    LEFT JOIN payments_refund AS refund ON gateway_entries.kind = 'refund_back' AND refund.id = gateway_entries.reference
    LEFT JOIN payments_capture AS capture ON capture.id = refund.capture_id
    LEFT JOIN payments_foreignrefund AS foreign_refund
      ON gateway_entries.kind = 'foreign_refund' AND foreign_refund.gateway_refund_id = gateway_entries.part
   WHERE (gateway_entries.kind NOT IN ('capture', 'gateway_fee', 'refund_done', 'foreign_refund') AND gateway_entries.key NOT LIKE 'cb:%')
      OR (gateway_entries.kind = 'foreign_refund' AND gateway_entries.amount > 0)
), payout_entries AS (
  SELECT coalesce(payout.gateway_payout_id, validation.gateway_validation_id) AS source, transfer.key, transfer.at, entry.amount, entry.id
    FROM payments_entry AS entry JOIN payments_transfer AS transfer ON transfer.id = entry.transfer_id
    LEFT JOIN payments_payout AS payout ON payout.id = transfer.reference
    LEFT JOIN payments_validation AS validation ON validation.id = transfer.reference
   WHERE entry.account_id = payments_account_id('payout_bank', NULL)
)
SELECT CASE kind WHEN 'capture' THEN 'payment' ELSE 'fee' END AS subject, part AS reference, amount AS paise, key AS place, at
  FROM gateway_entries WHERE kind IN ('capture', 'gateway_fee')
 UNION ALL
SELECT 'fee_tax', split_part(transfer.key, ':', 2), -entry.amount, transfer.key, transfer.at
  FROM payments_entry AS entry JOIN payments_transfer AS transfer ON transfer.id = entry.transfer_id
 WHERE entry.account_id = payments_account_id('gst_input', NULL) AND transfer.kind = 'gateway_fee'
 UNION ALL
SELECT 'refund', coalesce(nullif(attempt.gateway_id, ''), gateway_entries.key), gateway_entries.amount, gateway_entries.key, at
  FROM gateway_entries LEFT JOIN payments_gatewayattempt AS attempt ON attempt.key::text = part WHERE kind = 'refund_done'
 UNION ALL
SELECT 'refund', part, amount, key, at FROM gateway_entries WHERE kind = 'foreign_refund' AND amount < 0
 UNION ALL
SELECT 'chargeback', part || CASE WHEN amount > 0 THEN ':back' ELSE ':taken' END, amount, key, at
  FROM gateway_entries WHERE key LIKE 'cb:%'
 UNION ALL
SELECT 'adjustment', payment_id || ':' || amount || ':' || row_number() OVER (PARTITION BY payment_id, amount ORDER BY id), amount, key, at
  FROM other_entries
 UNION ALL
SELECT 'gateway', 'gateway', balance, 'gateway', NULL FROM payments_account WHERE id = payments_account_id('gateway', NULL)
 UNION ALL
SELECT 'settlement', gateway_settlement_id, amount, 'settlement:' || gateway_settlement_id, settled_at FROM payments_settlement
 UNION ALL
SELECT 'line', settlement.gateway_settlement_id || ' ' || line.number, line.amount - line.fee, line.entity_id, settlement.settled_at
  FROM payments_settlementline AS line JOIN payments_settlement AS settlement ON settlement.id = line.settlement_id
 WHERE line.kind = 'payment'
 UNION ALL
SELECT 'bank', coalesce(nullif(settlement.utr, ''), nullif(act.content ->> 'utr', ''), split_part(transfer.key, ':', 2)),
       entry.amount, transfer.key, transfer.at
  FROM payments_entry AS entry JOIN payments_transfer AS transfer ON transfer.id = entry.transfer_id
  LEFT JOIN payments_settlement AS settlement ON transfer.kind = 'settlement' AND settlement.id = transfer.reference
  LEFT JOIN payments_secondpersonact AS act ON transfer.kind IN ('move', 'adjustment') AND act.id = transfer.reference
 WHERE entry.account_id = payments_account_id('bank', NULL)
 UNION ALL
SELECT 'payout', coalesce(source, ':' || amount || ':' || row_number() OVER (PARTITION BY source, amount ORDER BY id)), amount, key, at
  FROM payout_entries
 UNION ALL
-- Money in suspense is in no other book until it is decided.
SELECT 'suspense', id::text, amount, 'suspense ' || coalesce(capture_id, foreign_refund_id)::text, NULL
  FROM payments_suspenseitem WHERE status = 'open'
 UNION ALL
SELECT 'payout_balance', 'payout_account', sum(credit - debit)::bigint, 'its statement', NULL FROM payments_payoutbankline
HAVING EXISTS (SELECT 1 FROM payments_reconciliationrun WHERE payout_balance IS NOT NULL);

-- What the others say: the gateway by its reports, the bank and the payout account by their statements.
CREATE VIEW payments_their_items AS
WITH lines AS (
  SELECT line.*, line.credit - line.debit AS net, settlement.settled_at AS at, settlement.gateway_settlement_id AS settled_by,
         settlement.gateway_settlement_id || ' ' || line.entity_id AS place
    FROM payments_settlementline AS line JOIN payments_settlement AS settlement ON settlement.id = line.settlement_id
), payout_lines AS (
  SELECT CASE WHEN starts_with(source_id, 'pout_') OR starts_with(source_id, 'fav_') THEN source_id END AS source,
         transaction_id, made_at, credit - debit AS net, id
    FROM payments_payoutbankline
)
SELECT 'payment' AS subject, entity_id AS reference, amount AS paise, place, at FROM lines WHERE kind = 'payment'
 UNION ALL
SELECT 'fee', entity_id, -fee, place, at FROM lines WHERE kind = 'payment'
 UNION ALL
SELECT 'fee_tax', entity_id, -tax, place, at FROM lines WHERE kind = 'payment'
 UNION ALL
SELECT 'refund', entity_id, net, place, at FROM lines WHERE kind = 'refund'
 UNION ALL
SELECT 'chargeback', dispute_id || CASE WHEN net > 0 THEN ':back' ELSE ':taken' END, net, place, at
  FROM lines WHERE kind = 'adjustment' AND dispute_id <> ''
 UNION ALL
SELECT 'adjustment', payment_id || ':' || net || ':' || row_number() OVER (PARTITION BY payment_id, net ORDER BY at, number), net, place, at
  FROM lines WHERE kind = 'adjustment' AND dispute_id = ''
 UNION ALL
SELECT 'transfer', entity_id, net, place, at FROM lines WHERE kind NOT IN ('payment', 'refund', 'adjustment')
 UNION ALL
-- Captures less fees, less refunds, less what was settled, and whatever else moved: what `gateway` must hold.
SELECT 'gateway', 'gateway',
       ((SELECT coalesce(sum(amount), 0) - coalesce(sum(fee), 0) FROM payments_capture)
        - (SELECT coalesce(sum(amount), 0) FROM payments_settlement)
        - (SELECT coalesce(sum(amount), 0) FROM payments_refund WHERE status = 'processed' AND way = 'source')
        - (SELECT coalesce(sum(amount), 0) FROM payments_foreignrefund WHERE returned_at IS NULL)
        + (SELECT coalesce(sum(entry.amount), 0)
             FROM payments_entry AS entry JOIN payments_transfer AS transfer ON transfer.id = entry.transfer_id
            WHERE entry.account_id = payments_account_id('gateway', NULL) AND transfer.kind NOT IN
                  ('capture', 'gateway_fee', 'settlement', 'refund_done', 'refund_back', 'foreign_refund')))::bigint,
       'captures, fees, refunds, settlements', NULL
 UNION ALL
-- Nobody here asked for it, whether it was booked or not.
SELECT 'foreign_refund', gateway_refund_id, -amount, gateway_payment_id, NULL FROM payments_foreignrefund WHERE returned_at IS NULL
 UNION ALL
SELECT 'settlement', settled_by, net, settled_by, at FROM lines
 UNION ALL
SELECT 'line', settled_by || ' ' || number, net, entity_id, at FROM lines WHERE kind = 'payment'
 UNION ALL
SELECT 'bank', coalesce(nullif(utr, ''), 'line ' || id), amount, "on" || ' ' || utr, "on"::timestamptz FROM payments_bankline
 UNION ALL
SELECT 'payout', coalesce(source, ':' || net || ':' || row_number() OVER (PARTITION BY source, net ORDER BY made_at, id)), net,
       transaction_id, made_at
  FROM payout_lines
 UNION ALL
(SELECT 'payout_balance', 'payout_account', payout_balance, 'its balance', finished_at
   FROM payments_reconciliationrun WHERE payout_balance IS NOT NULL ORDER BY id DESC LIMIT 1);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0013_auto_payouts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BankHoliday",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("day", models.DateField(unique=True)),
                ("name", models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="BankLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("on", models.DateField()),
                ("utr", models.CharField(blank=True, max_length=60)),
                ("amount", khidma.kernel.money.PaiseField()),
                ("description", models.CharField(blank=True, max_length=300)),
                ("occurrence", models.PositiveSmallIntegerField(default=1)),
                (
                    "imported_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_lines_imported",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["utr"], name="payments_bank_line_utr")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("on", "utr", "amount", "description", "occurrence"), name="payments_bank_line_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="payments_bank_line_amount"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutBankLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("transaction_id", models.CharField(max_length=40, unique=True)),
                ("source_id", models.CharField(blank=True, db_index=True, max_length=40)),
                ("credit", khidma.kernel.money.PaiseField()),
                ("debit", khidma.kernel.money.PaiseField()),
                ("balance", khidma.kernel.money.PaiseField()),
                ("made_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReconciliationRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("day", models.DateField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("lines", models.PositiveIntegerField(default=0)),
                ("compared", khidma.kernel.money.PaiseField(default=0)),
                ("matched", khidma.kernel.money.PaiseField(default=0)),
                ("found", models.PositiveIntegerField(default=0)),
                ("closed", models.PositiveIntegerField(default=0)),
                ("payout_balance", khidma.kernel.money.PaiseField(null=True)),
                ("unread", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "indexes": [models.Index(fields=["-finished_at"], name="payments_run_finished")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("matched__gte", 0), ("matched__lte", models.F("compared"))),
                        name="payments_run_matched",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("payment", "Payment"),
                            ("fee", "Gateway fee"),
                            ("fee_tax", "GST on a gateway fee"),
                            ("refund", "Refund"),
                            ("chargeback", "Chargeback"),
                            ("adjustment", "Adjustment"),
                            ("transfer", "Transfer"),
                            ("line", "Line of a settlement"),
                            ("settlement", "Settlement"),
                            ("bank", "Bank statement"),
                            ("gateway", "Gateway balance"),
                            ("payout", "Payout account"),
                            ("suspense", "Money in suspense"),
                            ("foreign_refund", "Refund that nobody here asked for"),
                            ("payout_balance", "Balance of the payout account"),
                        ],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("reference", models.CharField(editable=False, max_length=100)),
                (
                    "side",
                    models.CharField(
                        choices=[
                            ("only_ours", "Only in our books"),
                            ("only_theirs", "Only in theirs"),
                            ("amount_differs", "The amounts differ"),
                        ],
                        max_length=20,
                    ),
                ),
                ("ours", models.CharField(blank=True, max_length=120)),
                ("theirs", models.CharField(blank=True, max_length=120)),
                ("amount", khidma.kernel.money.PaiseField()),
                ("difference", khidma.kernel.money.PaiseField()),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("open", "Open"),
                            ("explained", "Explained, and still there"),
                            ("resolved", "Resolved by an operator"),
                            ("matched", "The books agree now"),
                        ],
                        default="open",
                        max_length=30,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=1000)),
                (
                    "last_run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="payments.reconciliationrun",
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["status", "-id"], name="payments_difference_status"),
                    models.Index(fields=["subject", "reference"], name="payments_difference_about"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["open", "explained"])),
                        fields=("subject", "reference"),
                        name="payments_difference_one_live",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ForeignRefund",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("gateway_refund_id", models.CharField(max_length=40, unique=True)),
                ("gateway_payment_id", models.CharField(max_length=40)),
                (
                    "capture",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="foreign_refunds",
                        to="payments.capture",
                    ),
                ),
                ("amount", khidma.kernel.money.PaiseField()),
                ("from_escrow", khidma.kernel.money.PaiseField(default=0)),
                ("returned_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 1)), name="payments_foreign_refund_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_escrow__gte", 0), ("from_escrow__lte", models.F("amount"))),
                        name="payments_foreign_refund_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SuspenseItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("amount", khidma.kernel.money.PaiseField()),
                (
                    "capture",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspense_item",
                        to="payments.capture",
                    ),
                ),
                (
                    "foreign_refund",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspense_item",
                        to="payments.foreignrefund",
                    ),
                ),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[("open", "To be decided"), ("decided", "Decided")], default="open", max_length=30
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspense_items",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("escrow", "Into the escrow that awaits exactly it"),
                            ("refund", "Back to its source"),
                            ("adjustment", "Into adjustments"),
                            ("outside", "It left by itself, at the gateway"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspense_items_decided",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("status", "open")), fields=["-id"], name="payments_suspense_open")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="payments_suspense_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status", "open"), ("decided_at__isnull", False), _connector="OR"),
                        name="payments_suspense_decided_at",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        migrations.RunSQL(SUSPENSE, migrations.RunSQL.noop),
        migrations.RunSQL(VIEWS, migrations.RunSQL.noop),
    ]
