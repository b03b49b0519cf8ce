"""How good somebody found a clip, in stars, and the words that they gave it: checked before they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ltxv_nb.errors import RequestError
from ltxv_nb.text import one_line

MOST_STARS = 5

#: The tag of a clip that somebody does not want.
REJECTED = "rejected"
#: The most tags of a clip, and the most characters of each.
MOST_TAGS, LONGEST_TAG = 50, 60


def columns(stars: object, tags: object) -> dict[str, Any]:
    """Return what is to be written of a rating.

    Parameters
    ----------
    stars : int or None
        1 to 5; 0 takes them away, ``None`` leaves them as they are.
    tags : iterable of str, str or None
        All tags of the clip from now on; an empty list takes them away, ``None`` leaves them as they are.

    Raises
    ------
    RequestError
        One of them is something else.
    """
    found: dict[str, Any] = {}
    if stars is not None:
        found["stars"] = _stars(stars)
    if tags is not None:
        found["tags"] = _tags(tags)
    return found


def _stars(stars: object) -> int | None:
    if isinstance(stars, bool) or not isinstance(stars, int) or not 0 <= stars <= MOST_STARS:
        raise RequestError(
            f"The rating is {stars!r}, but it can be a whole number of stars from 1 to {MOST_STARS}, "
            f"or 0 for none."
        )
    return stars or None


def _tags(tags: object) -> list[str] | None:
    given = [tags] if isinstance(tags, str) else tags
    words: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(word, str) and word.strip() for word in words):
        raise RequestError(f"The tags are {tags!r}, but they can be a list of words, like ['rain', 'night'].")
    kept = list(dict.fromkeys(one_line(word, LONGEST_TAG) for word in words))
    if len(kept) > MOST_TAGS:
        raise RequestError(f"There are {len(kept)} tags, but a clip can have at most {MOST_TAGS}.")
    return kept or None
