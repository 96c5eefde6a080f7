"""The operators' groups and what each may do; kept in step with the code at every migration."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

AREAS = ("support", "finance", "trust", "settings")

GROUPS: dict[str, tuple[str, ...]] = {
    "support": ("support",),
    "finance": ("finance",),
    "trust": ("trust",),
    "administrator": AREAS,
}

MONEY_APPS = frozenset({"payments"})
ADMINISTRATORS_ONLY = frozenset({"auth", "contenttypes", "sessions", "admin"})


def put_groups(*, app_config: AppConfig, using: str, **unused: Any) -> None:
    """After an app's migrations: its permissions go to the groups that may see it, and change what they are for."""
    for name, areas in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        if app_config.label == "accounts":
            group.permissions.add(*_permissions("accounts", using).filter(codename__in=areas))
        if _may_see(name, app_config.label):
            group.permissions.add(*_view_permissions(name, app_config.label, using))


def _may_see(group: str, app: str) -> bool:
    if group == "administrator":
        return True
    return app not in ADMINISTRATORS_ONLY and (app not in MONEY_APPS or group == "finance")


def _view_permissions(group: str, app: str, using: str) -> QuerySet[Permission]:
    """An administrator may also change what an admin page opens for change; the others look."""
    wanted = Q(codename__startswith="view_")
    if group == "administrator":
        wanted |= Q(codename__startswith="change_")
    return _permissions(app, using).filter(wanted)


def _permissions(app: str, using: str) -> QuerySet[Permission]:
    return Permission.objects.using(using).filter(content_type__app_label=app)
