"""Settlements with the lines of their reports, and which captures they settled."""

import django.db.models.deletion
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money

GUARDS = """
CREATE TRIGGER payments_settlement_frozen BEFORE UPDATE OF gateway_settlement_id, amount, settled_at ON payments_settlement FOR EACH ROW
    WHEN ((OLD.gateway_settlement_id, OLD.amount, OLD.settled_at) IS DISTINCT FROM (NEW.gateway_settlement_id, NEW.amount, NEW.settled_at))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_settlement_stays BEFORE DELETE OR TRUNCATE ON payments_settlement
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_settlement FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_second_person"),
    ]

    operations = [
        migrations.CreateModel(
            name="Settlement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("gateway_settlement_id", models.CharField(max_length=40, unique=True)),
                ("amount", khidma.kernel.money.PaiseField()),
                ("utr", models.CharField(db_index=True, max_length=60)),
                ("settled_at", models.DateTimeField()),
                ("lines_read_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("look_at__isnull", False)),
                        fields=["look_at"],
                        name="payments_settlement_look",
                    ),
                    models.Index(fields=["settled_at"], name="payments_settlement_at"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gte", 1)), name="payments_settlement_amount")
                ],
            },
        ),
        migrations.CreateModel(
            name="SettlementLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "settlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="payments.settlement"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=20)),
                ("entity_id", models.CharField(max_length=40)),
                ("payment_id", models.CharField(blank=True, max_length=40)),
                ("dispute_id", models.CharField(blank=True, max_length=40)),
                ("amount", khidma.kernel.money.PaiseField()),
                ("fee", khidma.kernel.money.PaiseField()),
                ("tax", khidma.kernel.money.PaiseField()),
                ("debit", khidma.kernel.money.PaiseField()),
                ("credit", khidma.kernel.money.PaiseField()),
                ("currency", models.CharField(max_length=3)),
            ],
            options={
                "indexes": [models.Index(fields=["entity_id"], name="payments_settlement_entity")],
                "constraints": [
                    models.UniqueConstraint(fields=("settlement", "number"), name="payments_settlement_line_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="capture",
            name="settlement",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="captures",
                to="payments.settlement",
            ),
        ),
        migrations.AddField(
            model_name="capture",
            name="settled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="capture",
            index=models.Index(fields=["settlement"], name="payments_capture_settlement"),
        ),
        migrations.AddIndex(
            model_name="capture",
            index=models.Index(
                fields=["created_at"],
                condition=models.Q(("settled_at__isnull", True)),
                name="payments_capture_unsettled",
            ),
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
