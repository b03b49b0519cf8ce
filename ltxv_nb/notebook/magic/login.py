"""``%ltxv login``: ask for the key without showing it, try it with a request that costs nothing, save it."""

from __future__ import annotations

import getpass
import os

from ltxv_nb import settings
from ltxv_nb.errors import AuthenticationError, ConfigurationError, LTXVError
from ltxv_nb.key import ApiKey


def login() -> str:
    """Ask for the key and save it: in the system's keyring if there is one, else in this process alone.

    Returns
    -------
    str
        One line on the service's answer and where the key is.

    Raises
    ------
    ConfigurationError
        There is no one to ask here, what was typed is not a key, or the environment keeps this process in the
        sandbox.
    AuthenticationError
        The service does not know the key; it is not saved.
    """
    if settings.is_pinned():
        raise ConfigurationError(settings.PINNED)
    key = ApiKey(_ask())
    balance = _try(key)
    settings.remember_for_session(key)
    if settings.remember_in_keyring(key):
        where = f"The key {key} is saved in this computer's keyring"
    else:
        where = f"The key {key} is kept in memory for this session only (there is no keyring here)"
    shadow = next((name for name in settings.KEY_VARIABLES if os.environ.get(name, "").strip()), None)
    if shadow and os.environ[shadow].strip() != key.reveal():
        where += f"; but {shadow} is set to another key, which takes precedence"
    return f"{where}. {balance}"


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
    """Read the balance with the key; only a refusal of the key itself is an error."""
    from ltxv_nb.service.api import Api
    from ltxv_nb.service.backend import RemoteService

    api = Api(RemoteService(settings.load(api_key=key, backend="aimlapi")))
    try:
        return f"The service accepts it; the balance is ${api.balance():,.2f}."
    except AuthenticationError:
        raise
    except LTXVError as error:
        return f"The service could not check it now ({error})"
    finally:
        api.close()
