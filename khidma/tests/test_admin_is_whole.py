"""Operators find every table in the admin, can search and filter it, and change no money or state by hand."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import RequestFactory

from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.money import PaiseField
from khidma.kernel.states import StateField

OURS = (
    "kernel",
    "http",
    "realtime",
    "delivery",
    "accounts",
    "gigs",
    "payments",
    "orders",
    "messaging",
    "trust_safety",
    "notifications",
)
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]

NOTHING_TO_FILTER_BY = {"kernel.Clock", "realtime.StreamPosition", "orders.CancellationPolicy", "gigs.SearchWord"}
"""Tables whose columns are a key and numbers only."""


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_table_is_registered_searchable_and_filterable(model: type[models.Model]) -> None:
    page = admin.site._registry.get(model)
    assert page is not None
    assert page.search_fields
    assert page.list_filter or model._meta.label in NOTHING_TO_FILTER_BY


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_money_and_states_are_read_only(model: type[models.Model]) -> None:
    page = admin.site._registry[model]
    assert isinstance(page, OperatorAdmin)
    guarded = {field.name for field in model._meta.get_fields() if isinstance(field, PaiseField | StateField)}
    hidden = set(page.exclude or ())
    assert guarded - hidden <= set(page.get_readonly_fields(RequestFactory().get("/")))
