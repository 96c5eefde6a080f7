"""Money that goes back after it was released, and disputes of banks."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications.handlers.telling import EVERYWHERE, tell
from payments.events import ChargebackMoved, MoneyReturned

LIVE = {"open", "under_review"}


@handles(MoneyReturned)
def tell_payee_of_return(event: MoneyReturned) -> None:
    part = event.taken + event.owed
    if not part:
        return
    body = _("%(amount)s that you had been paid goes back to the client.") % {"amount": rupees(part)}
    if event.owed:
        owed = _("%(owed)s of it was not in your wallet: your next earnings pay it.") % {"owed": rupees(event.owed)}
        body = f"{body} {owed}"
    tell(
        event.payee_id,
        "money_returned",
        _("Money was taken back"),
        body,
        "/wallet",
        EVERYWHERE,
        returnId=event.return_id,
    )


@handles(ChargebackMoved)
def tell_payees_of_chargeback(event: ChargebackMoved) -> None:
    """Only where their money is at stake, and when it starts and ends."""
    sentences = {
        "open": _("A bank disputes a payment of %(amount)s for your work. What it is about is held until it decides."),
        "won": _("The bank has decided about %(amount)s, and what was held goes on."),
        "closed": _("The bank no longer disputes %(amount)s, and what was held goes on."),
        "lost": _("The bank has given %(amount)s back to the payer."),
    }
    if event.moves_money and event.status in sentences:
        body = sentences[event.status] % {"amount": rupees(event.amount)}
        _tell_all(event, event.payee_ids, body, ("email", "push"))


@handles(ChargebackMoved)
def tell_finance_of_chargeback(event: ChargebackMoved) -> None:
    sentences = {
        "open": _("A dispute of %(amount)s was opened (%(phase)s). Answer it with evidence in time."),
        "under_review": _("A dispute of %(amount)s is being reviewed (%(phase)s)."),
        "won": _("A dispute of %(amount)s was won (%(phase)s)."),
        "lost": _("A dispute of %(amount)s was lost (%(phase)s)."),
        "closed": _("A dispute of %(amount)s was closed (%(phase)s)."),
    }
    body = sentences[event.status] % {"amount": rupees(event.amount), "phase": event.phase}
    finance = User.objects.filter(is_staff=True, is_active=True, groups__permissions__codename="finance")
    _tell_all(event, finance.values_list("pk", flat=True).distinct(), body, ())


def _tell_all(event: ChargebackMoved, user_ids: Iterable[UUID], body: str, channels: Iterable[str]) -> None:
    for user_id in sorted(set(user_ids)):
        title = _("A bank disputes a payment") if event.status in LIVE else _("A dispute has ended")
        address = "/payments"
        tell(user_id, f"chargeback_{event.status}", title, body, address, channels, chargebackId=event.chargeback_id)
