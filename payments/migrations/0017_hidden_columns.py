"""Whoever only reads sees no sealed number, nor the index by which a guess at one could be checked."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_posting_plans")]

    operations = [
        hide_from_readers("payments_bankaccount", "sealed_number", "number_index"),
        hide_from_readers("payments_taxprofile", "sealed_gstin"),
        hide_from_readers("payments_invoice", "sealed_gstin"),
    ]
