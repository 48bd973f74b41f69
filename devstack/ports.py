"""Ports for the parts: the previous ones if they are free, otherwise new ones.

In:       the names of the ports that nodes need, and their previous ports.
Out:      a free port for each name.
"""

import random
import socket
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

HOST = "127.0.0.1"
"""All parts listen here and nowhere else."""
RANGE = range(20_000, 32_000)
"""Below the range of outgoing connections, so that none takes a port before its part binds it."""
TRIES_MAX = 200

Name = TypeVar("Name", bound=Hashable)


def choose(names: Iterable[Name], remembered: Mapping[Name, int]) -> dict[Name, int]:
    """A port for each name, the previous one if possible.

    Raises:
        OSError: no free port was found in `TRIES_MAX` tries.
    """
    chosen: dict[Name, int] = {}
    for name in names:
        had = remembered.get(name)
        chosen[name] = had if had is not None and is_free(had) else _fresh(chosen.values())
    return chosen


def is_free(port: int) -> bool:
    """Whether a part can listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _fresh(taken: Iterable[int]) -> int:
    others = set(taken)
    for port in random.sample(RANGE, TRIES_MAX):
        if port not in others and is_free(port):
            return port
    raise OSError(f"no free port on {HOST} in {TRIES_MAX} tries between {RANGE.start} and {RANGE.stop}")
