"""Bodies and answers of gigs and applications."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import JSONField, SerializerMethodField

from accounts.api.serializers import PublicUserSerializer
from accounts.models import GigKind
from gigs.models import BudgetType, Gig, Priority
from gigs.services.terms import SMALLEST_ORDER
from gigs.states import ApplicationStatus, GigStatus
from khidma.http.fields import Choice, Flag, Id, Integer, ListOf, Moment, Number, Paise, Slug, Text, milliseconds
from khidma.http.serializers import Serializer
from khidma.media.api.serializers import Attachments

MOST_SKILLS = 20
MOST_MILESTONES = 20
MOST_HOURS = 10_000
TWO_YEARS_IN_DAYS = 2 * 366
A_MONTH_IN_MINUTES = 31 * 24 * 60


class SubcategorySerializer(Serializer):
    """A category below another one."""

    slug = Slug()
    name = Text()
    kinds = ListOf(Choice(GigKind.choices))
    children = ListOf(Slug(), max_length=0, help_text=_("Always empty: the tree has two levels."))


class CategorySerializer(SubcategorySerializer):
    """A category with those below it."""

    children = SubcategorySerializer(many=True)  # type: ignore[assignment]


class SkillSerializer(Serializer):
    """A skill of the list."""

    id = Id()
    name = Text()


class BoxSerializer(Serializer):
    """The box around a zone, in degrees."""

    north = Number()
    south = Number()
    east = Number()
    west = Number()


class ZoneSerializer(Serializer):
    """A service zone; `coverage` is the share (0–1) of the last 30 days' on-site gigs for which a doer was found."""

    id = Id()
    name = Text()
    city = Text()
    boundary = JSONField()
    boundaries = BoxSerializer(source="*")
    active_providers = Integer()
    pending_requests = Integer()
    avg_response_minutes = Number(source="response_minutes", allow_null=True)
    coverage = Number(allow_null=True)


class PlaceBody(Serializer):
    """Where on-site work is done; the zone is found from the point if it is not named."""

    address = Text(single_line=True, min_length=5, max_length=300)
    city = Text(single_line=True, min_length=2, max_length=80)
    zone_id = Id(required=False, allow_null=True)
    lat = Number(min_value=-90, max_value=90)
    lng = Number(min_value=-180, max_value=180)
    access_instructions = Text(required=False, allow_blank=True, max_length=1000)


class GigBody(Serializer):
    """What an owner says of a gig. Money in paise, per hour for hourly gigs."""

    title = Text(single_line=True, min_length=5, max_length=120)
    description = Text(min_length=20, max_length=5000)
    category = Slug()
    kind = Choice(GigKind.choices, required=False)
    skills = ListOf(Text(single_line=True, min_length=1, max_length=60), required=False, max_length=MOST_SKILLS)
    budget_type = Choice(BudgetType.choices, required=False)
    budget_min = Paise()
    budget_max = Paise()
    deadline = Moment()
    attachments = ListOf(Id(), required=False, max_length=10)
    location = PlaceBody(required=False, allow_null=True)
    scheduled_at = Moment(required=False, allow_null=True)
    flexibility_minutes = Integer(required=False, allow_null=True, min_value=0, max_value=A_MONTH_IN_MINUTES)
    estimated_minutes = Integer(required=False, allow_null=True, min_value=1, max_value=A_MONTH_IN_MINUTES)
    priority = Choice(Priority.choices, required=False, allow_null=True)


class NewGigBody(GigBody):
    """A new gig; `status` draft keeps it to its owner for now."""

    status = Choice([GigStatus.DRAFT.value, GigStatus.OPEN.value], required=False)


class GigChangesBody(GigBody):
    """Any of a gig's terms; `status` open publishes a draft or reopens the gig."""

    status = Choice([GigStatus.OPEN.value], required=False)


class CancelGigBody(Serializer):
    """Why the gig is given up."""

    reason = Text(min_length=1, max_length=500)


class ReopenGigBody(Serializer):
    """A new deadline, needed where the old one has passed."""

    deadline = Moment(required=False)


class PlaceSerializer(Serializer):
    """The exact place for those who may see it; for others the area, with the point moved by up to a kilometre."""

    address = Text()
    city = Text()
    zone_id = Id(allow_null=True)
    lat = Number()
    lng = Number()
    access_instructions = Text(allow_null=True)


def show_place(gig: Gig, *, is_exact: bool) -> dict[str, Any] | None:
    """Where the gig is, as `PlaceSerializer` says; None for remote work."""
    if gig.latitude is None:
        return None
    return {
        "address": gig.address if is_exact else gig.city,
        "city": gig.city,
        "zoneId": str(gig.zone_id) if gig.zone_id else None,
        "lat": gig.latitude if is_exact else gig.area_latitude,
        "lng": gig.longitude if is_exact else gig.area_longitude,
        "accessInstructions": gig.access_instructions if is_exact else None,
    }


class GigSerializer(Serializer):
    """A gig as its viewer may see it; the selectors annotate what depends on the viewer."""

    id = Id()
    client_id = Id()
    client = PublicUserSerializer()
    kind = Choice(GigKind.choices)
    title = Text()
    description = Text()
    category = Text(source="category.slug")
    skills = ListOf(Text())
    budget_type = Choice(BudgetType.choices)
    budget_min = Paise()
    budget_max = Paise()
    deadline = Moment()
    attachments = Attachments()
    status = Choice(GigStatus.choices)
    applications_count = Integer()
    views_count = SerializerMethodField()
    is_boosted = Flag(source="is_shown_first")
    boosted_until = SerializerMethodField()
    is_saved = Flag(allow_null=True)
    my_application_id = Id(allow_null=True)
    location = SerializerMethodField()
    scheduled_at = Moment(allow_null=True)
    flexibility_minutes = Integer(allow_null=True)
    estimated_minutes = Integer(allow_null=True)
    priority = SerializerMethodField()
    created_at = Moment()
    updated_at = Moment()

    def get_views_count(self, gig: Gig) -> int:
        return gig.views_count + getattr(gig, "uncounted_views", 0)

    @extend_schema_field(Moment(allow_null=True))
    def get_boosted_until(self, gig: Any) -> int | None:
        return milliseconds(gig.boosted_until) if gig.is_shown_first else None

    @extend_schema_field(Choice(Priority.choices, allow_null=True))
    def get_priority(self, gig: Gig) -> str | None:
        return gig.priority or None

    @extend_schema_field(PlaceSerializer(allow_null=True))
    def get_location(self, gig: Any) -> dict[str, Any] | None:
        return show_place(gig, is_exact=gig.shows_address)


class MilestoneBody(Serializer):
    """One step of a bid on a milestone gig."""

    title = Text(single_line=True, min_length=1, max_length=120)
    amount = Paise(min_value=SMALLEST_ORDER)
    due_at = Moment()


class ApplicationBody(Serializer):
    """A bid. `proposedAmount` in paise, per hour for hourly gigs, which need `agreedHours`."""

    cover_letter = Text(min_length=20, max_length=3000)
    proposed_amount = Paise()
    agreed_hours = Integer(required=False, allow_null=True, min_value=1, max_value=MOST_HOURS)
    estimated_days = Integer(required=False, allow_null=True, min_value=1, max_value=TWO_YEARS_IN_DAYS)
    can_start_at = Moment(required=False, allow_null=True)
    milestones = ListOf(MilestoneBody(), required=False, max_length=MOST_MILESTONES)
    attachments = ListOf(Id(), required=False, max_length=10)


class RejectApplicationBody(Serializer):
    """Why not; kept in the timeline."""

    reason = Text(required=False, allow_blank=True, max_length=500)


class ProposedMilestoneSerializer(Serializer):
    """One proposed step."""

    title = Text()
    amount = Paise()
    due_at = Moment()


class ApplicationSerializer(Serializer):
    """A bid, to the two people whom it concerns."""

    id = Id()
    gig_id = Id()
    doer_id = Id()
    doer = PublicUserSerializer()
    cover_letter = Text()
    proposed_amount = Paise()
    agreed_hours = Integer(allow_null=True)
    estimated_days = Integer(allow_null=True)
    can_start_at = Moment(allow_null=True)
    attachments = Attachments()
    milestones = ProposedMilestoneSerializer(many=True)
    status = Choice(ApplicationStatus.choices)
    conversation_id = Id()
    created_at = Moment()
    updated_at = Moment()
    decided_at = Moment(allow_null=True)
