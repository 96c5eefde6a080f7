"""States of a doer's application to work on site, of the verification of an identity, and who may move them."""

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


class VerificationStatus(models.TextChoices):
    """Where the check of somebody's identity document stands."""

    APPLIED = "applied", _("applied")
    UNDER_REVIEW = "under_review", _("under review")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


VERIFICATION_STATES = StateTable(
    "verification",
    [
        Transition("review", {VerificationStatus.APPLIED}, VerificationStatus.UNDER_REVIEW, actors={"operator"}),
        Transition(
            "approve",
            {VerificationStatus.APPLIED, VerificationStatus.UNDER_REVIEW},
            VerificationStatus.APPROVED,
            actors={"operator"},
        ),
        Transition(
            "reject",
            {VerificationStatus.APPLIED, VerificationStatus.UNDER_REVIEW},
            VerificationStatus.REJECTED,
            actors={"operator", "system"},
        ),
    ],
    ends={VerificationStatus.APPROVED, VerificationStatus.REJECTED},
)

WAITING_VERIFICATIONS = (VerificationStatus.APPLIED, VerificationStatus.UNDER_REVIEW)
