"""What a doer says about tax, over HTTP."""

from typing import Any

from khidma.http.fields import Choice, Text
from khidma.http.serializers import Serializer
from khidma.http.views import ApiView, operation
from khidma.kernel.errors import NotFound
from payments import selectors, services
from payments.gst import STATES
from payments.models import PanStatus, TaxProfile


class TaxProfileSerializer(Serializer):
    """`state` is the GST code of a state; the GSTIN, which holds a PAN, is shown by its last four characters."""

    pan_status = Choice(PanStatus.values)
    gstin_last4 = Text(allow_null=True)
    state = Choice(sorted(STATES))


class TaxProfileBody(Serializer):
    pan_status = Choice(PanStatus.values)
    gstin = Text(single_line=True, required=False, allow_null=True, max_length=20)
    state = Choice(sorted(STATES))


class OwnTaxProfile(ApiView):
    @operation(access="doer", returns=TaxProfileSerializer)
    def get(self, request: Any) -> TaxProfile:
        """What the caller has said about tax; 404 until then."""
        profile = selectors.get_tax_profile_for(request.user.pk)
        if profile is None:
            raise NotFound
        return profile

    @operation(access="doer", body=TaxProfileBody, returns=TaxProfileSerializer)
    def put(self, request: Any) -> TaxProfile:
        """Say whether PAN or Aadhaar is there, in which state, and the GSTIN if there is one."""
        return services.set_tax_profile(user=request.user, **self.body())
