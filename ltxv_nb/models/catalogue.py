"""The service's models: read from its catalogue, kept in the home folder, refreshed in the background.

A cell never waits for the whole catalogue. The first use of a model reads that model's row and its schema;
the rest comes from the cache, and is read anew by a thread of its own, once a day at most.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from ltxv_nb.errors import APIError, LTXVError, UnknownModel
from ltxv_nb.models import content, price_list
from ltxv_nb.models import schema as schemas
from ltxv_nb.models.builtin import COMMON, builtin_models, find_model, unlisted_model
from ltxv_nb.models.listing import ModelList, aliases_of, model_of, usable_rows
from ltxv_nb.models.model import Model, Schema
from ltxv_nb.models.nearest import instead, missing_model_hint, similar_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ltxv_nb.models.cache import Cache
    from ltxv_nb.models.content import Row
    from ltxv_nb.models.price import PriceList

_log = logging.getLogger("ltxv_nb")

#: Seconds after which the catalogue, and the schema of a model that is used, is read anew in the background.
FRESH_SECONDS = 86_400.0
#: Seconds after a failure until the background tries again.
RETRY_SECONDS = 600.0


class Source(Protocol):
    """What the catalogue asks of the service; `ltxv_nb.service.api.Api` has it."""

    def catalogue(self, etag: str | None = None) -> tuple[Any, str | None] | None:
        """Return the whole catalogue and its ETag; ``None`` if it is still that of the ETag."""

    def catalogue_rows(self, name: str) -> Any:
        """Return the catalogue's rows of one id or alias."""

    def request_schema(self, address: object, model: str, kind: str) -> Any:
        """Return the published schema of a model's requests."""

    def all_percentiles(self) -> dict[str, dict[str, float]]:
        """Return the times of all models that have some, in milliseconds, by alias."""


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="ltxv-catalogue", daemon=True).start()


class Catalogue:
    """The models of one service.

    Parameters
    ----------
    source : Source
        The service.
    cache : Cache
        Its files in the home folder.
    clock : callable
        Returns unix time in seconds.
    background : callable
        Starts what it is given, and returns at once.
    """

    def __init__(
        self,
        source: Source,
        cache: Cache,
        *,
        clock: Callable[[], float] = time.time,
        background: Callable[[Callable[[], None]], None] = _in_background,
    ) -> None:
        self._source, self._cache = source, cache
        self._clock, self._background = clock, background
        self._lock = threading.Lock()  # held for accesses to what follows alone
        self._kept: dict[str, Any] | None = None
        self._loaded = False
        self._extra: dict[str, Row] = {}  # rows that were looked up one by one
        self._schemas: dict[str, Schema] = {}
        self._busy = False
        self._failed_at: float | None = None

    # -- models --------------------------------------------------------------------------------------------

    def models(self, *, refresh: bool = False) -> ModelList:
        """Return all living models; the built-in ones alone where no catalogue can be had.

        Raises
        ------
        APIError
            ``refresh`` was asked for, and the service did not answer with a catalogue.
        """
        if refresh:
            self.refresh()
        kept = self._content()
        if kept is None and not refresh:
            try:
                self.refresh()
            except LTXVError as error:
                note = f"These are the built-in models; the service's catalogue cannot be read: {error}"
                return ModelList(builtin_models(), note)
            kept = self._content()
        self.refresh_soon()
        return ModelList(self._model(row) for row in (kept or {}).get("data", ()))

    # Documented like `ltxv_nb.client.Client.model`, which is this for users.
    def find(self, name: str, *, guess: bool = False) -> Model:
        """Return a model by its id or an alias, in any case.

        Parameters
        ----------
        name : str
            As people write it.
        guess : bool
            Whether an id passes unchecked if there is no catalogue at all to look it up in.

        Raises
        ------
        UnknownModel
            There is no such model, or several are meant.
        """
        wanted = name.strip()
        self.refresh_soon()
        row = self._row(wanted)
        if row is not None:
            return self._model(row)
        if (built_in := find_model(wanted)) is not None:
            return self._missing(built_in) or built_in
        try:
            row = self._look_up(wanted)
        except LTXVError as error:
            return self._not_looked_up(wanted, error, guess=guess)
        if row is None:
            self._names_to_offer()  # reads the whole catalogue: the service's filter may mind upper case
            row = self._row(wanted)
        if row is None:
            raise self._unknown(wanted)
        return self._model(row)

    def remembered(self, name: str) -> Model | None:
        """Return a model with its parameters as far as they are kept here; nothing is asked for."""
        try:
            row = self._row(name.strip())
        except UnknownModel:  # two have that name by now
            row = None
        if row is None:
            return None
        schema = self._remembered_schema(row["id"])
        return None if schema is None else self._model(row, lambda: schema)

    def _remembered_schema(self, model_id: str) -> Schema | None:
        """Return a schema from memory or from the cache, however old."""
        with self._lock:
            known = self._schemas.get(model_id)
        if known is not None:
            return known
        kept = self._cache.read_schema(model_id)
        return _readable(kept.get("document"), model_id) if kept else None

    def kept(self) -> ModelList:
        """Return the models of the catalogue as it is kept here, else the built-in ones; nothing is asked."""
        content = self._content()
        rows = content["data"] if content else ()
        return ModelList([self._model(row) for row in rows] or builtin_models())

    def prices_of(self, model: Model) -> tuple[PriceList | None, float]:
        """Return a model's price list as it is kept, and when it was read, in unix seconds; asks nobody."""
        kept = self._content()
        try:
            row = self._row(model.id) if kept else None
        except UnknownModel:  # two have that name by now
            row = None
        prices = price_list.read(row.get("pricing")) if row is not None else None
        return prices, kept["checked_at"] if kept else 0.0

    def having(self, name: str, count: int = 3) -> list[Model]:
        """Return models with a parameter of a name or role, as far as it is known here; nothing is asked."""
        known = (model if model.read is None else self.remembered(model.id) for model in self.kept())
        found = (model for model in known if model is not None and model.parameter(name) is not None)
        return list(itertools.islice(found, count))

    def check_alive(self, model: Model) -> None:
        """Raise `UnknownModel` if a fresh catalogue lacks a model, and the service confirms that."""
        gone = self._missing(model)
        if gone is None or not self._is_fresh():
            self.refresh_soon()
            return
        try:
            if self._look_up(model.id) is not None:
                return
        except LTXVError:
            return  # nobody can tell: the service answers for it
        raise UnknownModel(
            f"{_since(gone)} {instead(gone, self.models())} Nothing was sent.".replace("  ", " ")
        )

    def hint(self, name: str) -> str:
        """Return a sentence with other models, for when the service has refused one as not found."""
        try:
            if not self._is_fresh():
                self.refresh()
            return missing_model_hint(name, self.models())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide the refusal itself
            _log.debug("the catalogue cannot be read: %s", error)
            return missing_model_hint(name)

    def _model(self, row: Row, read: Callable[[], Schema] | None = None) -> Model:
        names: tuple[str, ...] = (row["id"], *aliases_of(row))
        built_in = next((found for name in names if (found := find_model(name))), None)
        times = (self._content() or {}).get("metrics", {})
        known: dict[str, float] = next((times[name] for name in names if name in times), {})
        return model_of(row, built_in, percentiles=known, read=read or (lambda: self.schema(row)))

    def _row(self, name: str) -> Row | None:
        """Return the row of a model; by its id first, then by an alias that only one model has."""
        wanted = name.lower()
        rows: list[Row] = [*(self._content() or {}).get("data", ()), *self._extra.values()]
        same = next((row for row in rows if row["id"].lower() == wanted), None)
        if same is not None:
            return same
        found = {row["id"]: row for row in rows if wanted in {alias.lower() for alias in aliases_of(row)}}
        if len(found) > 1:
            listed = " and of ".join(sorted(found))
            raise UnknownModel(f"{name!r} is the name of {listed}: give the id of one.")
        alone = next(iter(found.values()), None)
        return alone or (self._row_of_schema(name) if self._content() is None else None)

    def _row_of_schema(self, name: str) -> Row | None:
        """Return the row that is kept with a schema, for a model used before any catalogue was read."""
        kept = self._cache.read_schema(name)
        return next(iter(usable_rows({"data": [kept.get("row")]})), None) if kept else None

    def _look_up(self, name: str) -> Row | None:
        """Ask the service for one model; a mistyped name costs this one question."""
        for row in usable_rows(self._source.catalogue_rows(name)):
            if name.lower() in {row["id"].lower(), *(alias.lower() for alias in aliases_of(row))}:
                with self._lock:
                    self._extra[row["id"]] = row
                return row
        return None

    def _not_looked_up(self, name: str, error: LTXVError, *, guess: bool) -> Model:
        """Return or refuse a model that the service could not be asked for."""
        kept = self._content()
        if kept is not None:
            raise self._unknown(name)
        if guess:
            return unlisted_model(name)
        raise UnknownModel(
            f"Nothing is known of {name!r}, for the service's catalogue cannot be read: {error} The built-in "
            f"models are {' and '.join(model.short_name for model in builtin_models())}."
        ) from None

    def _unknown(self, name: str) -> UnknownModel:
        """Return the error for a name that no model has, with what may have been meant."""
        gone = self._missing(unlisted_model(name))
        models = self._names_to_offer()
        if gone is not None:
            return UnknownModel(
                f"{_since(gone)} {instead(gone, models)} Nothing was sent.".replace("  ", " ")
            )
        near = similar_names(name, models)
        offered = f"Did you mean {' or '.join(near)}? " if near else ""
        return UnknownModel(
            f"There is no model {name!r}. {offered}`%ltxv models` lists them; nothing was sent."
        )

    def _names_to_offer(self) -> Iterable[Model]:
        return self.models() or builtin_models()

    def _missing(self, model: Model) -> Model | None:
        """Return a model that has disappeared from the catalogue, with the day since when; else ``None``."""
        missing = (self._content() or {}).get("missing", {})
        found = next((missing[name] for name in missing if name.lower() == model.id.lower()), None)
        if found is None:
            return None
        row = found.get("row")
        if row is not None and find_model(model.id) is None:
            model = self._model(row)
        known = {name: value for name, value in vars(model).items() if name != "missing_since"}
        return Model(**known, missing_since=found["since"])

    # -- the catalogue -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the catalogue now, unless it is still the same.

        Raises
        ------
        APIError
            The service did not answer, or not with a catalogue.
        """
        kept = self._content()
        now = self._clock()
        answer = self._source.catalogue(kept.get("etag") if kept else None)
        if answer is None and kept is not None:
            fresh = {**kept, "checked_at": now}
        else:
            document, etag = answer or (None, None)
            rows = usable_rows(document)
            if not rows:
                raise APIError("The service's catalogue lists no video models that can be read.")
            fresh = {
                "etag": etag,
                "checked_at": now,
                "data": rows,
                "missing": content.missing(kept, rows, now),
            }
        fresh["metrics"] = self._times(kept)
        with self._lock:
            self._kept, self._loaded, self._failed_at = fresh, True, None
        self._cache.write_catalogue(fresh, missing=bool(fresh["missing"]))

    def refresh_soon(self) -> None:
        """Have the catalogue read in the background, if it is due."""
        with self._lock:
            failed = self._failed_at is not None and abs(self._clock() - self._failed_at) < RETRY_SECONDS
            if self._busy or failed:
                return
            self._busy = True
        if self._is_fresh():
            with self._lock:
                self._busy = False
            return
        self._background(self._refresh_quietly)

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
        except Exception as error:  # noqa: BLE001 - nobody is there to be told; what is kept stays
            _log.debug("the catalogue cannot be read: %s", error)
            with self._lock:
                self._failed_at = self._clock()
        finally:
            with self._lock:
                self._busy = False

    def _is_fresh(self) -> bool:
        kept = self._content()
        return kept is not None and abs(self._clock() - kept["checked_at"]) < FRESH_SECONDS

    def _times(self, kept: Mapping[str, Any] | None) -> dict[str, dict[str, float]]:
        try:
            return self._source.all_percentiles()
        except LTXVError as error:
            _log.debug("no times of the models: %s", error)
            return dict(kept.get("metrics", {})) if kept else {}

    def _content(self) -> dict[str, Any] | None:
        """Return the catalogue as it is kept, from memory or from the home folder."""
        with self._lock:
            kept, loaded = self._kept, self._loaded
        if loaded:
            return kept
        read = content.checked(self._cache.read_catalogue())
        with self._lock:
            if not self._loaded:
                self._kept, self._loaded = read, True
            return self._kept

    # -- schemas -------------------------------------------------------------------------------------------

    def schema(self, row: Row) -> Schema:
        """Return what a model's published schema says, from memory, from the cache or from the service.

        What cannot be read is no error: then the usual parameters are sent unchecked, and the note says so.
        """
        model_id = row["id"]
        with self._lock:
            if model_id in self._schemas:
                return self._schemas[model_id]
        kept = self._cache.read_schema(model_id)
        found = _readable(kept.get("document"), model_id) if kept else None
        if found is not None and kept is not None:
            if abs(self._clock() - content.number(kept.get("read_at"))) > FRESH_SECONDS:
                self._background(lambda: self._renew(row))
        else:
            found = self._fetch(row)
        if not found.note:
            with self._lock:
                self._schemas[model_id] = found
        return found

    def _renew(self, row: Row) -> None:
        found = self._fetch(row)
        if not found.note:
            with self._lock:
                self._schemas[row["id"]] = found

    def _fetch(self, row: Row) -> Schema:
        """Read a schema from the service and keep it; the usual parameters stand in for a useless one."""
        info = row.get("info")
        address = info.get("docsJson") if isinstance(info, dict) else None
        try:
            document = self._source.request_schema(address, row["id"], str(row.get("type") or ""))
            found = schemas.read(document, row["id"])
        except (LTXVError, schemas.Unreadable, RecursionError) as error:
            return Schema(
                COMMON,
                open=True,
                note=f"The parameters of {row['id']} cannot be read ({str(error).rstrip('.')}): "
                "what you set is sent unchecked.",
            )
        self._cache.write_schema(row["id"], {"read_at": self._clock(), "row": row, "document": document})
        return found


def _readable(document: object, model_id: str) -> Schema | None:
    try:
        return schemas.read(document, model_id)
    except (schemas.Unreadable, RecursionError):
        return None


def _since(gone: Model) -> str:
    """Say since when a model is gone."""
    day = datetime.fromtimestamp(gone.missing_since or 0, tz=timezone.utc).strftime("%Y-%m-%d")
    return f"{gone.short_name} is not in the service's catalogue any more (since {day} or earlier)."
