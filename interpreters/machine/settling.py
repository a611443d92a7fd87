"""What follows when a part has let something go? A lock, a milestone, a signal: others have waited for it.

It is done when the part has gone, not while it goes: what follows may withdraw parts itself.
"""

from __future__ import annotations

from msgspec.structs import replace

from interpreters.machine.addresses import arm_scope
from interpreters.machine.execution import Active, Home, Joint, Strand
from interpreters.machine.locking import blocker, eager_at, gate, regate
from interpreters.machine.mailbox import take_kept
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
            deliver(moving)


def stand(moving: Moving, active: Active) -> None:
    """Let a thread stand at a place: with its locks, or gated, and with the signal that has come early for it."""
    node = active.node
    if isinstance(node, HandleSignal):
        moving.put(_with_kept(moving, active, node) if moving.mailbox else active)
    else:
        moving.put(gate(moving, active))


def deliver(moving: Moving) -> None:
    """Give kept signals to the places that wait for them."""
    if not moving.mailbox:
        return
    for active in sorted(_waiting(moving), key=lambda place: place.address):
        node = active.node
        assert isinstance(node, HandleSignal)
        found = _with_kept(moving, active, node)
        if found is not active:
            moving.put(found)


def _waiting(moving: Moving) -> list[Active]:
    places = (place for place in moving.threads.values() if isinstance(place, Active))
    return [
        place
        for place in places
        if isinstance(place.node, HandleSignal)
        and place.kept is None
        and place.problem is None
        and place is not moving.mover
    ]


def _with_kept(moving: Moving, active: Active, node: HandleSignal) -> Active:
    if blocker(moving.joints, moving.shared.locks, active.home) is not None:
        return active
    found = take_kept(moving, active, node)
    return active if found is active else gate(moving, found)


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
