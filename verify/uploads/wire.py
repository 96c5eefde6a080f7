"""Bodies as no library would send them: in pieces without end, of other lengths than they say, put together wrongly."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from khidma.media.tests import samples

BOUNDARY = "khidma-boundary"
MEGABYTE = 1024 * 1024
PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """What an answer that is no error holds."""
        return json.loads(self.body)["data"]


def multipart(content: bytes, *, kind: str, file_name: str, says: str) -> bytes:
    """The body of an upload, with whatever stands in the name."""
    shown = file_name.replace("\\", "\\\\").replace('"', '\\"').replace("\r\n", "%0D%0A")
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="kind"\r\n\r\n{kind}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{shown}"\r\n'
        f"Content-Type: {says}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def ask(port: int, method: str, path: str, token: str = "", body: bytes = b"", **headers: str) -> Answer:
    """One request of one piece."""
    sent = {"Content-Length": str(len(body)), "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return send(port, method, path, token, sent, iter([body]))


def send(port: int, method: str, path: str, token: str, headers: dict[str, str], pieces: Iterator[bytes]) -> Answer:
    """Send these bytes behind these headers, and read what comes; a connection that is cut off ends the sending."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
        lines += [f"Authorization: Bearer {token}"] * bool(token) + [
            f"{name}: {value}" for name, value in headers.items()
        ]
        try:
            connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # the server has said no already; what it said is read below
        return _read(connection)


def _read(connection: socket.socket) -> Answer:
    raw = b""
    try:
        while piece := connection.recv(1 << 16):
            raw += piece
    except OSError:
        pass  # reset behind the answer
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/"):
        return Answer(0, {}, b"")
    found = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if found.get("transfer-encoding") == "chunked":
        body = _joined(body)
    return Answer(int(lines[0].split()[1]), found, body)


def _joined(raw: bytes) -> bytes:
    whole = b""
    while raw:
        size, _, rest = raw.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length:
            break
        whole, raw = whole + rest[:length], rest[length + 2 :]
    return whole


def in_chunks(raw: Iterator[bytes]) -> Iterator[bytes]:
    """Transfer-Encoding: chunked."""
    for piece in raw:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def endless(megabytes: int) -> Iterator[bytes]:
    """An upload that goes on and on."""
    whole = multipart(samples.image(), kind="image", file_name="a.jpg", says="image/jpeg")
    yield whole[: whole.rindex(b"\r\n--")]
    for _ in range(megabytes):
        yield bytes(MEGABYTE)
    yield whole[whole.rindex(b"\r\n--") :]


def oddities(port: int, token: str) -> Iterator[tuple[str, set[int], Answer]]:
    """Each odd body, the statuses that it may get (0: the connection was cut), and what it got."""
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    chunked = {**kind, "Transfer-Encoding": "chunked"}
    good = multipart(samples.image(), kind="image", file_name="a.jpg", says="image/jpeg")

    def post(headers: dict[str, str], pieces: Iterator[bytes], *, path: str = "/api/media") -> Answer:
        return send(port, "POST", path, token, headers, pieces)

    yield "a good file in chunks", {201}, post(chunked, in_chunks(iter([good[:100], good[100:]])))
    yield "12 MB of image in chunks", {413}, post(chunked, in_chunks(endless(12)))
    yield "80 MB in chunks", {0, 413}, post(chunked, in_chunks(endless(80)))
    yield "80 MB at once", {0, 413}, post({**kind, "Content-Length": str(80 * MEGABYTE)}, endless(80))
    yield "more than it says", {0, 400, 413}, post({**kind, "Content-Length": "300"}, iter([good]))
    yield "a length of nothing", {400}, post({**kind, "Content-Length": "0"}, iter([]))
    yield "a length below nothing", {0, 400}, post({**kind, "Content-Length": "-1"}, iter([good]))
    yield "two lengths", {0, 400}, post({**kind, "Content-Length": "5", "content-length": str(len(good))}, iter([good]))
    yield "a length that is a word", {0, 400}, post({**kind, "Content-Length": "many"}, iter([good]))
    length = {"Content-Length": str(len(good))}
    for odd in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\xff"):
        yield f"type {odd!r}", {400, 415}, post({"Content-Type": odd, **length}, iter([good]))
    other = {"Content-Type": "multipart/form-data; boundary=other", **length}
    yield "another boundary", {400}, post(other, iter([good]))
    yield "gzip", {400, 415}, post({**kind, **length, "Content-Encoding": "gzip"}, iter([good]))
    yield "json", {415}, post({"Content-Type": "application/json", "Content-Length": "2"}, iter([b"{}"]))
    many = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f{n}"; filename="a"\r\n\r\na\r\n'.encode()
        for n in range(500)
    )
    yield "500 files", {400}, post({**kind, "Content-Length": str(len(many))}, iter([many]))
    headers = f"--{BOUNDARY}\r\n".encode() + b"X: " + b"a" * 200_000 + b"\r\n\r\n"
    yield (
        "a part of nothing but headers",
        {400, 413},
        post({**kind, "Content-Length": str(len(headers))}, iter([headers])),
    )
    wide = good.replace(b'form-data; name="kind"', b'form-data; name="kind"; a=' + b"b" * 60_000, 1)
    yield "a wide header", {201, 400, 413}, post({**kind, "Content-Length": str(len(wide))}, iter([wide]))
    coded = good.replace(b"Content-Type: image/jpeg", b"Content-Transfer-Encoding: base64", 1)
    yield "base64 that is none", {400, 415}, post({**kind, "Content-Length": str(len(coded))}, iter([coded]))
