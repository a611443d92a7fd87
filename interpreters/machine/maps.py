"""How does a machine value hold many things, and change one of them quickly? A map that is never changed in place.

Up to eight entries are a dict. More of them are spread over 32 smaller maps by the bits of their hashes, so that a
change copies one path, of a length that grows with the logarithm of the size. Its order is that of the hashes, which
differs from process to process: nothing may be decided by it.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Generic, TypeAlias, TypeVar, cast

V = TypeVar("V")

_BITS = 5
_MASK = (1 << _BITS) - 1
_SMALL = 8
_DEEPEST = 12

Branches: TypeAlias = "tuple[Trie, ...]"
Trie: TypeAlias = "dict[str, Any] | Branches"

EMPTY: dict[str, Any] = {}


def found(trie: Trie, key: str, default: Any) -> Any:
    """Return the value of a key, or the default."""
    bits = hash(key)
    while isinstance(trie, tuple):
        trie = trie[bits & _MASK]
        bits >>= _BITS
    return trie.get(key, default)


def changed(trie: Trie, key: str, value: Any) -> Trie:
    """Return the trie with another value for a key; it shares all but one path with `trie`."""
    if isinstance(trie, dict) and (len(trie) < _SMALL or key in trie):
        return {**trie, key: value}
    return _changed(trie, key, value, hash(key), 0)


def _changed(trie: Trie, key: str, value: Any, bits: int, depth: int) -> Trie:
    if isinstance(trie, tuple):
        index = bits & _MASK
        within = _changed(trie[index], key, value, bits >> _BITS, depth + 1)
        return (*trie[:index], within, *trie[index + 1 :])
    if len(trie) < _SMALL or key in trie or depth >= _DEEPEST:
        return {**trie, key: value}
    split: Trie = (EMPTY,) * (_MASK + 1)
    for other, other_value in trie.items():
        split = _changed(split, other, other_value, hash(other) >> (_BITS * depth), depth)
    return _changed(split, key, value, bits, depth)


def _removed(trie: Trie, key: str, bits: int) -> Trie:
    if isinstance(trie, tuple):
        index = bits & _MASK
        within = _removed(trie[index], key, bits >> _BITS)
        return (*trie[:index], within, *trie[index + 1 :])
    return {other: value for other, value in trie.items() if other != key}


def _items(trie: Trie) -> Iterator[tuple[str, Any]]:
    if isinstance(trie, tuple):
        for each in trie:
            yield from _items(each)
    else:
        yield from trie.items()


class Map(Mapping[str, V], Generic[V]):
    """Is a frozen mapping from names; `with_` and `without` make the next one in a time that hardly grows."""

    __slots__ = ("_size", "_trie")

    def __init__(self, trie: Trie = EMPTY, size: int = 0) -> None:
        self._trie = trie
        self._size = size

    # Most maps are small, so each method looks at a dict first, without a call.

    def __getitem__(self, key: str) -> V:
        trie = self._trie
        value: V = trie[key] if isinstance(trie, dict) else found(trie, key, _MISSING)
        if value is _MISSING:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        trie = self._trie
        return key in trie if isinstance(trie, dict) else found(trie, cast(str, key), _MISSING) is not _MISSING

    def __iter__(self) -> Iterator[str]:
        trie = self._trie
        return iter(trie) if isinstance(trie, dict) else (key for key, _ in _items(trie))

    def __len__(self) -> int:
        return self._size

    def items(self) -> ItemsView[str, V]:
        """Return the keys with their values."""
        trie = self._trie
        return trie.items() if isinstance(trie, dict) else dict(_items(trie)).items()

    def values(self) -> ValuesView[V]:
        """Return the values."""
        trie = self._trie
        return trie.values() if isinstance(trie, dict) else dict(_items(trie)).values()

    def find(self, key: str) -> V | None:
        """Return the value of a key, or None."""
        trie = self._trie
        value: V | None = trie.get(key) if isinstance(trie, dict) else found(trie, key, None)
        return value

    def with_(self, key: str, value: V) -> Map[V]:
        """Return the map with another value for a key."""
        trie = self._trie
        if isinstance(trie, dict) and (len(trie) < _SMALL or key in trie):
            larger = {**trie, key: value}
            return Map(larger, len(larger))
        is_new = found(trie, key, _MISSING) is _MISSING
        return Map(changed(trie, key, value), self._size + is_new)

    def without(self, key: str) -> Map[V]:
        """Return the map without a key."""
        trie = self._trie
        if isinstance(trie, dict):
            if key not in trie:
                return self
            smaller = trie.copy()
            del smaller[key]
            return Map(smaller, len(smaller))
        if found(trie, key, _MISSING) is _MISSING:
            return self
        return Map(_removed(trie, key, hash(key)), self._size - 1) if self._size > 1 else Map()


_MISSING = object()
