"""Who follows all changes of a store? Subscribers, by name; each has a durable position in the feed.

    instances --- a change of run state, where anybody follows ---> feed: 1 2 3 4 5 6 ...
                                                       "audit" has passed ^   ^ "billing" has

The feed is on as long as there is a subscriber. A new one is told first how all instances stand. What every subscriber
has passed is deleted.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Subscriber:
    """Is who follows the feed. `cursor` is that of the last change that it has passed; `behind` are how many wait."""

    name: str
    cursor: int
    behind: int
