"""In which ways may a part of a workflow end, and does anything happen on them?

A way is *at once* when it passes no step, so that nothing is waited for or recorded on it, and *later* when it passes
one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, reduce

import attrs

NOWHERE: frozenset[str] = frozenset()


@attrs.frozen(cache_hash=True)
class Ways:
    """Tells how a part may end or fail, at once or later, and whether it has a step that may be reached at all.

    It may also leave a region, at once or later. `undoes` tells that it may put an undo with a step on the list of a
    saga. `again_at_once` and `again_later` name the recursive parts around it that it may run again.
    """

    ends_at_once: bool = False
    ends_later: bool = False
    fails_at_once: bool = False
    fails_later: bool = False
    has_step: bool = False
    leaves_at_once: bool = False
    leaves_later: bool = False
    undoes: bool = False
    again_at_once: frozenset[str] = NOWHERE
    again_later: frozenset[str] = NOWHERE

    @property
    def ends(self) -> bool:
        """Tell whether it may end well."""
        return self.ends_at_once or self.ends_later

    @property
    def fails(self) -> bool:
        """Tell whether it may fail."""
        return self.fails_at_once or self.fails_later

    @property
    def leaves(self) -> bool:
        """Tell whether it may leave a region."""
        return self.leaves_at_once or self.leaves_later

    @property
    def only_at_once(self) -> bool:
        """Tell whether it always ends or fails at once, with nothing to wait for on any way."""
        return (self.ends_at_once or self.fails_at_once) and not self.has_step


NO_WAY = Ways()


@lru_cache(maxsize=1_024)
def then(first: Ways, second: Ways) -> Ways:
    """Return the ways of one part that is followed by another."""
    at_once, later = first.ends_at_once, first.ends_later
    reached = second if first.ends else NO_WAY
    return Ways(
        at_once and second.ends_at_once,
        (at_once and second.ends_later) or (later and second.ends),
        first.fails_at_once or (at_once and second.fails_at_once),
        first.fails_later or (at_once and second.fails_later) or (later and second.fails),
        first.has_step or reached.has_step,
        first.leaves_at_once or (at_once and second.leaves_at_once),
        first.leaves_later or (at_once and second.leaves_later) or (later and second.leaves),
        first.undoes or reached.undoes,
        first.again_at_once | (second.again_at_once if at_once else NOWHERE),
        first.again_later | reached.again_later | (second.again_at_once if later else NOWHERE),
    )


@lru_cache(maxsize=1_024)
def either(one: Ways, other: Ways) -> Ways:
    """Return the ways of a part that is one or the other."""
    return Ways(
        one.ends_at_once or other.ends_at_once,
        one.ends_later or other.ends_later,
        one.fails_at_once or other.fails_at_once,
        one.fails_later or other.fails_later,
        one.has_step or other.has_step,
        one.leaves_at_once or other.leaves_at_once,
        one.leaves_later or other.leaves_later,
        one.undoes or other.undoes,
        one.again_at_once | other.again_at_once,
        one.again_later | other.again_later,
    )


def any_of(ways: Iterable[Ways]) -> Ways:
    """Return the ways of a part that is one of several."""
    return reduce(either, ways, NO_WAY)


def failing(ways: Ways) -> Ways:
    """Return the ways of a part without its good ends."""
    return attrs.evolve(ways, ends_at_once=False, ends_later=False)


def ending(ways: Ways) -> Ways:
    """Return the ways of a part without its failures."""
    return attrs.evolve(ways, fails_at_once=False, fails_later=False)
