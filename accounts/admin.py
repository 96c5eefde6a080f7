"""The operators' view of people, their sessions and the lists; nothing secret is shown."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import services
from accounts.models import (
    Block,
    Category,
    DoerProfile,
    OneTimeCode,
    OperatorTotp,
    RefreshToken,
    Session,
    Skill,
    User,
    Verification,
    WrongCode,
    Zone,
)
from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.audit import record_act
from khidma.kernel.errors import KhidmaError, NotFound
from khidma.media.download import respond_with

admin.site.unregister(Group)


class OperatorLogInForm(AuthenticationForm):
    """The admin's log-in: the same check of password and second factor as the API's."""

    totp = forms.RegexField(
        r"\A[0-9]{6}\Z",
        label=_("Code of your authenticator app, if you have enrolled one"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"form": "login-form", "autocomplete": "one-time-code"}),
    )

    def clean(self) -> dict[str, Any]:
        """:raises forms.ValidationError: with what the API would have said."""
        given: dict[str, Any] = self.cleaned_data
        try:
            operator = services.check_operator(email=given.get("username", ""), password=given.get("password", ""))
            services.check_second_factor(operator=operator, code=given.get("totp"))
        except KhidmaError as error:
            raise forms.ValidationError(str(error.message), code=error.code) from error
        operator.backend = "django.contrib.auth.backends.ModelBackend"
        self.user_cache = operator
        self.confirm_login_allowed(operator)
        return given


admin.site.login_form = OperatorLogInForm
admin.site.login_template = "accounts/log_in.html"


@admin.register(User)
class UserAdmin(OperatorAdmin):
    list_display = ("name", "phone", "email", "is_client", "is_doer", "is_staff", "suspended_at", "created_at")
    list_filter = ("is_client", "is_doer", "is_staff", "is_active", "suspended_at", "created_at")
    search_fields = ("name", "phone", "email", "university", "id")
    ordering = ("-created_at", "-id")
    exclude = ("password", "user_permissions", "token_version")


@admin.register(Group)
class GroupAdmin(OperatorAdmin):
    list_display = ("name",)
    search_fields = ("name",)
    list_filter = ("name",)


@admin.register(Verification)
class VerificationAdmin(OperatorAdmin):
    """The document is opened by operators of trust alone, one at a time, each look on record."""

    list_display = ("created_at", "user_id", "document_kind", "status", "decided_at", "decided_by_id")
    list_filter = ("status", "document_kind", "created_at")
    search_fields = ("user__name", "user__phone", "user__email", "id")
    ordering = ("-id",)
    readonly_fields = ("document",)

    def get_urls(self) -> list[Any]:
        opened = self.admin_site.admin_view(self.open_document)
        return [path("<uuid:pk>/document", opened, name="accounts_verification_document"), *super().get_urls()]

    @admin.display(description=_("document"))
    def document(self, verification: Verification) -> str:
        address = reverse("admin:accounts_verification_document", args=[verification.pk])
        return format_html('<a href="{}">{}</a>', address, _("Open (this is recorded)"))

    def open_document(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """:raises PermissionDenied: the operator is not of trust. :raises Http404: there is nothing to be seen."""
        if not isinstance(request.user, User) or not request.user.has_perm("accounts.trust"):
            raise PermissionDenied
        verification = get_object_or_404(Verification, pk=pk)
        try:
            file, content = services.open_document(verification=verification, viewer=request.user, reason="review")
        except NotFound as error:
            raise Http404 from error
        return respond_with(file, content)


@admin.register(Session)
class SessionAdmin(OperatorAdmin):
    list_display = ("user", "method", "device_name", "address", "last_used_at", "ended_at", "end_reason")
    list_filter = ("method", "ended_at", "end_reason")
    search_fields = ("user__name", "user__phone", "user__email", "id")
    list_select_related = ("user",)
    ordering = ("-created_at", "-id")
    actions = ("end_sessions",)

    @admin.action(description=_("End these sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        """Sign the users out of these devices."""
        for session in queryset.order_by("id"):
            if services.end_session(session=session, reason="ended_by_operator"):
                record_act(actor_id=request.user.pk, action="end_session", target_type="session", target_id=session.pk)


@admin.register(RefreshToken)
class RefreshTokenAdmin(OperatorAdmin):
    list_display = ("session", "created_at", "expires_at", "used_at")
    list_filter = ("created_at", "used_at")
    search_fields = ("session__id",)
    list_display_links = None
    ordering = ("-created_at",)
    exclude = ("token_hash",)


@admin.register(OperatorTotp)
class OperatorTotpAdmin(OperatorAdmin):
    list_display = ("user", "confirmed_at")
    list_filter = ("confirmed_at",)
    search_fields = ("user__name", "user__email")
    list_select_related = ("user",)
    exclude = ("secret_sealed", "last_step")


@admin.register(OneTimeCode)
class OneTimeCodeAdmin(OperatorAdmin):
    list_display = ("target", "purpose", "tries", "created_at", "expires_at", "ended_at")
    list_filter = ("purpose", "created_at")
    search_fields = ("target",)
    ordering = ("-created_at", "-id")
    exclude = ("code_hash",)


@admin.register(WrongCode)
class WrongCodeAdmin(OperatorAdmin):
    list_display = ("target", "created_at")
    list_filter = ("created_at",)
    search_fields = ("target",)
    ordering = ("-created_at", "-id")


@admin.register(DoerProfile)
class DoerProfileAdmin(OperatorAdmin):
    list_display = ("user", "headline", "status", "hourly_rate", "experience_years")
    list_filter = ("status", "categories", "zones")
    search_fields = ("user__name", "user__phone", "headline")
    list_select_related = ("user",)
    ordering = ("-created_at", "-id")


@admin.register(Block)
class BlockAdmin(OperatorAdmin):
    list_display = ("blocker", "blocked", "created_at")
    list_filter = ("created_at",)
    search_fields = ("blocker__name", "blocked__name", "blocker__phone", "blocked__phone")
    list_select_related = ("blocker", "blocked")
    ordering = ("-created_at", "-id")


@admin.register(Category)
class CategoryAdmin(OperatorAdmin):
    list_display = ("name", "name_hi", "slug", "parent", "kinds", "position", "retired_at")
    list_filter = ("parent", "retired_at")
    search_fields = ("name", "name_hi", "slug")
    list_select_related = ("parent",)
    ordering = ("parent__position", "position", "slug")
    editable = ("name", "name_hi", "position")


@admin.register(Skill)
class SkillAdmin(OperatorAdmin):
    list_display = ("name", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(Zone)
class ZoneAdmin(OperatorAdmin):
    list_display = ("name", "city", "north", "south", "east", "west", "retired_at")
    list_filter = ("city", "retired_at")
    search_fields = ("name", "city")
    ordering = ("city", "name")
