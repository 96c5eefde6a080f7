"""Gigs: list and search, one gig, and what its owner does with it."""

from typing import Any
from uuid import UUID

from accounts.errors import ProfileIncomplete, RoleRequired
from accounts.services import require_ready
from gigs import selectors, services
from gigs.api.filters import GigQuery, OwnGigQuery
from gigs.api.serializers import CancelGigBody, GigChangesBody, GigSerializer, NewGigBody, ReopenGigBody
from gigs.api.views.viewer import viewer_key, viewer_of
from gigs.errors import DeadlinePassed, GigHasApplications, GigHasDoer, GigNotEditable, GigNotOpen
from gigs.models import Gig
from khidma.http.views import Answer, ApiView, operation


def address_of(gig: Gig) -> str:
    """Where a gig is found."""
    return f"/api/gigs/{gig.pk}"


class Gigs(ApiView):
    @operation(access="optional", returns=GigSerializer, paging="feed", query=GigQuery)
    def get(self, request: Any) -> Any:
        """List and search."""
        filters = self.query()["filters"]
        gigs = selectors.list_gigs_for(viewer_of(request), filters)
        order = selectors.order_of(filters)
        return self.feed(gigs, order=order, narrow=selectors.first_of if order == selectors.DEFAULT_ORDER else None)

    @operation(
        access="user", body=NewGigBody, returns=GigSerializer, status=201, location=address_of,
        errors=[ProfileIncomplete, RoleRequired],
    )  # fmt: skip
    def post(self, request: Any) -> Gig:
        """Create."""
        require_ready(user=request.user, role="client")
        gig = services.post_gig(client=request.user, **self.body())
        return selectors.get_gig_for(request.user, gig.pk)


class OwnGigs(ApiView):
    @operation(access="user", returns=GigSerializer, paging="feed", query=OwnGigQuery)
    def get(self, request: Any) -> Any:
        """The caller's posted gigs."""
        return self.feed(selectors.list_own_gigs(request.user, **self.query()))


class SavedGigs(ApiView):
    @operation(access="user", returns=GigSerializer, paging="feed")
    def get(self, request: Any) -> Any:
        """Bookmarked gigs, the last saved first."""
        return self.feed(selectors.list_saved_gigs(request.user), order=("-saved_at", "-id"))


class GigDetail(ApiView):
    @operation(access="optional", returns=GigSerializer, etag=True)
    def get(self, request: Any, gig_id: UUID) -> Gig:
        """One gig."""
        viewer = viewer_of(request)
        gig = selectors.get_visible_gig(viewer, gig_id)
        if gig.is_public and (viewer is None or viewer.pk != gig.client_id):
            services.note_view(gig=gig, viewer=viewer_key(self))
        return selectors.get_gig_for(viewer, gig_id)

    @operation(
        access="user", body=GigChangesBody, returns=GigSerializer,
        errors=[GigNotEditable, GigHasApplications, DeadlinePassed],
    )  # fmt: skip
    def patch(self, request: Any, gig_id: UUID) -> Gig:
        """Change."""
        gig = selectors.get_own_gig(request.user, gig_id)
        services.change_gig(gig=gig, client=request.user, **self.body())
        return selectors.get_gig_for(request.user, gig_id)

    @operation(access="user", errors=[GigHasDoer])
    def delete(self, request: Any, gig_id: UUID) -> None:
        """Delete, while nobody was accepted."""
        gig = selectors.get_own_gig(request.user, gig_id)
        services.remove_gig(gig=gig, client=request.user)


class CloseGig(ApiView):
    @operation(access="user", returns=GigSerializer, errors=[GigNotOpen])
    def post(self, request: Any, gig_id: UUID) -> Gig:
        """Close to applications."""
        gig = selectors.get_own_gig(request.user, gig_id)
        services.close_gig(gig=gig, client=request.user)
        return selectors.get_gig_for(request.user, gig_id)


class ReopenGig(ApiView):
    @operation(access="user", body=ReopenGigBody, returns=GigSerializer, errors=[DeadlinePassed])
    def post(self, request: Any, gig_id: UUID) -> Gig:
        """Reopen, with a new deadline if the old one has passed; a draft is published."""
        gig = selectors.get_own_gig(request.user, gig_id)
        services.reopen_gig(gig=gig, client=request.user, **self.body())
        return selectors.get_gig_for(request.user, gig_id)


class CancelGig(ApiView):
    @operation(access="user", body=CancelGigBody, returns=GigSerializer)
    def post(self, request: Any, gig_id: UUID) -> Gig:
        """Cancel with a reason; applicants are told."""
        gig = selectors.get_own_gig(request.user, gig_id)
        services.cancel_gig(gig=gig, by=request.user, **self.body())
        return selectors.get_gig_for(request.user, gig_id)


class SaveGig(ApiView):
    @operation(access="user", returns=GigSerializer)
    def post(self, request: Any, gig_id: UUID) -> Answer:
        """Bookmark."""
        gig = selectors.get_visible_gig(request.user, gig_id)
        services.save_gig(gig=gig, user=request.user)
        return Answer(selectors.get_gig_for(request.user, gig_id))

    @operation(access="user")
    def delete(self, request: Any, gig_id: UUID) -> None:
        """Remove the bookmark."""
        gig = selectors.get_visible_gig(request.user, gig_id)
        services.forget_saved_gig(gig=gig, user=request.user)
