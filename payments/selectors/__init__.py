"""Reads of payments."""

from payments.selectors.banking import (
    get_bank_account_for,
    get_payout,
    get_payout_for,
    list_all_payouts,
    list_bank_accounts_for,
    list_payouts_for,
)
from payments.selectors.checking import LedgerReport, check_ledger, compare_with_gateway
from payments.selectors.differences import ReconciliationSummary, list_differences, summarise_reconciliation
from payments.selectors.gateway import GatewayAnswers, gateway_answers
from payments.selectors.invoicing import invoices_for
from payments.selectors.paying import escrow_of, get_payment_for, list_payments_for, payments_of, refunds_of
from payments.selectors.returns import Returned, returnable_of, returned_of
from payments.selectors.shares import Shares, quote_shares, shares_of, shares_of_each
from payments.selectors.taxes import get_tax_profile_for, rates_on
from payments.selectors.wallet import WalletBalance, figures_of, list_wallet_entries_for, wallet_balance_of

__all__ = [
    "GatewayAnswers",
    "LedgerReport",
    "ReconciliationSummary",
    "Returned",
    "Shares",
    "WalletBalance",
    "check_ledger",
    "compare_with_gateway",
    "escrow_of",
    "figures_of",
    "gateway_answers",
    "get_bank_account_for",
    "get_payment_for",
    "get_payout",
    "get_payout_for",
    "get_tax_profile_for",
    "invoices_for",
    "list_all_payouts",
    "list_bank_accounts_for",
    "list_differences",
    "list_payments_for",
    "list_payouts_for",
    "list_wallet_entries_for",
    "payments_of",
    "quote_shares",
    "rates_on",
    "refunds_of",
    "returnable_of",
    "returned_of",
    "shares_of",
    "shares_of_each",
    "summarise_reconciliation",
    "wallet_balance_of",
]
