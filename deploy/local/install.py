"""Makes `.venv` with everything in requirements-dev.txt, once for each state of it; runs on any Python from 3.11."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements-dev.txt"
STAMP = VENV / ".installed"


def wanted() -> str:
    """What the stamp says when nothing is left to do."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + str(VENV).encode()).hexdigest()


def main() -> int:
    if is_current():
        return 0
    with REQUIREMENTS.open() as lock:  # `make run` and `make test` may start at the same moment
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_current():
            return 0
        print("Installing what Khidma is built on into .venv (once; a minute or two) ...", flush=True)
        make_venv()
        if not (sync_with_uv() or sync_with_pip()):
            print("The installation failed: the reason stands above. Is the package index reachable?", file=sys.stderr)
            return 1
        STAMP.write_text(wanted())
    return 0


def is_current() -> bool:
    return STAMP.exists() and STAMP.read_text() == wanted() and PYTHON.exists()


def make_venv() -> None:
    if not works([PYTHON, "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]):
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
        if made.returncode:
            sys.exit(
                "`python3 -m venv` failed: the reason stands above. "
                "On Debian and Ubuntu the package python3-venv brings it."
            )


def sync_with_uv() -> bool:
    """Install with uv, which is fast, at the version and hash that the lock names."""
    lock = REQUIREMENTS.read_text()
    pinned = re.search(r"^uv==.*?(?=^\S)", lock, re.MULTILINE | re.DOTALL)
    if not pinned:
        return False
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(pinned.group())
        only_uv.flush()
        if not works(
            [
                PYTHON,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
                only_uv.name,
            ],
            quiet=False,
        ):
            return False
    command = [VENV / "bin" / "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON, REQUIREMENTS]
    return works(command, quiet=False, environment=uv_environment())


def uv_environment() -> dict[str, str]:
    """Point uv at the index that pip is configured for, unless uv has its own."""
    environment = {"UV_LINK_MODE": "copy", **os.environ}
    if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & environment.keys():
        asked = subprocess.run(
            [PYTHON, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
        )
        index = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
        if index:
            environment["UV_DEFAULT_INDEX"] = index
    return environment


def sync_with_pip() -> bool:
    print("uv could not install; trying pip, which is slower ...", flush=True)
    return works(
        [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            REQUIREMENTS,
        ],
        quiet=False,
    )


def works(command: list[object], *, quiet: bool = True, environment: dict[str, str] | None = None) -> bool:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=quiet, env=environment, check=False)
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
