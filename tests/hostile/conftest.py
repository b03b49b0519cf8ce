"""The misbehaving service with its books, quick clients of it, and raw sockets."""

from __future__ import annotations

import contextlib

import pytest
from faults.fixtures import client, new_client, service

from .sockets import RawServer

__all__ = ["client", "new_client", "raw_server", "service"]


@pytest.fixture
def raw_server():
    """Make servers on loopback that treat each connection as a function says; each is closed at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda act: stack.enter_context(RawServer(act))
