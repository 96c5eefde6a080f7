"""`python -m deploy.checks.versions`: nothing locked or installed is below the floors in deploy/versions."""

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")


def floors(text: str) -> list[Requirement]:
    """The requirements in a file of floors."""
    return [Requirement(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def locked(text: str) -> dict[str, str]:
    """Name → version of a lock."""
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", text, re.M)
    }


def installed() -> dict[str, str]:
    """Name → version of what this Python would import."""
    return {canonicalize_name(found.metadata["Name"]): found.version for found in metadata.distributions()}


def too_old(wanted: Iterable[Requirement], versions: dict[str, str], where: str) -> Iterator[str]:
    """A sentence for each version that is below its floor."""
    for floor in wanted:
        version = versions.get(canonicalize_name(floor.name))
        if version is not None and not floor.specifier.contains(version, prereleases=True):
            yield f"{where} has {floor.name} {version}, but {floor} is needed (deploy/versions)."


def main() -> int:
    wanted = floors((ROOT / "deploy" / "versions").read_text())
    found = [line for lock in LOCKS for line in too_old(wanted, locked((ROOT / lock).read_text()), lock)]
    found += too_old(wanted, installed(), "This environment")
    print("\n".join(found) or f"{len(wanted)} floors hold.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
