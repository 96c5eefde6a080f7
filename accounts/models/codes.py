"""One-time codes sent to phones and e-mail addresses, and the wrong tries that were made."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record


class CodePurpose(models.TextChoices):
    """What a code is good for; it is good for nothing else."""

    SIGN_IN = "sign_in", _("sign in")
    EMAIL = "email", _("confirm an e-mail address")
    OLD_PHONE = "old_phone", _("leave a phone number")
    NEW_PHONE = "new_phone", _("take a phone number")


class OneTimeCode(Record):
    """A code, kept only as its HMAC. Live while `ended_at` is empty; one live code per target and purpose."""

    purpose = models.CharField(_("purpose"), max_length=16, choices=CodePurpose)
    target = models.CharField(_("phone or e-mail"), max_length=254)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("user")
    )
    code_hash = models.CharField(_("hash"), max_length=64)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    expires_at = models.DateTimeField(_("expires at"))
    ended_at = models.DateTimeField(_("spent or replaced at"), null=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "target"], condition=Q(ended_at__isnull=True), name="code_one_live"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="code_expiry")]

    def __str__(self) -> str:
        return str(self.id)


class WrongCode(Record):
    """One wrong try of a code, counted per target."""

    target = models.CharField(_("phone or e-mail"), max_length=254)

    class Meta:
        verbose_name = _("wrong try")
        verbose_name_plural = _("wrong tries")
        indexes = [models.Index(fields=["target", "created_at"], name="wrong_code_recent")]

    def __str__(self) -> str:
        return str(self.id)
