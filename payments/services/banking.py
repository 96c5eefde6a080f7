"""Bank accounts of users: added, checked by a penny drop, chosen, removed."""

from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import NotFound
from khidma.kernel.events import publish
from khidma.kernel.ids import new_id
from khidma.kernel.sealing import blind_index, seal, unseal
from khidma.kernel.states import advance, lock, record_change
from payments.errors import BankAccountExists, BankAccountInUse
from payments.events import BankAccountAdded, BankAccountCheckStarted, BankAccountFailed, BankAccountVerified
from payments.models import AccountKind, BankAccount, GatewayAttempt, TransferKind, Validation
from payments.models.gateway import Operation
from payments.providers import gateway, require_gateway
from payments.providers.gateway import FundAccount, GatewaySaidNo, GatewaySilent, ValidationSighting
from payments.runtime import PaymentSettings
from payments.services.attempts import begin_attempt, close_open_attempts, one_at_a_time, refuse_attempt
from payments.services.limits import opens_at_of
from payments.services.posting import credit, debit, post
from payments.services.watching import ABSENT_AFTER, next_look, note_look
from payments.states import PAYOUT_OPEN, BankAccountStatus, ValidationStatus

log = structlog.get_logger(__name__)

PENNY = 100
"""What a penny drop pays into the account, in paise."""


@transaction.atomic
def add_bank_account(
    *, user: User, holder_name: str, account_number: str = "", ifsc: str = "", vpa: str = ""
) -> BankAccount:
    """Keep a bank account (number and IFSC) or a UPI address; the first one is the default.

    :raises BankAccountExists: the user has it already.
    """
    lock(user)
    number = vpa.lower() or account_number
    index = blind_index(f"{ifsc}:{number}", purpose="bank_account")
    present = BankAccount.objects.filter(user=user, removed_at=None)
    if present.filter(number_index=index).exists():
        raise BankAccountExists
    account = BankAccount(
        pk=new_id(), user=user, holder_name=holder_name, ifsc=ifsc, number_index=index, is_default=not present.exists()
    )
    account.number_last4 = number.partition("@")[0][-4:]
    account.sealed_number = seal(number, binding=account.sealing_binding)
    account.save(force_insert=True)
    record_change(account, action="add", by=user, role="owner")
    publish(BankAccountAdded(bank_account_id=account.pk, user_id=user.pk, last4=account.number_last4))
    return account


@transaction.atomic
def remove_bank_account(*, account: BankAccount) -> None:
    """Take an account out of the user's list; its history stays. The newest other one becomes the default.

    :raises NotFound: it was removed before.
    :raises BankAccountInUse: money is on its way to it.
    """
    lock(account.user)
    account = _lock_present(account)
    if account.payouts.filter(status__in=PAYOUT_OPEN).exists():
        raise BankAccountInUse
    was_default = account.is_default
    BankAccount.objects.filter(pk=account.pk).update(removed_at=Now(), is_default=False)
    heir = BankAccount.objects.filter(user_id=account.user_id, removed_at=None).order_by("-id").first()
    if was_default and heir is not None:
        BankAccount.objects.filter(pk=heir.pk).update(is_default=True)


@transaction.atomic
def make_default(*, account: BankAccount) -> BankAccount:
    """Withdrawals that name no account go to this one. :raises NotFound: it was removed before."""
    lock(account.user)
    account = _lock_present(account)
    BankAccount.objects.filter(user_id=account.user_id, is_default=True).update(is_default=False)
    BankAccount.objects.filter(pk=account.pk).update(is_default=True)
    account.refresh_from_db()
    return account


def _lock_present(account: BankAccount) -> BankAccount:
    """The account under its lock. :raises NotFound: it was removed since the caller has seen it."""
    account = lock(account)
    if account.removed_at is not None:
        raise NotFound
    return account


@transaction.atomic
def start_validation(*, account: BankAccount, user: User) -> Validation:
    """Begin the check of an account; it is sent after commit. One that runs already is answered again.

    :raises NotFound: it was removed before.
    :raises BankAccountAlreadyVerified: there is nothing to check.
    """
    account = _lock_present(account)
    if account.status == BankAccountStatus.VERIFYING:
        return account.validations.get(status=ValidationStatus.CREATED)
    advance(account, "check", by=user, role="owner", changes={"failure_reason": ""})
    validation = Validation.objects.create(bank_account=account)
    record_change(validation, action="start", by=user, role="owner")
    publish(BankAccountCheckStarted(validation_id=validation.pk, bank_account_id=account.pk, user_id=user.pk))
    return validation


def send_validation(*, validation_id: UUID) -> None:
    """Ask the gateway to check the account, or for the outcome; repeating is safe. Outside any transaction."""
    with one_at_a_time(validation_id) as is_ours:
        validation = Validation.objects.select_related("bank_account__user").get(pk=validation_id)
        if not is_ours or validation.status != ValidationStatus.CREATED:
            return
        try:
            sighting = _look(validation)
            if sighting is None and _may_be_unlisted(validation):
                _look_again(validation)
                return
            sighting = sighting or _ask(validation)
        except GatewaySilent as error:
            log.warning("validation_unknown", validation_id=str(validation_id), error=str(error))
            _look_again(validation)
        except GatewaySaidNo as error:
            _refused(validation, error)
        else:
            record_validation(sighting=sighting)


def _look(validation: Validation) -> ValidationSighting | None:
    """What the gateway knows of this check. It takes no idempotency key, so a repeat looks before it asks again."""
    if validation.gateway_validation_id:
        return gateway().fetch_validation(validation.gateway_validation_id)
    fund_account_id = validation.bank_account.gateway_fund_account_id
    return gateway().find_validation(fund_account_id, str(validation.pk)) if fund_account_id else None


def _may_be_unlisted(validation: Validation) -> bool:
    """Whether the gateway was last asked a short while ago: its lists lag, and a repeat would pay a second time."""
    return _open_attempts(validation).filter(called_at__gt=Now() - ABSENT_AFTER).exists()


def _ask(validation: Validation) -> ValidationSighting:
    require_gateway()
    account = validation.bank_account
    fund_account = gateway().fund_account(contact=_contact(account), account=_account(account))
    _keep(account, fund_account)
    body = gateway().validation_body(
        fund_account_id=fund_account.fund_account_id, amount=PENNY, reference=str(validation.pk)
    )
    _watch_anew(validation)
    attempt = begin_attempt(subject_id=validation.pk, operation=Operation.VALIDATION, key=validation.pk, body=body)
    return gateway().validate(attempt.body)


def _watch_anew(validation: Validation) -> None:
    """What is asked again answers soon, however long the earlier call was waited for."""
    if validation.looks == 0:
        return
    validation.looks = 0
    Validation.objects.filter(pk=validation.pk).update(looks=0, look_at=Now() + next_look(0))


def _contact(account: BankAccount) -> dict[str, Any]:
    return {"name": account.holder_name[:50], "type": "vendor", "reference_id": str(account.user_id)}


def _account(account: BankAccount) -> dict[str, Any]:
    """What the gateway must know of the account, in clear; it is kept nowhere."""
    number = unseal(account.sealed_number, binding=account.sealing_binding)
    if account.is_vpa:
        return {"account_type": "vpa", "vpa": {"address": number}}
    bank_account = {"name": account.holder_name, "ifsc": account.ifsc, "account_number": number}
    return {"account_type": "bank_account", "bank_account": bank_account}


def _keep(account: BankAccount, known: FundAccount) -> None:
    BankAccount.objects.filter(pk=account.pk).update(
        gateway_contact_id=known.contact_id, gateway_fund_account_id=known.fund_account_id, bank_name=known.bank_name
    )


def _look_again(validation: Validation) -> None:
    Validation.objects.filter(pk=validation.pk).update(
        looks=validation.looks + 1, look_at=Now() + next_look(validation.looks)
    )


@transaction.atomic
def _refused(validation: Validation, error: GatewaySaidNo) -> None:
    log.error("validation_refused", validation_id=str(validation.pk), description=error.description)
    account, validation = lock(BankAccount, validation.bank_account_id), lock(validation)
    if validation.status != ValidationStatus.CREATED:
        return
    for attempt in _open_attempts(validation):
        refuse_attempt(attempt, http_status=error.http_status, reason=error.description)
    _fail(account, validation, reason=error.description)


def _open_attempts(validation: Validation) -> QuerySet[GatewayAttempt]:
    """The attempts at this check that are still open."""
    return GatewayAttempt.objects.filter(subject_id=validation.pk, operation=Operation.VALIDATION, status="started")


@transaction.atomic
def record_validation(*, sighting: ValidationSighting) -> Validation | None:
    """Merge what the gateway says about a check into ours; none, if it is not one of ours."""
    validation = _find(sighting)
    if validation is None:
        return None
    account, validation = lock(BankAccount, validation.bank_account_id), lock(validation)
    close_open_attempts(subject_id=validation.pk, operation=Operation.VALIDATION, gateway_id=sighting.validation_id)
    if validation.status != ValidationStatus.CREATED:
        return validation
    validation.gateway_validation_id = sighting.validation_id
    note_look(validation)
    validation.save(update_fields=["gateway_validation_id", "look_at", "looks"])
    if sighting.status == "completed":
        _complete(account, validation, sighting)
    elif sighting.status == "failed":
        _fail(account, validation, reason="The bank could not be asked.")
    return validation


def _find(sighting: ValidationSighting) -> Validation | None:
    known = Validation.objects.filter(gateway_validation_id=sighting.validation_id).first()
    if known is None and sighting.reference:
        try:
            return Validation.objects.filter(pk=UUID(sighting.reference), gateway_validation_id=None).first()
        except ValueError:
            return None
    return known


def _complete(account: BankAccount, validation: Validation, sighting: ValidationSighting) -> None:
    """The check ran, and was paid for; what it found decides."""
    changes = {"account_status": sighting.account_status[:20], "finished_at": now(), "look_at": None}
    advance(validation, "complete", by=None, role="system", changes=changes)
    if sighting.amount:
        post(
            key=f"check:{validation.pk}",
            kind=TransferKind.CHECK,
            reference=validation.pk,
            entries=[debit(AccountKind.PAYOUT_FEE, sighting.amount), credit(AccountKind.PAYOUT_BANK, sighting.amount)],
        )
    found = {"registered_name": sighting.registered_name, "name_match_score": sighting.name_match_score}
    if sighting.account_status != "active":
        _fail_account(account, "This account does not exist.", found)
    elif (sighting.name_match_score or 0) < PaymentSettings.load().name_match_minimum:
        _fail_account(account, "The account belongs to somebody else.", found)
    else:
        advance(account, "verify", by=None, role="system", changes={**found, "verified_at": now()})
        publish(
            BankAccountVerified(
                bank_account_id=account.pk,
                user_id=account.user_id,
                last4=account.number_last4,
                opens_at=opens_at_of(account),
            )
        )


def _fail(account: BankAccount, validation: Validation, *, reason: str) -> None:
    changes = {"reason": reason[:200], "finished_at": now(), "look_at": None}
    advance(validation, "fail", by=None, role="system", changes=changes)
    _fail_account(account, reason, {})


def _fail_account(account: BankAccount, reason: str, found: dict[str, Any]) -> None:
    advance(account, "fail", by=None, role="system", changes={**found, "failure_reason": reason[:200]})
    publish(
        BankAccountFailed(
            bank_account_id=account.pk, user_id=account.user_id, last4=account.number_last4, reason=reason[:200]
        )
    )


def validations_due() -> list[UUID]:
    """Checks under way whose time to look has come."""
    return list(Validation.objects.filter(look_at__lte=Now()).order_by("look_at").values_list("pk", flat=True)[:100])
