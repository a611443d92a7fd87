"""Is the process gone that has become a member of a store? Said only where it is certain, and else the lease decides.

A token names a membership: boot, namespaces, process, start of the process, and a number of the membership itself. Who
finds it in a store, on the same machine, can look whether that process still runs; so a process that was killed and
started again need not wait for the lease of the one before.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import weakref
from pathlib import Path

_ENDED = {"Z", "X", "x"}

# The only state of a module in wio. Which memberships of this very process go on is a fact of the process, and of no
# journal: two journals on one store must agree on it.
_LIVING: weakref.WeakValueDictionary[str, Membership] = weakref.WeakValueDictionary()


class Membership:
    """Lives as long as it is referenced, its event loop is open, and nobody has ended it. `token` names it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        number = secrets.token_hex(16)
        self._loop = weakref.ref(loop)
        self._ended = False
        self.token = f"{_place()} {os.getpid()} {_started(os.getpid())} {number}"
        _LIVING[number] = self

    def end(self) -> None:
        """Make it be over."""
        self._ended = True

    def is_over(self) -> bool:
        """Return whether nothing can be done in it any more."""
        loop = self._loop()
        return self._ended or loop is None or loop.is_closed()


def is_gone(token: str) -> bool:
    """Return whether the membership is certainly over; False where that cannot be known from here.

    >>> is_gone("another-machine 12 3456 f00d")
    False
    """
    place, _, rest = token.partition(" ")
    parts = rest.split(" ")
    if len(parts) != 3 or not place or place != _place() or not parts[0].isdecimal():
        return False
    pid, started, number = int(parts[0]), parts[1], parts[2]
    if pid == os.getpid() and started == _started(pid):
        membership = _LIVING.get(number)
        return membership is None or membership.is_over()
    return _has_ended(pid, started)


def _has_ended(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # It is another user's, or this system does not say.
        pass
    now = _stat(pid)
    if now is None:
        return False
    state, start = now
    return start != started or (state in _ENDED and _threads(pid) <= 1)


def _place() -> str:
    """Return what names this boot and the namespaces in which processes are counted, "" where it is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    found = _stat(pid)
    return "?" if found is None else found[1]


def _stat(pid: int) -> tuple[str, str] | None:
    """Return the state of a process and when it was started, or None when the system does not show it."""
    try:
        # The name of the program, in brackets, may contain anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode(), fields[19].decode()
    except (OSError, IndexError):
        return None


def _threads(pid: int) -> int:
    """Return how many threads a process has; of one that has ended, at most one is left."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 2  # not known
