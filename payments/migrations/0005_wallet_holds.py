import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money

GUARDS = """
CREATE TRIGGER payments_wallethold_frozen BEFORE UPDATE OF user_id, reference, amount ON payments_wallethold FOR EACH ROW
    WHEN ((OLD.user_id, OLD.reference, OLD.amount) IS DISTINCT FROM (NEW.user_id, NEW.reference, NEW.amount))
    EXECUTE FUNCTION payments_forbid_rewrite();
CREATE TRIGGER payments_wallethold_stays BEFORE DELETE OR TRUNCATE ON payments_wallethold
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_wallethold FROM khidma_app;

-- The app's role may not write accounts, so it may not lock them either, but through here.
CREATE FUNCTION payments_lock_wallet(owner uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held bigint;
BEGIN
    INSERT INTO payments_account (id, kind, owner_id, normal_side, balance)
    VALUES (payments_account_id('wallet', owner), 'wallet', owner, 'credit', 0)
        ON CONFLICT DO NOTHING;
    SELECT balance INTO held FROM payments_account WHERE id = payments_account_id('wallet', owner) FOR NO KEY UPDATE;
    RETURN held;
END $$;
REVOKE ALL ON FUNCTION payments_lock_wallet FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments_lock_wallet TO khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_escrows_of_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WalletHold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("reference", models.UUIDField(editable=False, unique=True)),
                ("amount", khidma.kernel.money.PaiseField()),
                ("reason", models.CharField(max_length=200)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wallet_holds",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("released_at__isnull", True)), fields=["user"], name="payments_hold_live"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 1), ("amount__lte", 1000000000)),
                        name="payments_hold_amount",
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
