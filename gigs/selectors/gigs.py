"""One gig, own gigs, saved gigs: each with what its viewer may know."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField, Value
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce

from accounts.models import User
from gigs.models import Application, Gig, GigView, SavedGig
from gigs.states import LIVE_STATUSES, GigStatus
from khidma.kernel.clock import Now
from khidma.kernel.errors import NotFound
from khidma.media.selectors import files_of


def described_for(gigs: QuerySet[Gig], user: User | None) -> QuerySet[Gig]:
    """The gigs with their client and category, whether they are boosted at this moment, and what they are to this
    viewer: saved, applied to, address shown."""
    is_live = Q(is_boosted=True, boosted_until__gt=Now())
    gigs = gigs.select_related("client", "category").annotate(
        is_shown_first=ExpressionWrapper(is_live, output_field=BooleanField()), files=files_of("gig")
    )
    if user is None:
        return gigs.annotate(
            is_saved=Value(None, output_field=BooleanField(null=True)),
            my_application_id=Value(None, output_field=UUIDField(null=True)),
            shows_address=Value(False),
        )
    applications = Application.objects.filter(gig=OuterRef("pk"), doer=user)
    live = Subquery(applications.filter(status__in=LIVE_STATUSES).values("id")[:1])
    newest = Subquery(applications.order_by("-created_at", "-id").values("id")[:1])
    return gigs.annotate(
        is_saved=Exists(SavedGig.objects.filter(gig=OuterRef("pk"), user=user)),
        my_application_id=Coalesce(live, newest),
        shows_address=Value(True) if user.is_staff else _is_insider(user),
    )


def _is_insider(user: User) -> ExpressionWrapper[Q]:
    insider = Q(client=user) | Q(exact_address_for=user, exact_address_for__isnull=False)
    return ExpressionWrapper(insider, output_field=BooleanField())


def get_visible_gig(user: User | None, gig_id: UUID) -> Gig:
    """The gig's row, if this user may see it. :raises NotFound:"""
    gig = Gig.objects.visible_to(user).filter(pk=gig_id).first()
    if gig is None:
        raise NotFound
    return gig


def may_see_gigs(user: User, ids: Collection[UUID]) -> bool:
    """Whether this user may see any of these gigs, and with it its files."""
    return Gig.objects.visible_to(user).filter(pk__in=ids).exists()


def get_own_gig(user: User, gig_id: UUID) -> Gig:
    """The gig's row, if it is this user's. :raises NotFound: also for a gig that others may see."""
    gig = Gig.objects.present().filter(pk=gig_id, client=user).first()
    if gig is None:
        raise NotFound
    return gig


def get_gig_for(user: User | None, gig_id: UUID) -> Gig:
    """One gig as its page shows it, with looks that are noted but not yet added up. :raises NotFound:"""
    looks = GigView.objects.filter(gig=OuterRef("pk"), is_counted=False).order_by().values("gig")
    uncounted = Coalesce(Subquery(looks.annotate(looks=Count("pk")).values("looks")), Value(0))
    visible = described_for(Gig.objects.visible_to(user).filter(pk=gig_id), user)
    gig = visible.annotate(uncounted_views=uncounted).first()
    if gig is None:
        raise NotFound
    return gig


def list_own_gigs(user: User, *, status: Sequence[str] = ()) -> QuerySet[Gig]:
    """The gigs that this user posted, in every state or in these."""
    gigs = Gig.objects.present().filter(client=user)
    return described_for(gigs.filter(status__in=status) if status else gigs, user)


def list_saved_gigs(user: User) -> QuerySet[Gig]:
    """The gigs that this user bookmarked and may still see, each with `saved_at`."""
    saved = Gig.objects.visible_to(user).filter(saves__user=user)
    return described_for(saved, user).annotate(saved_at=F("saves__created_at"))


def list_overdue_gigs(*, limit: int = 500) -> list[UUID]:
    """Gigs that should have expired, the longest overdue first."""
    overdue = Gig.objects.filter(status__in=(GigStatus.OPEN, GigStatus.CLOSED), deadline__lte=Now())
    return list(overdue.order_by("deadline").values_list("id", flat=True)[:limit])
