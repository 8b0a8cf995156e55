"""Small pictures of photos: lists on a phone must not load whole photos."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

SIDE = 240  # pixels: 96 on the page, on a screen of 2.5 device pixels to one
QUALITY = 80


def preview(path: Path) -> BytesIO | None:
    """This will return a small JPEG of the picture at `path`, the right way up; None when it cannot be read."""
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (SIDE * 2, SIDE * 2))  # lets a JPEG be decoded at a fraction of its size
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((SIDE, SIDE))
            small = BytesIO()
            upright.convert("RGB").save(small, "JPEG", quality=QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    small.seek(0)
    return small
