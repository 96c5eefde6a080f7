"""Operators look at everything of gigs and change nothing by hand."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_operator
from gigs import services
from gigs.models import Gig
from gigs.tests.factories import make_application, make_gig

pytestmark = pytest.mark.django_db

MODELS = [model._meta.model_name for model in apps.get_app_config("gigs").get_models()]


@pytest.fixture
def operator() -> Client:
    application = make_application(make_gig(budget_type="milestone"))
    services.save_gig(gig=application.gig, user=application.doer)
    services.note_view(gig=application.gig, viewer="somebody")
    user = make_operator()
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_listed_searched_and_shown(operator: Client, model: str) -> None:
    assert operator.get(reverse(f"admin:gigs_{model}_changelist"), {"q": "logo"}).status_code == 200
    row = apps.get_model("gigs", model)._default_manager.first()
    assert row is not None
    page = operator.get(reverse(f"admin:gigs_{model}_change", args=[row.pk]))
    assert page.status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_or_deleted(operator: Client, model: str) -> None:
    row = apps.get_model("gigs", model)._default_manager.first()
    assert row is not None
    assert operator.get(reverse(f"admin:gigs_{model}_add")).status_code == 403
    assert operator.post(reverse(f"admin:gigs_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert apps.get_model("gigs", model)._default_manager.filter(pk=row.pk).exists()


def test_the_words_of_the_search_are_left_out(operator: Client) -> None:
    page = operator.get(reverse("admin:gigs_gig_change", args=[Gig.objects.get().pk])).content.decode()
    assert "Logo for a small bakery" in page
    assert "bakeri" not in page


def test_every_model_has_a_page() -> None:
    assert all(admin.site.is_registered(model) for model in apps.get_app_config("gigs").get_models())
