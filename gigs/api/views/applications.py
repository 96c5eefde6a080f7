"""Applications: bidding, and deciding about bids."""

from typing import Any
from uuid import UUID

from accounts.errors import ProfileIncomplete, RoleRequired
from accounts.services import require_ready
from gigs import selectors, services
from gigs.api.filters import ApplicationQuery, OwnApplicationQuery
from gigs.api.permissions import require_doer_of, require_owner_of
from gigs.api.serializers import ApplicationBody, ApplicationSerializer, RejectApplicationBody
from gigs.errors import (
    AlreadyApplied,
    ApplicationAlreadyDecided,
    ApplicationNotPending,
    ApplicationNotRejected,
    GigNotOpen,
    OwnGig,
)
from gigs.models import Application
from khidma.http.views import ApiView, operation


def address_of(application: Application) -> str:
    """Where an application is found."""
    return f"/api/applications/{application.pk}"


class GigApplications(ApiView):
    @operation(access="user", returns=ApplicationSerializer, paging="feed", query=ApplicationQuery)
    def get(self, request: Any, gig_id: UUID) -> Any:
        """Applications for a gig, to its owner."""
        gig = selectors.get_own_gig(request.user, gig_id)
        return self.feed(selectors.list_applications_for_gig(gig, **self.query()))

    @operation(
        access="user", body=ApplicationBody, returns=ApplicationSerializer, status=201, location=address_of,
        errors=[ProfileIncomplete, RoleRequired, OwnGig, GigNotOpen, AlreadyApplied],
    )  # fmt: skip
    def post(self, request: Any, gig_id: UUID) -> Application:
        """Apply."""
        gig = selectors.get_visible_gig(request.user, gig_id)
        require_ready(user=request.user, role="doer")
        application = services.apply_to_gig(gig=gig, doer=request.user, **self.body())
        return selectors.get_application_for(request.user, application.pk)


class OwnApplications(ApiView):
    @operation(access="user", returns=ApplicationSerializer, paging="feed", query=OwnApplicationQuery)
    def get(self, request: Any) -> Any:
        """The caller's applications."""
        return self.feed(selectors.list_own_applications(request.user, **self.query()))


class ApplicationDetail(ApiView):
    @operation(access="user", returns=ApplicationSerializer)
    def get(self, request: Any, application_id: UUID) -> Application:
        """One application."""
        return selectors.get_application_for(request.user, application_id)

    @operation(
        access="user", body=ApplicationBody, returns=ApplicationSerializer,
        errors=[ApplicationNotPending, ApplicationAlreadyDecided],
    )  # fmt: skip
    def patch(self, request: Any, application_id: UUID) -> Application:
        """Change it while it is pending."""
        application = selectors.get_application_for(request.user, application_id)
        require_doer_of(application, request.user)
        services.change_application(application=application, doer=request.user, **self.body())
        return selectors.get_application_for(request.user, application_id)


class ShortlistApplication(ApiView):
    @operation(access="user", returns=ApplicationSerializer, errors=[ApplicationAlreadyDecided])
    def post(self, request: Any, application_id: UUID) -> Application:
        """Shortlist."""
        application = selectors.get_application_for(request.user, application_id)
        require_owner_of(application, request.user)
        services.shortlist_application(application=application, client=request.user)
        return selectors.get_application_for(request.user, application_id)

    @operation(access="user", returns=ApplicationSerializer, errors=[ApplicationAlreadyDecided])
    def delete(self, request: Any, application_id: UUID) -> Application:
        """Take off the shortlist."""
        application = selectors.get_application_for(request.user, application_id)
        require_owner_of(application, request.user)
        services.unshortlist_application(application=application, client=request.user)
        return selectors.get_application_for(request.user, application_id)


class RejectApplication(ApiView):
    @operation(
        access="user", body=RejectApplicationBody, returns=ApplicationSerializer, errors=[ApplicationAlreadyDecided]
    )
    def post(self, request: Any, application_id: UUID) -> Application:
        """Reject."""
        application = selectors.get_application_for(request.user, application_id)
        require_owner_of(application, request.user)
        services.reject_application(application=application, client=request.user, **self.body())
        return selectors.get_application_for(request.user, application_id)


class WithdrawApplication(ApiView):
    @operation(access="user", returns=ApplicationSerializer, errors=[ApplicationAlreadyDecided])
    def post(self, request: Any, application_id: UUID) -> Application:
        """Withdraw."""
        application = selectors.get_application_for(request.user, application_id)
        require_doer_of(application, request.user)
        services.withdraw_application(application=application, doer=request.user)
        return selectors.get_application_for(request.user, application_id)


class ReviveApplication(ApiView):
    @operation(
        access="user", returns=ApplicationSerializer, errors=[ApplicationNotRejected, GigNotOpen, AlreadyApplied]
    )
    def post(self, request: Any, application_id: UUID) -> Application:
        """Revive a rejected application when the gig is open again."""
        application = selectors.get_application_for(request.user, application_id)
        require_doer_of(application, request.user)
        services.revive_application(application=application, doer=request.user)
        return selectors.get_application_for(request.user, application_id)
