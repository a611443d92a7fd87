"""When is a meeting held? When everybody has arrived whom it needs, from wherever in the gathering around."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from returns.result import Failure

from interpreters.errors import LostArrival
from interpreters.machine.addresses import Scope, arm_scope, numbered, part_scope
from interpreters.machine.branch_order import BODY
from interpreters.machine.branches import begin, new_joint
from interpreters.machine.calling import place_in
from interpreters.machine.checkpoints import parts_around, reach_out
from interpreters.machine.execution import Home, Joint, Strand
from interpreters.machine.frames import Frames
from interpreters.machine.locking import joints_around
from interpreters.machine.maps import Map
from interpreters.machine.moving import Moving
from interpreters.machine.withdrawing import finish
from wio.meetings import Meeting
from wio.nodes import Arrive, Gathering, Meet, node_of

_NOTHING: Map[tuple[Any, ...]] = Map()
_NONE: Map[int] = Map()


class Arrivals(Struct, frozen=True, eq=False):
    """Is what a gathering knows of its meetings.

    `brought` is what those bring who have arrived, by meeting, party and number from 0: in a tuple, empty of one who
    declined. `came` counts them by meeting and party. `rounds` is how often all were there, `held` how often at least
    one of them had come, so that the meeting was held. `ended` is how the body has ended.
    """

    brought: Map[tuple[Any, ...]] = _NOTHING
    came: Map[int] = _NONE
    rounds: Map[int] = _NONE
    held: Map[int] = _NONE
    ended: Strand | None = None


def open_gathering(moving: Moving, node: Gathering, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    """Begin the body in which parts arrive."""
    address, scope = scope.place(node.name)
    moving.park(home, address)
    joint = new_joint(node, address, value, scope, frames, home, Arrivals())
    begin(moving, joint, [(BODY, part_scope(address), node.base, value)])


def arrive_at_meeting(moving: Moving, arrive: Arrive, value: Any, scope: Scope, frames: Frames, home: Home) -> None:
    """Count an arrival, and hold the meeting when it was the last one needed. Raises `LostArrival`."""
    found = _gathering_around(moving, arrive.meeting, scope, home)
    if found is None:
        return
    joint, meet = found
    reach_out(moving, parts_around(moving.joints, frames, home, joint.address))
    arrivals: Arrivals = joint.more
    key = _key(arrive.meeting, arrive.party)
    number = arrivals.came.get(key, 0)
    arrivals = replace(
        arrivals,
        brought=arrivals.brought.with_(f"{key}/{number}", (value,) if arrive.comes else ()),
        came=arrivals.came.with_(key, number + 1),
    )
    if _are_all_there(arrivals, arrive.meeting):
        _hold(moving, joint, meet, arrivals)
    else:
        moving.save(replace(joint, more=arrivals))


def _gathering_around(moving: Moving, meeting: Meeting[Any], scope: Scope, home: Home) -> tuple[Joint, Meet] | None:
    """Return the nearest gathering around a thread that holds the meeting; None when it has ended, or is about to."""
    outlives = False
    for joint, _ in joints_around(moving.joints, home):
        outlives = outlives or joint.passed
        for meet in joint.node.meets if isinstance(joint.node, Gathering) else ():
            if meet.meeting == meeting:
                return (joint, meet) if joint.closing is None else None
    if outlives:  # what drains, may go on after the gathering in which it began
        return None
    raise LostArrival(meeting.name, place_in(scope))


def _key(meeting: Meeting[Any], party: str) -> str:
    return f"{meeting.name}/{party}"


def _are_all_there(arrivals: Arrivals, meeting: Meeting[Any]) -> bool:
    rounds = arrivals.rounds.get(meeting.name, 0) + 1
    return all(arrivals.came.get(_key(meeting, party), 0) >= rounds * count for party, count in meeting.needs)


def _hold(moving: Moving, joint: Joint, meet: Meet, arrivals: Arrivals) -> None:
    """Use up what a meeting needs of each party, and run what follows unless all of them have declined."""
    name = meet.meeting.name
    rounds = arrivals.rounds.get(name, 0)
    left, brought = arrivals.brought, dict[str, tuple[Any, ...]]()
    for party, count in meet.meeting.needs:
        keys = [f"{_key(meet.meeting, party)}/{number}" for number in range(rounds * count, (rounds + 1) * count)]
        brought[party] = tuple(value for key in keys for value in left[key])
        for key in keys:
            left = left.without(key)
    arrivals = replace(arrivals, brought=left, rounds=arrivals.rounds.with_(name, rounds + 1))
    if not any(brought.values()):
        moving.save(replace(joint, more=arrivals))
        return
    number = arrivals.held.get(name, 0) + 1
    again = numbered(name, number)
    scope = arm_scope(joint.address, again)
    home = Home(scope.prefix, joint.address, f"[{again}]")
    more = replace(arrivals, held=arrivals.held.with_(name, number))
    moving.save(replace(joint, live=joint.live.with_(home.key, home.prefix), more=more))
    # It begins after all that is still to begin: what has led to it goes on first.
    moving.todo.insert(0, Strand(node_of(meet.body), brought, None, scope, None, home))
    if moving.observe is not None:
        moving.observe(None, scope.prefix, meet.body)


def arrive_at_gathering(moving: Moving, joint: Joint, home: Home, value: Any, failure: Failure[Any] | None) -> None:
    """Take in how the body, or a meeting, has ended. With the last of them the gathering ends as the body did."""
    arrivals: Arrivals = joint.more
    if failure is not None:
        finish(moving, joint, Strand(None, value, failure, joint.scope, joint.frames, joint.home))
        return
    if home.key == BODY:
        ended = Strand(None, value, None, joint.scope, joint.frames, joint.home)
        joint = replace(joint, results=joint.results.with_(BODY, value), more=replace(arrivals, ended=ended))
    if joint.more.ended is None or joint.live:
        moving.save(joint)
    else:
        finish(moving, joint, joint.more.ended)
