"""Small previews of pictures. A picture that can't be read, or is made to fill the memory, just has none."""

from __future__ import annotations

import io

from crmhost.api import Work, files

_SIDE = 480
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
_LARGEST = 25 * 1024 * 1024
#: A JPEG is decoded at a fraction of its size, the others whole: 4 bytes for each of these.
_PIXELS, _PIXELS_JPEG = 16_000_000, 100_000_000


def stage(work: Work, staged: files.Staged) -> files.Staged | None:
    """Puts the preview of a staged picture into the storage; ``None`` when it gets none. Not inside a transaction."""
    wanted = _FORMATS.get(staged.media_type)
    if wanted is None or staged.size > _LARGEST:
        return None
    small = shrunk(b"".join(files.staged_bytes(work, [staged.key])), wanted)
    if small is None:
        return None
    return files.stage(work, small, name="preview.webp", owner="files", contact_id=staged.contact_id, largest=0)


def shrunk(data: bytes, wanted: str) -> bytes | None:
    """A picture as a small WebP file, turned upright, without anything but its pixels; ``None`` when it can't be read.

    :param wanted: the format that its first bytes tell, such as ``PNG``.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=[wanted]) as opened:
            if opened.width * opened.height > (_PIXELS_JPEG if wanted == "JPEG" else _PIXELS):
                return None
            opened.draft("RGB", (_SIDE, _SIDE))
            if opened.width * opened.height > _PIXELS:
                return None
            opened.thumbnail((_SIDE, _SIDE))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, UnidentifiedImageError):
        return None
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=80)
    return out.getvalue()
