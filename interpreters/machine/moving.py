"""What changes while one entry is applied? An execution in motion: the only value of the machine that is not frozen.

It lives inside one transition. The maps and structs in it are frozen, so the execution it began from stays good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
from msgspec.structs import replace

from interpreters.machine.execution import Active, Bond, ChildLink, Ended, Execution, Halt, Home, Joint, Parked, Strand
from wio.nodes import WIO, FlatMap, ParentClose, RunChild

Observer: TypeAlias = Callable[[FlatMap | None, str, WIO[Any, Any, Any]], None]
"""Is told of each program that a continuation made, and of each arm, branch and handler that has begun.

It gets the dynamic node (None for the others), the prefix of the addresses there, and the program."""


class Moving:
    """Is an execution on the way to the next one. `todo` are the threads that are about to go on, the next one last.

    `seq` is the number of that entry. `mover` is the place that it concerns; what that waited for has come, so nothing
    of it is given back. `over` are milestones that nobody holds any more, and `loose` says that a lock or a signal has
    been let go: see `settling`. `freed` are the locks; None says that threads have left a part which may still have
    its lock. `rounds` counts what has begun again without an entry.
    """

    __slots__ = (
        "_before",
        "closed",
        "drains",
        "ended",
        "freed",
        "halted",
        "has_parts",
        "joints",
        "loose",
        "mailbox",
        "mover",
        "observe",
        "over",
        "recovering",
        "rounds",
        "seq",
        "shared",
        "threads",
        "todo",
        "touched",
    )

    def __init__(self, before: Execution, mover: Active | None = None, observe: Observer | None = None) -> None:
        self._before = before
        self.seq = before.seq + 1
        self.has_parts = before.trail is not None
        self.mover = mover
        self.observe = observe
        self.threads = before.threads
        self.joints = before.joints
        self.mailbox = before.mailbox
        self.closed = before.closed
        self.shared = before.shared
        self.drains = before.drains
        self.recovering = before.recovering
        self.halted: str | None = None
        self.ended: Ended | None = before.ended
        self.todo: list[Strand] = []
        self.touched: dict[str, None] = {}
        self.over: tuple[str, ...] = ()
        self.loose = False
        self.freed: frozenset[str] | None = frozenset()
        self.rounds = 0

    def moved(self) -> Execution:
        """Return the execution after the entry."""
        before = self._before
        if self.shared.children and self.ended is not None and self.shared.children == len(self.threads):
            self._close_children()
        return Execution(
            before.workflow,
            before.facts,
            before.codec,
            self.seq,
            self.threads,
            self.joints,
            self.mailbox,
            self.closed,
            self.shared,
            self.drains,
            self.ended,
            tuple(self.touched),
            before.id,
            before.parent,
            before.recovering,
            None if self.halted is None else self._halt(self.halted),
            before.trail,
            before.held,
        )

    def go_on(self, halt: Halt) -> None:
        """Take up what was still to be done at a halt, with no entry."""
        self.seq = self._before.seq
        self.todo.extend(halt.todo)
        self.touched |= dict.fromkeys(self._before.touched)
        self.over, self.loose, self.freed = halt.over, halt.loose, halt.freed

    def _halt(self, prefix: str) -> Halt:
        return Halt(prefix, tuple(self.todo), self.over, self.loose, self.freed)

    def halt(self, active: Active) -> None:
        """Let a thread halt at a place, and all others where they are."""
        self.put(active)
        self.halted = active.home.prefix

    def _close_children(self) -> None:
        """Let the children that still run, and are not waited for, be told to cancel: nothing else is left."""
        for _, place in sorted(self.threads.items()):
            if not isinstance(place, Active) or not isinstance(place.standing, ChildLink):
                continue
            closes = isinstance(place.node, RunChild) and place.node.on_close is ParentClose.CANCEL
            if closes and place.standing.bond is Bond.WATCH:
                self.put(replace(place, standing=attrs.evolve(place.standing, bond=Bond.CANCEL), problem=None))

    def put(self, active: Active) -> None:
        """Let a thread stand at a place."""
        prefix = active.home.prefix
        self.threads = self.threads.with_(prefix, active)
        self.touch(prefix)

    def touch(self, prefix: str) -> None:
        """Note that a thread has come to stand where it is; the last one to do so is the last in `touched`."""
        self.touched.pop(prefix, None)
        self.touched[prefix] = None

    def park(self, home: Home, joint: str) -> None:
        """Let a thread wait at a joint."""
        self.threads = self.threads.with_(home.prefix, Parked(joint))
        self.touched[home.prefix] = None

    def drop(self, prefix: str) -> None:
        """End a thread."""
        self.threads = self.threads.without(prefix)
        self.touched[prefix] = None

    def save(self, joint: Joint) -> None:
        """Let a joint stand as it is now."""
        self.joints = self.joints.with_(joint.address, joint)

    def joint(self, address: str) -> Joint:
        """Return a joint as it stands now."""
        return self.joints[address]

    def is_live(self, home: Home) -> bool:
        """Tell whether a thread has been neither withdrawn nor ended."""
        if home.joint is None:
            return self.ended is None
        joint = self.joints.find(home.joint)
        return joint is not None and joint.live.find(home.key) == home.prefix

    def share(self, **changes: Any) -> None:
        """Change what the joints know of each other."""
        self.shared = replace(self.shared, **changes)
