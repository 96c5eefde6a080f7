"""Acts that take two operators."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money
import khidma.kernel.states

GUARDS = """
CREATE TRIGGER payments_secondpersonact_frozen BEFORE UPDATE OF kind, subject_id, amount, content, reason, asked_by_id ON payments_secondpersonact FOR EACH ROW
    WHEN ((OLD.kind, OLD.subject_id, OLD.amount, OLD.content, OLD.reason, OLD.asked_by_id) IS DISTINCT FROM (NEW.kind, NEW.subject_id, NEW.amount, NEW.content, NEW.reason, NEW.asked_by_id))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_secondpersonact_stays BEFORE DELETE OR TRUNCATE ON payments_secondpersonact
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_secondpersonact FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_wallet_holds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondPersonAct",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("kind", models.CharField(editable=False, max_length=30)),
                ("subject_id", models.UUIDField(editable=False)),
                ("amount", khidma.kernel.money.PaiseField(editable=False)),
                ("content", models.JSONField(default=dict, editable=False)),
                ("reason", models.CharField(max_length=500)),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("asked", "Waits for a second operator"),
                            ("confirmed", "Confirmed"),
                            ("declined", "Declined"),
                            ("lapsed", "Not confirmed in time"),
                        ],
                        default="asked",
                        max_length=30,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts_asked",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts_decided",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "asked")),
                        fields=["created_at"],
                        name="payments_second_person_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="payments_second_person_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "confirmed"), _negated=True),
                            models.Q(
                                ("decided_by__isnull", False),
                                models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_second_person_is_another",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "asked")),
                        fields=("kind", "subject_id"),
                        name="payments_second_person_one_open",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
