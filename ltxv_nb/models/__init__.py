"""What a model can be asked for: one `Model` with its `Parameter` entries says it for everything else.

The magic's options, the panel's controls, Tab completion, the request body, the sandbox's checks, the price
and the table in the docs are derived from these entries; nothing else knows a model's parameters. Two models
are built in; `ltxv_nb.models.catalogue` knows the service's others, and is loaded when they are asked for.
"""

from ltxv_nb.models.builtin import (
    builtin_models,
    default_model,
    find_model,
    model_choice,
    request_parameters,
    unlisted_model,
)
from ltxv_nb.models.model import Model
from ltxv_nb.models.parameter import Parameter
from ltxv_nb.models.price import Price

__all__ = [
    "Model",
    "Parameter",
    "Price",
    "builtin_models",
    "default_model",
    "find_model",
    "model_choice",
    "request_parameters",
    "unlisted_model",
]
