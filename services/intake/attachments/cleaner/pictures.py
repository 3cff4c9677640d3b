"""Pictures: decoded within a limit of dots, turned upright, and written anew. Nothing but the dots comes through."""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageOps

from services.intake.attachments.cleaner.refusals import NotReadable, TooManyDots

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_QUALITY = 90
_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


def clean(data: bytes, media_type: str, pixels: int) -> bytes:
    """The picture without Exif, place, comments, profiles, further pictures and whatever hides behind it.

    Raises TooManyDots before anything is unpacked, NotReadable.
    """
    kind = _FORMATS[media_type]
    Image.MAX_IMAGE_PIXELS = pixels
    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
        if image.width * image.height > pixels:
            raise TooManyDots
        image.load()
        dots = _plain(ImageOps.exif_transpose(image), kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyDots from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as error:
        raise NotReadable from error
    out = io.BytesIO()
    dots.save(out, kind, quality=_QUALITY)
    return out.getvalue()


def _plain(image: Image.Image, kind: str) -> Image.Image:
    """The dots in a mode that the format has, in the colours that every screen shows, with no notes beside them."""
    see_through = kind != "JPEG" and (image.mode in _ALPHA or "transparency" in image.info)
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        image = _in_common_colours(image, profile)
    wanted = "RGBA" if see_through else "L" if image.mode in ("1", "L") else "RGB"
    plain = image if image.mode == wanted else image.convert(wanted)
    plain.info = {}
    return plain


def _in_common_colours(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile that nobody can read says nothing of the colours
    return converted or image
