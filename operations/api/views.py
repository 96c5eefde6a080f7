"""What operators see and set, over HTTP."""

import re
from typing import Any

from rest_framework.request import Request

from accounts.api.permissions import caller_of
from khidma.http.text import camel
from khidma.http.views import ApiView, operation
from khidma.kernel.errors import Invalid
from operations import selectors, services
from operations.api.serializers import AllSettings, SettingsBody, SettingsQuery, SystemSerializer
from operations.errors import SettingsUnknown


def snake(name: str) -> str:
    """The Python name of a setting: `autoApproveDays` → `auto_approve_days`."""
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def on_the_wire(values: dict[str, Any]) -> dict[str, Any]:
    """Settings under their camelCase names."""
    return {camel(name): value for name, value in values.items()}


class SettingsList(ApiView):
    @operation(access="staff", query=SettingsQuery, returns=AllSettings, errors=[SettingsUnknown])
    def get(self, request: Request) -> Any:
        """Settings by category."""
        listed = selectors.list_settings(self.query().get("category"))
        return {category: on_the_wire(values) for category, values in listed.items()}


class SettingsDetail(ApiView):
    @operation(access="staff", returns=AllSettings, errors=[SettingsUnknown])
    def get(self, request: Request, category: str) -> Any:
        """One category."""
        return on_the_wire(selectors.get_category(category).load().as_dict())

    @operation(access="staff", permission="settings", body=SettingsBody, returns=AllSettings, errors=[SettingsUnknown])
    def put(self, request: Request, category: str) -> Any:
        """Change some values of one category; the others stay."""
        kind = selectors.get_category(category)
        values = {snake(name): value for name, value in self.body()["values"].items()}
        try:
            changed = services.change_settings(category=kind, values=values, operator=caller_of(request))
        except Invalid as error:
            raise Invalid(details=on_the_wire(error.details)) from error
        return on_the_wire(changed.as_dict())


class SystemMetrics(ApiView):
    @operation(access="staff", returns=SystemSerializer)
    def get(self, request: Request) -> selectors.SystemFigures:
        """Health of database, cache, queue, workers, gateway, outbox and ledger; null where it is unknown."""
        return selectors.system_figures()
