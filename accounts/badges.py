"""The badges that a user can hold: users keep the ids, this catalogue the rest."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Badge:
    """`icon` is the name of a symbol that the clients ship."""

    id: str
    name: StrOrPromise
    icon: str


BADGES = {
    badge.id: badge
    for badge in (
        Badge("first-gig", _("First gig done"), "flag"),
        Badge("ten-gigs", _("Ten gigs done"), "medal"),
        Badge("fifty-gigs", _("Fifty gigs done"), "trophy"),
        Badge("five-stars", _("Five stars"), "star"),
        Badge("verified", _("Identity verified"), "shield-check"),
    )
}
