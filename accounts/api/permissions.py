"""Who is calling, for views whose operation lets no stranger in."""

from rest_framework.request import Request

from accounts.models import Session, User
from khidma.kernel.errors import Unauthenticated


def caller_of(request: Request) -> User:
    """The user who calls. :raises Unauthenticated: nobody signed in."""
    if not isinstance(request.user, User):
        raise Unauthenticated
    return request.user


def session_of(request: Request) -> Session:
    """The sign-in that the caller's token belongs to. :raises Unauthenticated: nobody signed in."""
    if not isinstance(request.auth, Session):
        raise Unauthenticated
    return request.auth
