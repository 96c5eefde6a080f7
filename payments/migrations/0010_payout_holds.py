import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids

GUARDS = """
CREATE TRIGGER payments_payouthold_frozen BEFORE UPDATE OF payout_id, held_by_id, reason ON payments_payouthold FOR EACH ROW
    WHEN ((OLD.payout_id, OLD.held_by_id, OLD.reason) IS DISTINCT FROM (NEW.payout_id, NEW.held_by_id, NEW.reason))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_payouthold_stays BEFORE DELETE OR TRUNCATE ON payments_payouthold
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_payouthold FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0009_returns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PayoutHold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("reason", models.CharField(max_length=500)),
                ("approved_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts_approved",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "held_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts_held",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="payments.payout"
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts_released",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("payout",),
                        name="payments_payout_hold_one_live",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(
                                ("held_by__isnull", False),
                                models.Q(("released_by", models.F("held_by")), _negated=True),
                            ),
                            models.Q(
                                ("approved_by__isnull", False),
                                ("held_by__isnull", True),
                                models.Q(("released_by", models.F("approved_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_payout_hold_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("released_by__isnull", True), ("ended_at__isnull", False), _connector="OR"),
                        name="payments_payout_hold_ended",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
