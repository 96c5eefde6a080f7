"""`GET /metrics`: the figures of all processes, and those of the table of maximum ages."""

import os
from ipaddress import ip_address

from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from khidma.http.addresses import client_address
from khidma.http.age_metrics import ages

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where this variable names a folder, the processes keep their figures there, and any of them can tell all."""

REGISTRY.register(ages)


def is_local(request: HttpRequest) -> bool:
    """Whether the request comes from this machine itself, and not through a proxy on it."""
    return ip_address(client_address(request)).is_loopback and "X-Forwarded-For" not in request.headers


def sum_of(name: str) -> float | None:
    """One figure over all web processes, without measuring any other; None where none of them has it yet."""
    registry = _of_all_processes() if SHARED in os.environ else REGISTRY.restricted_registry([name])
    values = [sample.value for family in registry.collect() for sample in family.samples if sample.name == name]
    return sum(values) if values else None


def _of_all_processes() -> CollectorRegistry:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def show_metrics(request: HttpRequest) -> HttpResponse:
    """`GET /metrics`, for callers on this machine only."""
    if not is_local(request):
        raise Http404
    registry = REGISTRY
    if SHARED in os.environ:
        registry = _of_all_processes()
        registry.register(ages)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
