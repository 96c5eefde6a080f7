"""Images: decoded under caps and written anew, so that nothing but pixels is left of what came."""

import logging
import threading
import warnings
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from khidma.media.errors import DamagedFile
from khidma.media.inspection.report import Report

logger = logging.getLogger(__name__)

MOST_PIXELS = 50_000_000
MOST_SIDE = 16_000
MOST_FRAMES = 60
MOST_SCANS = 64
"""A progressive JPEG may ask for its whole size to be worked through once for each scan."""

OUTPUTS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "JPEG": ("JPEG", "image/jpeg", "jpg", {"quality": 88, "progressive": True}),
    "MPO": ("JPEG", "image/jpeg", "jpg", {"quality": 88, "progressive": True}),  # a phone's JPEG with a preview
    "PNG": ("PNG", "image/png", "png", {"compress_level": 6}),
    "WEBP": ("WEBP", "image/webp", "webp", {"quality": 85, "method": 4}),
}
MODES = {"JPEG": ("L", "RGB"), "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), "WEBP": ("RGB", "RGBA")}

_decoding = threading.BoundedSemaphore(2)
"""A decoded image takes up to 200 MB, so a process holds no more than two."""


def read_image(content: BinaryIO) -> Report | None:
    """The image written anew, upright and without metadata; None if the bytes are no JPEG, PNG or WebP.

    An animation becomes its first frame. :raises DamagedFile: it cannot be decoded, or is too large to be.
    """
    try:
        with warnings.catch_warnings(), _decoding:
            warnings.simplefilter("ignore")  # of large images and odd metadata; the caps below decide
            image = Image.open(content, formats=("JPEG", "PNG", "WEBP"))
            _require_small(image, content)
            return _written_anew(image)
    except UnidentifiedImageError:
        return None
    except DamagedFile:
        raise
    except Exception as error:  # decoders raise anything when their bytes are made up; pixels never came of it
        logger.info("image_refused", extra={"exception": type(error).__qualname__})
        raise DamagedFile(_("The image cannot be read.")) from error


def _require_small(image: Image.Image, content: BinaryIO) -> None:
    """Before anything is decoded. :raises DamagedFile:"""
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        most = {"pixels": MOST_PIXELS // 1_000_000, "side": MOST_SIDE}
        raise DamagedFile(_("At most %(pixels)d megapixels, and %(side)d pixels on one side.") % most)
    if getattr(image, "n_frames", 1) > MOST_FRAMES:
        raise DamagedFile(_("The image has too many frames."))
    if image.format in {"JPEG", "MPO"}:
        content.seek(0)
        if content.read().count(b"\xff\xda") > MOST_SCANS:
            raise DamagedFile(_("The image has too many scans."))
        content.seek(0)


def _written_anew(image: Image.Image) -> Report:
    file_format, mime_type, extension, options = OUTPUTS[str(image.format)]
    image.load()
    upright: Image.Image = ImageOps.exif_transpose(image)
    if upright.mode not in MODES[file_format]:
        has_alpha = file_format != "JPEG" and upright.has_transparency_data
        upright = upright.convert("RGBA" if has_alpha else "RGB")
    transparency = upright.info.get("transparency") if file_format == "PNG" else None
    upright.info = {} if transparency is None else {"transparency": transparency}
    written = TemporaryFile()  # noqa: SIM115 - handed on
    try:
        upright.save(written, format=file_format, **options)
    except BaseException:
        written.close()
        raise
    return Report(written, mime_type, extension, width=upright.width, height=upright.height)
