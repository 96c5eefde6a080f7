"""The operators' view of the kernel, and the base of every other admin page."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from khidma.kernel import outbox
from khidma.kernel.audit import record_act
from khidma.kernel.models import (
    AuditRecord,
    Clock,
    DeliveryStatus,
    OutboxDelivery,
    OutboxEvent,
    SettingsCategory,
    StateChange,
)
from khidma.kernel.money import PaiseField, rupees


class OperatorAdmin(ModelAdmin):
    """Read-only unless a page says otherwise: no adding, no deleting, no bulk delete, no COUNT over the whole table.

    A page opens fields with `editable`; everything else is shown, not changed. Amounts are shown in rupees, those of
    `in_paise` too, and a user's foreign key by the user's name, though `list_display` says `user_id`.
    """

    editable: tuple[str, ...] = ()
    in_paise: tuple[str, ...] = ()
    actions: Any = ()
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.editable or self.actions) and super().has_change_permission(request, obj)

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = self._money() | {field.attname: _name(field) for field in self._people(request)}
        return [columns.get(name, name) for name in super().get_list_display(request)]

    def get_list_select_related(self, request: HttpRequest) -> Any:
        people = [field.name for field in self._people(request)]
        related = super().get_list_select_related(request)
        return related if related is True or not people else [*(related or ()), *people]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        declared = list(super().get_readonly_fields(request, obj))
        # Django would show read-only fields in spite of `exclude`.
        elsewhere = {*declared, *self.editable, *(self.exclude or ())}
        names = declared + [field.name for field in self.opts.fields if field.name not in elsewhere]
        return names + [column for name, column in self._money().items() if name in names]

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        shown, money = self.get_readonly_fields(request, obj), self._money()
        fields = [money.get(name, name) if name in shown else name for name in super().get_fields(request, obj)]
        return list(dict.fromkeys(fields))

    def _money(self) -> dict[str, Any]:
        """The columns that show amounts in rupees, by the name of their field."""
        fields = self.opts.fields
        return {
            field.name: _in_rupees(field)
            for field in fields
            if isinstance(field, PaiseField) or field.name in self.in_paise
        }

    def _people(self, request: HttpRequest) -> list[Any]:
        """The foreign keys to users in the list."""
        listed = super().get_list_display(request)
        people = get_user_model()
        return [field for field in self.opts.fields if field.related_model is people and field.attname in listed]


@cache
def _in_rupees(field: Any) -> Any:
    """A column that shows an amount in paise as rupees."""

    @admin.display(description=field.verbose_name, ordering=field.name)
    def shown(record: models.Model) -> str:
        amount = getattr(record, field.name)
        return "" if amount is None else rupees(amount)

    return shown


def _name(field: Any) -> Any:
    """A column that shows a user by name."""

    @admin.display(description=field.verbose_name, ordering=field.attname)
    def shown(record: models.Model) -> Any:
        return getattr(record, field.name)

    return shown


@admin.register(OutboxEvent)
class OutboxEventAdmin(OperatorAdmin):
    list_display = ("name", "created_at", "request_id")
    search_fields = ("name", "id")
    list_filter = ("name", "created_at")
    ordering = ("-id",)


@admin.register(OutboxDelivery)
class OutboxDeliveryAdmin(OperatorAdmin):
    list_display = ("handler", "status", "attempts", "due_at", "done_at", "last_error")
    search_fields = ("handler", "event__id")
    list_filter = ("status", "handler")
    list_select_related = ("event",)
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.action(description=_("Try again"), permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: models.QuerySet[OutboxDelivery]) -> None:
        """Put dead deliveries back into the queue, each on record."""
        with transaction.atomic():
            dead = list(queryset.filter(status=DeliveryStatus.DEAD).values_list("pk", flat=True))
            for delivery_id in dead:
                record_act(
                    actor_id=request.user.pk,
                    action="outbox.try_again",
                    target_type="outbox_delivery",
                    target_id=delivery_id,
                )
            count = outbox.revive(dead)
        self.message_user(request, _("Deliveries that will be tried again: %(count)d.") % {"count": count})


@admin.register(StateChange)
class StateChangeAdmin(OperatorAdmin):
    list_display = ("at", "subject_type", "subject_id", "action", "from_status", "to_status", "actor_role", "reason")
    search_fields = ("subject_id", "actor_id")
    list_filter = ("subject_type", "to_status", "actor_role")
    ordering = ("-id",)


@admin.register(AuditRecord)
class AuditRecordAdmin(OperatorAdmin):
    list_display = ("at", "actor_id", "action", "target_type", "target_id", "reason")
    search_fields = ("target_id", "actor_id")
    list_filter = ("action", "target_type")
    ordering = ("-id",)


@admin.register(Clock)
class ClockAdmin(OperatorAdmin):
    list_display = ("id", "shift")
    search_fields = ("id",)


@admin.register(SettingsCategory)
class SettingsCategoryAdmin(OperatorAdmin):
    list_display = ("category", "updated_at")
    search_fields = ("category",)
    list_filter = ("updated_at",)
