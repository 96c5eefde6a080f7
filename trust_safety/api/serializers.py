"""Contests on the wire."""

from rest_framework.serializers import SerializerMethodField

from khidma.http.fields import Choice, Id, ListOf, Moment, Text
from khidma.http.serializers import Serializer
from khidma.media.api.serializers import Attachments
from orders.policy import Fault
from trust_safety.models import Contest
from trust_safety.states import ContestStatus

FAULTS = [fault.value for fault in Fault]


class ContestBody(Serializer):
    reason = Text(max_length=2_000)
    attachments = ListOf(Id(), required=False, max_length=20, unique=True)


class JudgementBody(Serializer):
    fault = Choice(FAULTS)
    reason = Text(max_length=2_000)


class ContestSerializer(Serializer):
    """A contest: `found` is the fault that it is about, `fault` the one that an operator decided on."""

    id = Id()
    cancellation_id = Id()
    order_id = Id(source="cancellation.order_id")
    raised_by_id = Id()
    reason = Text()
    attachments = Attachments()
    status = Choice(ContestStatus.values)
    found = Choice(FAULTS)
    fault = SerializerMethodField()
    decision_reason = SerializerMethodField()
    decide_by = Moment()
    created_at = Moment()
    decided_at = Moment(allow_null=True)

    def get_fault(self, contest: Contest) -> str | None:
        return contest.fault or None

    def get_decision_reason(self, contest: Contest) -> str | None:
        return contest.decision_reason or None
