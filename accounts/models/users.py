"""The user: one row for a person, whether client, doer or operator."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import now
from khidma.kernel.models import Record

TRUST_SCORE_AT_START = 50


class UserManager(BaseUserManager["User"]):
    """What Django's own commands and log-in need; everything else creates users through services."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Called by `manage.py createsuperuser`."""
        user = self.model(email=email.strip().lower(), is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(Record, AbstractBaseUser, PermissionsMixin):
    """A person. Rating, completed gigs, trust score and badges are facts written down by those who know them."""

    phone = models.CharField(  # noqa: DJ001 (unique, so nobody's is null)
        _("phone"), max_length=16, unique=True, null=True, help_text=_("E.164; empty for operators.")
    )
    email = models.EmailField(  # noqa: DJ001 (unique, so nobody's is null)
        _("e-mail"), max_length=254, unique=True, null=True, help_text=_("In lower case.")
    )
    phone_verified_at = models.DateTimeField(_("phone verified at"), null=True)
    email_verified_at = models.DateTimeField(_("e-mail verified at"), null=True)
    id_verified_at = models.DateTimeField(_("identity verified at"), null=True)

    name = models.CharField(_("name"), max_length=120, blank=True, default="")
    avatar_url = models.URLField(_("picture"), max_length=500, blank=True, default="")
    bio = models.CharField(_("about"), max_length=500, blank=True, default="")
    university = models.CharField(_("university"), max_length=160, blank=True, default="")
    course = models.CharField(_("course"), max_length=160, blank=True, default="")
    year = models.PositiveSmallIntegerField(_("year of study"), null=True)
    graduation_year = models.PositiveSmallIntegerField(_("graduation year"), null=True)

    is_client = models.BooleanField(_("client"), default=False)
    is_doer = models.BooleanField(_("doer"), default=False)
    is_staff = models.BooleanField(_("operator"), default=False)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Off when the account was closed."))
    made_by_operator = models.BooleanField(_("made by an operator"), default=False)

    rating = models.DecimalField(_("rating"), max_digits=3, decimal_places=2, default=0)
    rating_count = models.PositiveIntegerField(_("ratings"), default=0)
    completed_gigs = models.PositiveIntegerField(_("completed gigs"), default=0)
    trust_score = models.PositiveSmallIntegerField(_("trust score"), default=TRUST_SCORE_AT_START)
    badges = ArrayField(models.SlugField(max_length=40), verbose_name=_("badges"), default=list, blank=True)

    suspended_at = models.DateTimeField(_("suspended at"), null=True)
    suspended_until = models.DateTimeField(_("suspended until"), null=True)
    suspension_reason = models.CharField(_("reason of the suspension"), max_length=500, blank=True, default="")

    token_version = models.PositiveIntegerField(
        _("version of tokens"), default=1, help_text=_("Raising it ends every access token.")
    )
    profile_completed_at = models.DateTimeField(_("profile completed at"), null=True)
    last_active_at = models.DateTimeField(_("last active at"), null=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [
            ("support", _("Answers users, takes requests, keeps providers")),
            ("finance", _("Handles payouts, refunds, finances and reconciliation")),
            ("trust", _("Handles disputes, reports, appeals, suspensions and verifications")),
            ("settings", _("Changes settings")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="user_phone_e164"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower"),
            models.CheckConstraint(condition=Q(phone__isnull=False) | Q(email__isnull=False), name="user_reachable"),
            models.CheckConstraint(condition=Q(year__range=(1, 5)), name="user_year"),
            models.CheckConstraint(condition=Q(graduation_year__range=(1950, 2100)), name="user_graduation_year"),
            models.CheckConstraint(condition=Q(rating__range=(0, 5)), name="user_rating"),
            models.CheckConstraint(condition=Q(trust_score__range=(0, 100)), name="user_trust_score"),
            models.CheckConstraint(
                condition=Q(suspended_until__isnull=True) | Q(suspended_at__lt=F("suspended_until")),
                name="user_suspension",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="user_newest"),
            models.Index(fields=["university"], name="user_university", condition=~Q(university="")),
            GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("phone"), name="gin_trgm_ops"),
                name="user_found_by",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    def get_full_name(self) -> str:
        return self.name

    @property
    def roles(self) -> list[str]:
        """Among `doer` and `client`."""
        return [role for role, held in (("doer", self.is_doer), ("client", self.is_client)) if held]

    @property
    def is_phone_verified(self) -> bool:
        return self.phone_verified_at is not None

    @property
    def is_email_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def is_id_verified(self) -> bool:
        return self.id_verified_at is not None

    @property
    def operator_permissions(self) -> list[str]:
        """Which of support, finance, trust and settings an operator holds."""
        names = ("support", "finance", "trust", "settings")
        return [name for name in names if self.is_staff and self.has_perm(f"accounts.{name}")]

    @property
    def is_suspended(self) -> bool:
        """Suspended now, by the database's clock where the suspension has an end."""
        return self.suspended_at is not None and not self._has_passed(self.suspended_until)

    @staticmethod
    def _has_passed(moment: datetime | None) -> bool:
        return moment is not None and moment <= now()
