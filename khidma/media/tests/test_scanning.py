"""The scanner, against a server that speaks clamd's protocol."""

import io
import socketserver
import struct
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_client
from khidma.kernel.clock import now
from khidma.kernel.models import OutboxEvent
from khidma.kernel.outbox import deliver_due
from khidma.media import services
from khidma.media.models import File
from khidma.media.states import FileStatus
from khidma.media.tasks import erase_files, scan_files
from khidma.media.tests import samples
from khidma.media.tests.factories import make_file
from notifications.models import Notification

pytestmark = pytest.mark.django_db

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Conversation(socketserver.StreamRequestHandler):
    """One INSTREAM: pieces, each behind its length, until one of no length."""

    def handle(self) -> None:
        assert self.rfile.readline() == b"nINSTREAM\n"
        content = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
        self.server.seen.append(content)  # type: ignore[attr-defined]
        answer = b"stream: Eicar-Test-Signature FOUND\n" if EICAR in content else b"stream: OK\n"
        self.wfile.write(self.server.instead or answer)  # type: ignore[attr-defined]


@pytest.fixture
def clamd(settings: Any) -> Iterator[Any]:
    """A scanner that knows one signature; `seen` is what it was sent, `instead` what it says whatever it sees."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.seen, server.instead = [], b""  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.KHIDMA_CLAMD = f"tcp://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def user() -> User:
    return make_client()


def test_a_clean_file_is_free_once_it_was_scanned(user: User, clamd: Any, api: Any) -> None:
    file = make_file(user)
    assert file.status == FileStatus.QUARANTINED
    assert api(user).get(f"/api/media/{file.pk}").json()["data"]["url"] is None
    assert scan_files() == 1
    assert clamd.seen == [samples.pdf()]
    assert api(user).get(f"/api/media/{file.pk}").json()["data"]["url"]
    assert scan_files() == 0


def test_a_sealed_file_that_was_attached_before_it_was_scanned_stays(user: User, clamd: Any) -> None:
    file = services.receive_file(
        owner=user, kind="document", name="id.pdf", content=io.BytesIO(samples.pdf()), is_sealed=True
    )
    services.attach(owner=user, thing="verification", thing_id=user.pk, files=[file.pk], is_sealed=True)
    assert scan_files() == 1
    file.refresh_from_db()
    assert (file.status, file.loose_since) == (FileStatus.READY, None)


def test_a_file_with_malware_is_refused_told_of_and_erased(user: User, clamd: Any, api: Any, stored: Any) -> None:
    file = make_file(user, content=samples.pdf(EICAR), name="cv.pdf")
    assert scan_files() == 1
    file.refresh_from_db()
    assert file.status == FileStatus.INFECTED
    (event,) = OutboxEvent.objects.filter(name="khidma.FileCondemned")
    assert event.payload == {"file_id": str(file.pk), "owner_id": str(user.pk), "file_name": "cv.pdf"}
    answer = api(user).get(f"/api/media/{file.pk}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "file_infected")
    deliver_due()
    (told,) = Notification.objects.filter(user=user)
    assert (told.type, "cv.pdf" in told.body) == ("file_infected", True)
    assert erase_files() == 1
    assert stored() == []


@pytest.mark.parametrize(
    "said", [b"stream: INSTREAM size limit exceeded. ERROR\n", b"garbage\n", b"\n", b"stream: x ERROR\n"]
)
def test_a_file_about_which_nothing_is_known_stays_where_it_is(user: User, clamd: Any, said: bytes) -> None:
    file = make_file(user)
    clamd.instead = said
    assert scan_files() == 1
    assert scan_files() == 0, "it is not asked about again at once"
    file.refresh_from_db()
    assert file.status == FileStatus.QUARANTINED
    clamd.instead = b""
    File.objects.update(scan_at=now() - timedelta(seconds=1))
    assert scan_files() == 1
    file.refresh_from_db()
    assert file.status == FileStatus.READY


def test_a_scanner_that_is_down_frees_nothing(user: User, settings: Any, api: Any) -> None:
    settings.KHIDMA_CLAMD = "tcp://127.0.0.1:9"
    file = make_file(user)
    assert scan_files() == 1
    assert api(user).get(f"/api/media/{file.pk}").json()["data"]["url"] is None
    file.refresh_from_db()
    assert file.status == FileStatus.QUARANTINED


def test_a_scanner_may_listen_on_a_path(user: User, settings: Any) -> None:
    settings.KHIDMA_CLAMD = "unix:/nowhere/clamd.sock"
    file = make_file(user)
    assert scan_files() == 1
    assert File.objects.get(pk=file.pk).status == FileStatus.QUARANTINED
