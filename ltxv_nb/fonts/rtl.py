"""Arabic and Hebrew in the order in which they are drawn, where Pillow cannot do it itself.

Pillow's wheels shape text with Raqm only where the system has FriBiDi. Without it letters would stand in the
wrong order and, in Arabic, apart. This is a small part of what that does: runs of one direction, the joined
forms of Arabic letters; no nesting, no ligatures.
"""

from __future__ import annotations

import functools
import unicodedata
from itertools import groupby

_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def is_rtl(text: str) -> bool:
    """Whether a line runs from the right: whether its first letter does."""
    return next((_runs_left(char) for char in text if _is_strong(char)), False)


def in_visual_order(text: str) -> str:
    """Return a text as it is drawn, from left to right; one without right-to-left letters as it is."""
    if not any(_runs_left(char) for char in text):
        return text
    base = is_rtl(text)
    runs = [
        (left, "".join(char for char, _ in chars))
        for left, chars in groupby(zip(text, _directions(text, base), strict=True), key=lambda pair: pair[1])
    ]
    drawn = [_backwards(_joined(run)) if left else run for left, run in runs]
    return "".join(reversed(drawn) if base else drawn)


def _is_strong(char: str) -> bool:
    return unicodedata.bidirectional(char) in {"L", "R", "AL"}


def _runs_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in {"R", "AL"}


def _directions(text: str, base: bool) -> list[bool]:
    """Return for each character whether it runs to the left; what is neither follows its neighbours."""
    known: list[bool | None] = []
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in {"R", "AL"}:
            known.append(True)
        elif kind in {"L", "EN", "AN"}:
            known.append(False)
        else:
            known.append(known[-1] if kind == "NSM" and known else None)
    for at, direction in enumerate(known):
        if direction is None:
            before = known[at - 1] if at else base
            after = next((later for later in known[at:] if later is not None), base)
            known[at] = before if before == after else base
    return [bool(direction) for direction in known]


def _backwards(text: str) -> str:
    """Return a text reversed, each mark behind its letter as before, and brackets turned round."""
    letters: list[str] = []
    for char in text:
        if unicodedata.combining(char) and letters:
            letters[-1] += char
        else:
            letters.append(char)
    return "".join(reversed(letters)).translate(_MIRRORED)


def _joined(text: str) -> str:
    """Return Arabic letters in the forms that they have beside each other."""
    letters = [char for char in text if not unicodedata.combining(char)]
    shaped = []
    for at, char in enumerate(letters):
        forms = _forms().get(char, {})
        before = _forms().get(letters[at - 1], {}) if at else {}
        after = _forms().get(letters[at + 1], {}) if at + 1 < len(letters) else {}
        joins_before = "initial" in before and "final" in forms
        joins_after = "initial" in forms and "final" in after
        form = (
            ("medial" if joins_after else "final")
            if joins_before
            else "initial"
            if joins_after
            else "isolated"
        )
        shaped.append(forms.get(form, char))
    marks = iter(shaped)
    return "".join(char if unicodedata.combining(char) else next(marks) for char in text)


@functools.cache
def _forms() -> dict[str, dict[str, str]]:
    """Return the presentation forms of each letter, as Unicode has them in its compatibility characters."""
    found: dict[str, dict[str, str]] = {}
    for code in [*range(0xFB50, 0xFE00), *range(0xFE70, 0xFF00)]:
        form, _, letters = unicodedata.decomposition(chr(code)).partition(" ")
        if letters and " " not in letters and form.strip("<>") in {"isolated", "initial", "medial", "final"}:
            found.setdefault(chr(int(letters, 16)), {})[form.strip("<>")] = chr(code)
    return found
