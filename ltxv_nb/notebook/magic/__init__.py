"""``%%ltxv`` and ``%ltxv``."""
