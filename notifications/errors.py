"""Every way notifications say no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import NotFound, Refused


class NotificationUnknown(NotFound):
    """No such notification of this user."""

    message = _("There is no such notification.")


class PushTokenUnknown(NotFound):
    """No such device of this user."""

    message = _("There is no such device.")


class SubscriptionUnknown(NotFound):
    """No such webhook subscription of this user."""

    message = _("There is no such subscription.")


class WebhookDeliveryUnknown(NotFound):
    """No such delivery to a subscription of this user, or none any more."""

    message = _("There is no such delivery.")


class TooManySubscriptions(Refused):
    """The user has as many subscriptions as a user may have."""

    code = "too_many_subscriptions"
    message = _("You have as many webhook subscriptions as you may have. Delete one first.")


class SubscriptionNotActive(Refused):
    """Nothing is sent to a subscription that is paused or disabled."""

    code = "subscription_not_active"
    message = _("This subscription is paused. Make it active first.")
