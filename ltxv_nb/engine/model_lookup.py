"""From a model's name to the model, and from a journal row back to the request that it was."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.journal import first_frames
from ltxv_nb.models import builtin_models, find_model, unlisted_model
from ltxv_nb.models.builtin import sandbox_prices
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ltxv_nb.journal import Record
    from ltxv_nb.models import Model
    from ltxv_nb.models.cache import Cache
    from ltxv_nb.models.catalogue import Catalogue
    from ltxv_nb.models.listing import ModelList
    from ltxv_nb.models.price import PriceList


class ModelLookup:
    """What is known of models; the built-in ones load nothing of the catalogue.

    Parameters
    ----------
    new_catalogue : callable
        Makes the catalogue, when another model is first asked for.
    cache : Cache
        What is kept of it.
    home : Path
        The journal's folder.
    """

    def __init__(self, new_catalogue: Callable[[], Catalogue], cache: Cache, home: Path) -> None:
        self._new_catalogue = new_catalogue
        self._cache, self._home = cache, home

    @functools.cached_property
    def catalogue(self) -> Catalogue:
        """The service's models."""
        return self._new_catalogue()

    def find(self, name: str) -> Model:
        """Return a model by its id or an alias; raises `UnknownModel` if the service has none."""
        return find_model(name) or self.catalogue.find(name, guess=True)

    def remembered(self, name: str) -> Model | None:
        """Return what is known of a model here and now; nothing is asked for it."""
        found = find_model(name)
        return self.catalogue.remembered(name) if found is None and self._cache.exists() else found

    def known(self) -> ModelList:
        """Return the models that are known here and now; nothing is asked for them."""
        from ltxv_nb.models.listing import ModelList

        return self.catalogue.kept() if self._cache.exists() else ModelList(builtin_models())

    def prices_of(self, model: Model) -> tuple[PriceList | None, float | None]:
        """Return a model's price list, and when it was read from the service (unix seconds).

        That is ``None`` for a list that is not from the kept catalogue; nothing is asked of the service.
        """
        kept, read_at = self.catalogue.prices_of(model) if self._cache.exists() else (None, None)
        if kept is not None:
            return kept, read_at
        return (sandbox_prices(model) if self._cache.origin == "sandbox" else None) or model.prices, None

    def names(self) -> list[str]:
        """Return the ids and aliases of the models that are known here and now."""
        return [name for model in self.known() for name in (model.id, *model.aliases)]

    def with_parameter(self, name: str) -> list[Model]:
        """Return a few models with a parameter, as far as they are known here; nothing is asked for them."""
        return self.catalogue.having(name)

    def hint(self, name: str) -> str:
        """Return a sentence with other models, for when the service has refused one as not found."""
        return self.catalogue.hint(name)

    def checked(self, request: GenerationRequest) -> GenerationRequest:
        """Return a request checked by its model, if so far only the model's name was known.

        Raises
        ------
        UnknownModel
            The service has no such model, or not any more.
        RequestError
            The model does not allow a value, or has no such parameter.
        """
        if not request.spec.listed and (model := self.find(request.model)).listed:
            request = request.replace(model=model)
        if self._cache.names_missing_models():
            self.catalogue.check_alive(request.spec)
        return request

    def request_of(self, record: Record) -> GenerationRequest:
        """Return what a journal row asked for; nothing is asked of the service."""
        return self.request_from({"model": record.model, **record.request})

    def request_from(self, asked: Mapping[str, Any]) -> GenerationRequest:
        """Return what the journal has written down of a request; nothing is asked of the service."""
        values = first_frames.sources(asked, self._home)
        name = str(values.pop("model"))
        try:
            return GenerationRequest.of({**values, "model": self.remembered(name) or unlisted_model(name)})
        except RequestError:  # the model takes something else by now
            return GenerationRequest.of({**values, "model": unlisted_model(name)})
