"""One call to a receiver: the checked address is connected to, under the name that was subscribed."""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import LazySettings

from notifications.models import Failure
from notifications.providers.receivers import addresses, calling, post

NAME = "hooks.example.com"


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this name that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    moment = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - day)
        .not_valid_after(moment + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@contextmanager
def https(certificate: Path, key: Path) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A server with this certificate: its port, and (name asked for in TLS, Host) of each request."""
    came: list[tuple[str, str]] = []
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((asked[-1] if asked else "", self.headers["Host"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _socket, name, _context: asked.append(name or "")
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1], came
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def leads_here(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Every name leads to this machine, and may be reached here."""
    monkeypatch.setattr(addresses, "look_up", lambda host, port: [ipaddress.ip_address("127.0.0.1")])


@pytest.mark.parametrize("named", [NAME, "another.example.com"])
def test_the_certificate_must_be_of_the_name_and_the_name_is_asked_for(
    leads_here: None, monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path, named: str
) -> None:
    certificate, key = make_certificate(tmp_path, named)
    monkeypatch.setattr(calling, "trusted", lambda: ssl.create_default_context(cafile=certificate))
    with https(certificate, key) as (port, came):
        settings.KHIDMA_NEAR_RECEIVERS = [f"{NAME}:{port}"]
        outcome = asyncio.run(post(f"https://{NAME}:{port}/hook", body=b"{}", headers={}))
    if named == NAME:
        assert outcome.is_success
        assert came == [(NAME, f"{NAME}:{port}")]
    else:
        assert (outcome.failure, came) == (Failure.UNREACHABLE, [])


def test_nobody_is_believed_who_signs_for_themselves(leads_here: None, settings: LazySettings, tmp_path: Path) -> None:
    with https(*make_certificate(tmp_path, NAME)) as (port, came):
        settings.KHIDMA_NEAR_RECEIVERS = [f"{NAME}:{port}"]
        outcome = asyncio.run(post(f"https://{NAME}:{port}/hook", body=b"{}", headers={}))
    assert (outcome.failure, came) == (Failure.UNREACHABLE, [])


def test_a_name_that_leads_inside_by_now_is_not_connected_to(
    leads_here: None, settings: LazySettings, tmp_path: Path
) -> None:
    with https(*make_certificate(tmp_path, NAME)) as (port, came):
        outcome = asyncio.run(post(f"https://{NAME}:{port}/hook", body=b"{}", headers={}))
    assert (outcome.failure, outcome.status, came) == (Failure.REFUSED, None, [])
