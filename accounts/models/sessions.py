"""Sessions: one per sign-in, each a family of refresh tokens; and the operators' second factor."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record


class SignInMethod(models.TextChoices):
    """How the session was begun."""

    OTP = "otp", _("code by SMS")
    PASSWORD = "password", _("password")


class Session(Record):
    """A sign-in on one device; it lives until it is ended or its last refresh token expires."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sessions", verbose_name=_("user"))
    method = models.CharField(_("method"), max_length=16, choices=SignInMethod)
    device_name = models.CharField(_("device"), max_length=120, blank=True, default="")
    address = models.GenericIPAddressField(_("address"), null=True)
    last_used_at = models.DateTimeField(_("last used at"))
    expires_at = models.DateTimeField(_("expires at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    end_reason = models.CharField(_("why it ended"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [
            models.Index(fields=["user", "-last_used_at"], name="session_live", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return str(self.id)


class RefreshToken(models.Model):
    """One refresh token of a session, kept only as its hash; used once. The successor is derived, never stored."""

    token_hash = models.CharField(_("hash"), max_length=64, primary_key=True)
    session = models.ForeignKey(Session, models.CASCADE, related_name="refresh_tokens", verbose_name=_("session"))
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    used_at = models.DateTimeField(_("used at"), null=True)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(used_at__isnull=True), name="refresh_token_one_unused"
            ),
        ]

    def __str__(self) -> str:
        return str(self.session_id)


class OperatorTotp(Record):
    """An operator's second factor (RFC 6238); the secret is sealed, and a step is never accepted twice."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="totp", verbose_name=_("operator")
    )
    secret_sealed = models.TextField(_("sealed secret"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    last_step = models.BigIntegerField(_("last step used"), default=0)

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return str(self.user_id)
