"""What follows when a part has let something go? A lock, a milestone, a signal: others have waited for it.

It is done when the part has gone, not while it goes: what follows may withdraw parts itself.
"""

from __future__ import annotations

from collections.abc import Container

from msgspec.structs import replace

from interpreters.machine.addresses import arm_scope
from interpreters.machine.execution import Active, Home, Joint, Strand
from interpreters.machine.locking import eager_at, gate, regate
from interpreters.machine.moving import Moving
from interpreters.machine.withdrawing import finish
from wio.nodes import During, HandleSignal, node_of


def settle(moving: Moving) -> None:
    """Let go on what waited for something that has been let go."""
    while moving.over or moving.loose:
        over, moving.over = moving.over, ()
        for milestone in over:
            _close(moving, milestone)
        if moving.loose:
            moving.loose = False
            regate(moving)
            touch_waiting(moving)


def stand(moving: Moving, active: Active) -> None:
    """Let a thread stand at a place: with its locks, or gated. One that waits for a signal takes them with that."""
    moving.put(active if isinstance(active.node, HandleSignal) else gate(moving, active))


def touch_waiting(moving: Moving) -> None:
    """Let the places that wait for signals look into the mailbox; see `recording.following_entry`."""
    names = {kept.signal for kept in moving.mailbox}
    if not names:
        return
    waiting = [place for place in moving.threads.values() if isinstance(place, Active) and _waits(place, names)]
    for place in sorted(waiting, key=lambda place: (place.since, place.address)):
        moving.touch(place.home.prefix)


def _waits(place: Active, signals: Container[str]) -> bool:
    node = place.node
    return isinstance(node, HandleSignal) and place.kept is None and node.signal.name in signals


def _close(moving: Moving, milestone: str) -> None:
    if moving.shared.held.get(milestone):
        return
    for address in eager_at(moving, milestone, "open"):
        during = moving.joints.find(address)  # one inside another is withdrawn with it
        if during is not None and during.more == "open":
            _miss(moving, during)


def _miss(moving: Moving, during: Joint) -> None:
    """Go the other way: the milestone is over, and nothing of the part has begun."""
    node = during.node
    assert isinstance(node, During)
    scope = arm_scope(during.address, "otherwise")
    home = Home(scope.prefix, during.address, "otherwise")
    moving.share(eager=tuple(each for each in moving.shared.eager if each != during.address))
    otherwise = Strand(node_of(node.otherwise), during.value, None, scope, None, home)
    finish(moving, replace(during, more="otherwise"), otherwise)
    if moving.observe is not None:
        moving.observe(None, scope.prefix, node.otherwise)
