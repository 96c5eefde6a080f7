"""Every way payments says no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import Invalid, KhidmaError, Refused


class TransferKeyReused(KhidmaError):
    """A ledger key came back with other content: a defect that must wake somebody, never a state to go on from."""


class TransferUnbalanced(KhidmaError):
    """The entries of a transfer do not sum to zero, or there are fewer than two."""


class WalletHoldReused(KhidmaError):
    """A reference was held again for other money: a defect, like a ledger key that comes back changed."""


class SamePerson(Refused):
    """Who asked for an act of two people cannot be the second one."""

    code = "second_person_required"
    message = _("Another operator must confirm this.")


class AlreadyAsked(Refused):
    """The same act waits for its second person."""

    code = "already_asked"
    message = _("This was asked for before and waits for another operator.")


class PaymentUnseen(KhidmaError):
    """The gateway speaks of a payment that has not been booked yet: what it says is taken up again later."""


class SuspenseDecided(Refused):
    """Money in suspense is decided once."""

    code = "suspense_decided"
    message = _("This money has been decided before.")


class SuspenseDoesNotFit(Refused):
    """The escrow does not await exactly this money, or there is no payment to send it back to."""

    code = "suspense_does_not_fit"
    message = _("This money cannot go there.")


class BalanceTooSmall(Refused):
    """The wallet holds less than is asked; `details.available` is in paise."""

    code = "insufficient_balance"
    message = _("Your balance is too small for this amount.")


class EscrowNotAwaiting(Refused):
    """Only an escrow that awaits its money can be paid."""

    code = "already_paid"
    message = _("This does not wait for a payment any more.")


class EscrowFunded(Refused):
    """An escrow that holds money ends by a decision, never by being abandoned."""

    code = "escrow_funded"
    message = _("This is paid already.")


class EscrowNotFunded(Refused):
    """There is no money to decide about: it was never paid, or it was decided before."""

    code = "escrow_not_funded"
    message = _("There is no money held for this.")


class PartTooLarge(Refused):
    """A part refund leaves at least ₹1 in escrow; `details.maximum` is what can go back, in paise."""

    code = "part_too_large"
    message = _("This is more than can be refunded while the rest stays in escrow.")


class EscrowNotReleased(Refused):
    """Only money that was released can be returned."""

    code = "escrow_not_released"
    message = _("Nothing of this has been released.")


class ReturnTooLarge(Refused):
    """More than was released and has not gone back; `details.maximum` is what can still go back, in paise."""

    code = "return_too_large"
    message = _("This is more than can still be returned.")


class DebtTooYoung(Refused):
    """Only what has been owed for half a year is written off, and no more than is owed still."""

    code = "debt_too_young"
    message = _("Nothing of this debt is old enough to be written off.")


class ReleaseHeld(Refused):
    """The payer's bank disputes the payment: what it pays for is released only once that has ended."""

    code = "release_held"
    message = _("The bank is looking at this payment. The money is released as soon as it has decided.")


class AlreadyPaid(Refused):
    """What the caller wants to pay for has its money."""

    code = "already_paid"
    message = _("This is paid already.")


class AmountMismatch(Refused):
    """The gateway took other money than was asked for; it is set aside for the finance operators."""

    code = "amount_mismatch"
    message = _("The amount that was paid differs from the amount due. Our team looks at it.")


class InvalidSignature(Invalid):
    """A signature does not fit; nothing that came with it is believed."""

    code = "invalid_signature"
    message = _("The signature is not valid.")


class BankAccountExists(Refused):
    """The caller has this account already."""

    code = "bank_account_exists"
    message = _("You have added this account already.")


class BankAccountInUse(Refused):
    """Money is on its way to this account."""

    code = "bank_account_in_use"
    message = _("A withdrawal to this account is still on its way.")


class BankAccountNotVerified(Refused):
    """Money goes to verified accounts only."""

    code = "bank_account_not_verified"
    message = _("Verify this account before you withdraw to it.")


class BankAccountAlreadyVerified(Refused):
    """A verified account is not checked again."""

    code = "bank_account_already_verified"
    message = _("This account is verified already.")


class BankAccountCoolingOff(Refused):
    """The first withdrawal to a new account waits; `details.availableAt` says until when, in milliseconds."""

    code = "bank_account_cooling_off"
    message = _("This account is new. Withdrawals to it open a little later.")


class FirstPayoutWaiting(Refused):
    """The first money that somebody earns waits a while; `details.availableAt` says until when, in milliseconds."""

    code = "first_payout_waiting"
    message = _("Your first withdrawal opens a little after your first earnings.")


class PayoutLimitReached(Refused):
    """The limits of the day: `details.left` in paise, `dailyAmount`, `dailyCount`, and from when there is a new day."""

    code = "payout_limit_reached"
    message = _("This is more than can be withdrawn today.")


class PayoutNotHeld(Refused):
    """Only a held withdrawal waits for an approval."""

    code = "payout_not_held"
    message = _("This withdrawal does not wait for an approval.")


class NoBankAccount(Refused):
    """A withdrawal needs an account to go to."""

    code = "no_bank_account"
    message = _("Add a bank account first.")


class PayoutTooSmall(Refused):
    """Below the minimum, unless it is all there is; `details.minimum` is in paise."""

    code = "payout_too_small"
    message = _("This is less than the smallest withdrawal.")


class PayoutTooLarge(Refused):
    """More than this way of paying can carry at once; `details.maximum` is in paise."""

    code = "payout_too_large"
    message = _("This is more than can be sent to this account at once.")


class PayoutAlreadySent(Refused):
    """What was sent to the bank cannot be called back."""

    code = "payout_already_sent"
    message = _("This withdrawal has been sent and cannot be cancelled.")


class TaxRateStarted(Refused):
    """What postings may have used stays; a rate is settled before its first day."""

    code = "tax_rate_started"
    message = _("A rate is proposed, confirmed and withdrawn before its first day.")


class TaxRateExists(Refused):
    """One rate of a kind a day."""

    code = "tax_rate_exists"
    message = _("There is a rate of this kind for that day.")


class TaxRateNeedsAnother(Refused):
    """Two people stand behind a rate."""

    code = "tax_rate_needs_another"
    message = _("Somebody else has to confirm what you proposed.")


class SaleNotAwaiting(Refused):
    """It was paid, or given up: nothing is awaited for it."""

    code = "already_paid"
    message = _("This does not wait for a payment any more.")


class SaleNotReturnable(Refused):
    """Only what was paid, and has not gone back, can be returned."""

    code = "sale_not_returnable"
    message = _("There is nothing that could be returned for this.")


class ChallanUsed(Refused):
    """A challan is booked once."""

    code = "challan_used"
    message = _("This challan is booked already.")


class TaxNotOwed(Refused):
    """More than is owed, or more set off than was paid; `details` has what each account holds, in paise."""

    code = "tax_not_owed"
    message = _("This is more than the tax account holds.")
