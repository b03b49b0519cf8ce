"""A misbehaving service, and clients of it that do not wait long."""

from __future__ import annotations

import contextlib

import pytest

from .fast import hurry, make_client
from .service import FaultService


@pytest.fixture
def service():
    with FaultService() as running:
        yield running


@pytest.fixture
def new_client(service, tmp_path, monkeypatch):
    """Make clients of one home; each is closed at the end."""
    hurry(monkeypatch.setattr)
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(make_client(service.base_url, tmp_path, **options))


@pytest.fixture
def client(new_client):
    return new_client()
