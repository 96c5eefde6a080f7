"""Figures for Prometheus: how many requests, how long, by operation; never an id in a label."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter, Histogram

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
