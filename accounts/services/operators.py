"""Operators: made, logged in with e-mail, password and second factor."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from accounts.errors import EmailTaken, InvalidCredentials, TotpRequired
from accounts.models import OperatorTotp, SignInMethod, User
from accounts.services.codes import record_wrong_try, refuse_locked
from accounts.services.sessions import begin_session
from accounts.services.signing_in import SignedIn
from accounts.totp import enrolment_uri, matching_step, new_secret
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import TooMany
from khidma.kernel.sealing import seal, unseal


@transaction.atomic
def create_operator(*, email: str, name: str, group: str, password: str) -> User:
    """An operator of one group: support, finance, trust or administrator.

    :raises EmailTaken: another account has it.
    """
    validate_password(password)
    user = User(email=email.strip().lower(), name=name, is_staff=True, email_verified_at=now())
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTaken from error
    user.groups.add(Group.objects.get(name=group))
    return user


def log_in_operator(
    *, email: str, password: str, totp: str | None = None, device_name: str = "", address: str | None = None
) -> SignedIn:
    """Sign an operator in over the API.

    :raises InvalidCredentials: e-mail, password or second factor are wrong.
    :raises TotpRequired: a second factor is enrolled and its code was not given.
    """
    operator = check_operator(email=email, password=password)
    check_second_factor(operator=operator, code=totp)
    with transaction.atomic():
        tokens = begin_session(user=operator, method=SignInMethod.PASSWORD, device_name=device_name, address=address)
    return SignedIn(user=operator, tokens=tokens, is_new_user=False)


def check_operator(*, email: str, password: str) -> User:
    """The operator with this e-mail and password; takes as long for an unknown e-mail, and counts what is wrong.

    :raises InvalidCredentials: no such one.
    :raises TooMany: too many wrong tries for this e-mail within the hour.
    """
    refuse_locked(target=_login_target(email), error=TooMany)
    operator = User.objects.filter(email=email.strip().lower(), is_staff=True, is_active=True).first()
    if operator is None:
        make_password(password)
    if operator is None or not operator.check_password(password):
        record_wrong_try(target=_login_target(email))
        raise InvalidCredentials
    return operator


def _login_target(email: str) -> str:
    return f"password:{email.strip().lower()}"[:254]


def check_second_factor(*, operator: User, code: str | None) -> None:
    """Nothing where no second factor is enrolled; else its code, each step once, and wrong ones counted.

    :raises TotpRequired: no code given.
    :raises InvalidCredentials: a wrong or used one.
    """
    factor = OperatorTotp.objects.filter(user=operator, confirmed_at__isnull=False).first()
    if factor is None:
        return
    if not code:
        raise TotpRequired
    try:
        _use_step(factor, code)
    except InvalidCredentials:
        record_wrong_try(target=_login_target(operator.email or ""))
        raise


def _use_step(factor: OperatorTotp, code: str) -> None:
    secret = unseal(factor.secret_sealed, binding=_binding(factor))
    step = matching_step(secret, code, at=now().timestamp())
    if step is None or not OperatorTotp.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step):
        raise InvalidCredentials


@transaction.atomic
def enrol_second_factor(*, operator: User) -> str:
    """Begin to enrol: a new secret, shown once, as the address that an authenticator app reads."""
    secret = new_secret()
    OperatorTotp.objects.filter(user=operator).delete()
    factor = OperatorTotp(user=operator)
    factor.secret_sealed = seal(secret, binding=_binding(factor))
    factor.save(force_insert=True)
    return enrolment_uri(secret, account=operator.email or str(operator.pk))


@transaction.atomic
def confirm_second_factor(*, operator: User, code: str) -> None:
    """From now on the operator's log-in asks for a code. :raises InvalidCredentials: the code is wrong."""
    factor = OperatorTotp.objects.filter(user=operator).first()
    if factor is None:
        raise InvalidCredentials
    _use_step(factor, code)
    OperatorTotp.objects.filter(pk=factor.pk).update(confirmed_at=Now())


def _binding(factor: OperatorTotp) -> str:
    return f"operator_totp:{factor.pk}:secret"
