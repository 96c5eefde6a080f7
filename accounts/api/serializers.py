"""Bodies and answers of accounts."""

from typing import Any

from django.conf import settings
from django.core.validators import EmailValidator, RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import FileField, SerializerMethodField, empty

from accounts import selectors
from accounts.badges import BADGES
from accounts.figures import ProfileFigures, profile_figures
from accounts.models import DocumentKind, Session, User, Verification
from accounts.phones import is_accepted_phone
from accounts.services import is_profile_complete
from accounts.states import VerificationStatus
from khidma.http.fields import Choice, Flag, Id, Integer, Link, ListOf, Moment, Number, Text
from khidma.http.serializers import ModelSerializer, Serializer
from khidma.media.api.serializers import Attachments, AttachmentSerializer

SIX_DIGITS = RegexValidator(r"\A[0-9]{6}\Z", _("Must be six digits."))


class Phone(Text):
    """A phone in E.164, of an accepted country."""

    default_error_messages = {"phone": _("Must be a phone number like +919876543210.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(single_line=True, max_length=16, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        value = super().run_validation(data)
        if isinstance(value, str) and not is_accepted_phone(value):
            self.fail("phone")
        return value


class Email(Text):
    """An e-mail address, in lower case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(single_line=True, max_length=254, **kwargs)
        self.validators.append(EmailValidator())

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).lower()


class BadgeSerializer(Serializer):
    id = Text()
    name = Text()
    icon = Text()


class PublicUserSerializer(ModelSerializer):
    """A user as anybody may see them."""

    avatar_url = serializers.SerializerMethodField()
    roles = ListOf(Choice(choices=["doer", "client"]))
    id_verified = Flag(source="is_id_verified")
    rating = Number()
    badges = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "name",
            "avatar_url",
            "bio",
            "university",
            "course",
            "year",
            "roles",
            "id_verified",
            "rating",
            "rating_count",
            "completed_gigs",
            "trust_score",
            "badges",
            "created_at",
        ]

    def get_avatar_url(self, user: User) -> str | None:
        return user.avatar_url or None

    @extend_schema_field(BadgeSerializer(many=True))
    def get_badges(self, user: User) -> list[dict[str, Any]]:
        held = [BADGES[name] for name in user.badges if name in BADGES]
        return [{"id": badge.id, "name": str(badge.name), "icon": badge.icon} for badge in held]


class UserSerializer(ModelSerializer):
    """The caller as they see themselves."""

    phone = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    avatar_url = serializers.SerializerMethodField()
    phone_verified = Flag(source="is_phone_verified")
    email_verified = Flag(source="is_email_verified")
    id_verified = Flag(source="is_id_verified")
    id_document_url = serializers.SerializerMethodField()
    roles = ListOf(Choice(choices=["doer", "client"]))
    rating = Number()
    badges = ListOf(Text())
    total_earnings = serializers.SerializerMethodField()
    wallet_balance = serializers.SerializerMethodField()
    pending_balance = serializers.SerializerMethodField()
    bank_account_id = serializers.SerializerMethodField()
    profile_complete = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "phone",
            "email",
            "name",
            "avatar_url",
            "bio",
            "university",
            "course",
            "year",
            "graduation_year",
            "phone_verified",
            "email_verified",
            "id_verified",
            "id_document_url",
            "roles",
            "rating",
            "rating_count",
            "total_earnings",
            "completed_gigs",
            "trust_score",
            "badges",
            "bank_account_id",
            "wallet_balance",
            "pending_balance",
            "profile_complete",
            "is_staff",
            "permissions",
            "created_at",
            "last_active_at",
        ]

    def to_representation(self, instance: User) -> dict[str, Any]:
        self.figures: ProfileFigures = profile_figures.of(instance.pk)
        return super().to_representation(instance)

    def get_phone(self, user: User) -> str:
        return user.phone or ""

    def get_email(self, user: User) -> str:
        return user.email or ""

    def get_avatar_url(self, user: User) -> str | None:
        return user.avatar_url or None

    def get_id_document_url(self, user: User) -> str | None:
        """Where the user's own document is, for its owner signed in; no address of it is ever signed."""
        has_one = selectors.list_verifications_of(user).exists()
        return f"{settings.PUBLIC_URL}/api/users/me/id-document" if has_one else None

    def get_total_earnings(self, user: User) -> int | None:
        return self.figures.total_earnings

    def get_wallet_balance(self, user: User) -> int | None:
        return self.figures.wallet_balance

    def get_pending_balance(self, user: User) -> int | None:
        return self.figures.pending_balance

    def get_bank_account_id(self, user: User) -> str | None:
        return str(self.figures.bank_account_id) if self.figures.bank_account_id else None

    def get_profile_complete(self, user: User) -> bool:
        return is_profile_complete(user)

    def get_permissions(self, user: User) -> list[str]:
        return user.operator_permissions


class ProfileBody(Serializer):
    """What a user may change of their own profile."""

    name = Text(max_length=120, single_line=True)
    email = Email()
    avatar_url = Link(max_length=500, allow_blank=True)
    bio = Text(max_length=500, allow_blank=True)
    university = Text(max_length=160, single_line=True)
    course = Text(max_length=160, single_line=True)
    year = Integer(min_value=1, max_value=5)
    graduation_year = Integer(min_value=1950, max_value=2100)
    roles = ListOf(Choice(choices=["doer", "client"]), unique=True, allow_empty=False)


class IdDocumentBody(Serializer):
    """An image (jpeg, png, webp) or a PDF of at most 10 MB."""

    file = FileField()
    kind = Choice(DocumentKind.choices)


class VerificationSerializer(Serializer):
    """A check of somebody's identity; its documents have no address."""

    id = Id()
    user_id = Id()
    user = PublicUserSerializer()
    kind = SerializerMethodField()
    documents = SerializerMethodField()
    status = Choice(VerificationStatus.choices)
    reason = SerializerMethodField()
    created_at = Moment()
    decided_at = Moment(allow_null=True)
    decided_by = Id(source="decided_by_id", allow_null=True)

    @extend_schema_field(Choice(["identity", "doer"]))
    def get_kind(self, verification: Verification) -> str:
        return "identity"

    @extend_schema_field(AttachmentSerializer(many=True))
    def get_documents(self, verification: Any) -> list[dict[str, Any]]:
        return [{**file, "url": None} for file in Attachments().to_representation(verification.files)]

    def get_reason(self, verification: Verification) -> str | None:
        return gettext(verification.reason) if verification.reason else None


class SendCodeBody(Serializer):
    phone = Phone()


class CodeSentSerializer(Serializer):
    expires_in = Integer()


class VerifyCodeBody(Serializer):
    phone = Phone()
    otp = Text(validators=[SIX_DIGITS], single_line=True)
    device_name = Text(required=False, allow_blank=True, max_length=120, single_line=True)


class LogInBody(Serializer):
    email = Email()
    password = Text(max_length=128, trim_whitespace=False)
    totp = Text(required=False, validators=[SIX_DIGITS], single_line=True)
    device_name = Text(required=False, allow_blank=True, max_length=120, single_line=True)


class RefreshBody(Serializer):
    refresh_token = Text(max_length=200, single_line=True)


class LogOutBody(Serializer):
    refresh_token = Text(required=False, max_length=200, single_line=True)


class PhoneBody(Serializer):
    phone = Phone()


class PhoneCodesBody(Serializer):
    old_code = Text(validators=[SIX_DIGITS], single_line=True)
    new_code = Text(validators=[SIX_DIGITS], single_line=True)


class EmailCodeBody(Serializer):
    code = Text(validators=[SIX_DIGITS], single_line=True)


class TokensSerializer(Serializer):
    """A pair of tokens; `expiresAt` is that of the access token."""

    token = Text()
    refresh_token = Text()
    expires_at = Moment()


class LoggedInSerializer(TokensSerializer):
    user = UserSerializer()


class SignedInSerializer(LoggedInSerializer):
    is_new_user = Flag()


class SessionSerializer(ModelSerializer):
    """One sign-in of the caller."""

    is_current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = ["id", "device_name", "address", "created_at", "last_used_at", "is_current"]

    def get_is_current(self, session: Session) -> bool:
        return bool(self.context["request"].auth.pk == session.pk)


__all__ = [
    "Email",
    "EmailCodeBody",
    "IdDocumentBody",
    "LogInBody",
    "LogOutBody",
    "LoggedInSerializer",
    "Phone",
    "PhoneBody",
    "PhoneCodesBody",
    "ProfileBody",
    "PublicUserSerializer",
    "RefreshBody",
    "SendCodeBody",
    "SessionSerializer",
    "SignedInSerializer",
    "TokensSerializer",
    "UserSerializer",
    "VerificationSerializer",
    "VerifyCodeBody",
]
