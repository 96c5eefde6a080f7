"""Requests about gigs and applications."""

from accounts.tests.factories import make_client, make_doer
from gigs import services as gigs
from gigs.tests.factories import make_application, make_category, make_gig
from sandbox.testing import StandIn
from verify.idempotency.cases import Body, Case, case, soon


@case("POST /api/gigs")
def post_gig(gateway: StandIn) -> Case:
    make_category("design")
    body = {
        "title": "Logo for a small bakery",
        "description": "A friendly logo for a new bakery in town, as a vector file.",
        "category": "design",
        "budgetMin": 200_000,
        "budgetMax": 500_000,
        "deadline": soon(),
    }
    return Case(make_client(), "/api/gigs", body, make_client())


def of_gig(path: str = "", body: Body = None) -> Case:
    gig = make_gig()
    return Case(gig.client, f"/api/gigs/{gig.pk}{path}", body, make_client())


@case("PATCH /api/gigs/{gigId}")
def change_gig(gateway: StandIn) -> Case:
    return of_gig(body={"title": "Logo and sign for a bakery"})


@case("DELETE /api/gigs/{gigId}")
def delete_gig(gateway: StandIn) -> Case:
    return of_gig()


@case("POST /api/gigs/{gigId}/close")
def close_gig(gateway: StandIn) -> Case:
    return of_gig("/close")


@case("POST /api/gigs/{gigId}/cancel")
def cancel_gig(gateway: StandIn) -> Case:
    return of_gig("/cancel", {"reason": "The bakery will not open."})


@case("POST /api/gigs/{gigId}/reopen")
def reopen_gig(gateway: StandIn) -> Case:
    gig = make_gig()
    gigs.close_gig(gig=gig, client=gig.client)
    return Case(gig.client, f"/api/gigs/{gig.pk}/reopen", {"deadline": soon(14)}, make_client())


@case("POST /api/gigs/{gigId}/boost")
def boost(gateway: StandIn) -> Case:
    return of_gig("/boost", {"days": 3})


@case("POST /api/gigs/{gigId}/save")
def save_gig(gateway: StandIn) -> Case:
    return Case(make_doer(), f"/api/gigs/{make_gig().pk}/save", None, make_doer())


@case("DELETE /api/gigs/{gigId}/save")
def forget_gig(gateway: StandIn) -> Case:
    gig, user = make_gig(), make_doer()
    gigs.save_gig(gig=gig, user=user)
    return Case(user, f"/api/gigs/{gig.pk}/save", None, make_doer())


@case("POST /api/gigs/{gigId}/applications")
def apply(gateway: StandIn) -> Case:
    body = {"coverLetter": "I have drawn many logos and would like this one.", "proposedAmount": 200_000}
    return Case(make_doer(), f"/api/gigs/{make_gig().pk}/applications", body, make_doer())


def of_application(by: str, path: str = "", body: Body = None) -> Case:
    application = make_application()
    user = application.gig.client if by == "client" else application.doer
    other = make_client() if by == "client" else make_doer()
    return Case(user, f"/api/applications/{application.pk}{path}", body, other)


@case("PATCH /api/applications/{applicationId}")
def change_application(gateway: StandIn) -> Case:
    return of_application("doer", body={"coverLetter": "I have drawn many logos, and signs as well."})


@case("POST /api/applications/{applicationId}/withdraw")
def withdraw_application(gateway: StandIn) -> Case:
    return of_application("doer", "/withdraw")


@case("POST /api/applications/{applicationId}/shortlist")
def shortlist(gateway: StandIn) -> Case:
    return of_application("client", "/shortlist")


@case("DELETE /api/applications/{applicationId}/shortlist")
def unshortlist(gateway: StandIn) -> Case:
    application = make_application()
    gigs.shortlist_application(application=application, client=application.gig.client)
    path = f"/api/applications/{application.pk}/shortlist"
    return Case(application.gig.client, path, None, make_client())


@case("POST /api/applications/{applicationId}/reject")
def reject(gateway: StandIn) -> Case:
    return of_application("client", "/reject", {"reason": "Too dear."})


@case("POST /api/applications/{applicationId}/revive")
def revive(gateway: StandIn) -> Case:
    application = make_application()
    gigs.reject_application(application=application, client=application.gig.client)
    return Case(application.doer, f"/api/applications/{application.pk}/revive", None, make_doer())


@case("POST /api/applications/{applicationId}/accept")
def accept(gateway: StandIn) -> Case:
    ground = of_application("client", "/accept", {})
    ground.comes_later = {"payments_gatewayattempt"}  # the order to pay with, which create-order asks for as well
    return ground
