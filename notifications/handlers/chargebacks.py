"""Money that goes back after it was released, and disputes of banks."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import User
from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications.handlers.telling import EVERYWHERE, tell
from notifications.sentences import Sentence
from notifications.sentences import sentence as _
from payments.events import ChargebackMoved, MoneyReturned

LIVE = {"open", "under_review"}


@handles(MoneyReturned)
def tell_payee_of_return(event: MoneyReturned) -> None:
    part = event.taken + event.owed
    if not part:
        return
    body = [_("%(amount)s that you had been paid goes back to the client.", amount=rupees(part))]
    if event.owed:
        body.append(_("%(owed)s of it was not in your wallet: your next earnings pay it.", owed=rupees(event.owed)))
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
    amount = rupees(event.amount)
    sentences = {
        "open": _(
            "A bank disputes a payment of %(amount)s for your work. What it is about is held until it decides.",
            amount=amount,
        ),
        "won": _("The bank has decided about %(amount)s, and what was held goes on.", amount=amount),
        "closed": _("The bank no longer disputes %(amount)s, and what was held goes on.", amount=amount),
        "lost": _("The bank has given %(amount)s back to the payer.", amount=amount),
    }
    if event.moves_money and event.status in sentences:
        _tell_all(event, event.payee_ids, sentences[event.status], ("email", "push"))


@handles(ChargebackMoved)
def tell_finance_of_chargeback(event: ChargebackMoved) -> None:
    about = {"amount": rupees(event.amount), "phase": event.phase}
    sentences = {
        "open": _("A dispute of %(amount)s was opened (%(phase)s). Answer it with evidence in time.", **about),
        "under_review": _("A dispute of %(amount)s is being reviewed (%(phase)s).", **about),
        "won": _("A dispute of %(amount)s was won (%(phase)s).", **about),
        "lost": _("A dispute of %(amount)s was lost (%(phase)s).", **about),
        "closed": _("A dispute of %(amount)s was closed (%(phase)s).", **about),
    }
    finance = User.objects.filter(is_staff=True, is_active=True, groups__permissions__codename="finance")
    _tell_all(event, finance.values_list("pk", flat=True).distinct(), sentences[event.status], ())


def _tell_all(event: ChargebackMoved, user_ids: Iterable[UUID], body: Sentence, channels: Iterable[str]) -> None:
    for user_id in sorted(set(user_ids)):
        title = _("A bank disputes a payment") if event.status in LIVE else _("A dispute has ended")
        address = "/payments"
        tell(user_id, f"chargeback_{event.status}", title, body, address, channels, chargebackId=event.chargeback_id)
