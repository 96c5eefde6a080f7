"""Whoever only reads sees no code with which work begins."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_reviews")]

    operations = [hide_from_readers("orders_order", "start_code")]
