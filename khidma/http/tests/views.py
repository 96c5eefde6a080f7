"""A tiny API that exercises what every API shares."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from khidma.http import fields
from khidma.http.models import IdempotencyRecord
from khidma.http.serializers import ModelSerializer, Query, Serializer
from khidma.http.views import AfterCommit, Answer, ApiView, operation
from khidma.kernel.errors import NotFound, Refused, Unauthenticated
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent


@dataclass
class Somebody:
    """A caller as khidma.http sees one."""

    pk: UUID
    is_client: bool = False
    is_doer: bool = False
    is_staff: bool = False
    is_suspended: bool = False
    operator_permissions: list[str] = field(default_factory=list)
    is_authenticated: bool = True


PEOPLE = {
    "somebody": Somebody(new_id()),
    "another": Somebody(new_id()),
    "client": Somebody(new_id(), is_client=True),
    "doer": Somebody(new_id(), is_doer=True),
    "operator": Somebody(new_id(), is_staff=True),
    "finance": Somebody(new_id(), is_staff=True, operator_permissions=["finance"]),
    "suspended": Somebody(new_id(), is_client=True, is_suspended=True),
}


class TokenTooOld(Unauthenticated):
    code = "token_expired"


class ByName(BaseAuthentication):
    """`Bearer <name>` is that person."""

    def authenticate(self, request: Request) -> Any:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return None
        if token not in PEOPLE:
            raise TokenTooOld
        return PEOPLE[token], None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class NoteClosed(Refused):
    code = "note_closed"


class NoteBody(Serializer):
    name = fields.Text(max_length=100)
    budget_min = fields.Paise(required=False)
    due_at = fields.Moment(required=False)
    starts_on = fields.Day(required=False)
    note_id = fields.Id(required=False)
    is_open = fields.Flag(required=False)
    kind = fields.Choice(["remote", "on_site"], required=False)
    tags = fields.ListOf(fields.Slug(), required=False, max_length=3, unique=True)
    latitude = fields.Number(required=False, min_value=-90, max_value=90)
    web_address = fields.Link(required=False)

    def validate_name(self, value: str) -> str:
        if value == "forbidden":
            from rest_framework.exceptions import ValidationError

            raise ValidationError("Not this name.")
        return value


class NoteSerializer(ModelSerializer):
    class Meta:
        model = OutboxEvent
        fields = ("id", "name", "payload", "request_id", "created_at")


class NoteQuery(Query):
    name = fields.Text(required=False)
    is_open = fields.Flag(required=False)
    budget_min = fields.Paise(required=False)
    names = fields.ListOf(fields.Text(), required=False)
    since = fields.Moment(required=False)


class TestView(ApiView):
    __test__ = False
    authentication_classes = (ByName,)


class Notes(TestView):
    @operation(access="optional", returns=NoteSerializer, paging="feed", query=NoteQuery)
    def get(self, request: Request) -> Any:
        """Notes.

        Newest first.
        """
        asked = self.query()
        rows = OutboxEvent.objects.filter(**({"name": asked["name"]} if "name" in asked else {}))
        return self.feed(rows, summary={"asked": sorted(asked)})

    @operation(
        access="user", body=NoteBody, returns=NoteSerializer, status=201, location=lambda note: f"/api/notes/{note.id}"
    )
    def post(self, request: Request) -> Any:
        body = self.body()
        return OutboxEvent.objects.create(
            name=body["name"], payload={"snake_key": 1, "camelKey": body.get("budget_min")}
        )


class NotePage(TestView):
    @operation(access="public", returns=NoteSerializer, paging="page")
    def get(self, request: Request) -> Any:
        return self.page(OutboxEvent.objects.order_by("-created_at", "-id"))


class NoteDetail(TestView):
    @operation(access="public", returns=NoteSerializer, etag=True)
    def get(self, request: Request, note_id: UUID) -> Any:
        return self.find(note_id)

    @operation(access="client", body=NoteBody, returns=NoteSerializer, errors=[NoteClosed])
    def patch(self, request: Request, note_id: UUID) -> Any:
        note = self.find(note_id)
        body = self.body()
        if note.name == "closed":
            raise NoteClosed(details={"note_name": note.name})
        note.name = body.get("name", note.name)
        note.save()
        return note

    @operation(access="user")
    def delete(self, request: Request, note_id: UUID) -> Any:
        self.find(note_id).delete()

    def find(self, note_id: UUID) -> OutboxEvent:
        note = OutboxEvent.objects.filter(pk=note_id).first()
        if note is None:
            raise NotFound
        return note


class NoteClose(TestView):
    @operation(access="user", limit="money", returns=NoteSerializer, errors=[NoteClosed])
    def post(self, request: Request, note_id: UUID) -> Any:
        changed = OutboxEvent.objects.filter(pk=note_id).exclude(name="closed").update(name="closed")
        if not changed:
            raise NoteClosed
        return OutboxEvent.objects.get(pk=note_id)


class AfterwardsView(TestView):
    needed = False

    @operation(access="user", body=NoteBody, returns=NoteSerializer)
    def post(self, request: Request) -> Any:
        note = OutboxEvent.objects.create(name=self.body()["name"], payload={})

        def then() -> Any:
            if note.name == "fails":
                raise OperationalError
            assert not connection.in_atomic_block or note.name == "inside"
            return Answer({"id": note.id, "name": "replaced", "payload": {}, "request_id": "", "created_at": None})

        return AfterCommit(note, then=then, needed=self.needed)


class NeededAfterwards(AfterwardsView):
    needed = True


class Guessing(TestView):
    @operation(access="user", body=NoteBody, returns=NoteSerializer, errors=[NoteClosed], counted=[NoteClosed])
    def post(self, request: Request) -> Any:
        note = OutboxEvent.objects.create(name=self.body()["name"], payload={})
        if note.name == "wrong":
            raise NoteClosed
        return note


class OwnTransactions(TestView):
    @operation(access="user", body=NoteBody, returns=NoteSerializer, atomic=False)
    def post(self, request: Request) -> Any:
        note = OutboxEvent.objects.create(name=self.body()["name"], payload={})
        if note.name == "refused":
            raise NoteClosed
        if note.name == "broken":
            raise OperationalError
        return note


class Counts:
    """How often a deadlock was met."""

    deadlocks = 0


class Deadlocked(TestView):
    @operation(access="user", returns=NoteSerializer)
    def post(self, request: Request, times: int) -> Any:
        Counts.deadlocks += 1
        note = OutboxEvent.objects.create(name="after deadlock", payload={})
        if Counts.deadlocks <= times:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")
        return note


class StaffOnly(TestView):
    @operation(access="staff")
    def get(self, request: Request) -> Any:
        """What operators see."""
        return Answer({"seen": True}, plain=True)

    @operation(access="staff", permission="finance")
    def post(self, request: Request) -> Any:
        return Answer({"done": True}, plain=True, message="Done.")


class Doers(TestView):
    @operation(access="doer")
    def post(self, request: Request) -> Any:
        return None


class Appeals(TestView):
    @operation(access="user", open_to_suspended=True)
    def post(self, request: Request) -> Any:
        return None


class SignIn(TestView):
    @operation(access="public", limit="auth", body=NoteBody, flat=True, atomic=False)
    def post(self, request: Request) -> Any:
        return Answer({"token": self.body()["name"]}, plain=True)


class Refresh(TestView):
    @operation(access="public", limit="auth", flat=True, fail_closed=False)
    def post(self, request: Request) -> Any:
        return Answer({"token": "new"}, plain=True)


class Raw(TestView):
    @operation(access="public", limit="webhook", raw=True, max_body=1000, atomic=False)
    def post(self, request: Request) -> Any:
        return Answer({"length": len(self.raw_body)}, plain=True)


class Defect(TestView):
    @operation(access="public")
    def get(self, request: Request) -> Any:
        raise RuntimeError("token=secret +919876543210")


class WhatTheDatabaseSays(TestView):
    """Raises in the database with a given SQLSTATE."""

    @operation(access="public")
    def get(self, request: Request, state: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")


class Undeclared(TestView):
    def get(self, request: Request) -> Any:
        return Answer({"secret": True}, plain=True)


__all__ = ["PEOPLE", "IdempotencyRecord"]
