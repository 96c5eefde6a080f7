"""Gigs and applications as operators see them: to look at, not to change."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from gigs.models import Application, ApplicationMilestone, Gig, GigView, SavedGig, SearchWord
from khidma.kernel.admin import OperatorAdmin


@admin.register(Gig)
class GigAdmin(OperatorAdmin):
    list_display = (
        "title",
        "status",
        "kind",
        "category",
        "client",
        "budget_min",
        "budget_max",
        "deadline",
        "created_at",
    )
    search_fields = ("id", "title", "client__phone", "client__name")
    list_filter = ("status", "kind", "budget_type", "priority", "category", "city")
    list_select_related = ("category", "client")
    date_hierarchy = "created_at"
    exclude = ("search_document",)
    ordering = ("-created_at",)


@admin.register(Application)
class ApplicationAdmin(OperatorAdmin):
    list_display = ("gig", "doer", "status", "proposed_amount", "agreed_hours", "created_at", "decided_at")
    search_fields = ("id", "gig__id", "gig__title", "doer__phone", "doer__name")
    list_filter = ("status", "created_at")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        applications: QuerySet[Any] = super().get_queryset(request)
        return applications.select_related("gig", "doer").defer("gig__search_document")


@admin.register(ApplicationMilestone)
class ApplicationMilestoneAdmin(OperatorAdmin):
    list_display = ("application", "position", "title", "amount", "due_at")
    search_fields = ("application__id", "title")
    list_filter = ("due_at",)
    list_select_related = ("application",)
    ordering = ("application", "position")


@admin.register(SavedGig)
class SavedGigAdmin(OperatorAdmin):
    list_display = ("user", "gig", "created_at")
    search_fields = ("user__phone", "gig__id", "gig__title")
    list_filter = ("created_at",)
    list_select_related = ("user", "gig")
    ordering = ("-created_at",)


@admin.register(GigView)
class GigViewAdmin(OperatorAdmin):
    list_display = ("gig", "viewed_on", "is_counted")
    search_fields = ("gig__id",)
    list_filter = ("viewed_on", "is_counted")
    list_select_related = ("gig",)
    ordering = ("-id",)


@admin.register(SearchWord)
class SearchWordAdmin(OperatorAdmin):
    list_display = ("word",)
    search_fields = ("word",)
    ordering = ("word",)
