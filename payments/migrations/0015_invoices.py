"""Invoices, receipts and credit notes with the counters of their numbers, and taxes that were remitted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money

GUARDS = """
-- A document that was issued stays as it is. Counters only rise.
CREATE TRIGGER payments_invoice_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE UPDATE, DELETE, TRUNCATE ON payments_invoice FROM khidma_app;

CREATE TRIGGER payments_remittance_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_remittance
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE UPDATE, DELETE, TRUNCATE ON payments_remittance FROM khidma_app;

CREATE FUNCTION payments_guard_invoice_number() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.series, NEW.starts_on) IS DISTINCT FROM (OLD.id, OLD.series, OLD.starts_on) OR NEW.last <> OLD.last + 1 THEN
        RAISE EXCEPTION 'invoice numbers rise one by one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_invoicenumber_rises BEFORE UPDATE ON payments_invoicenumber
    FOR EACH ROW EXECUTE FUNCTION payments_guard_invoice_number();
CREATE TRIGGER payments_invoicenumber_stays BEFORE DELETE OR TRUNCATE ON payments_invoicenumber
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_invoicenumber FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0014_reconciliation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("commission", "Tax invoice for the commission"),
                            ("receipt", "Receipt for the work"),
                            ("supply", "Tax invoice for the work, section 9(5)"),
                            ("commission_credit", "Credit note for the commission"),
                            ("work_credit", "Credit note for the work"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("series", models.CharField(max_length=2, verbose_name="series")),
                ("starts_on", models.DateField(verbose_name="first day of the year")),
                ("sequence", models.PositiveIntegerField(verbose_name="number in the year")),
                ("number", models.CharField(max_length=16, unique=True, verbose_name="number")),
                ("issued_on", models.DateField(verbose_name="issued on")),
                ("content", models.JSONField(verbose_name="content")),
                ("sealed_gstin", models.TextField(blank=True, verbose_name="GSTIN of the payee, sealed")),
                ("template", models.PositiveSmallIntegerField(default=1, verbose_name="version of the layout")),
                (
                    "escrow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="payments.escrow",
                        verbose_name="escrow",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recipient",
                    ),
                ),
                (
                    "returned",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="payments.return",
                        verbose_name="return",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
            },
        ),
        migrations.CreateModel(
            name="InvoiceNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("series", models.CharField(max_length=2, verbose_name="series")),
                ("starts_on", models.DateField(verbose_name="first day of the year")),
                ("last", models.PositiveIntegerField(verbose_name="last number")),
            ],
            options={
                "verbose_name": "invoice number",
                "verbose_name_plural": "invoice numbers",
            },
        ),
        migrations.CreateModel(
            name="Remittance",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("challan", models.CharField(max_length=40, unique=True, verbose_name="challan")),
                ("gst", khidma.kernel.money.PaiseField(default=0, verbose_name="GST on commissions")),
                ("tds", khidma.kernel.money.PaiseField(default=0, verbose_name="TDS")),
                ("tcs", khidma.kernel.money.PaiseField(default=0, verbose_name="TCS")),
                ("supply_gst", khidma.kernel.money.PaiseField(default=0, verbose_name="GST on supplies, section 9(5)")),
                ("set_off", khidma.kernel.money.PaiseField(default=0, verbose_name="set off against GST paid")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
            ],
            options={
                "verbose_name": "tax remitted",
                "verbose_name_plural": "taxes remitted",
            },
        ),
        migrations.AddConstraint(
            model_name="invoicenumber",
            constraint=models.UniqueConstraint(fields=("series", "starts_on"), name="payments_invoice_number_once"),
        ),
        migrations.AddField(
            model_name="remittance",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="remittances",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked by",
            ),
        ),
        migrations.AddField(
            model_name="remittance",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="remittances_confirmed",
                to=settings.AUTH_USER_MODEL,
                verbose_name="confirmed by",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("series", "starts_on", "sequence"), name="payments_invoice_sequence"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("returned__isnull", True)), fields=("escrow", "kind"), name="payments_invoice_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(fields=("returned", "kind"), name="payments_credit_note_once"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["commission_credit", "work_credit"]), ("returned__isnull", False)),
                    models.Q(
                        models.Q(("kind__in", ["commission_credit", "work_credit"]), _negated=True),
                        ("returned__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="payments_credit_note_of_a_return",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["commission", "receipt", "supply", "commission_credit", "work_credit"])
                ),
                name="payments_invoice_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("sequence__gte", 1)), name="payments_invoice_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="remittance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gst__gte", 0), ("set_off__gte", 0), ("supply_gst__gte", 0), ("tcs__gte", 0), ("tds__gte", 0)
                ),
                name="payments_remittance_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="remittance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gst__gt", 0), ("tds__gt", 0), ("tcs__gt", 0), ("supply_gst__gt", 0), _connector="OR"
                ),
                name="payments_remittance_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="remittance",
            constraint=models.CheckConstraint(
                condition=models.Q(("set_off__lte", models.F("gst"))), name="payments_remittance_set_off"
            ),
        ),
        migrations.AddConstraint(
            model_name="remittance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confirmed_by__isnull", True),
                    models.Q(("confirmed_by", models.F("by")), _negated=True),
                    _connector="OR",
                ),
                name="payments_remittance_two_people",
            ),
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
