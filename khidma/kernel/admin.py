"""The operators' view of the kernel, and the base of every other admin page."""

from typing import Any

from django.contrib import admin
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

    A page opens fields with `editable`; everything else is shown, not changed.
    """

    editable: tuple[str, ...] = ()
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
        money = {field.name: field for field in self.opts.fields if isinstance(field, PaiseField)}
        return [_in_rupees(money[name]) if name in money else name for name in super().get_list_display(request)]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        declared = list(super().get_readonly_fields(request, obj))
        # Django would show read-only fields in spite of `exclude`.
        elsewhere = {*declared, *self.editable, *(self.exclude or ())}
        return declared + [field.name for field in self.opts.fields if field.name not in elsewhere]


def _in_rupees(field: "PaiseField[Any, Any]") -> Any:
    """A column that shows an amount in paise as rupees."""

    @admin.display(description=field.verbose_name, ordering=field.name)
    def shown(record: models.Model) -> str:
        amount = getattr(record, field.name)
        return "" if amount is None else rupees(amount)

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
