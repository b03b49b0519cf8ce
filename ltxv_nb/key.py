"""The API key as an object that does not show itself, and a filter that keeps it out of texts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn

from ltxv_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MASK = "[key]"


class ApiKey:
    """An API key. Its repr and its text are masked; only `reveal` gives it out.

    Parameters
    ----------
    value : str
        The key as the service's dashboard shows it; white space around it is dropped.

    Raises
    ------
    ConfigurationError
        It is empty, or holds what no HTTP header can carry. The message does not repeat it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        value = value.strip()
        if not value:
            raise ConfigurationError("The API key is empty: set AIMLAPI_API_KEY, or run %ltxv login.")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise ConfigurationError(
                "The API key holds a space or a character that no key has: copy it again from the dashboard."
            )
        self._value = value

    def reveal(self) -> str:
        """Return the key itself: for the one header it belongs in."""
        return self._value

    def __repr__(self) -> str:
        shown = len(self._value) >= 16  # of a shorter one, eight characters would be too much
        return f"{self._value[:4]}…{self._value[-4:]}" if shown else "…"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key is not pickled: it would lie readable in a file.")

    def scrub(self, text: str) -> str:
        """Return a text with every occurrence of the key blanked out."""
        return text.replace(self._value, _MASK)


class ScrubFilter(logging.Filter):
    """Blanks a key out of the log records that pass, whoever wrote them."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place, its traceback with it; let every record pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a record whose arguments do not fit; its handler will say so
            message = self._key.scrub(str(record.msg))
            record.msg, record.args = message, ()
        if (scrubbed := self._key.scrub(message)) != message:
            record.msg, record.args = scrubbed, ()
        if record.exc_info and record.exc_info[0] and not record.exc_text:
            # Every formatter takes `exc_text` as it finds it.
            record.exc_text = self._key.scrub(logging.Formatter().formatException(record.exc_info))
        return True


def scrubbing(key: ApiKey | None, *names: str) -> Iterator[tuple[logging.Logger, ScrubFilter]]:
    """Attach a `ScrubFilter` to the named loggers; yields what to detach again."""
    for name in names if key else ():
        logger, scrub = logging.getLogger(name), ScrubFilter(key)  # type: ignore[arg-type]
        logger.addFilter(scrub)
        yield logger, scrub
