"""Where the servers run, and as whom: ours, or as an unprivileged user from a place that this user can reach."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import place, postgres
from deploy.local.processes import Account

NOBODY = Account(65534, 65534)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home that anybody may enter (what pytest makes only its owner may)."""
    folder = tmp_path / "home"
    folder.mkdir()
    yield folder
    place.remove(folder)


def test_somebody_ordinary_needs_no_other_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = place.find(home)
    assert found.account is None
    assert found.data == home / "servers"
    assert found.programs == place.installed_programs()


@as_root
def test_a_home_that_cannot_be_entered_gets_a_place_outside(home: Path) -> None:
    home.chmod(0o700)
    found = place.find(home)
    assert found.account is not None
    assert not found.data.is_relative_to(home)
    assert place.may_enter(found.data, found.account)
    assert place.find(home) == found
    place.remove(home)
    assert not home.exists()
    assert not found.data.exists()


@as_root
def test_copied_programs_run_for_anybody(home: Path) -> None:
    found = place.find(home)
    copied = place.copied(place.installed_programs(), found.data / "programs")
    assert place.runs(copied, NOBODY)


@as_root
def test_programs_in_a_closed_folder_do_not_run_for_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not place.runs(place.copied(place.installed_programs(), closed / "programs"), NOBODY)


@as_root
def test_data_that_has_an_owner_is_served_as_that_owner(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    os.chown(data, 4321, 4322)
    assert place.unprivileged_account(data) == Account(4321, 4322)


def test_the_servers_folder_is_closed_to_everybody_else(tmp_path: Path) -> None:
    folder = place.Place(tmp_path, tmp_path, None).own_folder("postgres")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_note_of_a_killed_server_goes_if_its_id_is_another_programs_now(tmp_path: Path) -> None:
    where = place.Place(tmp_path, tmp_path, None)
    note = where.own_folder("postgres") / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n/somewhere\n")
    postgres.forget_dead_postmaster(where)
    assert not note.exists()


def test_no_note_is_nothing_to_forget(tmp_path: Path) -> None:
    where = place.Place(tmp_path, tmp_path, None)
    where.own_folder("postgres")
    postgres.forget_dead_postmaster(where)
    assert list(tmp_path.iterdir()) == [tmp_path / "postgres"]
