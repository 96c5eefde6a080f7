"""Posting keeps the plans of its statements: all are looked up by key, and planning anew cost a sixth of a posting."""

from django.db import migrations

KEEP = "ALTER FUNCTION payments_post SET plan_cache_mode = force_generic_plan;"
PLAN_ANEW = "ALTER FUNCTION payments_post RESET plan_cache_mode;"


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_invoices")]

    operations = [migrations.RunSQL(KEEP, PLAN_ANEW)]
