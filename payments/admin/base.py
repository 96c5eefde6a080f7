"""What every page of money shares."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.money import rupees


class MoneyAdmin(OperatorAdmin):
    """Shows amounts in rupees. Who may see money is said by the model's view permission."""

    ordering: tuple[str, ...] = ("-id",)

    @admin.display(description=_("amount"), ordering="amount")
    def in_rupees(self, record: Any) -> str:
        return rupees(record.amount)


class FinanceAdmin(MoneyAdmin):
    """Its buttons are for operators with the permission `finance`: actions name it by `permissions=["finance"]`."""

    def has_finance_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.finance")
