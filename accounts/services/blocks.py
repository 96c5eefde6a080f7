"""Who wants nothing to do with whom."""

from django.db import transaction

from accounts.errors import CannotBlockOneself
from accounts.events import UserBlocked
from accounts.models import Block, User
from khidma.kernel.events import publish


@transaction.atomic
def block_user(*, blocker: User, blocked: User) -> Block:
    """Block a user; blocking twice is blocking once. :raises CannotBlockOneself: both are the same."""
    if blocker.pk == blocked.pk:
        raise CannotBlockOneself
    block, is_new = Block.objects.get_or_create(blocker=blocker, blocked=blocked)
    if is_new:
        publish(UserBlocked(user_id=blocker.pk, blocked_id=blocked.pk))
    return block


def unblock_user(*, blocker: User, blocked: User) -> None:
    """Take a block back, if there is one."""
    Block.objects.filter(blocker=blocker, blocked=blocked).delete()
