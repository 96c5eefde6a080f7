"""The versions of the cancellation policy, as data."""

from orders.models import CancellationPolicy, Order
from orders.policy import Terms
from orders.runtime import CancellationSettings


def policy_in_force() -> CancellationPolicy:
    """The version that orders are placed under today; made when the settings first say something new."""
    rules = CancellationSettings.load()
    policy, _ = CancellationPolicy.objects.get_or_create(
        free_hours=rules.free_hours, begun_bp=rules.begun_bp, near_hours=rules.near_hours, near_bp=rules.near_bp
    )
    return policy


def terms_of(order: Order) -> Terms:
    """The values that were frozen with the order."""
    policy = CancellationPolicy.objects.get(pk=order.policy_version)
    return Terms(
        free_hours=policy.free_hours,
        begun_bp=policy.begun_bp,
        near_hours=policy.near_hours,
        near_bp=policy.near_bp,
    )
