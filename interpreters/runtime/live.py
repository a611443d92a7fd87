"""What does a runtime hold of an instance that is in memory? Its execution, and who waits for it.

This is the only mutable state of the runtime. It belongs to one event loop. A suspended instance without
anybody waiting may be dropped at any time: the journal has all of it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from interpreters.machine.execution import Execution
from interpreters.machine.pending import Pending
from journals.entries import Status


class Live:
    """Is one instance in memory. `lock` guards every change from decision to adoption."""

    __slots__ = (
        "abandoned",
        "driver",
        "execution",
        "id",
        "kept_waiters",
        "lock",
        "pending",
        "result_waiters",
        "status",
    )

    def __init__(self, instance_id: str) -> None:
        self.id = instance_id
        self.lock = asyncio.Lock()
        self.execution: Execution | None = None
        self.pending: Pending | None = None
        self.status: Status | None = None
        # The journal says that an effect is in flight, but it is not in flight here: its process is gone.
        self.abandoned = False
        self.driver: asyncio.Task[None] | None = None
        self.result_waiters: set[asyncio.Future[None]] = set()
        self.kept_waiters: dict[int, asyncio.Future[Any]] = {}

    @property
    def idle(self) -> bool:
        """Tell whether nothing runs here and nobody waits."""
        return self.driver is None and not self.lock.locked() and not self.result_waiters and not self.kept_waiters

    def forget(self) -> None:
        """Drop the execution: the next use reads the journal again."""
        self.execution = self.pending = self.status = None
        self.abandoned = False

    def wake_result_waiters(self, error: BaseException | None = None) -> None:
        """Let everybody who waits for the result look again, or fail."""
        waiters, self.result_waiters = self.result_waiters, set()
        for waiter in waiters:
            _settle(waiter, None, error)

    def answer_kept(self, seq: int, response: Any) -> None:
        """Give the sender of a kept signal its response."""
        waiter = self.kept_waiters.pop(seq, None)
        if waiter is not None:
            _settle(waiter, response, None)

    def refuse_kept(self, error: BaseException) -> None:
        """Tell the senders of all kept signals that they will not be handled here."""
        waiters, self.kept_waiters = self.kept_waiters, {}
        for waiter in waiters.values():
            _settle(waiter, None, error)


def _settle(waiter: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if waiter.done():
        return
    if error is None:
        waiter.set_result(value)
    else:
        waiter.set_exception(error)


class LiveInstances:
    """Holds the instances in memory: all that are busy, and the most recently used of the others."""

    def __init__(self, most_idle: int) -> None:
        self._most = most_idle
        self._by_id: OrderedDict[str, Live] = OrderedDict()

    def get(self, instance_id: str) -> Live:
        """Return the instance with this id, present or not yet loaded."""
        live = self._by_id.get(instance_id)
        if live is None:
            live = self._by_id[instance_id] = Live(instance_id)
            self._drop_idle()
        else:
            self._by_id.move_to_end(instance_id)
        return live

    def all(self) -> tuple[Live, ...]:
        """Return everything that is in memory."""
        return tuple(self._by_id.values())

    def _drop_idle(self) -> None:
        """Look at the longest unused ones only, so that many busy ones cost nothing."""
        excess = min(len(self._by_id) - self._most, 2)
        for instance_id in [id_ for id_, _ in zip(self._by_id, range(excess), strict=False)]:
            if self._by_id[instance_id].idle:
                del self._by_id[instance_id]
            else:
                self._by_id.move_to_end(instance_id)
