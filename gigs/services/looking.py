"""Bookmarks, and how often a gig was looked at."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from gigs.models import Gig, GigView, SavedGig


def save_gig(*, gig: Gig, user: User) -> None:
    """Bookmark a gig; twice is once."""
    SavedGig.objects.bulk_create([SavedGig(gig=gig, user=user)], ignore_conflicts=True)


def forget_saved_gig(*, gig: Gig, user: User) -> None:
    """Remove the bookmark, if there is one."""
    SavedGig.objects.filter(gig=gig, user=user).delete()


def note_view(*, gig: Gig, viewer: str) -> None:
    """Count one look per viewer (a keyed hash) and day in India; no lock on the gig's row is taken."""
    look = GigView(gig=gig, viewer=viewer, viewed_on=timezone.localdate())
    GigView.objects.bulk_create([look], ignore_conflicts=True)


@transaction.atomic
def count_views(*, limit: int = 5_000) -> int:
    """Add looks that were noted to their gigs, and forget those of past days; how many were added."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH noted AS (
                SELECT id FROM gigs_gigview WHERE NOT is_counted ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            ), counted AS (
                UPDATE gigs_gigview SET is_counted = true FROM noted WHERE gigs_gigview.id = noted.id RETURNING gig_id
            ), summed AS (
                SELECT gig_id, count(*) AS looks FROM counted GROUP BY gig_id
            ), added AS (
                UPDATE gigs_gig SET views_count = views_count + summed.looks
                FROM summed WHERE gigs_gig.id = summed.gig_id RETURNING summed.looks
            )
            SELECT coalesce(sum(looks), 0) FROM added
            """,
            [limit],
        )
        added = int(cursor.fetchone()[0])
    GigView.objects.filter(is_counted=True, viewed_on__lt=timezone.localdate() - timedelta(days=1)).delete()
    return added
