"""How does what was published leave a store? In lanes: in each, one member at a time delivers for an instance.

    commit ----> outbox: order-7 "" [3, 9, 12] --- deliveries(...) ---> a member, which publishes 3, then 9
                                               <-- delivered(9) ------ and has them deleted

A member that goes away leaves what it was about to deliver to others, who begin with the first message that is still
there. So a message may be delivered twice, but none before those that precede it.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from journals.entries import Published

MOST_AT_ONCE = 100
"""Is up to how many messages of an instance are given out at once."""


@attrs.frozen
class Delivery:
    """Is what one member is to deliver for an instance now: its first messages in a lane, in order.

    `failures` counts how often it has failed since the last success.
    """

    instance_id: str
    lane: str
    messages: tuple[Published, ...]
    failures: int


@attrs.frozen
class Deliveries:
    """Is what a member got to deliver. `next_due` is when there is more that has failed before, or None."""

    deliveries: tuple[Delivery, ...]
    next_due: datetime | None


@attrs.frozen
class Delivered:
    """Says how a delivery has ended: `through` is the number of the last message that has arrived, 0 for none.

    `error` says why the next one did not, None when none failed; `retry_at` is when it is to be tried again.
    """

    instance_id: str
    lane: str
    through: int
    error: str | None = None
    retry_at: datetime | None = None


@attrs.frozen
class Undelivered:
    """Is what waits in a lane of the outbox for an instance, for people. `error` is why the last try failed."""

    instance_id: str
    lane: str
    count: int
    oldest: datetime
    failures: int
    retry_at: datetime | None
    error: str | None
