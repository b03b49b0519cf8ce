"""Making any picture fit to be sent: upright, opaque, RGB, no larger than the clip can use."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image
    from PIL.ImageFile import ImageFile

#: Formats that are read. Pillow knows more; one of them (EPS) would run another program on the file.
FORMATS = (
    "JPEG", "PNG", "WEBP", "MPO", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "TGA", "ICO",
)  # fmt: skip
#: Most bytes and most pixels of a picture that is opened; the largest phone cameras in common use make 108
#: megapixels, and a decoded one takes 4 bytes a pixel.
MAX_BYTES = 128 << 20
MAX_PIXELS = 120_000_000
#: A file may go out as it is when it is at most this long, in bytes.
_MAX_UNTOUCHED = 4 << 20
_UNTOUCHED = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_JPEG_QUALITY = 92

_WANTED = "A first frame is a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture"


def encode(data: bytes, name: str, frame_size: tuple[int, int]) -> tuple[bytes, str]:
    """Return the bytes to send for a picture file, and their media type.

    A small upright JPEG, PNG or WebP without private data (such as where a photo was taken) goes out byte for
    byte. Anything else is drawn anew. The same input always gives the same bytes.

    Parameters
    ----------
    data : bytes
        The picture file.
    name : str
        What to call it in an error.
    frame_size : tuple of int
        Width and height of the clip, in pixels.

    Returns
    -------
    tuple of bytes and str
        The picture file to send, and ``image/jpeg``, ``image/png`` or ``image/webp``.

    Raises
    ------
    RequestError
        It is not a picture, damaged, or too large.
    """
    with opened(data, name) as image, _damage_in_words(name):
        if _may_go_untouched(image, data, frame_size):
            image.load()
            return data, _UNTOUCHED[str(image.format)]
        # A JPEG can be decoded at half or a quarter of its size, which saves most of the work.
        image.draft(None, _cover(image.size, frame_size))
        return draw(image, frame_size), "image/jpeg"


@contextlib.contextmanager
def opened(data: bytes, name: str) -> Iterator[ImageFile]:
    """Open a picture file, without decoding it yet; raises `RequestError` as `encode` does."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise RequestError(f"{name} is empty. {_WANTED}.")
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    Image.init()
    formats = [known for known in FORMATS if known in Image.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # Our own limit is stricter.
            image = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except UnidentifiedImageError:
        raise RequestError(f"{name} is not a picture{_guess(data)}. {_WANTED}.") from None
    except Exception as error:
        raise _damaged(name) from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise _too_large(name)
        yield image


def draw(image: Image.Image, frame_size: tuple[int, int]) -> bytes:
    """Return a decoded picture as a JPEG: upright, opaque, in sRGB, scaled down to what the clip can use."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    flat = _flatten(_to_srgb(upright))
    size = _cover(flat.size, frame_size)
    if size != flat.size:
        flat = flat.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return out.getvalue()


def _cover(size: tuple[int, int], frame_size: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest size of the same shape that still fills the frame; never larger than it is."""
    (width, height), (frame_width, frame_height) = size, frame_size
    scale = max(frame_width / width, frame_height / height)
    if scale >= 1:
        return size
    return max(1, math.ceil(width * scale - 1e-6)), max(1, math.ceil(height * scale - 1e-6))


def _may_go_untouched(image: Image.Image, data: bytes, frame_size: tuple[int, int]) -> bool:
    private = {"exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop"} & set(image.info)
    return (
        image.format in _UNTOUCHED
        and image.mode in {"RGB", "L"}
        and "transparency" not in image.info
        and "icc_profile" not in image.info
        and getattr(image, "n_frames", 1) == 1
        and not private
        and not image.getexif()
        and len(data) <= _MAX_UNTOUCHED
        and _cover(image.size, frame_size) == image.size
    )


def _to_srgb(image: Image.Image) -> Image.Image:
    """Carry colours over from the profile a camera or a print shop embedded."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    with contextlib.suppress(Exception):  # A broken profile, or a Pillow without colour management.
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode: Any = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
        return converted or image
    return image


def _flatten(image: Image.Image) -> Image.Image:
    """Return the picture in RGB; what is transparent becomes white, as on a page."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    page = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(page, layered).convert("RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale grey values of 16 bits, 32 bits or fractions to 0-255."""
    wide = image if image.mode == "F" else image.convert("I")
    highest = float(wide.getextrema()[1])  # type: ignore[arg-type]  # One band, so a number.
    if image.mode.startswith("I;16"):
        full = 65535.0
    else:
        scales = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        full = next((scale for scale in scales if highest <= scale), highest)
    return wide.point(lambda value: value * (255 / full) + 0).convert("L")


def _guess(data: bytes) -> str:
    """Say what a file looks like that is not a picture we read."""
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in {b"heic", b"heix", b"mif1", b"msf1", b"hevc"}:
        return " that is read here (it is HEIC: export it as JPEG)"
    if brand:
        return " but a video: give the earlier job or video itself to start from its last frame"
    if data.lstrip()[:5].lower() in {b"<svg ", b"<?xml", b"<!doc", b"<html"}:
        return " made of pixels (it is SVG, XML or a web page)"
    return ""


def _too_large(name: str) -> RequestError:
    return RequestError(
        f"{name} is too large: a first frame can have {MAX_PIXELS // 1_000_000} megapixels "
        f"and {MAX_BYTES >> 20} MB. Scale it down."
    )


@contextlib.contextmanager
def _damage_in_words(name: str) -> Iterator[None]:
    """Decoders fail in many ways on damaged files; a person needs to hear only that it is damaged."""
    try:
        yield
    except Exception as error:
        raise _damaged(name) from error


def _damaged(name: str) -> RequestError:
    return RequestError(f"{name} is damaged or cut short and cannot be read. Save it again as a PNG or JPEG.")
