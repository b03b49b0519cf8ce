"""LTXV-2 video generation in the notebook."""

from ltxv_nb._version import __version__

__all__ = ["__version__"]
