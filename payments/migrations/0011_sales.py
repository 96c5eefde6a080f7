"""What the platform sells: boosts today. Written once, as everything that was agreed about money."""

import django.db.models.deletion
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money
import khidma.kernel.states

FROZEN = """
CREATE TRIGGER payments_sale_frozen BEFORE UPDATE OF reference, about, payment_id, amount ON payments_sale FOR EACH ROW
    WHEN ((OLD.reference, OLD.about, OLD.payment_id, OLD.amount) IS DISTINCT FROM
          (NEW.reference, NEW.about, NEW.payment_id, NEW.amount)) EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_sale_stays BEFORE DELETE OR TRUNCATE ON payments_sale
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_sale FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0010_payout_holds"),
    ]

    operations = [
        migrations.CreateModel(
            name="Sale",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("reference", models.UUIDField(editable=False, unique=True)),
                ("about", models.UUIDField(editable=False)),
                ("amount", khidma.kernel.money.PaiseField()),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("awaiting", "Awaits its money"),
                            ("sold", "Sold"),
                            ("returned", "Returned"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="awaiting",
                        max_length=30,
                    ),
                ),
                ("paid_at", models.DateTimeField(null=True)),
                ("gst", models.BigIntegerField(null=True)),
                ("returned", models.BigIntegerField(default=0)),
                (
                    "paid_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sales",
                        to="payments.capture",
                    ),
                ),
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sale", to="payments.payment"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 100), ("amount__lte", 1000000000)),
                        name="payments_sale_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_by__isnull", True), ("status__in", ["awaiting", "abandoned"])),
                            models.Q(
                                ("gst__gte", 0),
                                ("gst__lte", models.F("amount")),
                                ("paid_at__isnull", False),
                                ("paid_by__isnull", False),
                                ("status__in", ["sold", "returned"]),
                            ),
                            _connector="OR",
                        ),
                        name="payments_sale_paid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("returned", 0), models.Q(("status", "returned"), _negated=True)),
                            models.Q(
                                ("returned__gte", 1), ("returned__lte", models.F("amount")), ("status", "returned")
                            ),
                            _connector="OR",
                        ),
                        name="payments_sale_returned_within",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FROZEN, migrations.RunSQL.noop),
    ]
