"""The outbox page: what a local run would have sent. Not there in production."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from khidma.delivery.models import OutboxMessage

MOST = 200


def _messages(request: HttpRequest) -> list[OutboxMessage]:
    if settings.KHIDMA_ENV == "production":
        raise Http404
    limit = request.GET.get("limit", "50")
    count = min(int(limit), MOST) if limit.isascii() and limit.isdecimal() and len(limit) < 6 else 50
    messages = OutboxMessage.objects.order_by("-id")
    if to := request.GET.get("to", "").replace("\0", ""):
        messages = messages.filter(to=to)
    return list(messages[:count])


def _shown(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "channel": message.channel,
        "to": message.to,
        "subject": message.subject,
        "body": message.body,
        "createdAt": int(message.created_at.timestamp() * 1000),
    }


@require_GET
def outbox_page(request: HttpRequest) -> HttpResponse:
    """The newest messages as a page; `?to=` shows one receiver's."""
    return render(request, "delivery/outbox.html", {"messages": _messages(request), "to": request.GET.get("to", "")})


@require_GET
def outbox_json(request: HttpRequest) -> JsonResponse:
    """The same for programs: `?to=%2B919876543210&limit=1`."""
    return JsonResponse({"data": [_shown(message) for message in _messages(request)]})
