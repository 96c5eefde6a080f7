"""Orders for operators: everything to be read, nothing to be written."""

from django.contrib import admin
from django.db import models
from unfold.admin import TabularInline

from khidma.kernel.admin import OperatorAdmin
from orders.models import (
    Boost,
    Cancellation,
    CancellationPart,
    CancellationPolicy,
    CancellationQuote,
    Deliverable,
    Milestone,
    Order,
    Review,
    RevisionRequest,
    SilenceQuestion,
)


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: models.Model | None = None) -> bool:
        return False


class MilestoneInline(ReadOnlyInline):
    model = Milestone


class DeliverableInline(ReadOnlyInline):
    model = Deliverable


class RevisionRequestInline(ReadOnlyInline):
    model = RevisionRequest


@admin.register(Order)
class OrderAdmin(OperatorAdmin):
    list_display = ("gig", "status", "amount", "client", "doer", "created_at", "due_at", "id")
    search_fields = ("id", "gig__id", "client__id", "doer__id", "client__phone", "doer__phone", "gig__title")
    list_filter = ("status", "kind", "budget_type", "cancel_reason", "created_at")
    list_select_related = ("client", "doer", "gig")
    ordering = ("-created_at",)
    exclude = ("start_code",)
    inlines = (MilestoneInline, DeliverableInline, RevisionRequestInline)


@admin.register(Milestone)
class MilestoneAdmin(OperatorAdmin):
    list_display = ("title", "order", "position", "status", "amount", "due_at", "id")
    search_fields = ("id", "order__id", "title")
    list_filter = ("status", "created_at")
    list_select_related = ("order",)
    ordering = ("-created_at", "position")


@admin.register(Deliverable)
class DeliverableAdmin(OperatorAdmin):
    list_display = ("id", "order", "created_at")
    search_fields = ("id", "order__id")
    list_filter = ("created_at",)
    list_select_related = ("order",)
    ordering = ("-created_at",)


@admin.register(RevisionRequest)
class RevisionRequestAdmin(OperatorAdmin):
    list_display = ("id", "order", "number", "extra_days", "created_at")
    search_fields = ("id", "order__id")
    list_filter = ("number", "created_at")
    list_select_related = ("order",)
    ordering = ("-created_at",)


@admin.register(Cancellation)
class CancellationAdmin(OperatorAdmin):
    list_display = ("id", "order", "side", "reason", "fault", "held", "kept", "due_at", "contested_at", "settled_at")
    search_fields = ("id", "order__id")
    list_filter = ("side", "reason", "fault", "row", "created_at")
    list_select_related = ("order",)
    ordering = ("-created_at",)


@admin.register(CancellationPart)
class CancellationPartAdmin(OperatorAdmin):
    list_display = ("id", "cancellation", "reference", "row", "held", "client_refund", "doer_gross", "kept", "at_stake")
    search_fields = ("id", "reference", "cancellation__id", "cancellation__order__id")
    list_filter = ("row", "fault", "created_at")
    list_select_related = ("cancellation",)
    ordering = ("-created_at",)


@admin.register(Boost)
class BoostAdmin(OperatorAdmin):
    list_display = ("id", "gig", "buyer", "days", "amount", "status", "starts_at", "ends_at", "created_at")
    search_fields = ("id", "gig__id", "gig__title", "buyer__id", "buyer__phone")
    list_filter = ("status", "days", "created_at")
    list_select_related = ("gig", "buyer")
    ordering = ("-created_at",)


@admin.register(CancellationQuote)
class CancellationQuoteAdmin(OperatorAdmin):
    list_display = ("id", "order", "asked_by", "reason", "fault", "client_refund", "doer_amount", "expires_at")
    search_fields = ("id", "order__id", "asked_by__id")
    list_filter = ("reason", "fault", "created_at")
    list_select_related = ("order", "asked_by")
    ordering = ("-created_at",)


@admin.register(CancellationPolicy)
class CancellationPolicyAdmin(OperatorAdmin):
    list_display = ("version", "free_hours", "begun_bp", "near_hours", "near_bp")
    search_fields = ("version",)
    ordering = ("-version",)


@admin.register(SilenceQuestion)
class SilenceQuestionAdmin(OperatorAdmin):
    list_display = ("id", "order", "due_at", "created_at")
    search_fields = ("id", "order__id")
    list_filter = ("created_at",)
    list_select_related = ("order",)
    ordering = ("-created_at",)


@admin.register(Review)
class ReviewAdmin(OperatorAdmin):
    list_display = ("rating", "order", "author", "reviewed", "created_at", "shown_at", "id")
    search_fields = ("id", "order__id", "author__id", "reviewed__id", "comment")
    list_filter = ("rating", "created_at")
    list_select_related = ("order", "author", "reviewed")
    ordering = ("-id",)
