"""Tax rates with their first day, tax profiles and years, and the taxes of an escrow."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money

SEEDS = """
-- The law's rates of the day this was written, each from its own first day. Nobody has confirmed them yet.
INSERT INTO payments_taxrate (id, kind, supply_class, basis_points, threshold, starts_on, law) VALUES
    (uuidv7(), 'gst', '', 1800, NULL, '2017-07-01', 'Notification 11/2017-Central Tax (Rate): 18 %, CGST 9 % and SGST 9 %, or IGST 18 %'),
    (uuidv7(), 'tds', '', 100, 50000000, '2020-10-01', 'Income-tax Act 1961, section 194-O: 1 %'),
    (uuidv7(), 'tds', '', 10, 50000000, '2024-10-01', 'Income-tax Act 1961, section 194-O as of the Finance (No. 2) Act 2024: 0.1 %'),
    (uuidv7(), 'tds_without_pan', '', 500, NULL, '2020-10-01', 'Income-tax Act 1961, section 206AA with section 194-O: 5 %'),
    (uuidv7(), 'tcs', '', 100, NULL, '2018-10-01', 'CGST Act, section 52: 1 %'),
    (uuidv7(), 'tcs', '', 50, NULL, '2024-07-10', 'CGST Act, section 52 with Notification 15/2024-Central Tax: 0.5 %');

INSERT INTO payments_taxyear (user_id, starts_on, gross)
SELECT payee_id, make_date(extract(year FROM day - interval '3 months')::int, 4, 1) AS first_day, sum(payee_gross)
  FROM (SELECT payee_id, payee_gross, decided_at AT TIME ZONE 'Asia/Kolkata' AS day FROM payments_escrow WHERE status = 'decided') AS decided
 GROUP BY payee_id, first_day;
"""

GUARDS = """
-- What postings may have used stays. Only who confirmed what the house came with may still be written.
CREATE FUNCTION payments_guard_tax_rate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    today date := (khidma_now() AT TIME ZONE 'Asia/Kolkata')::date;
    confirms_ours boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        confirms_ours := OLD.proposed_by_id IS NULL AND OLD.confirmed_by_id IS NULL
            AND (OLD.kind, OLD.supply_class, OLD.basis_points, OLD.threshold, OLD.starts_on, OLD.law, OLD.proposed_by_id)
                IS NOT DISTINCT FROM (NEW.kind, NEW.supply_class, NEW.basis_points, NEW.threshold, NEW.starts_on, NEW.law, NEW.proposed_by_id);
    END IF;
    IF (TG_OP <> 'INSERT' AND OLD.starts_on <= today AND NOT coalesce(confirms_ours, false))
       OR (TG_OP = 'INSERT' AND NEW.starts_on <= today) OR (TG_OP = 'UPDATE' AND NEW.starts_on <= today AND NOT confirms_ours) THEN
        RAISE EXCEPTION '% of a tax rate that has begun is forbidden', TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER payments_taxrate_guard BEFORE INSERT OR UPDATE OR DELETE ON payments_taxrate
    FOR EACH ROW EXECUTE FUNCTION payments_guard_tax_rate();
CREATE TRIGGER payments_taxrate_stays BEFORE TRUNCATE ON payments_taxrate
    FOR EACH STATEMENT EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE TRUNCATE ON payments_taxrate FROM khidma_app;

CREATE TRIGGER payments_escrow_frozen_supply BEFORE UPDATE OF supply_class, title ON payments_escrow FOR EACH ROW
    WHEN ((OLD.supply_class, OLD.title) IS DISTINCT FROM (NEW.supply_class, NEW.title)) EXECUTE FUNCTION payments_forbid_rewrite();
REVOKE DELETE, TRUNCATE ON payments_taxyear FROM khidma_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0007_settlements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TaxProfile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "pan_status",
                    models.CharField(
                        choices=[
                            ("individual", "individual or family with PAN or Aadhaar"),
                            ("other", "company, firm or other body with PAN"),
                            ("none", "neither PAN nor Aadhaar"),
                        ],
                        max_length=10,
                        verbose_name="PAN",
                    ),
                ),
                ("sealed_gstin", models.TextField(blank=True, verbose_name="GSTIN, sealed")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("01", "Jammu and Kashmir"),
                            ("02", "Himachal Pradesh"),
                            ("03", "Punjab"),
                            ("04", "Chandigarh"),
                            ("05", "Uttarakhand"),
                            ("06", "Haryana"),
                            ("07", "Delhi"),
                            ("08", "Rajasthan"),
                            ("09", "Uttar Pradesh"),
                            ("10", "Bihar"),
                            ("11", "Sikkim"),
                            ("12", "Arunachal Pradesh"),
                            ("13", "Nagaland"),
                            ("14", "Manipur"),
                            ("15", "Mizoram"),
                            ("16", "Tripura"),
                            ("17", "Meghalaya"),
                            ("18", "Assam"),
                            ("19", "West Bengal"),
                            ("20", "Jharkhand"),
                            ("21", "Odisha"),
                            ("22", "Chhattisgarh"),
                            ("23", "Madhya Pradesh"),
                            ("24", "Gujarat"),
                            ("26", "Dadra and Nagar Haveli and Daman and Diu"),
                            ("27", "Maharashtra"),
                            ("29", "Karnataka"),
                            ("30", "Goa"),
                            ("31", "Lakshadweep"),
                            ("32", "Kerala"),
                            ("33", "Tamil Nadu"),
                            ("34", "Puducherry"),
                            ("35", "Andaman and Nicobar Islands"),
                            ("36", "Telangana"),
                            ("37", "Andhra Pradesh"),
                            ("38", "Ladakh"),
                            ("97", "Other Territory"),
                        ],
                        max_length=2,
                        verbose_name="state",
                    ),
                ),
                ("updated_at", models.DateTimeField(verbose_name="changed at")),
            ],
            options={
                "verbose_name": "tax profile",
                "verbose_name_plural": "tax profiles",
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
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
                            ("gst", "GST on the commission"),
                            ("tds", "Tax deducted by the operator"),
                            ("tds_without_pan", "Tax deducted where neither PAN nor Aadhaar is known"),
                            ("tcs", "Tax collected from payees with a GSTIN"),
                            ("supply_gst", "GST on a supply that the operator owes, section 9(5)"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("supply_class", models.CharField(blank=True, max_length=120, verbose_name="class of supply")),
                ("basis_points", models.PositiveIntegerField(verbose_name="rate in basis points")),
                ("threshold", khidma.kernel.money.PaiseField(blank=True, null=True, verbose_name="threshold a year")),
                ("starts_on", models.DateField(verbose_name="first day")),
                ("law", models.CharField(max_length=200, verbose_name="law or notification")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed at")),
            ],
            options={
                "verbose_name": "tax rate",
                "verbose_name_plural": "tax rates",
            },
        ),
        migrations.CreateModel(
            name="TaxYear",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField(verbose_name="first day")),
                ("gross", models.BigIntegerField(verbose_name="gross")),
            ],
            options={
                "verbose_name": "tax year",
                "verbose_name_plural": "tax years",
            },
        ),
        migrations.AddField(
            model_name="escrow",
            name="title",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="escrow",
            name="supply_class",
            field=models.CharField(blank=True, editable=False, max_length=120),
        ),
        migrations.AddField(
            model_name="escrow",
            name="supply_gst",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="escrow",
            name="tcs",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="taxprofile",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tax_profile",
                to=settings.AUTH_USER_MODEL,
                verbose_name="payee",
            ),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tax_rates_confirmed",
                to=settings.AUTH_USER_MODEL,
                verbose_name="confirmed by",
            ),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="proposed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tax_rates_proposed",
                to=settings.AUTH_USER_MODEL,
                verbose_name="proposed by",
            ),
        ),
        migrations.AddField(
            model_name="taxyear",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tax_years",
                to=settings.AUTH_USER_MODEL,
                verbose_name="payee",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("pan_status__in", ["individual", "other", "none"])), name="payments_tax_profile_pan"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sealed_gstin", ""), models.Q(("pan_status", "none"), _negated=True), _connector="OR"
                ),
                name="payments_tax_profile_gstin_has_pan",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.UniqueConstraint(
                fields=("kind", "supply_class", "starts_on"), name="payments_tax_rate_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["gst", "tds", "tds_without_pan", "tcs", "supply_gst"])),
                name="payments_tax_rate_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "supply_gst"), models.Q(("supply_class", ""), _negated=True)),
                    models.Q(models.Q(("kind", "supply_gst"), _negated=True), ("supply_class", "")),
                    _connector="OR",
                ),
                name="payments_tax_rate_class",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "tds"), ("threshold__gte", 0)),
                    models.Q(models.Q(("kind", "tds"), _negated=True), ("threshold__isnull", True)),
                    _connector="OR",
                ),
                name="payments_tax_rate_threshold",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("basis_points__lte", 2800), ("kind__in", ["gst", "supply_gst"])),
                    models.Q(("basis_points__lte", 1000), ("kind__in", ["tds", "tds_without_pan"])),
                    models.Q(("basis_points__lte", 200), ("kind", "tcs")),
                    _connector="OR",
                ),
                name="payments_tax_rate_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at__isnull", True), ("confirmed_by__isnull", True)),
                    models.Q(("confirmed_at__isnull", False), ("confirmed_by__isnull", False)),
                    _connector="OR",
                ),
                name="payments_tax_rate_confirmed_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("proposed_by__isnull", True),
                    ("confirmed_by__isnull", True),
                    models.Q(("confirmed_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="payments_tax_rate_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxyear",
            constraint=models.UniqueConstraint(fields=("user", "starts_on"), name="payments_tax_year_once"),
        ),
        migrations.AddConstraint(
            model_name="taxyear",
            constraint=models.CheckConstraint(condition=models.Q(("gross__gte", 0)), name="payments_tax_year_gross"),
        ),
        migrations.AddConstraint(
            model_name="taxyear",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_on__day", 1), ("starts_on__month", 4)),
                name="payments_tax_year_begins_in_april",
            ),
        ),
        migrations.RunSQL(SEEDS, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
