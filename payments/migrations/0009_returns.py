"""Returns after a release, chargebacks, and refunds that are paid to a bank account."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money
import khidma.kernel.states

GUARDS = """
CREATE FUNCTION payments_check_returns() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    decided payments_escrow%ROWTYPE;
    gross numeric;
    fee numeric;
    gst numeric;
    tds numeric;
BEGIN
    SELECT * INTO decided FROM payments_escrow WHERE id = NEW.escrow_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount), 0) + NEW.amount, coalesce(sum(back.platform_fee), 0) + NEW.platform_fee,
           coalesce(sum(back.gst), 0) + NEW.gst, coalesce(sum(back.tds), 0) + NEW.tds
      INTO gross, fee, gst, tds FROM payments_return AS back WHERE escrow_id = NEW.escrow_id;
    IF decided.status <> 'decided' OR gross > decided.payee_gross OR fee > decided.platform_fee OR gst > decided.gst OR tds > decided.tds THEN
        RAISE EXCEPTION 'returns of escrow % would be % of %', NEW.escrow_id, gross, decided.payee_gross
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_returns_within_gross';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_return_within_gross BEFORE INSERT ON payments_return
    FOR EACH ROW EXECUTE FUNCTION payments_check_returns();

-- A return is written once; of a chargeback, what the bank asked for stays.
CREATE TRIGGER payments_return_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_return
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE UPDATE, DELETE, TRUNCATE ON payments_return FROM khidma_app;
CREATE TRIGGER payments_chargeback_frozen BEFORE UPDATE OF gateway_dispute_id, phase, capture_id, amount ON payments_chargeback FOR EACH ROW
    WHEN ((OLD.gateway_dispute_id, OLD.phase, OLD.capture_id, OLD.amount) IS DISTINCT FROM (NEW.gateway_dispute_id, NEW.phase, NEW.capture_id, NEW.amount))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_chargeback_stays BEFORE DELETE OR TRUNCATE ON payments_chargeback
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_chargeback FROM khidma_app;
CREATE TRIGGER payments_payout_frozen_refund BEFORE UPDATE OF refund_id ON payments_payout FOR EACH ROW
    WHEN (OLD.refund_id IS DISTINCT FROM NEW.refund_id) EXECUTE FUNCTION payments_forbid_rewrite();

-- The app's role may not write accounts, so it may not lock them either, but through here: in the order in which postings do.
CREATE FUNCTION payments_lock_accounts(kinds text[], owners uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO payments_account (id, kind, owner_id, normal_side, balance)
    SELECT DISTINCT payments_account_id(kind, owner), kind, owner, CASE WHEN kind IN ('receivable', 'chargeback') THEN 'debit' ELSE 'credit' END, 0
      FROM unnest(kinds, owners) AS given(kind, owner)
     WHERE kind IN ('escrow', 'wallet', 'refund_pending', 'payout_pending', 'receivable', 'suspense', 'chargeback')
     ORDER BY 1
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM payments_account
      WHERE id = ANY (ARRAY(SELECT payments_account_id(kind, owner) FROM unnest(kinds, owners) AS given(kind, owner)))
      ORDER BY payments_lock_rank(kind), owner_id FOR NO KEY UPDATE;
END $$;
REVOKE ALL ON FUNCTION payments_lock_accounts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments_lock_accounts TO khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0008_taxes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Chargeback",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("gateway_dispute_id", models.CharField(max_length=40)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("fraud", "Suspicion of fraud"),
                            ("retrieval", "Request for papers"),
                            ("chargeback", "Chargeback"),
                            ("pre_arbitration", "Before arbitration"),
                            ("arbitration", "Arbitration"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", khidma.kernel.money.PaiseField()),
                ("reason_code", models.CharField(blank=True, max_length=100)),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("open", "Open"),
                            ("under_review", "Under review"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=30,
                    ),
                ),
                ("has_evidence", models.BooleanField(default=False)),
                ("respond_by", models.DateTimeField(null=True)),
                ("taken", khidma.kernel.money.PaiseField(default=0)),
                ("taken_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("from_escrow", khidma.kernel.money.PaiseField(default=0)),
                ("from_refunds", khidma.kernel.money.PaiseField(default=0)),
                ("from_payee", khidma.kernel.money.PaiseField(default=0)),
                ("from_house", khidma.kernel.money.PaiseField(default=0)),
                ("look_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Return",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "why",
                    models.CharField(
                        choices=[("operator", "Refund by an operator"), ("chargeback", "Lost chargeback")],
                        max_length=10,
                    ),
                ),
                ("amount", khidma.kernel.money.PaiseField()),
                ("platform_fee", khidma.kernel.money.PaiseField()),
                ("gst", khidma.kernel.money.PaiseField()),
                ("tds", khidma.kernel.money.PaiseField()),
                ("taken", khidma.kernel.money.PaiseField()),
                ("owed", khidma.kernel.money.PaiseField()),
                ("reason", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.AddField(
            model_name="payout",
            name="refund",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payouts",
                to="payments.refund",
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="way",
            field=models.CharField(
                choices=[
                    ("source", "To where it came from"),
                    ("bank", "To a bank account of the payer"),
                    ("chargeback", "By the payer's own bank"),
                ],
                default="source",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="refund",
            name="reason",
            field=models.CharField(
                choices=[
                    ("late", "The payment came too late"),
                    ("surplus", "Paid twice"),
                    ("decision", "Decided"),
                    ("part", "A part, before the decision"),
                    ("return", "After the release"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["requested", "held", "queued", "processing", "processed"])),
                fields=("refund",),
                name="payments_payout_one_for_a_refund",
            ),
        ),
        migrations.AddField(
            model_name="chargeback",
            name="capture",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="chargebacks", to="payments.capture"
            ),
        ),
        migrations.AddField(
            model_name="return",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="returns_made",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="return",
            name="chargeback",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="returns", to="payments.chargeback"
            ),
        ),
        migrations.AddField(
            model_name="return",
            name="escrow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="returns", to="payments.escrow"
            ),
        ),
        migrations.AddField(
            model_name="return",
            name="refund",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="origin", to="payments.refund"
            ),
        ),
        migrations.AddIndex(
            model_name="chargeback",
            index=models.Index(
                condition=models.Q(("look_at__isnull", False)), fields=["look_at"], name="payments_chargeback_look"
            ),
        ),
        migrations.AddIndex(
            model_name="chargeback",
            index=models.Index(
                condition=models.Q(("status__in", ["open", "under_review"])),
                fields=["capture"],
                name="payments_chargeback_live",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.UniqueConstraint(fields=("gateway_dispute_id", "phase"), name="payments_chargeback_once"),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 1), ("amount__lte", 1000000000)), name="payments_chargeback_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("taken", 0),
                    models.Q(
                        ("phase__in", ["chargeback", "pre_arbitration", "arbitration"]), ("taken_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="payments_chargeback_takes_in_money_phases",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "lost"), _negated=True),
                    (
                        "taken",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("from_escrow"), "+", models.F("from_refunds")
                                ),
                                "+",
                                models.F("from_payee"),
                            ),
                            "+",
                            models.F("from_house"),
                        ),
                    ),
                    _connector="OR",
                ),
                name="payments_chargeback_lost_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 1), ("amount__lte", 1000000000)), name="payments_return_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gst__gte", 0),
                    ("owed__gte", 0),
                    ("platform_fee__gte", 0),
                    ("taken__gte", 0),
                    ("tds__gte", 0),
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("platform_fee"), "+", models.F("gst")
                                    ),
                                    "+",
                                    models.F("tds"),
                                ),
                                "+",
                                models.F("taken"),
                            ),
                            "+",
                            models.F("owed"),
                        ),
                    ),
                ),
                name="payments_return_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("by__isnull", False),
                        ("chargeback__isnull", True),
                        ("refund__isnull", False),
                        ("why", "operator"),
                    ),
                    models.Q(("chargeback__isnull", False), ("refund__isnull", True), ("why", "chargeback")),
                    _connector="OR",
                ),
                name="payments_return_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.UniqueConstraint(
                condition=models.Q(("chargeback__isnull", False)),
                fields=("escrow", "chargeback"),
                name="payments_return_once_a_chargeback",
            ),
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
