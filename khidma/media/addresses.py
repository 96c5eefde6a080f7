"""Signed addresses: whoever was shown one may download that file for the next minutes, and nothing else."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

LIVES = timedelta(minutes=10)
STEP_SECONDS = 60
"""Addresses shown within the same minute are the same, so that what shows them can be compared (ETag)."""


def signed_address(file_id: UUID | str, *, at: datetime) -> str:
    """The address of the file's bytes, good for 9 to 10 minutes from `at`."""
    begun = int(at.timestamp()) // STEP_SECONDS * STEP_SECONDS
    expires = begun + int(LIVES.total_seconds())
    return f"{settings.PUBLIC_URL}/api/media/{file_id}/content?expires={expires}&signature={_sign(file_id, expires)}"


def is_good(file_id: UUID, *, expires: int, signature: str, at: datetime) -> bool:
    """Whether we made this address, and it has not expired."""
    return constant_time_compare(_sign(file_id, expires), signature) and at.timestamp() < expires


def _sign(file_id: UUID | str, expires: int) -> str:
    return Signer(salt="khidma.media.addresses").signature(f"{file_id}:{expires}")
