"""How is work kept under way, so much of it at once? Each place takes the next number as soon as its last is done."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

import attrs


@attrs.frozen
class Turns:
    """Holds how long all of it took, and how long each piece from its start to its end, in seconds."""

    seconds: float
    each_seconds: tuple[float, ...]


async def take_turns(work: Callable[[int], Awaitable[None]], times: int, concurrency: int) -> Turns:
    """Do a piece of work so many times, at most `concurrency` at once.

    >>> async def nothing(number: int) -> None:
    ...     assert 0 <= number < 5
    >>> len(asyncio.run(take_turns(nothing, 5, 2)).each_seconds)
    5
    """
    numbers = itertools.count()
    each_seconds: list[float] = []

    async def one_place() -> None:
        while (number := next(numbers)) < times:
            started = time.perf_counter()
            await work(number)
            each_seconds.append(time.perf_counter() - started)

    begun = time.perf_counter()
    await asyncio.gather(*(one_place() for _ in range(concurrency)))
    return Turns(time.perf_counter() - begun, tuple(each_seconds))
