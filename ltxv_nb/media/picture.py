"""Making any picture fit to be sent: upright, opaque, RGB, no larger than the clip can use."""

from __future__ import annotations

import contextlib
import importlib
import io
import math
import sys
import warnings
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.media.worker.process import of_picture

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
#: Teaches Pillow HEIC, once the user has imported it.
_PLUGIN = "pillow_heif"
#: Which side of a photo is up (Exif 2.3, tag Orientation).
_ORIENTATION = 0x0112

_WANTED = "A first frame is a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture"


def encode(
    data: bytes, name: str, frame_size: tuple[int, int], claimed: str | None = None
) -> tuple[bytes, str]:
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
    claimed : str, optional
        The media type that it is said to have.

    Returns
    -------
    tuple of bytes and str
        The picture file to send, and ``image/jpeg``, ``image/png`` or ``image/webp``.

    Raises
    ------
    RequestError
        It is not a picture, damaged, too large, or of another type; or it cannot be opened safely.
    """
    _check_length(data, name)
    plugin = _PLUGIN if _PLUGIN in sys.modules else None
    facts, made = of_picture("picture", data, name, size=list(frame_size), claimed=claimed, plugin=plugin)
    media_type = facts.get("media_type")
    if media_type not in _UNTOUCHED.values() or not made:
        raise _damaged(name)
    return made, str(media_type)


def thumbnail(data: bytes, name: str, longest: int) -> bytes:
    """Return a small JPEG of a picture file, no side longer than some pixels; raises as `encode`."""
    _, made = of_picture("thumbnail", data, name, longest=longest)
    if not made.startswith(b"\xff\xd8"):
        raise _damaged(name)
    return made


def register(plugin: str | None) -> None:
    """Have Pillow read what it reads in the kernel, where the user has registered a plug-in for HEIC."""
    if plugin == _PLUGIN:
        with contextlib.suppress(ImportError):
            importlib.import_module(plugin).register_heif_opener()


def encode_here(
    data: bytes, name: str, frame_size: tuple[int, int], claimed: str | None = None
) -> tuple[bytes, str]:
    """Do what `encode` does in this very process, which is the one for files from outside."""
    with opened(data, name) as image, _damage_in_words(name):
        held = (image.get_format_mimetype() or "").replace("image/mpo", "image/jpeg")
        if claimed is not None and held != claimed:
            raise RequestError(f"{name} holds {held}. Say what it is: data:{held};base64,...")
        if _may_go_untouched(image, data, frame_size):
            image.load()
            return data, _UNTOUCHED[str(image.format)]
        # A JPEG can be decoded at half or a quarter of its size, which saves most of the work.
        image.draft(None, _cover(image.size, frame_size))
        return draw(image, frame_size), "image/jpeg"


def thumbnail_here(data: bytes, name: str, longest: int) -> bytes:
    """Do what `thumbnail` does in this very process."""
    with opened(data, name) as image, _damage_in_words(name):
        image.draft("RGB", (longest, longest))
        small = image.convert("RGB")
        small.thumbnail((longest, longest))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=80, optimize=True)
        return out.getvalue()


@contextlib.contextmanager
def opened(data: bytes, name: str) -> Iterator[ImageFile]:
    """Open a picture file, without decoding it yet; raises `RequestError` as `encode` does."""
    from PIL import Image, UnidentifiedImageError

    _check_length(data, name)
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
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(name) from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise _too_large(name)
        yield image


def _check_length(data: bytes, name: str) -> None:
    if not data:
        raise RequestError(f"{name} is empty. {_WANTED}.")
    if len(data) > MAX_BYTES:
        raise _too_large(name)


def draw(image: Image.Image, frame_size: tuple[int, int]) -> bytes:
    """Return a decoded picture as a JPEG: upright, opaque, in sRGB, scaled down to what the clip can use."""
    from PIL import Image, ImageOps

    # No copy that is not needed: a photo of 108 megapixels takes 432 MB as it is.
    turned = image.getexif().get(_ORIENTATION, 1) != 1
    upright = ImageOps.exif_transpose(image) if turned else image
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
        return image if image.mode == "RGB" else image.convert("RGB")
    layered = image if image.mode == "RGBA" else image.convert("RGBA")
    page = Image.new("RGB", layered.size, "white")
    page.paste(layered, mask=layered)
    return page


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
    except (RequestError, MemoryError):
        raise
    except Exception as error:
        raise _damaged(name) from error


def _damaged(name: str) -> RequestError:
    return RequestError(f"{name} is damaged or cut short and cannot be read. Save it again as a PNG or JPEG.")
