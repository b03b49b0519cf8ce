"""File names: the day, the words of the prompt, the short id. Nothing in a name comes from the service."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timezone

#: Room for the prompt's words. With the day, the id and ``.mp4.part.json`` the whole name stays under 143
#: bytes, the shortest limit of the file systems in common use (eCryptfs; most others allow 255).
MAX_WORD_CHARS = 50
MAX_WORD_BYTES = 96

#: Typewriter, typographic and modifier apostrophe: "it's" is one word.
_APOSTROPHES = dict.fromkeys((0x27, 0x2019, 0x2BC))


def file_stem(prompt: str, job_id: str, created_at: float) -> str:
    """Return the name of a video's file, without its extension.

    Letters and digits of every script are kept, in lower case and NFC; everything else separates words. So a
    name has no dot, slash, space or control character, and, starting with a day, is never one that Windows
    reserves.

    Parameters
    ----------
    prompt : str
        What happens in the clip.
    job_id : str
        The journal's id of the generation; it makes the name unique.
    created_at : float
        When the generation was submitted, in Unix seconds; the day is that of the local clock.

    Returns
    -------
    str
        ``"<YYYY-MM-DD>-<words of the prompt>-<job id>"``.
    """
    day = datetime.fromtimestamp(created_at, tz=timezone.utc).astimezone().strftime("%Y-%m-%d")
    short_id = re.sub(r"[^a-z0-9]", "", job_id.lower())
    return f"{day}-{_fit(_words(prompt)) or 'clip'}-{short_id}"


def _words(prompt: str) -> list[str]:
    lowered = unicodedata.normalize("NFC", prompt.translate(_APOSTROPHES).lower())
    kept = "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in lowered)
    # A mark belongs to the letter before it; one that starts a word would hang on the hyphen instead.
    words = (word.lstrip("".join(char for char in word if _is_mark(char))) for word in kept.split())
    return [word for word in words if word]


def _fit(words: list[str]) -> str:
    """Join as many words as there is room for; a first word that is too long is cut between letters."""
    joined = ""
    for word in words:
        longer = f"{joined}-{word}" if joined else word
        if not _has_room(longer):
            break
        joined = longer
    return joined or (_cut(words[0]) if words else "")


def _cut(word: str) -> str:
    end = 0
    while _has_room(word[: end + 1]):
        end += 1
    while end > 1 and _is_mark(word[end]):
        end -= 1
    return word[:end]


def _has_room(text: str) -> bool:
    return len(text) <= MAX_WORD_CHARS and len(text.encode()) <= MAX_WORD_BYTES


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")
