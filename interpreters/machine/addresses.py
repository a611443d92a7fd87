"""Where is a step? Its address: the path of scopes to it, then its name, then its occurrence there.

    reserve                      a step of the workflow itself
    reserve#2                    the second step of that name in the same scope
    poll[3]/check                a step in round 3 of the loop `poll`
    risk[large]/review           a step in the arm `large` of the branch `risk`
    !CardDeclined/refund         a step in the handler of an error (`!error` when it takes every error)
    delivery/pack                a step in the part named `delivery`
    parallel[card]/charge        a step in the branch `card` of a parallel part
    each[page 7]/read            a step for the element `page 7`
    order[paid#2]/ship           a step in the second visit to the state `paid`

Steps, branches, loops, handlers and parts count their occurrences together. A chain, of any length, is flat:
the 10,000th step of a `flat_map` recursion is `check#10000`.
"""

from __future__ import annotations

from msgspec import Struct

from interpreters.machine.maps import EMPTY, Trie, changed, found

_SMALL = 8


class Scope(Struct, frozen=True, eq=False, gc=False):
    """Is a part of a workflow inside which names are counted. `prefix` is its path, "" or ending in a slash."""

    prefix: str = ""
    _counts: Trie = EMPTY

    def place(self, name: str) -> tuple[str, Scope]:
        """Return the address of the next place called `name`, and this scope with the place counted.

        >>> scope = Scope()
        >>> first, scope = scope.place("charge")
        >>> second, scope = scope.place("charge")
        >>> first, second
        ('charge', 'charge#2')
        """
        counts = self._counts
        if isinstance(counts, dict) and (len(counts) < _SMALL or name in counts):
            count = counts.get(name, 0) + 1
            counted = Scope(self.prefix, {**counts, name: count})
        else:
            count = found(counts, name, 0) + 1
            counted = Scope(self.prefix, changed(counts, name, count))
        return (self.prefix + name if count == 1 else f"{self.prefix}{name}#{count}"), counted


def round_scope(loop_address: str, round_number: int) -> Scope:
    """Return the scope of one round, counted from 1, of the loop at an address."""
    return Scope(f"{loop_address}[{round_number}]/")


def arm_scope(address: str, arm: str) -> Scope:
    """Return the scope of one arm of the branch, or one branch of the joint, at an address."""
    return Scope(f"{address}[{arm}]/")


def numbered(name: str, number: int) -> str:
    """Return a name, with its number from the second time on."""
    return name if number == 1 else f"{name}#{number}"


def part_scope(part_address: str) -> Scope:
    """Return the scope inside the handler or named part at an address."""
    return Scope(f"{part_address}/")


def handler_name(on: type[object] | None) -> str:
    """Return the name under which the handler of an error type, or of every error, is counted."""
    return f"!{on.__name__}" if on is not None else "!error"
