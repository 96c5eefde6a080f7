"""The addresses of khidma.http. `khidma.urls` includes `root` at the root, `api` under `api/`, and `unknown` last."""

from django.urls import path, re_path

from khidma.http.documents import Docs, Healthz, Readyz, SchemaDocument, no_such_address
from khidma.http.scraping import show_metrics

root = [
    path("healthz", Healthz.as_view()),
    path("readyz", Readyz.as_view()),
    path("metrics", show_metrics),
]

api = [
    path("schema", SchemaDocument.as_view()),
    path("docs", Docs.as_view()),
]

unknown = [re_path(r"^(?P<path>(?:api|auth)(?:/.*)?)$", no_such_address)]

urlpatterns = [*root, *(path(f"api/{route.pattern}", route.callback) for route in api)]
