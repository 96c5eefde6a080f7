"""One HTTP POST of which only the status matters: small, cancellable, and quick to import, unlike whole clients."""

import asyncio
import ssl
from urllib.parse import urlsplit


class NoAnswer(Exception):
    """The other side cannot be reached, hung up, or spoke no HTTP; `dropped` says that it had taken the connection."""

    def __init__(self, what: str, *, dropped: bool = False) -> None:
        super().__init__(what)
        self.dropped = dropped


async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer. :raises NoAnswer: there was none."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = ssl.create_default_context() if secure else None
    try:
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port or (443 if secure else 80), ssl=context
        )
    except OSError as error:
        raise NoAnswer(type(error).__name__) from error
    try:
        writer.write(_request(parts.netloc, parts.path or "/", body, headers))
        line = await reader.readline()
    except (OSError, ValueError) as error:
        raise NoAnswer(type(error).__name__, dropped=True) from error
    finally:
        writer.close()
    return _status(line)


def _request(host: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    fixed = {"Host": host, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (fixed | headers).items()), "", ""]
    return "\r\n".join(lines).encode() + body


def _status(line: bytes) -> int:
    words = line.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise NoAnswer("Dropped", dropped=True)
    return int(words[1])
