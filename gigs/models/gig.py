"""Posted work."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import GigKind
from gigs.states import EDITABLE_STATUSES, GIG_STATES, PUBLIC_STATUSES, GigStatus
from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful

if TYPE_CHECKING:
    from accounts.models import User


class BudgetType(models.TextChoices):
    FIXED = "fixed", _("fixed")
    HOURLY = "hourly", _("hourly")
    MILESTONE = "milestone", _("milestones")


class Priority(models.TextChoices):
    LOW = "low", _("low")
    NORMAL = "normal", _("normal")
    HIGH = "high", _("high")
    URGENT = "urgent", _("urgent")


LISTED_BY = {
    "newest": ["status", "-is_boosted", "-created_at", "-id"],
    "category": ["category", "status", "-created_at", "-id"],
    "kind_newest": ["kind", "status", "-created_at", "-id"],
    "created": ["status", "created_at", "id"],
    "deadline": ["status", "deadline", "id"],
    "budget_min": ["status", "budget_min", "id"],
    "budget_max": ["status", "budget_max", "id"],
    "applications": ["status", "applications_count", "id"],
}


class GigQuerySet(models.QuerySet["Gig"]):
    """Gigs by who may know of them."""

    def shown_first(self) -> Self:
        """Gigs that are boosted at this moment; the mark alone stays a little longer than the time that was paid."""
        return self.filter(is_boosted=True, boosted_until__gt=Now())

    def present(self) -> Self:
        """Gigs that their owner did not delete."""
        return self.filter(removed_at=None)

    def public(self) -> Self:
        """Gigs that everybody may see."""
        return self.present().filter(status__in=PUBLIC_STATUSES)

    def visible_to(self, user: "User | None") -> Self:
        """Gigs that this user may see: public ones, own ones, and those applied to; operators see all."""
        if user is None:
            return self.public()
        if user.is_staff:
            return self.present()
        from_applications = Q(pk__in=user.applications.values("gig_id"))
        return self.present().filter(Q(status__in=PUBLIC_STATUSES) | Q(client=user) | from_applications)


class GigManager(models.Manager["Gig"]):
    """Gigs without the words that the search looks at: no reader wants them."""

    def get_queryset(self) -> GigQuerySet:
        return GigQuerySet(self.model, using=self._db).defer("search_document")

    def present(self) -> GigQuerySet:
        """Gigs that their owner did not delete."""
        return self.get_queryset().present()

    def public(self) -> GigQuerySet:
        """Gigs that everybody may see."""
        return self.get_queryset().public()

    def visible_to(self, user: "User | None") -> GigQuerySet:
        """Gigs that this user may see."""
        return self.get_queryset().visible_to(user)


class Gig(Stateful, Record):
    """Work that a client wants done.

    Budgets are in paise, per hour for hourly gigs. `area_latitude` and `area_longitude` are the place
    blurred to about a kilometre: only they are searched, so that nobody can close in on an address.
    """

    states = GIG_STATES

    client = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="gigs", verbose_name=_("client"))
    kind = models.CharField(_("kind"), max_length=10, choices=GigKind)
    title = models.CharField(_("title"), max_length=120)
    description = models.TextField(_("description"))
    category = models.ForeignKey(
        "accounts.Category", models.PROTECT, related_name="gigs", verbose_name=_("category"), db_index=False
    )
    skills = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("skills"))
    skill_keys = ArrayField(models.CharField(max_length=60), default=list, blank=True, editable=False)
    budget_type = models.CharField(_("kind of budget"), max_length=10, choices=BudgetType)
    budget_min = PaiseField(_("lowest budget"))
    budget_max = PaiseField(_("highest budget"))
    deadline = models.DateTimeField(_("deadline"))
    status = StateField(_("state"), choices=GigStatus, default=GigStatus.DRAFT)
    updated_at = models.DateTimeField(_("changed at"), db_default=Now(), editable=False)
    removed_at = models.DateTimeField(_("deleted at"), null=True, editable=False)

    applications_count = models.PositiveIntegerField(_("applications"), default=0, editable=False)
    views_count = models.PositiveIntegerField(_("views"), default=0, editable=False)
    is_boosted = models.BooleanField(_("boosted"), default=False, editable=False)
    boosted_until = models.DateTimeField(_("boosted until"), null=True, editable=False)

    address = models.CharField(_("address"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    zone = models.ForeignKey(
        "accounts.Zone", models.PROTECT, null=True, related_name="gigs", verbose_name=_("zone"), db_index=False
    )
    latitude = models.FloatField(_("latitude"), null=True)
    longitude = models.FloatField(_("longitude"), null=True)
    area_latitude = models.FloatField(null=True, editable=False)
    area_longitude = models.FloatField(null=True, editable=False)
    access_instructions = models.CharField(_("how to get in"), max_length=1000, blank=True)
    exact_address_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    scheduled_at = models.DateTimeField(_("planned for"), null=True)
    flexibility_minutes = models.PositiveIntegerField(_("flexibility in minutes"), null=True)
    estimated_minutes = models.PositiveIntegerField(_("estimated minutes"), null=True)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority, blank=True)

    search_document = SearchVectorField(null=True, editable=False)

    objects = GigManager()

    class Meta:
        verbose_name = _("gig")
        verbose_name_plural = _("gigs")
        constraints = [
            models.CheckConstraint(
                condition=Q(budget_min__gte=1, budget_max__lte=CAP_PAISE, budget_min__lte=models.F("budget_max")),
                name="gigs_gig_budget",
            ),
            models.CheckConstraint(condition=Q(kind__in=GigKind.values), name="gigs_gig_kind"),
            models.CheckConstraint(condition=Q(budget_type__in=BudgetType.values), name="gigs_gig_budget_type"),
            models.CheckConstraint(condition=Q(status__in=GigStatus.values), name="gigs_gig_status"),
            models.CheckConstraint(
                condition=Q(kind=GigKind.REMOTE)
                | Q(
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                    area_latitude__isnull=False,
                    area_longitude__isnull=False,
                )
                & ~Q(address="")
                & ~Q(city=""),
                name="gigs_gig_on_site_has_place",
            ),
            models.CheckConstraint(
                condition=Q(is_boosted=False) | Q(boosted_until__isnull=False), name="gigs_gig_boost_ends"
            ),
        ]
        # The list reads gigs that were not deleted, and counts them from the index alone.
        indexes = [
            *(
                models.Index(fields=fields, condition=Q(removed_at__isnull=True), name=f"gigs_gig_{name}")
                for name, fields in LISTED_BY.items()
            ),
            models.Index(fields=["client", "-created_at", "-id"], name="gigs_gig_of_client"),
            models.Index(
                fields=["zone", "status", "-created_at"], condition=Q(zone__isnull=False), name="gigs_gig_zone"
            ),
            models.Index(Lower("city"), "status", condition=~Q(city=""), name="gigs_gig_city"),
            models.Index(
                fields=["area_latitude", "area_longitude"],
                condition=Q(area_latitude__isnull=False),
                name="gigs_gig_area",
            ),
            GinIndex(fields=["skill_keys"], name="gigs_gig_skills"),
            GinIndex(fields=["search_document"], name="gigs_gig_search"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it."""
        return self.removed_at is None and self.status in PUBLIC_STATUSES

    @property
    def is_editable(self) -> bool:
        """Whether the owner may still change it."""
        return self.status in EDITABLE_STATUSES

    def shows_address_to(self, user: "User | None") -> bool:
        """Whether this user may see the exact place: the owner, operators, and the doer of a funded order."""
        return user is not None and (user.is_staff or user.pk in {self.client_id, self.exact_address_for_id})

    def place(
        self,
        *,
        address: str,
        city: str,
        zone_id: UUID | None,
        latitude: float,
        longitude: float,
        access_instructions: str = "",
    ) -> None:
        """Set the exact place together with the area that others see."""
        self.address, self.city, self.zone_id, self.access_instructions = address, city, zone_id, access_instructions
        self.latitude, self.longitude = latitude, longitude
        self.area_latitude, self.area_longitude = round(latitude, 2), round(longitude, 2)

    def clear_place(self) -> None:
        """Forget the place: the work is done from anywhere."""
        self.address = self.city = self.access_instructions = ""
        self.zone_id = None
        self.latitude = self.longitude = self.area_latitude = self.area_longitude = None
