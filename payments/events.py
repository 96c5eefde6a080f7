"""Every fact that payments announces; amounts in paise. References are the callers' own ids."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class PaymentCaptured(Event):
    """A payment has funded what it was for: every reference named here holds its money now."""

    payment_id: UUID
    references: list[UUID]
    payer_id: UUID
    purpose: str
    amount: int


@dataclass(frozen=True)
class PaymentFailed(Event):
    """A try to pay has failed; the payment may still be tried again."""

    payment_id: UUID
    references: list[UUID]
    payer_id: UUID
    purpose: str
    amount: int
    reason: str


@dataclass(frozen=True)
class RefundPromised(Event):
    """Money goes back to its source. `reason`: `late` and `surplus` for what nobody awaited, else `decision`."""

    refund_id: UUID
    payment_id: UUID
    references: list[UUID]
    payer_id: UUID
    amount: int
    reason: str


@dataclass(frozen=True)
class RefundProcessed(Event):
    """The gateway has sent the money back."""

    refund_id: UUID
    payment_id: UUID
    references: list[UUID]
    payer_id: UUID
    amount: int


@dataclass(frozen=True)
class RefundFailed(Event):
    """The gateway could not send the money back; it is still promised and waits for an operator."""

    refund_id: UUID
    payment_id: UUID
    references: list[UUID]
    payer_id: UUID
    amount: int
    reason: str


@dataclass(frozen=True)
class RefundedOutside(Event):
    """Somebody refunded at the gateway without us: so much is gone from what was held for these references.

    `emptied` are those for which nothing is held any more.
    """

    payment_id: UUID
    references: list[UUID]
    emptied: list[UUID]
    amount: int


@dataclass(frozen=True)
class EscrowSettled(Event):
    """An escrow was decided: `payee_net` went to the payee's wallet, `refunded` is on its way back to the payer."""

    reference: UUID
    payer_id: UUID
    payee_id: UUID
    payee_gross: int
    payee_net: int
    refunded: int


@dataclass(frozen=True)
class MoneyReturned(Event):
    """So much of what was released goes back to the payer (`why`: `operator`) or to the payer's bank (`chargeback`).

    Of the payee's part, `taken` came out of the wallet and `owed` is a debt now; `payout_ids` were called back for it.
    """

    return_id: UUID
    reference: UUID
    payer_id: UUID
    payee_id: UUID
    amount: int
    taken: int
    owed: int
    why: str
    payout_ids: list[UUID]


@dataclass(frozen=True)
class ChargebackMoved(Event):
    """The payer's bank disputes a payment, or went on with it. In the phases that move money, release, refunds and so
    much of the payees' wallets are held as long as `status` is `open` or `under_review`.

    `emptied` are the references whose escrow a lost one has taken as a whole.
    """

    chargeback_id: UUID
    payment_id: UUID | None
    references: list[UUID]
    payer_id: UUID | None
    payee_ids: list[UUID]
    amount: int
    phase: str
    status: str
    moves_money: bool
    emptied: list[UUID]


@dataclass(frozen=True)
class PayoutRequested(Event):
    """A withdrawal is ready to be sent; the amount has left the wallet."""

    payout_id: UUID
    user_id: UUID
    amount: int


@dataclass(frozen=True)
class PayoutHeld(Event):
    """A withdrawal waits until operators have looked at it; the amount has left the wallet."""

    payout_id: UUID
    user_id: UUID
    amount: int


@dataclass(frozen=True)
class AutoPayoutPutOff(Event):
    """A weekly withdrawal could not be made, for the reason of this code; it is tried again at `next_at`."""

    user_id: UUID
    code: str
    next_at: datetime


@dataclass(frozen=True)
class PayoutCancelled(Event):
    """A withdrawal was called back before it was sent, by its owner, an operator, or the platform (`by`)."""

    payout_id: UUID
    user_id: UUID
    amount: int
    by: str


@dataclass(frozen=True)
class PayoutProcessed(Event):
    """The bank has the money."""

    payout_id: UUID
    user_id: UUID
    amount: int
    bank_last4: str
    utr: str


@dataclass(frozen=True)
class PayoutFailed(Event):
    """The bank did not take the money (failed or rejected); it is back in the wallet."""

    payout_id: UUID
    user_id: UUID
    amount: int
    reason: str


@dataclass(frozen=True)
class PayoutReversed(Event):
    """The bank gave the money back; it is in the wallet again."""

    payout_id: UUID
    user_id: UUID
    amount: int
    reason: str


@dataclass(frozen=True)
class BankAccountAdded(Event):
    """A user named an account to withdraw to."""

    bank_account_id: UUID
    user_id: UUID
    last4: str


@dataclass(frozen=True)
class BankAccountCheckStarted(Event):
    """A penny drop is to be made."""

    validation_id: UUID
    bank_account_id: UUID
    user_id: UUID


@dataclass(frozen=True)
class BankAccountVerified(Event):
    """The penny drop came back: the account exists. It takes money from `opens_at` on."""

    bank_account_id: UUID
    user_id: UUID
    last4: str
    opens_at: datetime | None = None


@dataclass(frozen=True)
class BankAccountFailed(Event):
    """The account could not be verified."""

    bank_account_id: UUID
    user_id: UUID
    last4: str
    reason: str


@dataclass(frozen=True)
class GatewayEventStored(Event):
    """The gateway has told us something; it waits to be worked through."""

    gateway_event_id: UUID
