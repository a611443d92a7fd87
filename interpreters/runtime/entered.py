"""What do a runtime and a client have in common? A journal, and that they can be used inside `async with` only."""

from __future__ import annotations

from abc import ABC, abstractmethod

from journals.ports import Journal


class Entered(ABC):
    """Is what can be used inside `async with`."""

    journal: Journal

    @abstractmethod
    def _check_running(self) -> None:
        """Raise `RuntimeStopped` outside `async with`."""
