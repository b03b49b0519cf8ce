"""What a model can be asked for: one `Model` with its `Parameter` entries says it for everything else.

The magic's options, the panel's controls, Tab completion, the request body, the sandbox's checks and the
table in the docs are derived from these entries; nothing else knows a model's parameters.
"""

from ltxv_nb.models.builtin import (
    builtin_models,
    default_model,
    find_model,
    missing_model_hint,
    model_choice,
    request_parameters,
)
from ltxv_nb.models.model import Model
from ltxv_nb.models.parameter import Parameter

__all__ = [
    "Model",
    "Parameter",
    "builtin_models",
    "default_model",
    "find_model",
    "missing_model_hint",
    "model_choice",
    "request_parameters",
]
