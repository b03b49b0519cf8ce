"""What the process that opens files can do; a closed list."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DownloadError, RequestError
from ltxv_nb.media import picture
from ltxv_nb.media.image import last_frame_here
from ltxv_nb.media.measures import measure_here
from ltxv_nb.media.mosaic_frames import mosaic_here, place_here, places_here
from ltxv_nb.media.poster import poster_here
from ltxv_nb.media.preview import preview_here
from ltxv_nb.media.probe import probe_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.media.mosaic_frames import Order

#: What is sent back: facts as JSON, and bytes.
Reply = tuple[dict[str, Any], bytes]

#: Most characters of an error that are sent back.
_MAX_WORDS = 2000


def _probe(_body: bytes, path: str) -> Reply:
    return asdict(probe_here(path)), b""


def _poster(_body: bytes, path: str, max_width: int, max_bytes: int) -> Reply:
    return {}, poster_here(path, max_width=max_width, max_bytes=max_bytes)


def _preview(_body: bytes, path: str, folder: str, max_bytes: int) -> Reply:
    return {}, preview_here(path, folder, max_bytes=max_bytes)


def _measures(_body: bytes, path: str) -> Reply:
    return asdict(measure_here(path)), b""


def _place(_body: bytes, path: str, order: Order, rate: list[int]) -> Reply:
    place_here({**order, "path": path}, Fraction(*rate))
    return {}, b""


def _places(_body: bytes, orders: list[Order], rate: list[int]) -> Reply:
    return {"trouble": places_here(orders, Fraction(*rate))}, b""


def _mosaic(
    _body: bytes, folder: str, copies: list[dict[str, Any]], sound: str | None, rate: list[int], frames: int
) -> Reply:
    return {}, mosaic_here(folder, copies, sound, Fraction(*rate), frames)


def _last_frame(_body: bytes, path: str) -> Reply:
    image = last_frame_here(path)
    return {"width": image.width, "height": image.height}, image.tobytes()


def _picture(body: bytes, name: str, size: list[int], claimed: str | None, plugin: str | None) -> Reply:
    picture.register(plugin)
    data, media_type = picture.encode_here(body, name, (size[0], size[1]), claimed)
    return {"media_type": media_type}, data


def _thumbnail(body: bytes, name: str, longest: int) -> Reply:
    return {}, picture.thumbnail_here(body, name, longest)


TASKS: dict[str, Callable[..., Reply]] = {
    "probe": _probe,
    "poster": _poster,
    "preview": _preview,
    "measures": _measures,
    "place": _place,
    "places": _places,
    "mosaic": _mosaic,
    "last frame": _last_frame,
    "picture": _picture,
    "thumbnail": _thumbnail,
}


def perform(head: dict[str, Any], body: bytes) -> Reply:
    """Do what a message asks for; whatever goes wrong is an answer as well.

    Parameters
    ----------
    head : dict
        ``task``, one of `TASKS`, and its ``arguments``.
    body : bytes
        The file, for a task that does not take a path.
    """
    try:
        facts, data = TASKS[head["task"]](body, **head["arguments"])
    except MemoryError:
        return {"error": "memory"}, b""
    except DownloadError as error:
        return {"error": "video", "words": str(error)[:_MAX_WORDS]}, b""
    except RequestError as error:
        return {"error": "picture", "words": str(error)[:_MAX_WORDS]}, b""
    except Exception as error:  # noqa: BLE001 - decoders fail in many ways
        return {"error": "other", "words": f"{type(error).__name__}: {error}"[:_MAX_WORDS]}, b""
    return {"facts": facts}, data
