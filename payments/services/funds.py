"""The owner's money and corrections: moved between the platform's own accounts, by two operators."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.errors import Invalid
from khidma.kernel.ids import new_id
from khidma.kernel.money import CAP_PAISE
from payments.models import AccountKind, SecondPersonAct, TransferKind
from payments.models.ledger import OWNED_KINDS
from payments.services.posting import Posted, credit, debit, post
from payments.services.second_person import ask_for_act, carries_out

MOVES = {
    "top_up_gateway": (AccountKind.GATEWAY, AccountKind.BANK),
    "top_up_payout_account": (AccountKind.PAYOUT_BANK, AccountKind.BANK),
    "take_from_payout_account": (AccountKind.BANK, AccountKind.PAYOUT_BANK),
    "owner_puts_in": (AccountKind.BANK, AccountKind.OWNER),
    "owner_takes_out": (AccountKind.OWNER, AccountKind.BANK),
}
"""What is debited and what is credited by each."""

CORRECTED = [kind for kind in AccountKind.values if kind not in OWNED_KINDS and kind != AccountKind.ADJUSTMENT]
"""Accounts of the platform that an adjustment may correct; a user's money is never one of them."""


def book_owner_funds(*, amount: int, key: str, account: str = AccountKind.PAYOUT_BANK) -> Posted:
    """Book money that the owner has put into an account of the platform; once for each key."""
    return post(
        key=f"move:{key}",
        kind=TransferKind.MOVE,
        entries=[debit(AccountKind(account), amount), credit(AccountKind.OWNER, amount)],
        note="Owner's money put in",
    )


def ask_for_move(*, move: str, amount: int, utr: str, reason: str, operator: User) -> SecondPersonAct:
    """Ask to book a move of the platform's own money that the bank has made; `utr` is the bank's number of it.

    :raises Invalid: no such move, or no such amount.
    """
    if move not in MOVES:
        raise Invalid(details={"move": [_("There is no such move.")]})
    return _ask("move", {"move": move, "utr": utr.strip()[:60]}, amount, reason, operator)


def ask_for_adjustment(*, account: str, amount: int, reason: str, operator: User) -> SecondPersonAct:
    """Ask to correct an account of the platform: by so many paise more on its debit side, or less (negative).

    :raises Invalid: no such account, or no such amount.
    """
    if account not in CORRECTED:
        raise Invalid(details={"account": [_("This account is not corrected by hand.")]})
    side = "debit" if amount > 0 else "credit"
    return _ask("adjustment", {"account": account, "side": side}, abs(amount), reason, operator)


def _ask(kind: str, content: dict[str, Any], amount: int, reason: str, operator: User) -> SecondPersonAct:
    if not 1 <= amount <= CAP_PAISE:
        raise Invalid(details={"amount": [_("An amount from one paisa to one crore rupees.")]})
    if not reason.strip():
        raise Invalid(details={"reason": [_("Give a reason.")]})
    return ask_for_act(
        kind=kind, subject_id=new_id(), amount=amount, reason=reason[:500], operator=operator, content=content
    )


@carries_out("move")
def _move(act: SecondPersonAct) -> None:
    to, source = MOVES[act.content["move"]]
    post(
        key=f"move:{act.pk}",
        kind=TransferKind.MOVE,
        reference=act.pk,
        entries=[debit(to, act.amount), credit(source, act.amount)],
        note=act.reason[:200],
    )


@carries_out("adjustment")
def _adjust(act: SecondPersonAct) -> None:
    amount = act.amount if act.content["side"] == "debit" else -act.amount
    post(
        key=f"adjustment:{act.pk}",
        kind=TransferKind.ADJUSTMENT,
        reference=act.pk,
        entries=[debit(AccountKind(act.content["account"]), amount), credit(AccountKind.ADJUSTMENT, amount)],
        note=act.reason[:200],
    )
