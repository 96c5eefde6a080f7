"""The addresses of payments."""

from django.urls import path

from payments.api import auto_payout, operating, reconciliation, taxes, views

urlpatterns = [
    path("admin/reconciliation", reconciliation.Reconciliation.as_view()),
    path("doers/me/tax-profile", taxes.OwnTaxProfile.as_view()),
    path("payments", views.Payments.as_view()),
    path("payments/<uuid:payment_id>", views.PaymentDetail.as_view()),
    path("webhooks/payment", views.GatewayWebhook.as_view()),
    path("wallet/balance", views.WalletBalance.as_view()),
    path("wallet/transactions", views.WalletTransactions.as_view()),
    path("wallet/withdraw", views.WalletWithdraw.as_view()),
    path("wallet/payouts", views.Payouts.as_view()),
    path("wallet/payouts/<uuid:payout_id>", views.PayoutDetail.as_view()),
    path("wallet/payouts/<uuid:payout_id>/cancel", views.PayoutCancel.as_view()),
    path("wallet/auto-payout", auto_payout.AutoPayoutChoice.as_view()),
    path("bank-accounts", views.BankAccounts.as_view()),
    path("bank-accounts/<uuid:bank_account_id>", views.BankAccountDetail.as_view()),
    path("bank-accounts/<uuid:bank_account_id>/verify", views.BankAccountVerify.as_view()),
    path("bank-accounts/<uuid:bank_account_id>/default", views.BankAccountDefault.as_view()),
    path("admin/payouts", operating.AllPayouts.as_view()),
    path("admin/payouts/<uuid:payout_id>/hold", operating.PayoutHolding.as_view()),
    path("admin/payouts/<uuid:payout_id>/approve", operating.PayoutApproval.as_view()),
]
