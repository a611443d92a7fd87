"""Where does an execution stand? The place at an address, and everything that stands somewhere."""

from __future__ import annotations

from interpreters.machine.checkpoints import covers
from interpreters.machine.execution import Active, Ahead, Execution

_FEW = 4
"""Is how many threads are looked at one by one: there, an address of any length and depth costs the same."""


def place_at(execution: Execution, address: str) -> Active | None:
    """Return the place at an address, or None. Its thread has one of the prefixes of the address."""
    threads = execution.threads
    if len(threads) <= _FEW:
        for here in threads.values():
            if isinstance(here, Active) and here.address == address:
                return here
        return None
    if address.endswith("]"):  # what stands at its own scope: an undo that has failed
        place = threads.find(f"{address}/")
        if isinstance(place, Active) and place.address == address:
            return place
    end = address.rfind("/") + 1
    while True:
        place = threads.find(address[:end])
        if isinstance(place, Active) and place.address == address:
            return place
        if end == 0:
            return None
        end = address.rfind("/", 0, end - 1) + 1


def place_over(execution: Execution, address: str) -> Active | None:
    """Return the place at which a recovery waits for the checkpoint of the part that an address is inside, or None."""
    threads = execution.threads
    end = address.rfind("/") + 1
    while True:
        place = threads.find(address[:end])
        if isinstance(place, Active) and isinstance(place.standing, Ahead) and covers(place.standing.part, address):
            return place
        if end == 0:
            return None
        end = address.rfind("/", 0, end - 1) + 1


def passes_over(execution: Execution, but: Active | None = None) -> bool:
    """Tell whether a recovery passes over a part now, other than that at `but`: something may still be in it."""
    if not execution.recovering:
        return False
    standing = (place for place in execution.threads.values() if isinstance(place, Active) and place is not but)
    return any(isinstance(place.standing, Ahead) for place in standing)


def places(execution: Execution) -> list[Active]:
    """Return every place at which a thread stands, in an order that is the same in every process."""
    found = [place for place in execution.threads.values() if isinstance(place, Active)]
    return sorted(found, key=_address) if len(found) > 1 else found


def _address(active: Active) -> str:
    return active.address
