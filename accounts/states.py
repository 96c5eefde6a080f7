"""States of a doer's application to work on site, and who may move it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.states import StateTable, Transition


class DoerStatus(models.TextChoices):
    """Where the application stands; `approved` makes the working profile complete."""

    NONE = "none", _("none")
    APPLIED = "applied", _("applied")
    UNDER_REVIEW = "under_review", _("under review")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


DOER_STATES = StateTable(
    "doer_profile",
    [
        Transition("apply", {DoerStatus.NONE, DoerStatus.REJECTED}, DoerStatus.APPLIED, actors={"doer"}),
        Transition("review", {DoerStatus.APPLIED}, DoerStatus.UNDER_REVIEW, actors={"operator"}),
        Transition("approve", {DoerStatus.APPLIED, DoerStatus.UNDER_REVIEW}, DoerStatus.APPROVED, actors={"operator"}),
        Transition("reject", {DoerStatus.APPLIED, DoerStatus.UNDER_REVIEW}, DoerStatus.REJECTED, actors={"operator"}),
    ],
    ends={DoerStatus.NONE, DoerStatus.APPROVED, DoerStatus.REJECTED},
)
