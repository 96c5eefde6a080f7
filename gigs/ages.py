"""Maximum ages of gigs and of the applications to them."""

from datetime import timedelta

from django.db.models import Q

from gigs.models import Application, Gig
from gigs.states import ApplicationStatus, GigStatus
from khidma.kernel.aging import may_last, may_rest

TAKEN_UP = timedelta(minutes=2)

may_last(
    Gig,
    {GigStatus.OPEN, GigStatus.CLOSED},
    where=Q(removed_at__isnull=True),
    since="deadline",
    within=TAKEN_UP,
    sweep="gigs.tasks.expire_gigs",
)
may_rest(Gig, {GigStatus.DRAFT}, because="Nobody but its owner sees a draft.")
may_rest(Gig, {GigStatus.EXPIRED}, because="It shows to nobody until its owner gives it a new deadline.")
may_last(
    Application,
    {ApplicationStatus.PENDING, ApplicationStatus.SHORTLISTED},
    name="undecided, the gig given or gone",
    where=Q(gig__status__in=[GigStatus.IN_PROGRESS, GigStatus.COMPLETED, GigStatus.CANCELLED]),
    since="gig__updated_at",
    within=TAKEN_UP,
    sweep="gigs.tasks.expire_gigs",
)
may_rest(Application, {ApplicationStatus.REJECTED}, because="Its doer may put it back if the gig opens again.")
