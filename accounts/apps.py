"""Django's entry for accounts: who you are and what you may do."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Permissions exist only after the migrations, so the operators' groups get theirs then."""
        post_migrate.connect(_put_groups, dispatch_uid="accounts.operator_groups")


def _put_groups(sender: AppConfig, using: str, **unused: object) -> None:
    from accounts.operator_groups import put_groups

    put_groups(app_config=sender, using=using)
