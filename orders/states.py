"""The states of an order and of a milestone, and every step between them with who may take it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.states import StateTable, Transition
from orders.errors import (
    MilestoneNotFunded,
    MilestoneNotPending,
    MilestoneNotSubmitted,
    OrderNotAwaitingPayment,
    OrderNotInProgress,
    OrderNotSubmitted,
)


class OrderStatus(models.TextChoices):
    PENDING_PAYMENT = "pending_payment", _("waiting for payment")
    IN_PROGRESS = "in_progress", _("in progress")
    SUBMITTED = "submitted", _("submitted")
    APPROVED = "approved", _("approved")
    COMPLETED = "completed", _("completed")
    DISPUTED = "disputed", _("in dispute")
    CANCELLED = "cancelled", _("cancelled")


ENDED = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)

ANYBODY = {"client", "doer", "operator", "system"}
HOUSE = {"operator", "system"}

# `approved` lasts only while a release is held; the two `resume_` steps lead back to where a dispute came from.
ORDER_STATES = StateTable(
    "order",
    [
        Transition(
            "pay",
            {OrderStatus.PENDING_PAYMENT},
            OrderStatus.IN_PROGRESS,
            actors={"client", "system"},
            refusal=OrderNotAwaitingPayment,
        ),
        Transition(
            "abandon",
            {OrderStatus.PENDING_PAYMENT},
            OrderStatus.CANCELLED,
            actors=ANYBODY,
            refusal=OrderNotAwaitingPayment,
        ),
        Transition(
            "submit", {OrderStatus.IN_PROGRESS}, OrderStatus.SUBMITTED, actors={"doer"}, refusal=OrderNotInProgress
        ),
        Transition(
            "request_revision",
            {OrderStatus.SUBMITTED},
            OrderStatus.IN_PROGRESS,
            actors={"client"},
            refusal=OrderNotSubmitted,
        ),
        Transition(
            "approve",
            {OrderStatus.SUBMITTED},
            OrderStatus.APPROVED,
            actors={"client", "system"},
            refusal=OrderNotSubmitted,
        ),
        Transition("release", {OrderStatus.APPROVED}, OrderStatus.COMPLETED, actors=HOUSE),
        Transition("take_back", {OrderStatus.APPROVED}, OrderStatus.CANCELLED, actors=HOUSE),
        Transition(
            "cancel", {OrderStatus.IN_PROGRESS}, OrderStatus.CANCELLED, actors=ANYBODY, refusal=OrderNotInProgress
        ),
        Transition("finish", {OrderStatus.IN_PROGRESS}, OrderStatus.COMPLETED, refusal=OrderNotInProgress),
        Transition("dispute", {OrderStatus.IN_PROGRESS, OrderStatus.SUBMITTED}, OrderStatus.DISPUTED, actors=ANYBODY),
        Transition("resolve_for_doer", {OrderStatus.DISPUTED}, OrderStatus.COMPLETED, actors=HOUSE),
        Transition("resolve_for_client", {OrderStatus.DISPUTED}, OrderStatus.CANCELLED, actors=HOUSE),
        Transition("resume_work", {OrderStatus.DISPUTED}, OrderStatus.IN_PROGRESS, actors=HOUSE),
        Transition("resume_review", {OrderStatus.DISPUTED}, OrderStatus.SUBMITTED, actors=HOUSE),
    ],
    ends=ENDED,
)


class MilestoneStatus(models.TextChoices):
    PENDING = "pending", _("waiting for payment")
    FUNDED = "funded", _("funded")
    SUBMITTED = "submitted", _("submitted")
    APPROVED = "approved", _("approved")
    REFUNDED = "refunded", _("refunded")
    DROPPED = "dropped", _("dropped")


MILESTONE_ENDED = (MilestoneStatus.APPROVED, MilestoneStatus.REFUNDED, MilestoneStatus.DROPPED)

MILESTONE_STATES = StateTable(
    "milestone",
    [
        Transition(
            "fund",
            {MilestoneStatus.PENDING},
            MilestoneStatus.FUNDED,
            actors={"client", "system"},
            refusal=MilestoneNotPending,
        ),
        Transition(
            "submit",
            {MilestoneStatus.FUNDED},
            MilestoneStatus.SUBMITTED,
            actors={"doer"},
            refusal=MilestoneNotFunded,
        ),
        Transition(
            "request_revision",
            {MilestoneStatus.SUBMITTED},
            MilestoneStatus.FUNDED,
            actors={"client"},
            refusal=MilestoneNotSubmitted,
        ),
        Transition(
            "approve",
            {MilestoneStatus.SUBMITTED},
            MilestoneStatus.APPROVED,
            actors={"client", "system"},
            refusal=MilestoneNotSubmitted,
        ),
        Transition(
            "refund",
            {MilestoneStatus.FUNDED, MilestoneStatus.SUBMITTED},
            MilestoneStatus.REFUNDED,
            actors=ANYBODY,
            refusal=MilestoneNotFunded,
        ),
        Transition(
            "drop", {MilestoneStatus.PENDING}, MilestoneStatus.DROPPED, actors=ANYBODY, refusal=MilestoneNotPending
        ),
    ],
    ends=MILESTONE_ENDED,
)


class BoostStatus(models.TextChoices):
    AWAITING_PAYMENT = "awaiting_payment", _("waiting for payment")
    SHOWN = "shown", _("paid and shown")
    RETURNED = "returned", _("returned")
    ABANDONED = "abandoned", _("abandoned")


BOOST_STATES = StateTable(
    "boost",
    [
        Transition("show", {BoostStatus.AWAITING_PAYMENT}, BoostStatus.SHOWN, actors={"client", "system"}),
        Transition("send_back", {BoostStatus.AWAITING_PAYMENT}, BoostStatus.RETURNED, actors={"client", "system"}),
        Transition("abandon", {BoostStatus.AWAITING_PAYMENT}, BoostStatus.ABANDONED, actors={"client", "system"}),
        Transition("take_down", {BoostStatus.SHOWN}, BoostStatus.RETURNED, actors={"system"}),
    ],
    ends={BoostStatus.SHOWN, BoostStatus.RETURNED, BoostStatus.ABANDONED},
)
