"""What is asked of every answer, of every stored file and of every address."""

import io
import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from accounts.models import Verification
from accounts.tests.factories import bearer, make_client, make_doer
from khidma.kernel import clock
from khidma.media.addresses import signed_address
from khidma.media.models import File
from khidma.media.states import FileStatus
from khidma.media.tests import samples
from verify.proof import Run
from verify.running import Khidma
from verify.uploads.hostile import MARK, Hostile
from verify.uploads.wire import Answer, ask, multipart, oddities

SERVED = {
    "image/jpeg", "image/png", "image/webp", "application/pdf", "application/zip", "text/plain", "audio/wav",
    "audio/mpeg", "audio/aac", "audio/ogg", "audio/mp4", "audio/webm", "video/mp4", "video/quicktime", "video/webm",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}  # fmt: skip
PATIENCE = 20.0
"""Seconds within which an answer must have come, whatever the file."""


class Judge:
    """Sends as one user, and looks as that one, as a stranger, and on the disk."""

    def __init__(self, run: Run, khidma: Khidma) -> None:
        self.run, self.khidma = run, khidma
        self.token, self.stranger = bearer(make_client()), bearer(make_doer())
        self.slowest, self.taken, self.odd, self.tried = 0.0, 0, 0, 0
        self.shown: list[dict[str, str]] = []

    def upload(self, hostile: Hostile) -> int:
        """Send one file; the status."""
        content = hostile.make()
        body = multipart(content, kind=hostile.kind, file_name=hostile.file_name, says=hostile.says)
        began = time.monotonic()
        answer = ask(self.khidma.port, "POST", "/api/media", self.token, body)
        seconds = time.monotonic() - began
        self.slowest = max(self.slowest, seconds)
        if seconds > PATIENCE:
            self.run.violation(f"{hostile.name}: answered after {seconds:.0f} s")
        self._judge(hostile, answer)
        return answer.status

    def _judge(self, hostile: Hostile, answer: Answer) -> None:
        allowed = {201} if hostile.taken else {400, 413, 415}
        if answer.status not in allowed:
            self.run.violation(f"{hostile.name}: {answer.status} {answer.body[:200]!r}, not one of {sorted(allowed)}")
        if answer.status == 201:
            self.taken += 1
            self.shown.append(answer.data)
            for fault in self._faults(answer.data, hostile):
                self.run.violation(f"{hostile.name}: {fault}")
        elif answer.status:
            error = json.loads(answer.body)["error"]
            if not error["message"] or not error["code"]:
                self.run.violation(f"{hostile.name}: refused without a word: {answer.body[:200]!r}")

    def _faults(self, shown: dict[str, str], hostile: Hostile) -> list[str]:
        """What is unsafe about a file that was taken, as it is served."""
        served = self._get(shown["url"])
        faults = [f"serves {part[:40]!r}" for part in hostile.never if part in served.body]
        faults += _unsafe_headers(served)
        if (
            any(odd in shown["name"] for odd in ("/", "\\", "\0", "\r", "\n", "<", '"', "\u202e"))
            or len(shown["name"]) > 120
        ):
            faults.append(f"is called {shown['name'][:200]!r}")
        if shown["kind"] == "image":
            image = Image.open(io.BytesIO(served.body))
            if image.getexif() or {"xmp", "comment", "icc_profile"} & set(image.info):
                faults.append(f"tells {dict(image.getexif())} {list(image.info)}")
        if self._get(shown["url"], range="bytes=0-3").body != served.body[:4]:
            faults.append("has another beginning when that is asked for alone")
        return faults

    def _get(self, url: str, **headers: str) -> Answer:
        parts = urlsplit(url)
        return ask(self.khidma.port, "GET", f"{parts.path}?{parts.query}", "", b"", **headers)

    def send_oddities(self) -> Counter[int]:
        """Bodies as no library would send them; the statuses."""
        found: Counter[int] = Counter()
        for name, allowed, answer in oddities(self.khidma.port, self.token):
            self.odd += 1
            found[answer.status] += 1
            if answer.status not in allowed:
                self.run.violation(f"{name}: {answer.status} {answer.body[:200]!r}, not one of {sorted(allowed)}")
        health = ask(self.khidma.port, "GET", "/readyz")
        if health.status != 200:
            self.run.violation(f"afterwards the server says {health.status}")
        return found

    def addresses(self) -> None:
        """Addresses that were changed, are another file's, or are old; and strangers who ask by id."""
        good = ask(self.khidma.port, "POST", "/api/media", self.token, self._body(samples.pdf(), "document")).data
        other = ask(self.khidma.port, "POST", "/api/media", self.token, self._body(samples.pdf(), "document")).data
        url, expires = good["url"], good["url"].split("expires=")[1].split("&")[0]
        for bad in (
            url[:-1] + ("A" if url[-1] != "A" else "B"),
            url.replace(f"expires={expires}", f"expires={int(expires) + 3600}"),
            url.replace(good["id"], other["id"]),
            url.split("&")[0],
            url.split("?")[0],
        ):
            self._expect(self._get(bad), {400, 404}, f"{bad} is good")
        self._expect(self._get(url), {200}, "a good address is not")
        record = f"/api/media/{good['id']}"
        self._expect(ask(self.khidma.port, "GET", record, self.stranger), {404}, "a stranger sees a file")
        self._expect(ask(self.khidma.port, "GET", record), {401}, "nobody sees a file")
        clock.shift(timedelta(minutes=10))
        self._expect(self._get(url), {404}, "an address is good after ten minutes")
        clock.shift(timedelta(minutes=-10))

    def identity(self) -> None:
        """A student ID: no address of it is good, and its bytes are nowhere to be read."""
        body = self._body(samples.pdf(b"% " + MARK), "student_id")
        answer = ask(self.khidma.port, "POST", "/api/users/me/id-document", self.token, body)
        self._expect(answer, {201}, "a student ID is not taken")
        if answer.status != 201:
            return
        (document,) = answer.data["documents"]
        signed = signed_address(document["id"], at=clock.now())
        self._expect(self._get(signed), {404}, "a student ID can be downloaded by a signed address")
        self._expect(ask(self.khidma.port, "GET", f"/api/media/{document['id']}", self.token), {404}, "it is a file")
        own = ask(self.khidma.port, "GET", "/api/users/me/id-document", self.token)
        if own.status != 200 or MARK not in own.body:
            self.run.violation(f"its owner does not get it: {own.status}")
        others = ask(self.khidma.port, "GET", "/api/users/me/id-document", self.stranger)
        self._expect(others, {404}, "somebody else gets it")
        for path in self._files("identity", "media"):
            if MARK in path.read_bytes() and not self._is_known_text(path):
                self.run.violation(f"it lies open in {path}")
        if Verification.objects.count() != 1:
            self.run.violation(f"{Verification.objects.count()} verifications instead of one")

    def _is_known_text(self, path: Path) -> bool:
        return (
            File.objects.filter(storage_key=path.name, sealed_key="", kind="document")
            .exclude(mime_type="application/pdf")
            .exists()
        )

    def disk(self) -> None:
        """Rows and bytes are the same files, under names of ours, for us alone."""
        for folder, is_sealed in (("media", False), ("identity", True)):
            rows = File.objects.filter(status=FileStatus.READY)
            known = {row.storage_key: row for row in rows if row.is_sealed == is_sealed}
            lying = {path.name: path for path in self._files(folder)}
            if known.keys() != lying.keys():
                self.run.violation(
                    f"{folder}: {len(known)} rows, {len(lying)} files; odd {sorted(known.keys() ^ lying.keys())[:3]}"
                )
            for name, path in lying.items():
                if path.stat().st_mode & 0o077 or len(name) != 40 or path.parent.name != folder:
                    self.run.violation(f"{path} is open to others, or lies where it should not")
                if not is_sealed and name in known and path.stat().st_size != known[name].size:
                    self.run.violation(f"{path} has {path.stat().st_size} bytes, its row {known[name].size}")
        if File.objects.exclude(status=FileStatus.READY).exists():
            self.run.violation("a file is on its way still")

    def logs(self) -> None:
        """Nothing in the server was a defect."""
        log = (self.khidma.home / "logs" / "web.log").read_text(errors="replace")
        for word in ("unhandled_error", "Traceback (most recent call last)", "status=500"):
            if word in log:
                at = log.index(word)
                self.run.violation(f"the server's log: {log[max(0, at - 200) : at + 600]!r}")

    def _files(self, *folders: str) -> list[Path]:
        places = [self.khidma.home / folder for folder in folders]
        return [path for place in places for path in place.rglob("*") if path.is_file()]

    def _body(self, content: bytes, kind: str) -> bytes:
        return multipart(content, kind=kind, file_name="paper.pdf", says="application/pdf")

    def _expect(self, answer: Answer, allowed: set[int], otherwise: str) -> None:
        self.tried += 1
        if answer.status not in allowed:
            self.run.violation(f"{otherwise}: {answer.status} {answer.body[:120]!r}")


def _unsafe_headers(served: Answer) -> list[str]:
    """What a browser could make of the answer that it should not."""
    headers, faults = served.headers, []
    if served.status != 200:
        faults.append(f"is not served: {served.status} {served.body[:100]!r}")
    if not headers.get("content-disposition", "").startswith("attachment"):
        faults.append(f"is not served as an attachment: {headers.get('content-disposition')}")
    if headers.get("content-type", "").split(";")[0] not in SERVED:
        faults.append(f"is served as {headers.get('content-type')}")
    if headers.get("x-content-type-options") != "nosniff" or "no-store" not in headers.get("cache-control", ""):
        faults.append("may be sniffed or kept")
    policy = headers.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "sandbox" not in policy:
        faults.append(f"may run under {policy!r}")
    return faults
