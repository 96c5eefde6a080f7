"""Addresses by which others have got into the networks of those who send webhooks, and what their names lead to.

`hosts.txt` are hosts inside, in every spelling; `urls.txt` what parsers read in different ways, and ports;
`answers.txt` what a name may answer, one name a line.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
PUBLIC = ("8.8.8.8", "1.1.1.1", "93.184.215.14", "151.101.1.69")
NOBODY = "2dff:ffff::1"
"""A public address that was given to nobody."""
WITH_CONTROLS = ("https://127.0.0.1:{port}\t/", "https://hooks.example.com\r\nHost: 127.0.0.1/")


@dataclass(frozen=True)
class Name:
    """What a name answers: one list of addresses after the other as it is asked, the last for ever.

    `at_once`: it leads inside from the first, so that it is refused when it is subscribed.
    """

    name: str
    answers: tuple[tuple[str, ...], ...]
    at_once: bool = True


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text().splitlines()


def names() -> list[Name]:
    """Names that lead inside: always, beside a public address, or only when it comes to a delivery."""
    listed = [tuple(line.split()) for line in _lines("answers.txt")]
    found = [Name(f"straight-{number}.example.com", (answer,)) for number, answer in enumerate(listed)]
    inside = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
    turning = [((public,), (address,)) for public in PUBLIC for address in inside]
    found += [Name(f"turning-{number}.example.com", answers, at_once=False) for number, answers in enumerate(turning)]
    # Public when it is subscribed and when it is checked, and inside for whoever asks once more to connect.
    again = ((PUBLIC[0],), (NOBODY,), ("127.0.0.1",))
    return [*found, *(Name(f"twice-{number}.example.com", again, at_once=False) for number in range(4))]


def urls(port: int) -> list[str]:
    """Every address that is refused without asking for its name, or whose name the system itself knows."""
    found = [f"https://{host}:{port}/hook" for host in _lines("hosts.txt")]
    return found + [url.replace("{port}", str(port)) for url in (*_lines("urls.txt"), *WITH_CONTROLS)]
