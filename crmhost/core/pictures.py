"""Pictures that people send, decoded with limits and written anew, so that nothing but their pixels is left."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Unreadable", "as_png", "decoded", "drawn_png"]


#: Darkness, of 255, from which on ink is seen.
_VISIBLE = 24


class Unreadable(ValueError):
    """These bytes are no picture of the formats that are taken, or one that is too large."""


def decoded(data: bytes, formats: tuple[str, ...], most_pixels: int, *, draft: int = 0) -> Image:
    """A picture turned upright, as RGBA.

    :param formats: names of Pillow, such as ``PNG``; the bytes tell which it is.
    :param most_pixels: width times height, more are not unpacked.
    :param draft: a large JPEG may be decoded at a fraction of its size that has at least so many pixels a side; 0: whole.
    :raises Unreadable: when it can't be read, or is too large.
    """
    from PIL import Image as Images
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with Images.open(io.BytesIO(data), formats=formats) as opened:
            if opened.width * opened.height > most_pixels:
                raise Unreadable
            if draft:
                opened.draft("RGB", (draft, draft))
            return ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Images.DecompressionBombError, UnidentifiedImageError) as error:
        raise Unreadable from error


def as_png(data: bytes, *, formats: tuple[str, ...] = ("PNG",), most_pixels: int, within: tuple[int, int]) -> bytes:
    """A picture as a PNG file without anything but its pixels, made smaller where it is larger than ``within`` (width, height).

    :raises Unreadable: see :func:`decoded`.
    """
    return _written(decoded(data, formats, most_pixels), within)


def drawn_png(data: bytes, *, most_pixels: int, within: tuple[int, int]) -> bytes:
    """A drawing in dark ink, sent as PNG, as :func:`as_png` gives it, without the empty ground around it.

    :raises Unreadable: see :func:`decoded`; also when nothing is drawn.
    """
    from PIL import Image as Images
    from PIL import ImageOps

    picture = decoded(data, ("PNG",), most_pixels)
    paper = Images.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    ink = ImageOps.invert(paper.convert("L")).point(lambda dark: 255 if dark > _VISIBLE else 0).getbbox()
    if ink is None:
        raise Unreadable
    return _written(picture.crop(ink), within)


def _written(picture: Image, within: tuple[int, int]) -> bytes:
    picture.thumbnail(within)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
