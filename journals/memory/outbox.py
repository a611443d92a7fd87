"""What waits in the outbox of a journal in memory, and who delivers it?"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import attrs

from journals.entries import Published
from journals.outbox import MOST_AT_ONCE, Delivered, Deliveries, Delivery, Undelivered
from journals.scrubbing import bare


@attrs.define
class _Queue:
    """Is what waits for one instance in one lane; `claimed` is the epoch of who delivers it."""

    due: datetime
    messages: deque[Published] = attrs.field(factory=deque[Published])
    claimed: int | None = None
    failures: int = 0
    error: str | None = None


class Outbox:
    """Holds what the instances of a journal in memory have published, until it is delivered."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._last_number = 0

    def put(self, published: Sequence[Published]) -> None:
        """Keep messages, behind those that are there."""
        for message in published:
            self._last_number += 1
            queue = self._queues.setdefault((message.lane, message.instance_id), _Queue(message.at))
            queue.messages.append(attrs.evolve(message, number=self._last_number))

    def claim(
        self,
        epoch: int,
        lanes: Collection[str],
        most: int,
        holding: Collection[str],
        now: datetime,
        is_member: Callable[[int], bool],
    ) -> Deliveries:
        """Let a member deliver what is due and what no other member delivers."""
        free = [
            (queue.due, lane, instance_id)
            for (lane, instance_id), queue in self._queues.items()
            if lane in lanes and instance_id not in holding and not self._is_anothers(queue, epoch, is_member)
        ]
        due = sorted(each for each in free if each[0] <= now)[: max(most, 0)]
        return Deliveries(
            tuple(self._claimed(epoch, lane, instance_id) for _, lane, instance_id in due),
            min((at for at, _, _ in free if at > now), default=None),
        )

    def _is_anothers(self, queue: _Queue, epoch: int, is_member: Callable[[int], bool]) -> bool:
        return queue.claimed is not None and queue.claimed != epoch and is_member(queue.claimed)

    def _claimed(self, epoch: int, lane: str, instance_id: str) -> Delivery:
        queue = self._queues[lane, instance_id]
        queue.claimed = epoch
        return Delivery(instance_id, lane, tuple(queue.messages)[:MOST_AT_ONCE], queue.failures)

    def leave_to_others(self, is_member: Callable[[int], bool]) -> bool:
        """Let others deliver what somebody was about to who is no member any more. Return whether there is anything."""
        left = [each for each in self._queues.values() if each.claimed is not None and not is_member(each.claimed)]
        for queue in left:
            queue.claimed = None
        return bool(left)

    def delivered(self, epoch: int, delivered: Sequence[Delivered]) -> None:
        """Delete what has arrived. Who does not deliver any more deletes it, too, but says nothing of the rest."""
        for each in delivered:
            queue = self._queues.get((each.lane, each.instance_id))
            if queue is None:
                continue
            while queue.messages and queue.messages[0].number <= each.through:
                queue.messages.popleft()
            if not queue.messages:
                del self._queues[each.lane, each.instance_id]
            elif queue.claimed == epoch:
                queue.claimed, queue.due, queue.error = None, each.retry_at or queue.due, each.error
                queue.failures = 0 if each.error is None else 1 if each.through else queue.failures + 1

    def forget(self, instance_id: str) -> None:
        """Drop what waits for the publisher; leave in other lanes the names, without a word of why they failed."""
        self._queues.pop(("", instance_id), None)
        for (_, of), queue in self._queues.items():
            if of == instance_id:
                queue.messages = deque(attrs.evolve(each, payload=bare(each.payload)) for each in queue.messages)
                queue.error = None if queue.error is None else ""

    def all(self, most: int) -> tuple[Undelivered, ...]:
        """Return what waits, the oldest first."""
        found = [
            Undelivered(
                instance_id,
                lane,
                len(queue.messages),
                queue.messages[0].at,
                queue.failures,
                queue.due if queue.error is not None else None,
                queue.error,
            )
            for (lane, instance_id), queue in self._queues.items()
        ]
        return tuple(sorted(found, key=lambda each: (each.oldest, each.instance_id, each.lane))[:most])
