"""A doer's bid on a gig."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gigs.models.gig import Gig
from gigs.states import APPLICATION_STATES, LIVE_STATUSES, UNDECIDED_STATUSES, ApplicationStatus
from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id
from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful

if TYPE_CHECKING:
    from accounts.models import User


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Applications by side and state."""

    def of_party(self, user: "User") -> Self:
        """Applications that this user made, or got on an own gig."""
        return self.filter(Q(doer=user) | Q(gig__client=user))

    def undecided(self) -> Self:
        """Those that the owner may still take."""
        return self.filter(status__in=UNDECIDED_STATUSES)

    def live(self) -> Self:
        """Those that keep their doer from applying again."""
        return self.filter(status__in=LIVE_STATUSES)


class Application(Stateful, Record):
    """One doer's bid on one gig.

    `proposed_amount` is in paise, per hour for hourly gigs; `conversation_id` names the talk about it.
    """

    states = APPLICATION_STATES

    gig = models.ForeignKey(Gig, models.PROTECT, related_name="applications", verbose_name=_("gig"), db_index=False)
    doer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="applications", verbose_name=_("doer"), db_index=False
    )
    conversation_id = models.UUIDField(_("conversation"), default=new_id, unique=True, editable=False)
    cover_letter = models.TextField(_("cover letter"))
    proposed_amount = PaiseField(_("proposed amount"))
    agreed_hours = models.PositiveIntegerField(_("hours"), null=True)
    estimated_days = models.PositiveIntegerField(_("estimated days"), null=True)
    can_start_at = models.DateTimeField(_("can start at"), null=True)
    status = StateField(_("state"), choices=ApplicationStatus, default=ApplicationStatus.PENDING)
    decided_at = models.DateTimeField(_("decided at"), null=True, editable=False)
    updated_at = models.DateTimeField(_("changed at"), db_default=Now(), editable=False)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        constraints = [
            models.UniqueConstraint(
                fields=["gig", "doer"], condition=Q(status__in=LIVE_STATUSES), name="gigs_application_one_live"
            ),
            models.UniqueConstraint(
                fields=["gig"], condition=Q(status=ApplicationStatus.ACCEPTED), name="gigs_application_one_accepted"
            ),
            models.CheckConstraint(
                condition=Q(proposed_amount__gte=1, proposed_amount__lte=CAP_PAISE), name="gigs_application_amount"
            ),
            models.CheckConstraint(
                condition=Q(agreed_hours__isnull=True) | Q(agreed_hours__gte=1), name="gigs_application_hours"
            ),
            models.CheckConstraint(condition=Q(status__in=ApplicationStatus.values), name="gigs_application_status"),
            models.CheckConstraint(
                condition=Q(status__in=UNDECIDED_STATUSES, decided_at__isnull=True)
                | Q(decided_at__isnull=False) & ~Q(status__in=UNDECIDED_STATUSES),
                name="gigs_application_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["gig", "-created_at", "-id"], name="gigs_application_of_gig"),
            models.Index(fields=["doer", "-created_at", "-id"], name="gigs_application_of_doer"),
            models.Index(fields=["gig", "status"], name="gigs_application_gig_status"),
        ]

    def __str__(self) -> str:
        return f"{self.doer_id} → {self.gig_id}"


class ApplicationMilestone(Record):
    """One step of a bid on a milestone gig; the amounts of an application's steps add up to its `proposed_amount`."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="milestones", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=120)
    amount = PaiseField(_("amount"))
    due_at = models.DateTimeField(_("due at"))

    class Meta:
        verbose_name = _("proposed milestone")
        verbose_name_plural = _("proposed milestones")
        constraints = [
            models.UniqueConstraint(fields=["application", "position"], name="gigs_milestone_position"),
            models.CheckConstraint(condition=Q(amount__gte=1, amount__lte=CAP_PAISE), name="gigs_milestone_amount"),
        ]

    def __str__(self) -> str:
        return self.title
