"""People for tests, made as real ones are: through the services."""

import itertools
from typing import Any

from accounts import services
from accounts.models import CodePurpose, SignInMethod, User
from accounts.services.codes import issue_code

PASSWORD = "a long password for tests"

_numbers = itertools.count(1)


def next_phone() -> str:
    """A phone that no other call of this process gets."""
    return f"+9198{next(_numbers):08d}"


def make_user(phone: str | None = None) -> User:
    """Somebody who has logged in for the first time: a phone and nothing else."""
    phone = phone or next_phone()
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    return services.sign_in(phone=phone, code=code).user


def make_client(**over: Any) -> User:
    """A client with a complete profile."""
    user = make_user(over.pop("phone", None))
    profile = {"name": "Asha Rao", "email": f"client-{user.pk}@example.in", "roles": ["client"]}
    return services.update_profile(user=user, **{**profile, **over})


def make_doer(**over: Any) -> User:
    """A doer with a complete profile."""
    user = make_user(over.pop("phone", None))
    profile = {
        "name": "Ravi Kumar",
        "email": f"doer-{user.pk}@example.in",
        "roles": ["doer"],
        "university": "Indian Institute of Technology Delhi",
        "course": "B.Tech. Computer Science",
        "year": 3,
        "graduation_year": 2027,
    }
    return services.update_profile(user=user, **{**profile, **over})


def make_operator(group: str = "administrator") -> User:
    """An operator of one group, with the password `PASSWORD`."""
    email = f"{group}-{next(_numbers)}@khidma.test"
    return services.create_operator(email=email, name=f"{group.title()} Operator", group=group, password=PASSWORD)


def bearer(user: User) -> str:
    """An access token of a new session of this user."""
    method = SignInMethod.PASSWORD if user.is_staff else SignInMethod.OTP
    return services.begin_session(user=user, method=method).token
