"""The owner's own money: put into the platform's accounts."""

from payments.models import AccountKind, TransferKind
from payments.services.posting import Posted, credit, debit, post


def book_owner_funds(*, amount: int, key: str, account: str = AccountKind.PAYOUT_BANK) -> Posted:
    """Book money that the owner has put into an account of the platform; once for each key."""
    return post(
        key=f"move:{key}",
        kind=TransferKind.MOVE,
        entries=[debit(AccountKind(account), amount), credit(AccountKind.OWNER, amount)],
        note="Owner's money put in",
    )
