"""Working profiles of doers, and who has blocked whom."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.lists import Category, Skill, Zone
from accounts.states import DOER_STATES, DoerStatus
from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField
from khidma.kernel.states import StateField, Stateful


class DoerProfile(Stateful, Record):
    """What a doer offers, where, and for how much an hour."""

    states = DOER_STATES

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="doer_profile", verbose_name=_("doer")
    )
    headline = models.CharField(_("headline"), max_length=120, blank=True, default="")
    skills = models.ManyToManyField(Skill, related_name="doer_profiles", verbose_name=_("skills"), blank=True)
    categories = models.ManyToManyField(
        Category, related_name="doer_profiles", verbose_name=_("categories"), blank=True
    )
    zones = models.ManyToManyField(Zone, related_name="doer_profiles", verbose_name=_("zones"), blank=True)
    hourly_rate = PaiseField(_("rate per hour"), null=True)
    experience_years = models.PositiveSmallIntegerField(_("years of experience"), null=True)
    languages = ArrayField(models.CharField(max_length=40), verbose_name=_("languages"), default=list, blank=True)
    latitude = models.FloatField(_("latitude of the service area"), null=True)
    longitude = models.FloatField(_("longitude of the service area"), null=True)
    radius_km = models.FloatField(_("radius of the service area in km"), null=True)
    status = StateField(_("status"), choices=DoerStatus, default=DoerStatus.NONE)
    acceptance_rate = models.FloatField(_("share of offers accepted"), null=True)
    completion_rate = models.FloatField(_("share of orders completed"), null=True)
    response_minutes = models.FloatField(_("usual minutes to respond"), null=True)

    class Meta:
        verbose_name = _("working profile")
        verbose_name_plural = _("working profiles")
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True, radius_km__isnull=True)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180), radius_km__gt=0, radius_km__lte=200),
                name="doer_profile_service_area",
            ),
            models.CheckConstraint(condition=Q(experience_years__lte=60), name="doer_profile_experience"),
        ]

    def __str__(self) -> str:
        return self.headline or str(self.user_id)


class Block(Record):
    """`blocker` wants nothing to do with `blocked`."""

    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks_made", verbose_name=_("blocker")
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks_received", verbose_name=_("blocked")
    )

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="block_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} → {self.blocked_id}"
