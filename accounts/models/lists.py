"""The lists that profiles and gigs speak of: categories, skills and zones."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record


class GigKind(models.TextChoices):
    """Where work is done."""

    REMOTE = "remote", _("remote")
    ON_SITE = "on_site", _("on site")


class Category(Record):
    """A kind of work; two levels, told apart everywhere by its slug."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_hi = models.CharField(_("name in Hindi"), max_length=80, blank=True, default="")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    kinds = ArrayField(models.CharField(max_length=8, choices=GigKind), verbose_name=_("kinds"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.CheckConstraint(condition=~Q(kinds=[]), name="category_has_a_kind"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="category_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Skill(Record):
    """Something a doer can do and a gig may ask for."""

    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        constraints = [models.UniqueConstraint(Lower("name"), name="skill_name")]

    def __str__(self) -> str:
        return self.name


class Zone(Record):
    """A service zone: a GeoJSON Polygon with its box, so that a search can leave most zones out by number alone."""

    name = models.CharField(_("name"), max_length=80)
    city = models.CharField(_("city"), max_length=80)
    boundary = models.JSONField(_("boundary"), help_text=_("A GeoJSON Polygon, longitude first."))
    north = models.FloatField(_("north"))
    south = models.FloatField(_("south"))
    east = models.FloatField(_("east"))
    west = models.FloatField(_("west"))
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints = [
            models.UniqueConstraint(
                Lower("city"), Lower("name"), condition=Q(retired_at__isnull=True), name="zone_name_in_city"
            ),
            models.CheckConstraint(condition=Q(south__lt=F("north"), west__lt=F("east")), name="zone_box"),
            models.CheckConstraint(
                condition=Q(south__gte=-90, north__lte=90, west__gte=-180, east__lte=180), name="zone_on_earth"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"
