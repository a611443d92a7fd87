"""Which entries does a recovery need? Those after the last checkpoints; it asks for them, and does not read the rest.

A recovery stops before each part that may have a checkpoint, and asks for the last one. Then it goes into the part as
if there were none; or waits there for the checkpoint, and passes over what is inside; or, when nothing else can happen
meanwhile, goes on with the checkpoint at once. What it asks for, whoever has the journal gives:

    wanted = next(reading)
    while True:
        wanted = reading.send(entries)      until it returns the execution
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from heapq import heappop, heappush
from typing import Any, TypeAlias, TypeVar

import attrs
from msgspec.structs import replace

from interpreters.machine.advance import advance, go_into_part, walk
from interpreters.machine.checkpoints import covers, inside_of, is_alone, is_gated, key_of
from interpreters.machine.entries.checkpoints import onward_of
from interpreters.machine.entries.signals import MAILBOX, kept_of
from interpreters.machine.execution import Active, Ahead, Execution, Halt, Kept
from interpreters.machine.locking import joints_around
from interpreters.machine.moving import Moving, Observer
from interpreters.machine.places import passes_over, place_at
from interpreters.machine.questions import Facts, facts_of
from interpreters.machine.trail import followed
from interpreters.machine.transition import JSON, apply, begin_from, no_start
from interpreters.machine.voided import Void, WentBackLater, is_in, pass_void, void_in
from journals.codecs import Codec
from journals.entries import Entry, Kind
from wio.nodes import Checkpoint, FirstOf, Loop, Machine, Recovered
from wio.workflow import Workflow

T = TypeVar("T")

Applying: TypeAlias = Callable[[Execution, Entry], Execution]


@attrs.frozen
class Page:
    """Asks for the entries after one, at most `most` of them; fewer say that these are the last."""

    after: int
    most: int


@attrs.frozen
class Latest:
    """Asks for the last entry under a key: alone, or nothing when there is none."""

    key: str


Wanted: TypeAlias = Page | Latest
Reading: TypeAlias = Generator[Wanted, tuple[Entry, ...], T]
"""Is a recovery under way: it yields what it wants, is sent that, and returns its result."""

_PAGE = 5_000
_FIRST_PAGE = 100
"""Is how many entries are read at first, where the last checkpoint may be all that is needed."""

_MOST_QUESTIONS = 20
"""Is how often a recovery asks for a single checkpoint before it looks at the whole journal once for all of them."""


def recover(
    workflow: Workflow[Any, Any, Any],
    entries: Iterable[Entry],
    codec: Codec = JSON,
    *,
    id: str = "",
    jumps: bool = True,
    observe: Observer | None = None,
    applying: Applying | None = None,
) -> Execution:
    """Return the execution that a whole journal leads to. `entries` start with the first. Raises like `apply`.

    Without `jumps` every entry is applied or passed over by itself, by `applying` (None: by `apply`).
    """
    journal = entries if isinstance(entries, tuple) else tuple(entries)
    reading = recovery(workflow, codec, id=id, jumps=jumps, observe=observe, applying=applying)
    latest: Mapping[str, Entry] = {}
    if facts_of(workflow).has_checkpoints:
        latest = {entry.key: entry for entry in journal if entry.kind is Kind.CHECKPOINT and entry.key is not None}
    wanted = next(reading)
    while True:
        if isinstance(wanted, Page):
            given = journal[wanted.after : wanted.after + wanted.most]
        else:
            found = latest.get(wanted.key)
            given = () if found is None else (found,)
        try:
            wanted = reading.send(given)
        except StopIteration as end:
            result: Execution = end.value
            return result


def recovery(
    workflow: Workflow[Any, Any, Any],
    codec: Codec = JSON,
    *,
    id: str = "",
    jumps: bool = True,
    observe: Observer | None = None,
    applying: Applying | None = None,
) -> Reading[Execution]:
    """Return the recovery of an instance, which asks for what it needs of its journal. It raises like `apply`."""
    step = applying or partial(apply, observe=observe)
    void: Void = ()
    while True:
        pages = _Pages(_FIRST_PAGE if facts_of(workflow).has_checkpoints else _PAGE, facts_of(workflow), codec, void)
        try:
            return (yield from _recovered(pages, workflow, codec, id, step, observe, jumps=jumps))
        except WentBackLater as found:
            void = found.void
        except Exception:
            # A workflow that was mended need not fit what does not count any more.
            later = yield from pages.void_later()
            if later == void:
                raise
            void = later


def _recovered(
    pages: _Pages,
    workflow: Workflow[Any, Any, Any],
    codec: Codec,
    id: str,
    step: Applying,
    observe: Observer | None,
    *,
    jumps: bool,
) -> Reading[Execution]:
    """Return where the entries lead that count. Raises `WentBackLater` when others are found not to count."""
    yield from pages.read()
    if not pages.entries:
        raise no_start(workflow)
    recovering = facts_of(workflow).has_checkpoints
    execution = begin_from(workflow, pages.entries[0], codec, observe, id=id, recovering=recovering)
    pages.position = 1
    while True:
        while execution.halt is not None:
            execution = yield from _answered(pages, execution, execution.halt, observe)
        if jumps and pages.ahead:
            execution = yield from _jumped(pages, execution)
        if pages.position < len(pages.entries):
            entry = pages.entries[pages.position]
            pages.position += 1
            is_void = bool(pages.void) and is_in(pages.void, entry.seq)
            execution = pass_void(execution, entry, step) if is_void else step(execution, entry)
        elif pages.is_last:
            return replace(execution, recovering=False) if recovering else execution
        else:
            yield from pages.read()


class _Pages:
    """Is what is known of a journal so far. `position` is the index in `entries` of the next one to apply.

    `marks` are the last checkpoints by their keys, and `places` the addresses, among the entries that were looked at;
    `knows_all` says that these are all that there are. `ahead` are the checkpoints that threads wait for, in a heap:
    the one first before which nothing happened beside its part for the longest time. `void` are the entries that do not
    count, as far as is known.
    """

    def __init__(self, size: int, facts: Facts, codec: Codec, void: Void) -> None:
        self.void = void
        self._codec = codec
        self.entries: tuple[Entry, ...] = ()
        self.position = 0
        self.is_last = False
        self.ahead: list[tuple[int, int, Entry]] = []
        self._notes_places = facts.takes_old
        self._size = size
        self._seq = 0
        self._questions = 0
        self._marks: dict[str, Entry] = {}
        self._places: dict[str, int] = {}
        self._looked_to = 0
        self._knows_all = False

    def read(self) -> Reading[None]:
        """Read the next page, once all before has been applied or is kept."""
        page = yield Page(self._seq, self._size)
        self.is_last = len(page) < self._size
        self.entries = (*self.entries[self.position :], *page)
        self.position = 0
        self._seq += len(page)
        self._size = _PAGE
        self._look_at(page)
        self._knows_all = self._knows_all or self.is_last

    def _look_at(self, page: tuple[Entry, ...]) -> None:
        void = void_in(page, self._codec)
        if len(void) and void[-1][1] > (self.void[-1][1] if self.void else 0):
            raise WentBackLater(void)
        for entry in page:
            if entry.seq > self._looked_to and not (self.void and is_in(self.void, entry.seq)):
                if self._notes_places:
                    self._places[entry.address] = entry.seq
                if entry.kind is Kind.CHECKPOINT and entry.key is not None:
                    self._marks[entry.key] = entry
        if page:
            self._looked_to = max(self._looked_to, page[-1].seq)

    def go_to(self, seq: int) -> None:
        """Let the entry with this number be the next one."""
        first = self._seq - len(self.entries) + 1
        if seq <= self._seq:
            self.position = seq - first
            return
        self.entries, self.position = (), 0
        self._seq, self._size, self.is_last = seq - 1, _FIRST_PAGE, False

    def checkpoint(self, part: str, seq: int, *, only_one: bool) -> Reading[Entry | None]:
        """Return the last checkpoint of a part that comes after an entry, or None. A part may have `only_one`."""
        key = key_of(part)
        known = self._marks.get(key)
        if not self._knows_all and (known is None or not only_one):
            self._questions += 1
            if self._questions <= _MOST_QUESTIONS:
                found = yield Latest(key)
                known = found[0] if found else None
            if self._questions > _MOST_QUESTIONS or (known is not None and is_in(self.void, known.seq)):
                yield from self._look_at_all()
                known = self._marks.get(key)
        return known if known is not None and known.seq > seq else None

    def is_at(self, address: str, seq: int) -> Reading[bool]:
        """Tell whether an entry at an address comes after an entry."""
        if self._places.get(address, 0) <= seq and not self._knows_all:
            yield from self._look_at_all()
        return self._places.get(address, 0) > seq

    def upcoming(self) -> Reading[Entry | None]:
        """Return the next entry that stands at a place, or None."""
        while True:
            for entry in self.entries[self.position :]:
                counts = not (self.void and is_in(self.void, entry.seq))
                if counts and entry.address and not entry.address.startswith(MAILBOX):
                    return entry
            if self.is_last:
                return None
            yield from self.read()

    def void_later(self) -> Reading[Void]:
        """Return what does not count by all that follows."""
        try:
            yield from self._look_at_all()
        except WentBackLater as found:
            return found.void
        return self.void

    def _look_at_all(self) -> Reading[None]:
        """Look at all that follows, without keeping the entries."""
        while not self._knows_all:
            page = yield Page(self._looked_to, _PAGE)
            self._look_at(page)
            self._knows_all = len(page) < _PAGE


def _answered(pages: _Pages, execution: Execution, halt: Halt, observe: Observer | None) -> Reading[Execution]:
    """Let a thread go on that has halted before a part: into it, or to its checkpoint."""
    stop = execution.threads[halt.prefix]
    assert isinstance(stop, Active)
    alone = not (halt.todo or halt.over or halt.loose) and is_alone(execution)
    found: Entry | None = None
    if alone:  # then what comes next is for this thread, and it may tell that there is nothing to ask
        entry = yield from pages.upcoming()
        following = "" if entry is None else entry.address
        comes_next, may_come = following == stop.address, covers(stop.address, following)
    else:
        comes_next = isinstance(stop.node, Recovered) and (yield from pages.is_at(stop.address, execution.seq))
        may_come = not is_gated(execution, stop)
    if comes_next and isinstance(stop.node, Recovered):
        return _waiting(execution, halt, stop, stop.address)
    if may_come or comes_next:
        only_one = isinstance(stop.node, Checkpoint | Recovered)
        found = yield from pages.checkpoint(stop.address, execution.seq, only_one=only_one)
    if found is None:
        return _gone_in(execution, halt, stop, observe)
    execution = _waiting(execution, halt, stop, found.address)
    beside = onward_of(execution, found).beside
    if alone or beside:
        heappush(pages.ahead, (beside, found.seq, found))
    return execution


def _jumped(pages: _Pages, execution: Execution) -> Reading[Execution]:
    """Go on with a checkpoint at once, if all that is recorded before it is inside its part or in the mailbox."""
    beside, seq, found = pages.ahead[0]
    if seq <= execution.seq:  # its entries have been passed over one by one
        heappop(pages.ahead)
        return execution
    stop = place_at(execution, found.address)
    if execution.seq < beside or stop is None or _is_undecided(execution, stop):
        return execution
    heappop(pages.ahead)
    kept = yield from _kept(execution, found, stop)
    pages.go_to(seq)
    trail = execution.trail
    if trail is not None and execution.joints and isinstance(stop.standing, Ahead) and execution.seq < seq - 1:
        trail = followed(trail, inside_of(stop.node, stop.standing.part), execution.seq + 1)
    return replace(execution, seq=seq - 1, mailbox=kept, trail=trail, held=None)  # none is recorded while it is held


def _is_undecided(execution: Execution, stop: Active) -> bool:
    """Tell whether a choice is still to be decided by what happens at a place: others would go on meanwhile."""
    around = (joint for joint, _ in joints_around(execution.joints, stop.home))
    return any(isinstance(joint.node, FirstOf) and joint.more is None for joint in around)


def _waiting(execution: Execution, halt: Halt, stop: Active, address: str) -> Execution:
    moving = Moving(execution)
    moving.go_on(halt)
    moving.put(replace(stop, address=address, standing=Ahead(stop.address)))
    advance(moving)
    return moving.moved()


def _gone_in(execution: Execution, halt: Halt, stop: Active, observe: Observer | None) -> Execution:
    """Return the execution in which a thread has gone into a part as if it were live; no entry has moved it."""
    moving = Moving(execution, None, observe)
    moving.go_on(halt)
    node, home = stop.node, stop.home
    if isinstance(node, Loop | Machine | Checkpoint):
        inside = go_into_part(moving, node, stop.address, stop.value, stop.scope, stop.frames)
        walk(moving, *inside, home)
    else:
        walk(moving, None, stop.value, None, stop.scope, stop.frames, home)
    advance(moving)
    return moving.moved()


def _kept(execution: Execution, checkpoint: Entry, stop: Active) -> Reading[tuple[Kept, ...]]:
    """Return the signals that still waited at a checkpoint; each of them is read.

    While other parts are passed over, those that may be in one of them stay too.
    """
    known = {kept.seq: kept for kept in execution.mailbox}
    numbers: Iterable[int] = onward_of(execution, checkpoint).kept
    if passes_over(execution, but=stop):
        numbers = sorted({*known, *numbers})
    for seq in numbers:
        if seq not in known:
            (entry,) = yield Page(seq - 1, 1)
            known[seq] = kept_of(entry)
    return tuple(known[seq] for seq in numbers)
