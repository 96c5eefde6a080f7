"""What operators of finance see of the reconciliation over HTTP."""

from datetime import datetime
from typing import Any

from rest_framework.serializers import SerializerMethodField

from khidma.http.fields import Choice, Id, Integer, ListOf, Moment, Text
from khidma.http.serializers import Query, Serializer
from khidma.http.views import ApiView, Paged, operation
from khidma.kernel.clock import now
from payments import selectors
from payments.models import Difference, Side
from payments.selectors.differences import KINDS
from payments.states import DifferenceStatus


class OwnerSerializer(Serializer):
    """The operator who looks after it."""

    id = Id()
    name = Text()


class DifferenceSerializer(Serializer):
    """One difference. `ours` and `theirs` say where it stands in each book; `amount` is what our book says (theirs,
    where ours says nothing), money that came in positive; `difference` is ours less theirs."""

    id = Id()
    kind = Choice(choices=list(KINDS))
    reference = Text()
    ours = SerializerMethodField()
    theirs = SerializerMethodField()
    amount = Integer()
    difference = Integer()
    status = Choice(choices=DifferenceStatus.choices)
    owner = OwnerSerializer(allow_null=True)
    note = SerializerMethodField()
    created_at = Moment()
    age_days = SerializerMethodField()

    def get_ours(self, difference: Difference) -> str | None:
        return difference.ours or None

    def get_theirs(self, difference: Difference) -> str | None:
        return difference.theirs or None

    def get_note(self, difference: Difference) -> str | None:
        return difference.note or None

    def get_age_days(self, difference: Difference) -> int:
        asked_at: datetime = self.context["asked_at"]
        return (asked_at - difference.created_at).days


class DifferenceQuery(Query):
    """Without a status: what is open or explained."""

    status = ListOf(Choice(DifferenceStatus.values), required=False, unique=True)
    kind = Choice(list(KINDS), required=False)
    side = Choice(Side.values, required=False)
    owner_id = Id(required=False)


class Reconciliation(ApiView):
    @operation(access="staff", permission="finance", query=DifferenceQuery, returns=DifferenceSerializer, paging="page")
    def get(self, request: Any) -> Paged:
        """Differences between ledger, gateway and bank, with owner and age."""
        summary = selectors.summarise_reconciliation()
        return self.page(
            selectors.list_differences(**self.query()),
            summary={
                "matchedShare": summary.matched_share,
                "open": summary.open,
                "oldestDays": summary.oldest_days,
            },
        )

    @property
    def context(self) -> dict[str, Any]:
        """The moment that ages are counted to, read once."""
        if not hasattr(self, "_asked_at"):
            self._asked_at = now()
        return {**super().context, "asked_at": self._asked_at}
