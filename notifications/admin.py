"""What people and the servers of others were told, and how it went out, for operators."""

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.audit import record_act
from notifications import services
from notifications.models import (
    Digest,
    Notification,
    Preferences,
    PushToken,
    Sending,
    SendingStatus,
    SmsCount,
    WebhookDelivery,
    WebhookSecret,
    WebhookSubscription,
)


@admin.register(Notification)
class NotificationAdmin(OperatorAdmin):
    list_display = ("created_at", "user", "kind", "title", "read_at")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone", "user__email", "title")
    list_filter = ("kind", "created_at")
    ordering = ("-id",)


@admin.register(PushToken)
class PushTokenAdmin(OperatorAdmin):
    list_display = ("created_at", "user", "platform", "device_id")
    list_select_related = ("user",)
    exclude = ("token",)
    search_fields = ("user__id", "user__phone")
    list_filter = ("platform",)
    ordering = ("-id",)


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(OperatorAdmin):
    list_display = ("created_at", "user", "url", "active", "failure_count", "last_success_at", "disabled_because")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone", "user__email", "url")
    list_filter = ("active", "disabled_because", "hears_all")
    ordering = ("-id",)


@admin.register(WebhookSecret)
class WebhookSecretAdmin(OperatorAdmin):
    list_display = ("created_at", "subscription", "signs_until")
    list_select_related = ("subscription",)
    exclude = ("sealed_secret",)
    search_fields = ("subscription__id", "subscription__user__id")
    list_filter = ("signs_until",)
    ordering = ("-id",)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(OperatorAdmin):
    list_display = ("created_at", "event_type", "user", "status", "attempts", "response_status", "failure", "due_at")
    list_select_related = ("user", "subscription")
    exclude = ("body",)
    search_fields = ("id", "subscription__id", "user__id", "object_id")
    list_filter = ("status", "event_type", "failure")
    ordering = ("-id",)


@admin.register(Sending)
class SendingAdmin(OperatorAdmin):
    list_display = ("created_at", "channel", "notification", "status", "provider", "attempts", "due_at", "last_error")
    list_select_related = ("notification",)
    search_fields = ("notification__id", "notification__user__id", "notification__user__phone")
    list_filter = ("status", "channel", "provider", "created_at")
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.action(description=_("Try again"), permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Sending]) -> None:
        """Put what was given up back among what waits, each on record."""
        with transaction.atomic():
            dead = list(queryset.filter(status=SendingStatus.DEAD).values_list("pk", flat=True))
            for sending_id in dead:
                record_act(
                    actor_id=request.user.pk,
                    action="sending.try_again",
                    target_type="sending",
                    target_id=sending_id,
                )
            count = services.revive(sending_ids=dead)
        self.message_user(request, _("Sendings that will be tried again: %(count)d.") % {"count": count})


@admin.register(Preferences)
class PreferencesAdmin(OperatorAdmin):
    list_display = ("user", "language", "push", "sms", "email", "quiet_start", "quiet_end", "time_zone")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone", "user__email")
    list_filter = ("language", "push", "sms", "email")
    ordering = ("-updated_at",)


@admin.register(SmsCount)
class SmsCountAdmin(OperatorAdmin):
    list_display = ("day", "user", "count", "refused")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone")
    list_filter = ("day",)
    ordering = ("-id",)


@admin.register(Digest)
class DigestAdmin(OperatorAdmin):
    list_display = ("user", "told_at")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone")
    list_filter = ("told_at",)
    ordering = ("-told_at",)
