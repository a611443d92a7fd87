"""Which entries do not count any more? Those from an earlier place on, to which an operator has gone back.

They stay in the journal, where everybody can read them. A replay passes over them: the instance stands where it stood
before the first of them, with the entry that says so as its last. Signals that were kept meanwhile are kept again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias, cast

from msgspec.structs import replace

from interpreters.machine.entries.holding import let_go
from interpreters.machine.execution import Execution
from interpreters.machine.recorded import WentBack
from interpreters.machine.trail import trailed
from journals.codecs import Codec, CodecError
from journals.entries import Entry, Kind

Void: TypeAlias = tuple[tuple[int, int], ...]
"""Are runs of entries that do not count, each by the numbers of its first and its last, in order."""


class WentBackLater(Exception):
    """Tells a recovery that what it has applied does not count, or not all of it. Nobody else ever sees it."""

    def __init__(self, void: Void) -> None:
        super().__init__(void)
        self.void = void


def is_in(void: Void, seq: int) -> bool:
    """Tell whether an entry does not count.

    >>> is_in(((3, 5),), 5), is_in(((3, 5),), 6)
    (True, False)
    """
    return any(first <= seq <= last for first, last in void)


def void_in(entries: Sequence[Entry], codec: Codec) -> Void:
    """Return what does not count, by the last entry that says so; it says all of it.

    One that cannot be read says nothing, and so fits nowhere when it is applied.
    """
    for entry in reversed(entries):
        if entry.kind is Kind.WENT_BACK and entry.payload is not None:
            with suppress(CodecError):
                return cast(WentBack, codec.decode(entry.payload, WentBack)).void
    return ()


def pass_void(execution: Execution, entry: Entry, step: Callable[[Execution, Entry], Execution]) -> Execution:
    """Return the execution after an entry that does not count."""
    if entry.kind is Kind.SIGNAL_KEPT:
        return step(replace(execution, seq=entry.seq - 1), entry)
    after = replace(execution, seq=entry.seq, touched=())
    if entry.kind is not Kind.WENT_BACK:
        return after
    after = let_go(after)
    return after if after.trail is None else replace(after, trail=trailed(execution, after, entry))
