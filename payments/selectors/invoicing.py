"""Issued documents that somebody may see."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from khidma.kernel.errors import NotFound
from payments.models import Invoice


def invoices_for(actor: User, references: Collection[UUID]) -> list[Invoice]:
    """The actor's own documents about these references or their parts, in the order of their issue.

    :raises NotFound: none was issued yet.
    """
    about = Q(escrow__reference__in=references) | Q(escrow__part_of__in=references)
    found = list(Invoice.objects.filter(about, recipient=actor).order_by("id"))
    if not found:
        raise NotFound
    return found
