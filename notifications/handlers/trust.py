"""Contests of cancellations."""

from django.utils.translation import gettext as _

from khidma.kernel.events import handles
from notifications.handlers.telling import tell
from trust_safety.events import ContestDecided, ContestEvent, ContestOpened

FAULTS = {
    "client": _("It was the client's fault."),
    "doer": _("It was the doer's fault."),
    "shared": _("It was the fault of both."),
    "none": _("It was nobody's fault."),
}


@handles(ContestOpened)
def tell_both_of_contest(event: ContestOpened) -> None:
    body = _(
        "It is contested whose fault the cancellation of “%(title)s” was. Our team decides, and no money moves."
    ) % {"title": event.title}
    _tell_both(event, "contest_opened", _("A cancellation is contested"), body)


@handles(ContestDecided)
def tell_both_of_decision(event: ContestDecided) -> None:
    body = _("Our team has decided about the cancellation of “%(title)s”.") % {"title": event.title}
    _tell_both(event, "contest_decided", _("The contest is decided"), f"{body} {FAULTS[event.fault]} {event.reason}")


def _tell_both(event: ContestEvent, kind: str, title: str, body: str) -> None:
    for user_id in sorted([event.client_id, event.doer_id]):
        address = f"/orders/{event.order_id}"
        tell(user_id, kind, title, body, address, ("email", "push"), orderId=event.order_id)
