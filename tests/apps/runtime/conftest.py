import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runtime.backing import remove_backing, temporary_directory


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where PostgreSQL's own account can go, unlike pytest's directories under root."""
    made = temporary_directory()
    yield made
    remove_backing(directory=made)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server
