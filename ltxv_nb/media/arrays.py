"""First frames from arrays: numpy's, and whatever turns itself into one, as tensors do.

numpy is not imported here: an array brings along what is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.media.picture import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

_WANTED = (
    "An array for a first frame has the shape height x width x 3 (RGB), x 4 (RGBA) or height x width (grey), "
    "and holds uint8 values, or fractions from 0 to 1."
)


def is_array(source: Any) -> bool:
    """Whether a thing is an array, or can make itself into one."""
    return hasattr(source, "__array_interface__") or hasattr(source, "__array__")


def to_image(source: Any) -> Image.Image:
    """Return an array as a picture.

    Parameters
    ----------
    source : array
        Height x width x 3 (RGB), height x width x 4 (RGBA) or height x width (grey); uint8 values from 0 to
        255, or fractions from 0 to 1. It is not changed.

    Raises
    ------
    RequestError
        Its shape, its type or its values are others.
    """
    from PIL import Image

    try:
        values = source.__array__() if hasattr(source, "__array__") else source
        described = values.__array_interface__
        _check_shape(tuple(described["shape"]))
        return Image.fromarray(_as_bytes(values, str(described["typestr"])[1:]))
    except RequestError:
        raise
    except Exception as error:  # a tensor on another device, an array that was freed, a type of its own
        raise RequestError(f"The first frame is an array that cannot be read ({error}). {_WANTED}") from error


def _check_shape(shape: tuple[int, ...]) -> None:
    said = " x ".join(map(str, shape)) or "()"
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4})) or 0 in shape:
        hint = " Put the channels last." if len(shape) == 3 and shape[0] in {3, 4} else ""
        raise RequestError(f"The first frame is an array of the shape {said}.{hint} {_WANTED}")
    if shape[0] * shape[1] > MAX_PIXELS:
        raise RequestError(
            f"The first frame is an array of {said} values, which is too large: it can have "
            f"{MAX_PIXELS // 1_000_000} megapixels. Scale it down."
        )


def _as_bytes(values: Any, kind: str) -> Any:
    """Return uint8 values as they are, and fractions from 0 to 1 as uint8 values."""
    if kind == "u1":
        return values
    if kind[0] != "f":
        raise RequestError(f"The first frame is an array of {getattr(values, 'dtype', kind)}. {_WANTED}")
    lowest, highest = float(values.min()), float(values.max())
    if not 0 <= lowest <= highest <= 1:  # not so either when one of them is no number
        raise RequestError(f"The first frame is an array of values from {lowest:g} to {highest:g}. {_WANTED}")
    return (values * 255).round().astype("uint8")
