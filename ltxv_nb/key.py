"""The API key as an object that does not show itself, and a filter that keeps it out of logs."""

from __future__ import annotations

import base64
import logging
import os
import threading
from typing import NoReturn
from urllib.parse import unquote

from ltxv_nb.errors import ConfigurationError

_MASK = "[key]"

#: What Base64 for addresses writes in place of two characters (RFC 4648, section 5).
_FOR_ADDRESSES = str.maketrans("+/", "-_")

#: A shorter key is not looked for in texts in its encoded forms: it would be found by chance.
_LEAST_SEARCHED = 8


class _Hidden(str):
    """A text that does not show itself where the values of variables are shown, as in ``%xmode Verbose``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK


def hidden(given: str | ApiKey | None) -> str | ApiKey | None:
    """Return what was given as a key in a form whose repr does not show it; nothing is checked."""
    return _Hidden(given) if isinstance(given, str) else given


class ApiKey:
    """An API key. Its repr and its text are masked; only `reveal` gives it out.

    Parameters
    ----------
    value : str
        The key as the service's dashboard shows it; whitespace around it is dropped.

    Raises
    ------
    ConfigurationError
        It is empty, or holds what no HTTP header can carry. The message does not repeat it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        # Under no name of ours may it stand as plain text: a traceback may show every variable.
        value = _Hidden(value.strip())
        if not value:
            raise ConfigurationError("The API key is empty: set AIMLAPI_API_KEY, or run %ltxv login.")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise ConfigurationError(
                "The API key holds a space or a character that no key has: copy it again from the dashboard."
            )
        self._value = value

    def reveal(self) -> str:
        """Return the key itself: for the one header it belongs in. Bind it to no name."""
        return str.__str__(self._value)

    def __repr__(self) -> str:
        shown = len(self._value) >= 16  # of a shorter one, four characters would be too much
        return f"…{self._value[-4:]}" if shown else "…"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key is not pickled: anyone could read it in the file.")

    def occurs_in(self, text: str) -> bool:
        """Whether a text holds the key: as it is, percent-encoded, in Base64, or in hexadecimal digits."""
        if len(self._value) < _LEAST_SEARCHED:
            return False
        for _layer in range(3):
            if any(form in text for form in self._forms()) or self._value.encode().hex() in text.lower():
                return True
            if (plain := unquote(text)) == text:
                return False
            text = plain
        return False

    def scrub(self, text: str) -> str:
        """Return a text with every occurrence of the key blanked out; all of it, if there is no other way."""
        text = text.replace(self._value, _MASK)
        if not self.occurs_in(text):
            return text
        for form in self._forms():
            text = text.replace(form, _MASK)
        return f"(a text that held the key {_MASK})" if self.occurs_in(text) else text

    def _forms(self) -> tuple[_Hidden, ...]:
        """Return the key as it is and in Base64, wherever in a longer text it stood when that was encoded."""
        encoded = [self._in_base64(before) for before in range(3)]
        return (self._value, *encoded, *(_Hidden(form.translate(_FOR_ADDRESSES)) for form in encoded))

    def _in_base64(self, before: int) -> _Hidden:
        """Return what of the Base64 of a text depends on nothing but the key, after so many other bytes."""
        first, last = -(-8 * before // 6), 8 * (before + len(self._value)) // 6
        return _Hidden(base64.b64encode(bytes(before) + self._value.encode())[first:last].decode())


class ScrubFilter(logging.Filter):
    """Blanks a key out of the log records that pass, whoever wrote them. Filters of one key are equal."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__()
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScrubFilter) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place, its traceback with it; let every record pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a record whose arguments do not fit; its handler will say so
            message = self.key.scrub(str(record.msg))
            record.msg, record.args = message, ()
        if (scrubbed := self.key.scrub(message)) != message:
            record.msg, record.args = scrubbed, ()
        if record.exc_info and record.exc_info[0] and not record.exc_text:
            # Every formatter takes `exc_text` as it finds it.
            record.exc_text = self.key.scrub(logging.Formatter().formatException(record.exc_info))
        return True


class Scrubbing:
    """Keeps a key out of some loggers until it is removed. It holds nothing but the key and the names.

    Two of the same key share one filter, which stays until both are removed. So `remove` can be a client's
    `weakref.finalize`: it may be called any number of times, by any thread, and during garbage collection.
    """

    def __init__(self, key: ApiKey | None, names: tuple[str, ...]) -> None:
        self.key = key
        self.names = names
        if key is None:
            return
        with _lock:
            _active.add(self)  # first: a `remove` during a garbage collection then leaves the filters
            for name in names:
                logging.getLogger(name).addFilter(ScrubFilter(key))

    def remove(self) -> None:
        """Let go of the key: take away the filters that no other needs."""
        if self.key is None:
            return
        with _lock:
            _active.discard(self)
            others = [one for one in tuple(_active) if one.key == self.key]
            for name in self.names:
                if not any(name in one.names for one in others):
                    logging.getLogger(name).removeFilter(ScrubFilter(self.key))


_active: set[Scrubbing] = set()
_lock = threading.RLock()  # one thread may come back to it, when garbage collection calls `remove`


def scrubbing(key: ApiKey | None, *names: str) -> Scrubbing:
    """Keep a key out of the named loggers, until `Scrubbing.remove`; without a key nothing is filtered."""
    return Scrubbing(key, names)


def _renew_lock() -> None:
    """In a forked child: another thread of the parent may have held it."""
    global _lock  # noqa: PLW0603 - there is one for the process
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
