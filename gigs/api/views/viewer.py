"""Who looks: the signed-in user, or nobody."""

from typing import Any

from accounts.models import User
from khidma.http.addresses import client_address
from khidma.http.views import ApiView
from khidma.kernel.sealing import blind_index


def viewer_of(request: Any) -> User | None:
    """The signed-in caller, if there is one."""
    return request.user if request.user.is_authenticated else None


def viewer_key(view: ApiView) -> str:
    """What one viewer's looks are counted by: a keyed hash of the account, or of the address of a stranger."""
    viewer = viewer_of(view.request)
    return blind_index(str(viewer.pk) if viewer else client_address(view.django_request), purpose="gig view")
