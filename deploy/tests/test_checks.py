"""The checks of our own: private rooms and version floors."""

from typing import Any

import pytest
from grimp import ImportGraph

from deploy.checks import versions
from deploy.checks.private_rooms import PrivateRoomsContract


def check(importer: str, imported: str) -> Any:
    graph = ImportGraph()
    for module in ("accounts", "gigs", "khidma.http", importer, imported):
        graph.add_module(module)
    graph.add_import(importer=importer, imported=imported, line_number=7, line_contents="import")
    options = {
        "apps": ["accounts", "gigs", "khidma.http"],
        "private": ["admin", "handlers", "tasks"],
        "public_in_api": ["serializers", "permissions"],
        "ignored_importers": ["tests"],
    }
    session: dict[str, Any] = {"root_packages": ["accounts", "gigs", "khidma"]}
    return PrivateRoomsContract("rooms", session, options).check(graph, verbose=False)


@pytest.mark.parametrize(
    "imported", ["gigs.tasks", "gigs.handlers.awards", "gigs.admin", "gigs.api.views", "gigs.api.urls"]
)
@pytest.mark.parametrize("importer", ["accounts.services", "khidma.http.views", "khidma.kernel.outbox"])
def test_private_rooms_of_another_app_are_closed(importer: str, imported: str) -> None:
    result = check(importer, imported)
    assert not result.kept
    assert result.metadata == {"broken": [(importer, imported, 7)]}


@pytest.mark.parametrize(
    "imported", ["gigs.services", "gigs.models.gig", "gigs.api.serializers", "gigs.api.permissions"]
)
def test_the_other_rooms_are_open(imported: str) -> None:
    assert check("accounts.services", imported).kept


def test_an_app_enters_its_own_rooms_and_tests_enter_all() -> None:
    assert check("gigs.services", "gigs.tasks").kept
    assert check("accounts.tests.test_services", "gigs.tasks").kept


def test_versions_below_their_floor_are_named() -> None:
    wanted = versions.floors("# why\ndjango>=5.2.19\ndaphne>=4.2.3\n")
    old = versions.locked("Django==5.2.9 \\\n    --hash=sha256:00\nuvicorn[standard]==0.54.0\n")
    assert old == {"django": "5.2.9", "uvicorn": "0.54.0"}
    assert [*versions.too_old(wanted, old, "the lock")] == [
        "the lock has django 5.2.9, but django>=5.2.19 is needed (deploy/versions)."
    ]
    assert [*versions.too_old(wanted, {"django": "5.2.19"}, "the lock")] == []


def test_the_floors_hold() -> None:
    assert versions.main() == 0
