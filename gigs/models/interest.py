"""What people do with gigs short of applying: look at them, keep them, search for them."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Left, Length
from django.utils.translation import gettext_lazy as _

from gigs.models.gig import Gig
from khidma.kernel.models import Record


class SavedGig(Record):
    """A bookmark."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_gigs", verbose_name=_("user"), db_index=False
    )
    gig = models.ForeignKey(Gig, models.CASCADE, related_name="saves", verbose_name=_("gig"))

    class Meta:
        verbose_name = _("saved gig")
        verbose_name_plural = _("saved gigs")
        constraints = [models.UniqueConstraint(fields=["user", "gig"], name="gigs_saved_once")]
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="gigs_saved_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} ★ {self.gig_id}"


class GigView(models.Model):
    """One look of one viewer at a gig on one day.

    Looks are rows, so that readers of a popular gig do not queue for its row; a sweep adds them to
    `Gig.views_count` and forgets them after their day. `viewer` is a keyed hash of the account or address.
    """

    gig = models.ForeignKey(Gig, models.CASCADE, related_name="views", verbose_name=_("gig"), db_index=False)
    viewer = models.CharField(_("viewer"), max_length=64)
    viewed_on = models.DateField(_("day"))
    is_counted = models.BooleanField(_("counted"), default=False)

    class Meta:
        verbose_name = _("look at a gig")
        verbose_name_plural = _("looks at gigs")
        constraints = [models.UniqueConstraint(fields=["gig", "viewer", "viewed_on"], name="gigs_view_once_a_day")]
        indexes = [
            models.Index(fields=["gig"], condition=models.Q(is_counted=False), name="gigs_view_uncounted"),
            models.Index(fields=["viewed_on"], name="gigs_view_day"),
        ]

    def __str__(self) -> str:
        return f"{self.gig_id} {self.viewed_on}"


class SearchWord(models.Model):
    """A word that occurs in a gig or category: what a misspelt one is compared with. Kept by a trigger on gigs."""

    word = models.CharField(_("word"), max_length=40, primary_key=True)

    class Meta:
        verbose_name = _("word of the search")
        verbose_name_plural = _("words of the search")
        indexes = [
            GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="gigs_word_trigrams"),
            models.Index(Left("word", 1), Length("word"), name="gigs_word_start"),
        ]

    def __str__(self) -> str:
        return self.word
