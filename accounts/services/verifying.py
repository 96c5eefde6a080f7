"""Documents that show who somebody is: handed in encrypted, opened on record."""

from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.errors import AlreadyVerified, VerificationWaiting
from accounts.models import User, Verification
from accounts.states import WAITING_VERIFICATIONS, VerificationStatus
from khidma.kernel.audit import record_act
from khidma.kernel.clock import now
from khidma.kernel.states import advance, lock, record_change
from khidma.media import services as media
from khidma.media.models import File, FileKind
from khidma.media.selectors import get_sealed, holders_of

INFECTED = gettext_noop("The document held malware. Please hand in another one.")


def hand_in_document(*, user: User, kind: str, name: str, content: BinaryIO) -> Verification:
    """Ask for a check of one's identity with an image or PDF, which is kept encrypted and apart.

    Until somebody looks at it, another takes its place. Belongs outside any transaction: the bytes are stored first,
    and swept away where nothing comes of them.
    :raises AlreadyVerified, VerificationWaiting: there is nothing to check, or an operator is at it.
    :raises FileTypeRefused, DamagedFile, QuotaUsedUp, Unavailable: see `khidma.media.services.receive_file`.
    """
    _waiting_of(user)
    file_kind = FileKind.DOCUMENT if content.read(5) == b"%PDF-" else FileKind.IMAGE
    file = media.receive_file(owner=user, kind=file_kind, name=name, content=content, is_sealed=True)
    return _apply(user, kind, file)


@transaction.atomic
def _apply(user: User, kind: str, file: File) -> Verification:
    user = lock(user)
    verification = _waiting_of(user)
    if verification is None:
        verification = Verification.objects.create(user=user, document_kind=kind)
        record_change(verification, action="apply", by=user, role="user")
    media.attach(
        owner=user, thing="verification", thing_id=verification.pk, files=[file.pk], field="file", is_sealed=True
    )
    return verification


def _waiting_of(user: User) -> Verification | None:
    """The check that nobody has begun, if the user has asked for one. :raises AlreadyVerified, VerificationWaiting:"""
    if user.is_id_verified:
        raise AlreadyVerified
    waiting = Verification.objects.filter(user=user, status__in=WAITING_VERIFICATIONS).first()
    if waiting is not None and waiting.status != VerificationStatus.APPLIED:
        raise VerificationWaiting
    return waiting


def open_document(*, verification: Verification, viewer: User, reason: str) -> tuple[File, BinaryIO]:
    """The document and its bytes; who looked, and why, is on record before they are there. Outside any transaction.

    :raises NotFound: the scanner has not looked at it, or has condemned it.
    :raises Unavailable: the storage does not answer.
    """
    file = get_sealed(thing="verification", thing_id=verification.pk)
    record_act(
        actor_id=viewer.pk,
        action="identity_document.open",
        target_type="verification",
        target_id=verification.pk,
        reason=reason,
    )
    return file, media.open_file(file)


@transaction.atomic
def reject_infected(*, file_id: UUID) -> None:
    """The scanner has condemned a file; if it was a document that waits, its check is over."""
    checks = Verification.objects.filter(pk__in=holders_of(file_id, "verification"))
    waiting = checks.filter(status__in=WAITING_VERIFICATIONS)
    for verification in waiting.select_for_update(no_key=True).order_by("pk"):
        changes = {"reason": INFECTED, "decided_at": now()}
        advance(verification, "reject", by=None, role="system", reason=INFECTED, changes=changes)
