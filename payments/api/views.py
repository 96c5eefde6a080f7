"""The addresses of payments, wallets, withdrawals and bank accounts, and the one that the gateway calls."""

from typing import Any
from uuid import UUID

from accounts.errors import AccountSuspended
from khidma.http.views import ApiView, operation
from khidma.kernel.errors import NotFound
from payments import selectors, services
from payments.api import serializers as shapes
from payments.api.filters import StatementQuery
from payments.api.statement import statement_lines
from payments.errors import (
    BalanceTooSmall,
    BankAccountAlreadyVerified,
    BankAccountCoolingOff,
    BankAccountExists,
    BankAccountInUse,
    BankAccountNotVerified,
    FirstPayoutWaiting,
    InvalidSignature,
    NoBankAccount,
    PayoutAlreadySent,
    PayoutLimitReached,
    PayoutTooLarge,
    PayoutTooSmall,
)
from payments.models import BankAccount, Payment, Payout

MAX_EVENT = 256 * 1024


class Payments(ApiView):
    @operation(access="user", returns=shapes.PaymentSerializer, paging="feed")
    def get(self, request: Any) -> Any:
        """The caller's payments."""
        return self.feed(selectors.list_payments_for(request.user), order=("-id",))


class PaymentDetail(ApiView):
    @operation(access="user", returns=shapes.PaymentSerializer)
    def get(self, request: Any, payment_id: UUID) -> Payment:
        """One payment with its refunds."""
        return selectors.get_payment_for(request.user, payment_id)


class GatewayWebhook(ApiView):
    authentication_classes = ()

    @operation(
        access="public",
        limit="webhook",
        raw=True,
        max_body=MAX_EVENT,
        returns=shapes.ReceivedSerializer,
        errors=[InvalidSignature],
    )
    def post(self, request: Any) -> dict[str, bool]:
        """Events of the payment gateway, signed over the bytes of the body."""
        services.store_event(
            raw=self.raw_body,
            event_id=request.headers.get("X-Razorpay-Event-Id", ""),
            signature=request.headers.get("X-Razorpay-Signature", ""),
        )
        return {"received": True}


class WalletBalance(ApiView):
    @operation(access="user", returns=shapes.WalletBalanceSerializer)
    def get(self, request: Any) -> selectors.WalletBalance:
        """Available and pending balance, money in escrow and owed."""
        return selectors.wallet_balance_of(request.user.pk)


class WalletTransactions(ApiView):
    @operation(access="user", returns=shapes.StatementLineSerializer, paging="feed", query=StatementQuery)
    def get(self, request: Any) -> Any:
        """The wallet's statement, newest first."""
        paged = self.feed(selectors.list_wallet_entries_for(request.user, **self.query()), order=("-id",))
        paged.items = statement_lines(paged.items)
        return paged


class WalletWithdraw(ApiView):
    @operation(
        access="user",
        limit="money",
        body=shapes.WithdrawBody,
        returns=shapes.PayoutSerializer,
        status=201,
        location=lambda payout: f"/api/wallet/payouts/{payout.pk}",
        errors=[
            AccountSuspended,
            BalanceTooSmall,
            BankAccountCoolingOff,
            BankAccountNotVerified,
            FirstPayoutWaiting,
            NoBankAccount,
            NotFound,
            PayoutLimitReached,
            PayoutTooLarge,
            PayoutTooSmall,
        ],
    )
    def post(self, request: Any) -> Payout:
        """Withdraw to a verified bank account."""
        return services.request_payout(user=request.user, **self.body())


class Payouts(ApiView):
    @operation(access="user", returns=shapes.PayoutSerializer, paging="feed")
    def get(self, request: Any) -> Any:
        """The caller's withdrawals and their states."""
        return self.feed(selectors.list_payouts_for(request.user), order=("-id",))


class PayoutDetail(ApiView):
    @operation(access="user", returns=shapes.PayoutSerializer)
    def get(self, request: Any, payout_id: UUID) -> Payout:
        """One withdrawal."""
        return selectors.get_payout_for(request.user, payout_id)


class PayoutCancel(ApiView):
    @operation(access="user", limit="money", returns=shapes.PayoutSerializer, errors=[PayoutAlreadySent])
    def post(self, request: Any, payout_id: UUID) -> Payout:
        """Call a withdrawal back that has not been sent."""
        payout = selectors.get_payout_for(request.user, payout_id)
        return services.cancel_payout(payout=payout, user=request.user)


class BankAccounts(ApiView):
    @operation(access="user", returns=shapes.BankAccountSerializer, many=True)
    def get(self, request: Any) -> Any:
        """The caller's bank accounts, numbers masked."""
        return selectors.list_bank_accounts_for(request.user)

    @operation(
        access="user",
        body=shapes.BankAccountBody,
        returns=shapes.BankAccountSerializer,
        status=201,
        errors=[BankAccountExists],
    )
    def post(self, request: Any) -> BankAccount:
        """Add a bank account or a UPI address."""
        return services.add_bank_account(user=request.user, **self.body())


class BankAccountDetail(ApiView):
    @operation(access="user", errors=[BankAccountInUse])
    def delete(self, request: Any, bank_account_id: UUID) -> None:
        """Remove a bank account."""
        services.remove_bank_account(account=selectors.get_bank_account_for(request.user, bank_account_id))


class BankAccountVerify(ApiView):
    @operation(access="user", limit="money", returns=shapes.BankAccountSerializer, errors=[BankAccountAlreadyVerified])
    def post(self, request: Any, bank_account_id: UUID) -> BankAccount:
        """Check a bank account by a penny drop; its status tells the outcome some seconds later."""
        account = selectors.get_bank_account_for(request.user, bank_account_id)
        services.start_validation(account=account, user=request.user)
        return selectors.get_bank_account_for(request.user, bank_account_id)


class BankAccountDefault(ApiView):
    @operation(access="user", returns=shapes.BankAccountSerializer)
    def post(self, request: Any, bank_account_id: UUID) -> BankAccount:
        """Withdraw to this account where none is named."""
        return services.make_default(account=selectors.get_bank_account_for(request.user, bank_account_id))
