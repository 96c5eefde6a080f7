"""A whole running Khidma, with Django set up in this process beside it: on the same database, with the same secrets.

A proof's module may import Django, and any app, only in what it calls from within `beside()`.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from verify.inside import set_up_django
from verify.proof import CannotRun
from verify.running import DidNotStart, Khidma, free_port

GIVEN = {"KHIDMA_LIMITS": "off", "KHIDMA_DEMO": "off"}


@contextmanager
def beside(scratch: Path, *, given: Mapping[str, str] = GIVEN) -> Iterator[Khidma]:
    """Start all of it, by default without demo data and rate limits, and stop it at the end; its logs go to the
    scratch folder.

    :raises CannotRun: it did not start.
    """
    with tempfile.TemporaryDirectory(prefix="khidma-beside-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        khidma = Khidma(Path(folder) / "home", free_port(), given)
        try:
            try:
                khidma.start()
            except DidNotStart as error:
                raise CannotRun(f"Khidma did not start: {error}") from error
            as_worker = {"KHIDMA_HOME": str(khidma.home), "KHIDMA_ENV": "local", "KHIDMA_PROCESS": "worker"}
            set_up_django({**as_worker, **given, "DJANGO_SETTINGS_MODULE": "khidma.settings"})
            yield khidma
        finally:
            khidma.stop()
            shutil.copytree(khidma.home / "logs", scratch / "logs", dirs_exist_ok=True)
