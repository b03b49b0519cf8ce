"""A misbehaving service and a client that does not wait long."""

from .fixtures import client, new_client, service

__all__ = ["client", "new_client", "service"]
