"""From a finished generation to a whole file with a note beside it."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DownloadError
from ltxv_nb.files import write_whole
from ltxv_nb.money.words import cost

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.journal import Record
    from ltxv_nb.media.probe import Probe

_log = logging.getLogger("ltxv_nb")

#: Downloads in a row of a file that can be played but seems not to be whole. One that is the same as one
#: before is kept; when each is another one, they are cut on the way, and a later round tries again.
DOUBTFUL_DOWNLOADS = 3


@dataclass(frozen=True)
class Saved:
    """A file on disk, and the facts of it for the journal."""

    file: Path
    media: dict[str, Any]


class Saver:
    """Downloads finished videos, and names them.

    Parameters
    ----------
    api_is_public : bool
        Whether the service is another machine; then no video is fetched from inside our own network.
    other_folder : Path, optional
        Where a video goes when the folder chosen at its submission cannot be written any more.
    """

    def __init__(self, *, api_is_public: bool, other_folder: Path | None = None) -> None:
        self._api_is_public = api_is_public
        self._other_folder = other_folder
        # A download that was told to stop may still write a block while the next one begins.
        self._locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)

    def save(
        self,
        record: Record,
        should_stop: Callable[[], bool],
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Saved:
        """Download a video, check it, name it, and write the note beside it.

        A whole file that is already there is taken: the process may have died just after naming it.

        Parameters
        ----------
        record : Record
            A finished generation, with its URL.
        should_stop : callable
            Asked now and then; when true, the download is stopped and can be resumed.
        progress : callable, optional
            Called with the bytes so far and in all (or ``None``).

        Raises
        ------
        DownloadError
            It cannot be downloaded, is no whole MP4, cannot be opened safely, or cannot be written; no half
            file has its name.
        """
        final = self._usable(self.destination(record))
        with self._locks[final]:
            probe = self._download(record, final, should_stop, progress)
        media: dict[str, Any] = {
            "width": probe.width,
            "height": probe.height,
            "duration": probe.duration,
            "fps": probe.fps,
            "has_audio": probe.has_audio,
            "size_bytes": probe.size_bytes,
        }
        if probe.doubt is not None:
            media["doubt"] = probe.doubt
            _log.warning("Job %s is saved, but its video %s.", record.id, probe.doubt)
        _write_note(final, record, media)
        return Saved(final, media)

    def _usable(self, final: Path) -> Path:
        """Return the final name, in the other folder if its own cannot be written any more."""
        with contextlib.suppress(OSError):
            if final.exists():
                return final
        if trouble := _trouble_with(final.parent):
            other = self._other_folder
            if other is None or other == final.parent or _trouble_with(other):
                raise DownloadError(_unwritable(final.parent, trouble))
            return other / final.name
        return final

    def _download(
        self,
        record: Record,
        final: Path,
        should_stop: Callable[[], bool],
        progress: Callable[[int, int | None], None] | None,
    ) -> Probe:
        """Download the file unless all of it is there already; return what it holds."""
        from ltxv_nb.media.download import download
        from ltxv_nb.media.part import Doubtful, Part, finish
        from ltxv_nb.media.worker import process

        process.start()  # it is ready when the file is
        part = final.with_name(f"{final.name}.part")
        if probe := _already_there(final):
            Part(part).remove()  # left over where the process died after the renaming
            return probe
        seen: list[str] = []
        while True:
            download(
                record.url or "",
                part,
                api_is_public=self._api_is_public,
                should_stop=should_stop,
                progress=progress,
            )
            try:
                return finish(part, final, seconds=_requested_seconds(record), known=seen)
            except Doubtful as error:
                seen.append(error.content)
                if len(seen) >= DOUBTFUL_DOWNLOADS:
                    raise

    @staticmethod
    def destination(record: Record) -> Path:
        """Return the final name of a generation's file: the one in the journal, else one made from it.

        It is written down at the submission, so that a change of the time zone does not change the day in it.
        """
        if record.file is not None:
            return Path(record.file)
        from ltxv_nb.media.names import file_stem

        folder = Path(record.output_dir or ".").absolute()
        return folder / f"{file_stem(record.prompt, record.id, record.created_at)}.mp4"


def check_folder(folder: Path) -> None:
    """Make sure that videos can be written there, before anything is paid for.

    Raises
    ------
    ConfigurationError
        They cannot.
    """
    from ltxv_nb.errors import ConfigurationError

    if trouble := _trouble_with(folder):
        raise ConfigurationError(f"{_unwritable(folder, trouble)} Nothing was sent.")


def _trouble_with(folder: Path) -> OSError | None:
    """Return what is in the way of writing to a folder, which is made if need be."""
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return error
    return None


def _unwritable(folder: Path, error: OSError) -> str:
    return (
        f"The output folder {folder} cannot be written ({error.strerror or error}): "
        f"set LTXV_OUTPUT_DIR to one that can."
    )


def _already_there(final: Path) -> Probe | None:
    from ltxv_nb.media.probe import probe
    from ltxv_nb.media.worker.process import WorkerUnavailable

    if not final.exists():
        return None
    try:
        return probe(final)
    except WorkerUnavailable:  # it may well be good
        raise
    except DownloadError:
        return None


def _requested_seconds(record: Record) -> float | None:
    """Return how long the clip should be; ``None`` where the request left that to the service."""
    asked = record.request.get("duration")
    try:
        return None if asked is None or isinstance(asked, bool) else float(asked)
    except (TypeError, ValueError):
        return None


def _write_note(final: Path, record: Record, media: dict[str, Any]) -> None:
    """Write ``<name>.json`` beside the video, whole or not at all."""
    note = {
        "prompt": record.prompt,
        "model": record.model,
        "parameters": {key: value for key, value in record.request.items() if key not in {"prompt", "model"}},
        "video": media,
        "id": record.id,
        "generation_id": record.generation_id,
        "client_request_id": record.client_request_id,
        "backend": record.backend,
        "submitted_at": _iso(record.created_at),
        "accepted_at": _iso(record.accepted_at),
        "finished_at": _iso(record.finished_at),
        "cost": cost(record),
        "cost_usd": record.usd,
        "estimated_usd": record.estimated_usd,
    }
    try:
        text = json.dumps(note, ensure_ascii=False, indent=2) + "\n"
        write_whole(final.with_suffix(".json"), text, alone=True)  # only the job's owner saves its video
    except OSError as error:
        raise DownloadError(_unwritable(final.parent, error)) from None


def _iso(at: float | None) -> str | None:
    return (
        None if at is None else datetime.fromtimestamp(at, tz=timezone.utc).isoformat(timespec="milliseconds")
    )
