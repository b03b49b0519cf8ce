"""What is kept of the service's catalogue in the home folder: written whole, bounded, checked when read."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from ltxv_nb.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("ltxv_nb")

#: The form of the files; those of another form are not read.
VERSION = 1

#: Largest file that is written or read back, in bytes.
MAX_BYTES = 16 << 20

_CATALOGUE, _MISSING = "catalogue.json", "missing"


class Cache:
    """The files of one service: its catalogue, one schema for each model that was used.

    Parameters
    ----------
    folder : Path
        The folder of all services' catalogues; made at the first writing.
    origin : str
        The service.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        words = re.sub(r"[^a-z0-9]+", "-", origin.lower().partition("://")[2] or origin.lower()).strip("-")
        self.origin = origin
        self.folder = folder / f"{words[:40]}-{_short_hash(origin)}"

    def exists(self) -> bool:
        """Whether anything of this service's catalogue was ever read."""
        return _is_there(self.folder)

    def names_missing_models(self) -> bool:
        """Whether models that were known here are missing from the catalogue that was read last."""
        return _is_there(self.folder / _MISSING)

    def read_catalogue(self) -> dict[str, Any] | None:
        """Return what `write_catalogue` wrote; ``None`` if there is nothing, or nothing that can be used."""
        return self._read(self.folder / _CATALOGUE)

    def write_catalogue(self, content: dict[str, Any], *, missing: bool) -> None:
        """Keep the catalogue, and whether it names models that are missing."""
        self._write(self.folder / _CATALOGUE, content)
        try:
            if missing:
                write_whole(self.folder / _MISSING, b"")
            else:
                (self.folder / _MISSING).unlink(missing_ok=True)
        except OSError as error:
            _log.debug("the catalogue of models is not kept: %s", error)

    def read_schema(self, model_id: str) -> dict[str, Any] | None:
        """Return what `write_schema` wrote for a model; ``None`` as with the catalogue."""
        found = self._read(self._schema_file(model_id))
        return found if found and found.get("model") == model_id else None

    def write_schema(self, model_id: str, content: dict[str, Any]) -> None:
        """Keep the schema of a model."""
        self._write(self._schema_file(model_id), {"model": model_id, **content})

    def _schema_file(self, model_id: str) -> Path:
        return self.folder / f"{_short_hash(model_id)}.json"

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            if path.stat().st_size > MAX_BYTES:
                return None
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        usable = isinstance(found, dict) and found.get("version") == VERSION
        return found if usable and found.get("origin") == self.origin else None

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        """Write a file; a full disk or a folder that is not ours costs speed, and nothing else."""
        try:
            text = json.dumps({"version": VERSION, "origin": self.origin, **content}).encode()
            if len(text) <= MAX_BYTES:
                write_whole(path, text)
        except (OSError, ValueError, RecursionError) as error:
            _log.debug("the catalogue of models is not kept: %s", error)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
