"""Downloads by other libraries, which would wait for ever where a network does not answer."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

PATIENCE = 30  # seconds until a network that does not answer counts as absent


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """Let unanswered connections time out."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
