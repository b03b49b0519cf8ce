"""``%ltxv login``: ask for the key without showing it, try it on a read that costs nothing, keep it."""

from __future__ import annotations

import getpass
import os

from ltxv_nb import settings
from ltxv_nb.errors import AuthenticationError, ConfigurationError, LTXVError
from ltxv_nb.key import ApiKey


def login() -> str:
    """Ask for the key and keep it: in the system's keyring if there is one, else in this process alone.

    Returns
    -------
    str
        One line on what the service said and where the key is kept.

    Raises
    ------
    ConfigurationError
        Nobody can be asked here, or what was typed is no key.
    AuthenticationError
        The service does not know the key; it is not kept.
    """
    key = ApiKey(_ask())
    balance = _try(key)
    settings.remember_for_session(key)
    if settings.remember_in_keyring(key):
        kept = f"The key {key} is in this computer's keyring"
    else:
        kept = f"The key {key} is kept for this session only, in memory (there is no keyring here)"
    shadow = next((name for name in settings.KEY_VARIABLES if os.environ.get(name, "").strip()), None)
    if shadow and os.environ[shadow].strip() != key.reveal():
        kept += f"; but {shadow} is set to another one, which goes first"
    return f"{kept}. {balance}"


def _ask() -> str:
    try:
        return getpass.getpass("AI/ML API key: ")
    except KeyboardInterrupt:
        raise
    except Exception as error:
        raise ConfigurationError(
            "The key cannot be asked for here: set AIMLAPI_API_KEY in the environment instead."
        ) from error


def _try(key: ApiKey) -> str:
    """Read the balance with the key; only a refusal of the key itself keeps it from being used."""
    from ltxv_nb.service.api import Api
    from ltxv_nb.service.backend import RemoteService

    api = Api(RemoteService(settings.load(api_key=key, backend="aimlapi")))
    try:
        return f"The service knows it; the balance is ${api.balance():,.2f}."
    except AuthenticationError:
        raise
    except LTXVError as error:
        return f"The service could not be asked about it now ({error})"
    finally:
        api.close()
