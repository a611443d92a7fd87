"""Where is a step? Its address: the path of scopes to it, then its name, then its occurrence there.

    reserve                      a step of the workflow itself
    reserve#2                    the second step of that name in the same scope
    poll[3]/check                a step in round 3 of the loop `poll`
    risk[large]/review           a step in the arm `large` of the branch `risk`
    !CardDeclined/refund         a step in the handler of an error (`!error` when it takes every error)
    delivery/pack                a step in the part named `delivery`

Steps, branches, loops, handlers and parts count their occurrences together. A chain, of any length, is flat:
the 10,000th step of a `flat_map` recursion is `check#10000`.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

_BITS = 5
_MASK = (1 << _BITS) - 1
_SMALL = 8

_Branches: TypeAlias = "tuple[_Trie, ...]"
_Trie: TypeAlias = "dict[str, int] | _Branches"
"""Is a small dict of names and counts, or 32 tries that share the names by the bits of their hashes."""

_EMPTY: dict[str, int] = {}


def _count(trie: _Trie, name: str) -> int:
    bits = hash(name)
    while isinstance(trie, tuple):
        trie = trie[bits & _MASK]
        bits >>= _BITS
    return trie.get(name, 0)


def _counted(trie: _Trie, name: str, count: int, bits: int, depth: int = 0) -> _Trie:
    """Return the trie with another count for a name; it shares all but one path, of at most 12 nodes, with `trie`."""
    if isinstance(trie, tuple):
        index = bits & _MASK
        changed = _counted(trie[index], name, count, bits >> _BITS, depth + 1)
        return (*trie[:index], changed, *trie[index + 1 :])
    if len(trie) < _SMALL or name in trie or depth >= 12:
        return {**trie, name: count}
    split: _Trie = (_EMPTY,) * (_MASK + 1)
    for other, other_count in trie.items():
        split = _counted(split, other, other_count, hash(other) >> (_BITS * depth), depth)
    return _counted(split, name, count, bits, depth)


class Scope(Struct, frozen=True, eq=False, gc=False):
    """Is a part of a workflow inside which names are counted. `prefix` is its path, "" or ending in a slash."""

    prefix: str = ""
    _counts: _Trie = _EMPTY

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
            count = _count(counts, name) + 1
            counted = Scope(self.prefix, _counted(counts, name, count, hash(name)))
        return (self.prefix + name if count == 1 else f"{self.prefix}{name}#{count}"), counted


def round_scope(loop_address: str, round_number: int) -> Scope:
    """Return the scope of one round, counted from 1, of the loop at an address."""
    return Scope(f"{loop_address}[{round_number}]/")


def arm_scope(branch_address: str, arm: str) -> Scope:
    """Return the scope of the arm that the branch at an address takes."""
    return Scope(f"{branch_address}[{arm}]/")


def part_scope(part_address: str) -> Scope:
    """Return the scope inside the handler or named part at an address."""
    return Scope(f"{part_address}/")


def handler_name(on: type[object] | None) -> str:
    """Return the name under which the handler of an error type, or of every error, is counted."""
    return f"!{on.__name__}" if on is not None else "!error"
