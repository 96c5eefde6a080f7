"""Who calls: the bearer of an access token."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import Session, User
from accounts.tokens import read_access_token
from khidma.kernel.errors import Unauthenticated


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`; `request.auth` is the session."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """Nobody without the header. :raises Unauthenticated: the token is not good (any more)."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated
        caller = read_access_token(token.strip())
        return caller.user, caller.session

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="khidma"'
