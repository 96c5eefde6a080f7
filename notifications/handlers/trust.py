"""Contests of cancellations."""

from collections.abc import Sequence

from accounts.models import User
from khidma.kernel.events import handles
from notifications.handlers.telling import tell
from notifications.sentences import Said
from notifications.sentences import sentence as _
from trust_safety.events import ContestDecided, ContestEvent, ContestOpened, ContestOverdue

FAULTS = {
    "client": _("It was the client's fault."),
    "doer": _("It was the doer's fault."),
    "shared": _("It was the fault of both."),
    "none": _("It was nobody's fault."),
}


@handles(ContestOpened)
def tell_both_of_contest(event: ContestOpened) -> None:
    body = _(
        "It is contested whose fault the cancellation of “%(title)s” was. Our team decides, and no money moves.",
        title=event.title,
    )
    _tell_both(event, "contest_opened", _("A cancellation is contested"), body)


@handles(ContestDecided)
def tell_both_of_decision(event: ContestDecided) -> None:
    decided = _("Our team has decided about the cancellation of “%(title)s”.", title=event.title)
    body: list[Said] = [decided, FAULTS[event.fault], event.reason]
    _tell_both(event, "contest_decided", _("The contest is decided"), body)


@handles(ContestOverdue)
def tell_operators_of_overdue_contest(event: ContestOverdue) -> None:
    title = _("A contest waits for a decision")
    body = _("Nobody has decided in time whose fault the cancellation of “%(title)s” was.", title=event.title)
    address = f"/orders/{event.order_id}"
    trust = User.objects.filter(is_staff=True, is_active=True, groups__permissions__codename="trust")
    for user_id in trust.order_by("pk").values_list("pk", flat=True).distinct():
        tell(user_id, "contest_overdue", title, body, address, (), orderId=event.order_id)


def _tell_both(event: ContestEvent, kind: str, title: Said, body: Said | Sequence[Said]) -> None:
    for user_id in sorted([event.client_id, event.doer_id]):
        address = f"/orders/{event.order_id}"
        tell(user_id, kind, title, body, address, ("email", "push"), orderId=event.order_id)
