"""What became of the steps that a signal could have been for? The journal is applied again, and somebody looks on.

    on = Onlooker("vote", "bob")                     for signals of that name and, where steps want keys, of that key
    recover(workflow, entries, applying=on.apply, jumps=False)
    on.what_became(execution)                        Became(WITHDRAWN, "each[bob]/vote", ...)

What a recovery passes over, because a checkpoint stands for it, nobody sees.
"""

from __future__ import annotations

import attrs

from interpreters.errors import SignalRefusal
from interpreters.machine.branches import Elements
from interpreters.machine.execution import Active, Execution, Joint
from interpreters.machine.locking import is_blocked, joints_around
from interpreters.machine.mailbox import wanted_key
from interpreters.machine.places import places
from interpreters.machine.questions import nodes_in
from interpreters.machine.transition import apply
from journals.entries import Entry, Kind
from wio.nodes import ForEach, HandleSignal


@attrs.frozen
class Became:
    """Is why a signal has come to nobody: the cause, the step or the element that it was for ("": none), in words."""

    refusal: SignalRefusal
    address: str
    reason: str


class Onlooker:
    """Notes, while a journal is applied again, which steps have waited for a signal, and how that came to its end.

    `signal` is the name, `key` that of the request, None when it has none.
    """

    def __init__(self, signal: str, key: str | None) -> None:
        self._signal = signal
        self._key = key
        self._before: Execution | None = None
        self._last: Entry | None = None
        self._standing: dict[str, Active] = {}
        self._gone: dict[str, Became] = {}
        self._open: dict[str, Joint] = {}
        self._element: Became | None = None

    def apply(self, before: Execution, entry: Entry) -> Execution:
        """Apply an entry, after a look at what the one before has led to."""
        self._look(before)
        self._last = entry
        return apply(before, entry)

    def what_became(self, execution: Execution) -> Became | None:
        """Say what became of the step that has waited last; of an element that has not come to one; else None."""
        self._look(execution)
        if self._gone:
            return next(reversed(self._gone.values()))
        coming = (_not_there_yet(joint, self._key) for joint in self._open.values() if self._has_key(joint))
        return next(coming, self._element)

    def at(self, address: str) -> Became | None:
        """Say what became of the step at an address, or None."""
        return self._gone.get(address)

    def _look(self, execution: Execution) -> None:
        for prefix in execution.touched:
            old, now = self._standing.pop(prefix, None), execution.threads.find(prefix)
            if isinstance(now, Active) and _takes(now, self._signal, self._key):
                self._standing[prefix] = now
            if old is not None and not (isinstance(now, Active) and now.address == old.address):
                self._gone.pop(old.address, None)
                self._gone[old.address] = self._gone_at(execution, old)
        if self._key is not None:
            self._look_at_elements(execution)
        self._before = execution

    def _gone_at(self, execution: Execution, old: Active) -> Became:
        entry = self._last
        if entry is not None and entry.address == old.address:
            reason = f"the step for it at {old.address!r} has had one already, as entry {entry.seq}"
            return Became(SignalRefusal.HANDLED, old.address, reason)
        inside = "" if self._before is None else _element_gone(self._before, execution, old)
        reason = f"the step for it at {old.address!r} was withdrawn{inside} by {_named(entry)}"
        return Became(SignalRefusal.WITHDRAWN, old.address, reason)

    def _look_at_elements(self, execution: Execution) -> None:
        if self._last is not None and self._last.kind is Kind.ELEMENTS:
            joint = execution.joints.find(self._last.address)
            if joint is not None and self._may_take(joint):
                self._open[joint.address] = joint
        for address, joint in tuple(self._open.items()):
            now = execution.joints.find(address)
            if now is not None:
                self._open[address] = now
            if now is None or (self._key is not None and self._key in now.results):
                del self._open[address]
                self._end(now or joint)

    def _may_take(self, joint: Joint) -> bool:
        nodes = nodes_in(joint.node.body) if isinstance(joint.node, ForEach) else ()
        return any(isinstance(node, HandleSignal) and node.signal.name == self._signal for node in nodes)

    def _has_key(self, joint: Joint) -> bool:
        elements: Elements = joint.more
        return self._key is not None and elements.has(self._key)

    def _end(self, joint: Joint) -> None:
        if self._key is None or not self._has_key(joint):
            return
        # The entry that ends the last element also ends the whole, so that the result of that one is in no joint.
        entry, element = self._last, f"{joint.address}[{self._key}]"
        last = entry is not None and entry.address.startswith(f"{element}/")
        said = f"the element {self._key!r} of {joint.address!r}"
        if last or self._key in joint.results:
            self._element = Became(SignalRefusal.PASSED, element, f"{said} has ended without it, by {_named(entry)}")
        else:
            reason = f"{said} was withdrawn before it came to the step for it, by {_named(entry)}"
            self._element = Became(SignalRefusal.WITHDRAWN, element, reason)


def stands(execution: Execution, signal: str, key: str | None) -> Became | None:
    """Say why a step that stands at a signal cannot take one of that key now; None when none stands at it."""
    for place in places(execution):
        if not _takes(place, signal, key):
            continue
        if place.problem is not None:
            reason = f"the instance is paused at {place.address!r}: {place.problem}"
            return Became(SignalRefusal.PAUSED, place.address, reason)
        if place.kept is not None:
            reason = (
                f"the step for it at {place.address!r} has had one already, which was kept as entry {place.kept.seq}"
            )
            return Became(SignalRefusal.HANDLED, place.address, reason)
        if is_blocked(execution, place):
            reason = f"another part has the lock that the step for it at {place.address!r} needs"
            return Became(SignalRefusal.LOCKED, place.address, reason)
    return None


def _takes(place: Active, signal: str, key: str | None) -> bool:
    if not isinstance(place.node, HandleSignal) or place.node.signal.name != signal:
        return False
    wanted = wanted_key(place, place.node)
    return wanted is None or wanted == key


def _element_gone(before: Execution, after: Execution, old: Active) -> str:
    """Say which element around a place is gone with it, the innermost; "" for none."""
    for joint, key in joints_around(before.joints, old.home):
        now = after.joints.find(joint.address)
        if isinstance(joint.node, ForEach) and (now is None or now.live.find(key) is None):
            return f", with the element {key!r} of {joint.address!r},"
    return ""


def _not_there_yet(joint: Joint, key: str | None) -> Became:
    reason = f"the element {key!r} of {joint.address!r} has not come to the step for it yet"
    return Became(SignalRefusal.EARLY, f"{joint.address}[{key}]", reason)


def _named(entry: Entry | None) -> str:
    if entry is None:
        return "the start"
    return (
        f"entry {entry.seq} ({entry.kind.value.replace('_', ' ')}{f' at {entry.address!r}' if entry.address else ''})"
    )
