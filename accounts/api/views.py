"""Signing in, sessions, profiles and blocks over HTTP."""

from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts import selectors, services
from accounts.api.counting import counted_code
from accounts.api.permissions import caller_of, session_of
from accounts.api.serializers import (
    CodeSentSerializer,
    EmailCodeBody,
    IdDocumentBody,
    LoggedInSerializer,
    LogInBody,
    LogOutBody,
    PhoneBody,
    PhoneCodesBody,
    ProfileBody,
    PublicUserSerializer,
    RefreshBody,
    SendCodeBody,
    SessionSerializer,
    SignedInSerializer,
    TokensSerializer,
    UserSerializer,
    VerificationSerializer,
    VerifyCodeBody,
)
from accounts.errors import (
    AlreadyVerified,
    CannotBlockOneself,
    CodesLocked,
    EmailMissing,
    EmailTaken,
    InvalidCode,
    InvalidCredentials,
    PhoneTaken,
    PhoneUnchangeable,
    TokenExpired,
    TokenRevoked,
    TotpRequired,
    VerificationWaiting,
)
from accounts.models import User, Verification
from accounts.services import SignedIn, Tokens
from khidma.http.addresses import client_address
from khidma.http.answers import Answer
from khidma.http.paging import Paged
from khidma.http.views import ApiView, operation
from khidma.media.download import respond_with
from khidma.media.errors import DamagedFile, FileTypeRefused, QuotaUsedUp

MOST_BYTES = 10 * 1024 * 1024


def token_fields(tokens: Tokens) -> dict[str, object]:
    return {"token": tokens.token, "refresh_token": tokens.refresh_token, "expires_at": tokens.expires_at}


def signed_in_fields(signed_in: SignedIn) -> dict[str, object]:
    return {**token_fields(signed_in.tokens), "user": signed_in.user, "is_new_user": signed_in.is_new_user}


class SendCode(ApiView):
    @operation(
        access="public",
        limit="otp",
        body=SendCodeBody,
        returns=CodeSentSerializer,
        flat=True,
        atomic=False,
        errors=[CodesLocked],
    )
    def post(self, request: Request) -> Answer:
        """Send a login code by SMS."""
        phone = self.body()["phone"]
        with counted_code(request, target=phone) as self.counted:
            return Answer({"expires_in": services.send_sign_in_code(phone=phone)}, message=_("OTP sent"))


class VerifyCode(ApiView):
    @operation(
        access="public",
        limit="auth",
        body=VerifyCodeBody,
        returns=SignedInSerializer,
        flat=True,
        atomic=False,
        errors=[InvalidCode, CodesLocked],
    )
    def post(self, request: Request) -> dict[str, object]:
        """Log in or register with the code."""
        body = self.body()
        signed_in = services.sign_in(
            phone=body["phone"],
            code=body["otp"],
            device_name=body.get("device_name", ""),
            address=client_address(self.django_request),
        )
        return signed_in_fields(signed_in)


class LogIn(ApiView):
    @operation(
        access="public",
        limit="auth",
        body=LogInBody,
        returns=LoggedInSerializer,
        flat=True,
        atomic=False,
        errors=[InvalidCredentials, TotpRequired],
    )
    def post(self, request: Request) -> dict[str, object]:
        """Operators: e-mail, password and, once enrolled, a TOTP code."""
        signed_in = services.log_in_operator(**self.body(), address=client_address(self.django_request))
        return signed_in_fields(signed_in)


class Refresh(ApiView):
    @operation(
        access="public",
        limit="auth",
        body=RefreshBody,
        returns=TokensSerializer,
        flat=True,
        atomic=False,
        fail_closed=False,
        errors=[TokenExpired, TokenRevoked],
    )
    def post(self, request: Request) -> dict[str, object]:
        """Exchange the refresh token for a new pair; an old one that comes back ends the session."""
        return token_fields(services.refresh_session(**self.body()))


class LogOut(ApiView):
    @operation(access="user", limit="auth", body=LogOutBody, flat=True, open_to_suspended=True, fail_closed=False)
    def post(self, request: Request) -> Answer:
        """End this session."""
        services.log_out(session=session_of(request), **self.body())
        return Answer(message=_("Logged out"), status=200)


class SendEmailCode(ApiView):
    @operation(access="user", limit="otp", returns=CodeSentSerializer, atomic=False, errors=[EmailMissing, CodesLocked])
    def post(self, request: Request) -> Answer:
        """Send a code to the caller's e-mail."""
        with counted_code(request, target=f"email:{caller_of(request).pk}") as self.counted:
            return Answer({"expires_in": services.send_email_code(user=caller_of(request))}, message=_("Code sent"))


class VerifyEmail(ApiView):
    @operation(
        access="user",
        limit="auth",
        body=EmailCodeBody,
        returns=UserSerializer,
        atomic=False,
        fail_closed=False,
        errors=[EmailMissing, InvalidCode, CodesLocked],
    )
    def post(self, request: Request) -> User:
        """Confirm the e-mail."""
        return services.verify_email(user=caller_of(request), **self.body())


class Profile(ApiView):
    @operation(access="user", returns=UserSerializer)
    def get(self, request: Request) -> User:
        """The caller, with roles and permissions."""
        return caller_of(request)


class Me(ApiView):
    @operation(access="user", returns=UserSerializer)
    def get(self, request: Request) -> User:
        """Own profile."""
        return caller_of(request)

    @operation(access="user", body=ProfileBody, returns=UserSerializer, errors=[EmailTaken])
    def patch(self, request: Request) -> User:
        """Complete or change own profile, roles among doer and client."""
        return services.update_profile(user=caller_of(request), **self.body())


class IdDocument(ApiView):
    @operation(
        access="user",
        limit="upload",
        upload=True,
        max_body=MOST_BYTES,
        body=IdDocumentBody,
        returns=VerificationSerializer,
        status=201,
        atomic=False,
        errors=[AlreadyVerified, VerificationWaiting, FileTypeRefused, DamagedFile, QuotaUsedUp],
    )
    def post(self, request: Request) -> Verification:
        """Upload the student ID for verification; it is kept encrypted, for operators of trust."""
        body, user = self.body(), caller_of(request)
        given = body["file"]
        services.hand_in_document(user=user, kind=body["kind"], name=given.name, content=given.file)
        return selectors.get_last_verification_of(user)

    @operation(access="user", produces="*/*")
    def get(self, request: Request) -> HttpResponseBase:
        """The caller's own document, the one handed in last; each look is on record."""
        user = caller_of(request)
        verification = selectors.get_last_verification_of(user)
        file, content = services.open_document(verification=verification, viewer=user, reason="own document")
        return respond_with(file, content)


class Phone(ApiView):
    @operation(
        access="user",
        limit="otp",
        body=PhoneBody,
        returns=CodeSentSerializer,
        atomic=False,
        errors=[PhoneUnchangeable, CodesLocked],
    )
    def post(self, request: Request) -> Answer:
        """Change the phone: codes to the old and the new number."""
        user, phone = caller_of(request), self.body()["phone"]
        with counted_code(request, target=user.phone or ""), counted_code(request, target=phone) as self.counted:
            return Answer({"expires_in": services.send_phone_codes(user=user, phone=phone)}, message=_("Codes sent"))


class PhoneCodes(ApiView):
    @operation(
        access="user",
        limit="auth",
        body=PhoneCodesBody,
        returns=UserSerializer,
        fail_closed=False,
        errors=[InvalidCode, CodesLocked, PhoneTaken],
        counted=[InvalidCode, CodesLocked],
    )
    def post(self, request: Request) -> User:
        """Confirm both codes."""
        return services.change_phone(user=caller_of(request), session=session_of(request), **self.body())


class Sessions(ApiView):
    @operation(access="user", returns=SessionSerializer, paging="page")
    def get(self, request: Request) -> Paged:
        """The caller's sessions and devices."""
        return self.page(selectors.list_sessions_for(caller_of(request)))


class SessionDetail(ApiView):
    @operation(access="user", open_to_suspended=True)
    def delete(self, request: Request, session_id: UUID) -> None:
        """End one session."""
        session = selectors.get_session_for(caller_of(request), session_id)
        services.end_session(session=session, reason="ended_by_user")


class PublicProfile(ApiView):
    @operation(access="optional", returns=PublicUserSerializer)
    def get(self, request: Request, user_id: UUID) -> User:
        """Public profile."""
        return selectors.get_public_user(user_id)


class BlockedUsers(ApiView):
    @operation(access="user", returns=PublicUserSerializer, paging="page")
    def get(self, request: Request) -> Paged:
        """Users the caller has blocked."""
        return self.page(selectors.list_blocked_users_for(caller_of(request)))


class UserBlock(ApiView):
    @operation(access="user", returns=PublicUserSerializer, errors=[CannotBlockOneself])
    def post(self, request: Request, user_id: UUID) -> User:
        """Block a user; a second time changes nothing."""
        blocked = selectors.get_public_user(user_id)
        services.block_user(blocker=caller_of(request), blocked=blocked)
        return blocked

    @operation(access="user")
    def delete(self, request: Request, user_id: UUID) -> None:
        """Unblock."""
        services.unblock_user(blocker=caller_of(request), blocked=selectors.get_public_user(user_id))
