"""The shapes of payments, wallets, withdrawals and bank accounts."""

import re
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import SerializerMethodField

from khidma.http.fields import Choice, Flag, Id, Integer, Moment, Paise, Text
from khidma.http.serializers import Serializer
from khidma.kernel.sealing import unseal
from payments.errors import AmountMismatch
from payments.models import BankAccount, Payment, Payout
from payments.models.banking import PayoutMode
from payments.models.paying import PaymentPurpose
from payments.states import BankAccountStatus, PaymentStatus, PayoutStatus, RefundStatus

IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}", re.ASCII)
ACCOUNT_NUMBER = re.compile(r"[0-9A-Za-z]{5,35}", re.ASCII)
VPA = re.compile(r"[A-Za-z0-9._-]{2,64}@[A-Za-z0-9]{2,35}", re.ASCII)


class RefundSerializer(Serializer):
    id = Id()
    amount = Paise()
    status = Choice(choices=RefundStatus.choices)
    created_at = Moment()


class PaymentSerializer(Serializer):
    """A payment with its refunds. The ids say what was paid for, by its purpose; one milestone names its order too."""

    id = Id()
    order_id = SerializerMethodField()
    milestone_id = SerializerMethodField()
    gig_id = SerializerMethodField()
    purpose = Choice(choices=PaymentPurpose.choices)
    amount = Paise()
    status = Choice(choices=PaymentStatus.choices)
    method = SerializerMethodField()
    failure_reason = SerializerMethodField()
    refunds = SerializerMethodField()
    created_at = Moment()
    captured_at = Moment(allow_null=True)

    def get_order_id(self, payment: Payment) -> UUID | None:
        items = list(payment.items.all())
        return items[0].escrow.whole if items else None

    def get_milestone_id(self, payment: Payment) -> UUID | None:
        return _reference(payment, PaymentPurpose.MILESTONE)

    def get_gig_id(self, payment: Payment) -> UUID | None:
        return payment.sale.about if payment.purpose == PaymentPurpose.BOOST else None

    def get_method(self, payment: Payment) -> str | None:
        return payment.method or None

    def get_failure_reason(self, payment: Payment) -> str | None:
        if payment.failure_reason == AmountMismatch.code:
            return str(AmountMismatch.message)
        return payment.failure_reason or None

    def get_refunds(self, payment: Payment) -> Any:
        return RefundSerializer(sorted(payment.refunds.all(), key=lambda refund: refund.pk), many=True).data


def _reference(payment: Payment, purpose: PaymentPurpose) -> UUID | None:
    items = list(payment.items.all()) if payment.purpose == purpose else []
    return items[0].escrow.reference if items else None


class WalletBalanceSerializer(Serializer):
    available = Integer()
    pending = Integer()
    in_escrow = Integer()
    owed = Integer()
    currency = Text()
    total_earnings = Integer()
    total_withdrawn = Integer()


class BreakdownSerializer(Serializer):
    """How an earning came about: gross less commission and taxes; the last two where they are due."""

    gross = Integer()
    platform_fee = Integer()
    gst = Integer()
    tds = Integer()
    supply_gst = Integer(required=False)
    tcs = Integer(required=False)


class StatementLineSerializer(Serializer):
    """One line of a wallet's statement, by the id of the transfer that it is part of; `amount` is signed and net."""

    id = Id()
    type = Text()
    amount = Integer()
    breakdown = BreakdownSerializer(allow_null=True)
    balance_after = Integer()
    description = Text()
    order_id = Id(allow_null=True)
    payout_id = Id(allow_null=True)
    created_at = Moment()


class BankAccountSerializer(Serializer):
    """A bank account (with `accountLast4`) or UPI address (with `vpa`). Numbers never come back."""

    id = Id()
    holder_name = Text()
    ifsc = SerializerMethodField()
    account_last4 = SerializerMethodField()
    vpa = SerializerMethodField()
    bank_name = SerializerMethodField()
    status = Choice(choices=BankAccountStatus.choices)
    is_default = Flag()
    registered_name = SerializerMethodField()
    name_match_score = Integer(allow_null=True)
    failure_reason = SerializerMethodField()

    def get_ifsc(self, account: BankAccount) -> str | None:
        return account.ifsc or None

    def get_account_last4(self, account: BankAccount) -> str | None:
        return None if account.is_vpa else account.number_last4

    def get_vpa(self, account: BankAccount) -> str | None:
        return unseal(account.sealed_number, binding=account.sealing_binding) if account.is_vpa else None

    def get_bank_name(self, account: BankAccount) -> str | None:
        return account.bank_name or None

    def get_registered_name(self, account: BankAccount) -> str | None:
        return account.registered_name or None

    def get_failure_reason(self, account: BankAccount) -> str | None:
        return account.failure_reason or None


class BankAccountBody(Serializer):
    """An account number with its IFSC, or a UPI address."""

    holder_name = Text(min_length=3, max_length=120, single_line=True)
    account_number = Text(required=False, max_length=50, single_line=True)
    ifsc = Text(required=False, max_length=20, single_line=True)
    vpa = Text(required=False, max_length=100, single_line=True)

    def validate_account_number(self, value: str) -> str:
        return _fitting(ACCOUNT_NUMBER, value.replace(" ", ""), _("Must be an account number."))

    def validate_ifsc(self, value: str) -> str:
        return _fitting(IFSC, value.upper(), _("Must be an IFSC like HDFC0000053."))

    def validate_vpa(self, value: str) -> str:
        return _fitting(VPA, value, _("Must be a UPI address like name@bank."))

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        given = {name for name in ("account_number", "ifsc", "vpa") if name in data}
        if given == {"vpa"} or given == {"account_number", "ifsc"}:
            return data
        if "vpa" in given:
            raise ValidationError({"vpa": [_("Give a UPI address or an account number, not both.")]})
        missing = {"account_number", "ifsc"} - given
        raise ValidationError({name: [_("This field is required.")] for name in sorted(missing)})


def _fitting(pattern: re.Pattern[str], value: str, complaint: Any) -> str:
    if not pattern.fullmatch(value):
        raise ValidationError(complaint)
    return value


class PayoutSerializer(Serializer):
    """A withdrawal; `fee` is what the bank charged the platform, known once it is processed."""

    id = Id()
    amount = Paise()
    fee = Integer(allow_null=True)
    status = Choice(choices=PayoutStatus.choices)
    bank_account_id = Id()
    bank_last4 = SerializerMethodField()
    mode = Choice(choices=PayoutMode.choices)
    utr = SerializerMethodField()
    failure_reason = SerializerMethodField()
    created_at = Moment()
    processed_at = Moment(allow_null=True)

    def get_bank_last4(self, payout: Payout) -> str:
        return payout.bank_account.number_last4

    def get_utr(self, payout: Payout) -> str | None:
        return payout.utr or None

    def get_failure_reason(self, payout: Payout) -> str | None:
        return payout.failure_reason or None


class WithdrawBody(Serializer):
    amount = Paise()
    bank_account_id = Id(required=False, allow_null=True)


class ReceivedSerializer(Serializer):
    """The event is kept."""

    received = Flag()
