"""Every write of payments, one function per use case."""

from payments.providers.gateway import Sighting
from payments.selectors.shares import Shares, quote_shares, shares_of, shares_of_each
from payments.services.auto_payouts import (
    auto_payouts_due,
    pay_out_for_week,
    put_off_auto_payout,
    set_auto_payout,
)
from payments.services.banking import (
    add_bank_account,
    make_default,
    record_validation,
    remove_bank_account,
    send_validation,
    start_validation,
    validations_due,
)
from payments.services.chargebacks import chargebacks_due, find_chargebacks, look_at_chargeback, record_dispute
from payments.services.checking import check_books
from payments.services.escrow import (
    SMALLEST_REFUND,
    Settlement,
    abandon_escrow,
    lock_escrows,
    open_escrow,
    refund_part,
    settle_escrow,
)
from payments.services.foreign import record_foreign_refund
from payments.services.funds import ask_for_adjustment, ask_for_move, book_owner_funds
from payments.services.gateway_events import events_due, revive_events, store_event, work_through
from payments.services.holding import hold_wallet, release_wallet_hold
from payments.services.paying import (
    look_at_checkout,
    look_at_payment,
    open_gateway_order,
    payments_due,
    record_sighting,
    start_payment,
    watch_anew,
)
from payments.services.payout_holds import approve_payout, hold_payout
from payments.services.reconciling import (
    assign_difference,
    explain_difference,
    reconcile,
    reconcile_at_night,
    resolve_difference,
)
from payments.services.refunds import record_refund, refunds_due, retry_refund, send_refund
from payments.services.refunds_by_bank import pay_refund_by_bank
from payments.services.remitting import remit_tax
from payments.services.requesting import cancel_payout, cancel_payout_for, request_payout
from payments.services.returning import return_after_release
from payments.services.second_person import (
    ask_for_act,
    carries_out,
    confirm_act,
    decline_act,
    lapse_acts,
    needs_second_person,
    require_finance,
)
from payments.services.selling import abandon_sale, return_sale, start_sale
from payments.services.settling import keep_lines, look_for_settlements, read_report, record_settlement, reports_due
from payments.services.statements import import_statement
from payments.services.suspending import assign_suspense, decide_suspense
from payments.services.taxes import confirm_tax_rate, propose_tax_rate, set_tax_profile, withdraw_tax_rate
from payments.services.watching import Watched, put_off
from payments.services.withdrawing import payouts_due, record_payout, send_payout
from payments.services.writing_off import ask_write_off, old_debt_of

__all__ = [
    "SMALLEST_REFUND",
    "Settlement",
    "Shares",
    "Sighting",
    "Watched",
    "abandon_escrow",
    "abandon_sale",
    "add_bank_account",
    "approve_payout",
    "ask_for_act",
    "ask_for_adjustment",
    "ask_for_move",
    "ask_write_off",
    "assign_difference",
    "assign_suspense",
    "auto_payouts_due",
    "book_owner_funds",
    "cancel_payout",
    "cancel_payout_for",
    "carries_out",
    "chargebacks_due",
    "check_books",
    "confirm_act",
    "confirm_tax_rate",
    "decide_suspense",
    "decline_act",
    "events_due",
    "explain_difference",
    "find_chargebacks",
    "hold_payout",
    "hold_wallet",
    "import_statement",
    "keep_lines",
    "lapse_acts",
    "lock_escrows",
    "look_at_chargeback",
    "look_at_checkout",
    "look_at_payment",
    "look_for_settlements",
    "make_default",
    "needs_second_person",
    "old_debt_of",
    "open_escrow",
    "open_gateway_order",
    "pay_out_for_week",
    "pay_refund_by_bank",
    "payments_due",
    "payouts_due",
    "propose_tax_rate",
    "put_off",
    "put_off_auto_payout",
    "quote_shares",
    "read_report",
    "reconcile",
    "reconcile_at_night",
    "record_dispute",
    "record_foreign_refund",
    "record_payout",
    "record_refund",
    "record_settlement",
    "record_sighting",
    "record_validation",
    "refund_part",
    "refunds_due",
    "release_wallet_hold",
    "remit_tax",
    "remove_bank_account",
    "reports_due",
    "request_payout",
    "require_finance",
    "resolve_difference",
    "retry_refund",
    "return_after_release",
    "return_sale",
    "revive_events",
    "send_payout",
    "send_refund",
    "send_validation",
    "set_auto_payout",
    "set_tax_profile",
    "settle_escrow",
    "shares_of",
    "shares_of_each",
    "start_payment",
    "start_sale",
    "start_validation",
    "store_event",
    "validations_due",
    "watch_anew",
    "withdraw_tax_rate",
    "work_through",
]
