"""Whoever only reads sees no hash of a password, token or code, no sealed secret, and no session of the admin."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("sessions", "0001_initial")]

    operations = [
        hide_from_readers("accounts_user", "password"),
        hide_from_readers("accounts_refreshtoken", "token_hash"),
        hide_from_readers("accounts_operatortotp", "secret_sealed"),
        hide_from_readers("accounts_onetimecode", "code_hash"),
        hide_from_readers("django_session", "session_key", "session_data"),
    ]
