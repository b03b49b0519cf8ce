"""Clips that are unfinished at a service that this notebook does not use: how many, and how to get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.service.backend import SANDBOX_ORIGIN
from ltxv_nb.settings import is_pinned

if TYPE_CHECKING:
    from collections.abc import Mapping


def sentences(counts: Mapping[str, int]) -> list[str]:
    """Return one sentence for each service.

    Parameters
    ----------
    counts : mapping of str to int
        How many clips are unfinished, by the service's origin; see `Client.unfinished_elsewhere`.
    """
    return [_sentence(origin, count) for origin, count in counts.items()]


def _sentence(origin: str, count: int) -> str:
    clips = "1 clip is" if count == 1 else f"{count} clips are"
    if origin == SANDBOX_ORIGIN:
        return f"{clips} unfinished in the sandbox: %ltxv sandbox, then %ltxv resume, gets there."
    way = (
        "LTXV_BACKEND=sandbox keeps this kernel in the sandbox, so resume in one without it."
        if is_pinned()
        else "%ltxv sandbox off, with its key and address, then %ltxv resume, gets there."
    )
    return f"{clips} unfinished at another service ({origin}): {way}"
