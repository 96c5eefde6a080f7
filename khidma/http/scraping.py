"""`GET /metrics`: the figures of all processes, and those of the table of maximum ages."""

import os
from ipaddress import ip_address

from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from khidma.http.addresses import client_address
from khidma.http.age_metrics import ages

REGISTRY.register(ages)


def is_local(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself, and not through a proxy on it."""
    return ip_address(client_address(request)).is_loopback and "X-Forwarded-For" not in request.headers


def show_metrics(request: HttpRequest) -> HttpResponse:
    """`GET /metrics`, for callers on this machine only."""
    if not is_local(request):
        raise Http404
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(ages)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
