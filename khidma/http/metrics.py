"""Figures for Prometheus: how many requests, how long, by operation; never an id in a label."""

import os
from ipaddress import ip_address

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from khidma.http.addresses import client_address

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

requests_total = Counter("khidma_requests_total", "Requests answered.", ["operation", "method", "status"])
request_seconds = Histogram(
    "khidma_request_seconds",
    "How long requests took.",
    ["operation", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def route_of(request: HttpRequest) -> str:
    """The address as a pattern, such as `api/gigs/<uuid:gig_id>`; `unmatched` where there is none."""
    return request.resolver_match.route if request.resolver_match else "unmatched"


def count_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Count one answered request."""
    operation = route_of(request)
    method = str(request.method) if request.method in METHODS else "other"
    requests_total.labels(operation, method, str(response.status_code)).inc()
    request_seconds.labels(operation, method).observe(seconds)


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
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
