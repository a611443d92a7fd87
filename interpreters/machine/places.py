"""Where does an execution stand? The place at an address, and everything that stands somewhere."""

from __future__ import annotations

from interpreters.machine.execution import Active, Execution

_FEW = 4
"""Is how many threads are looked at one by one: there, an address of any length and depth costs the same."""


def place_at(execution: Execution, address: str) -> Active | None:
    """Return the place at an address, or None. Its thread has one of the prefixes of the address."""
    threads = execution.threads
    if len(threads) <= _FEW:
        return next(
            (place for place in threads.values() if isinstance(place, Active) and place.address == address), None
        )
    end = address.rfind("/") + 1
    while True:
        place = threads.find(address[:end])
        if isinstance(place, Active) and place.address == address:
            return place
        if end == 0:
            return None
        end = address.rfind("/", 0, end - 1) + 1


def places(execution: Execution) -> list[Active]:
    """Return every place at which a thread stands, in an order that is the same in every process."""
    found = [place for place in execution.threads.values() if isinstance(place, Active)]
    return sorted(found, key=_address) if len(found) > 1 else found


def _address(active: Active) -> str:
    return active.address
